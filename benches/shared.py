"""Builds from the cache on filesystems that let images share its blocks, in files of their own."""

import os
import subprocess
from contextlib import contextmanager

import measure
import page
import peers

MIB = 1 << 20
# Room for what is decoded and for an image of it, in times of the tarball.
ROOM = 4
DISKS = {"XFS": "mkfs.xfs", "btrfs": "mkfs.btrfs"}


@contextmanager
def mounted(maker, size, work):
    """Mounts a new filesystem; only root can."""
    disk, folder = work / "disk", work / "mnt"
    with open(disk, "wb") as file:
        file.truncate(size)
    folder.mkdir()
    subprocess.run([maker, "-q", "-f", disk], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["mount", "-o", "loop", disk, folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()
        disk.unlink()


def used(folder):
    os.sync()
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def table(bench, tarball, sources):
    """Times the first build from each source, and those that find it decoded."""
    if os.geteuid() != 0 or peers.install(DISKS.values()):
        return "Not measured: it takes root.\n"
    rows = []
    runs = 1 if bench.options.quick else 3
    usual = bench.image, bench.cache
    for name, maker in DISKS.items():
        with mounted(maker, ROOM * os.path.getsize(tarball) + (1 << 30), bench.work) as folder:
            bench.image, bench.cache = folder / "image.raw", folder / "cache"
            os.environ["HSB_CACHE"] = str(bench.cache)

            def clean():
                bench.image.unlink(missing_ok=True)

            def clean_all():
                clean()
                subprocess.run([bench.hsb, "cache", "clear"], check=True, stdout=subprocess.DEVNULL)

            for source in sources:
                unsynced, synced = bench.build(source, "--no-sync"), bench.build(source)
                first = measure.side_by_side({"unsynced": [unsynced], "synced": [synced]}, runs,
                                             clean_all)
                again = measure.side_by_side({"unsynced": [unsynced], "synced": [synced]}, runs, clean)
                # Beside the last one: XFS takes a while to give back what is removed.
                before = used(folder)
                bench.image = bench.image.with_name("another.raw")
                measure.run([bench.build(source)])
                rows.append([name, source.name, *(
                    cell for kind in ("unsynced", "synced") for cell in (
                        f"{first[kind].median():.2f}", f"{again[kind].median():.3f}",
                        f"**{again[kind].median() / first[kind].median():.2f}**")),
                    f"{(used(folder) - before) / MIB:.0f}"])
                clean()
                bench.image = folder / "image.raw"
    bench.image, bench.cache = usual
    os.environ["HSB_CACHE"] = str(bench.cache)
    return page.table(["filesystem", "source", "first --no-sync, s", "again, s", "ratio", "first, s",
                       "again, s", "ratio", "MiB more on disk"], rows)
