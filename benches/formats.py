"""The formats of disks, beside `qemu-img convert`, which needs a raw image to start from."""

import measure
import page

# What it is called, the ending of OUT, what hsb is told, and qemu-img.
FORMATS = [
    ("qcow2", "qcow2", (), ("-O", "qcow2")),
    ("qcow2, compressed", "qcow2", ("--compress",), ("-c", "-O", "qcow2")),
    ("VMDK (streamOptimized)", "vmdk", (), ("-O", "vmdk", "-o", "subformat=streamOptimized")),
    ("VHD (fixed)", "vhd", (), ("-O", "vpc", "-o", "subformat=fixed,force_size=on")),
]


def table(hsb, tarball, folder, runs):
    """Times whole builds from a tarball into each format, and conversions of the same image."""
    recipe, raw = folder / "formats.yaml", folder / "image.raw"
    # A VHD has whole MiB.
    recipe.write_text("modules: []\nsize: +128M\n")
    planned = [hsb, "build", "-q", "-f", recipe, "-i", tarball, "-o", raw]
    measure.run([planned])
    mib = 1 << 20
    size = -(-raw.stat().st_size // mib) * mib
    build = [hsb, "build", "-q", "-f", recipe, "-i", tarball, "-s", size]
    measure.run([[*build, "-o", raw]])
    rows = []
    for name, ending, options, conversion in FORMATS:
        ours, theirs = folder / f"hsb.{ending}", folder / f"qemu.{ending}"

        def clean():
            for file in (ours, theirs):
                file.unlink(missing_ok=True)

        convert = ["qemu-img", "convert", "-f", "raw", *conversion, raw, theirs]
        taken = measure.side_by_side({
            "qemu-img": [convert],
            "unsynced": [[*build, *options, "--no-sync", "-o", ours]],
            "synced": [convert, ["sync", theirs]],
            "hsb": [[*build, *options, "-o", ours]],
        }, runs, clean)
        clean()
        qemu, synced = taken["qemu-img"], taken["synced"]
        unsynced, hsb_took = taken["unsynced"], taken["hsb"]
        rows.append([
            name, f"{qemu.median():.2f}", f"{unsynced.median():.2f}",
            f"**{unsynced.ratio(qemu):.2f}**", f"{synced.median():.2f}",
            f"{hsb_took.median():.2f}", f"**{hsb_took.ratio(synced):.2f}**",
            f"{qemu.median_cpu():.2f}", f"{hsb_took.median_cpu():.2f}",
            f"**{hsb_took.cpu_ratio(qemu):.2f}**",
        ])
    raw.unlink()
    return page.table(["format", "qemu-img, s", "hsb --no-sync, s", "ratio",
                       "qemu-img and sync, s", "hsb, s", "ratio", "qemu-img, processor s",
                       "hsb, processor s", "ratio"], rows)
