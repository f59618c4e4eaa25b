//! Every format that an image can be stored in, judged by qemu-img and by what unpacks it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde_json::Value;

use crate::kit::{Work, fail, run, sha256, succeed, tool};

/// Names of files in every format.
const OUTS: [&str; 13] = [
    "a.raw",
    "a.qcow2",
    "a.vmdk",
    "a.vhd",
    "b.raw.gz",
    "c.img.bz2",
    "d.raw.xz",
    "e.img.zst",
    "f.tar",
    "g.tar.gz",
    "h.tar.bz2",
    "i.tar.xz",
    "j.tar.zst",
];

/// Bytes that do not get shorter.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// A tree with what is hard on packers: noise, text, zeros that are stored, runs of four bytes,
/// holes.
fn pack(work: &Work) {
    let root = work.join("root");
    fs::create_dir_all(root.join("boot/efi/EFI")).unwrap();
    fs::write(root.join("noise"), noise(1_300_000)).unwrap();
    fs::write(root.join("zeros"), vec![0; 1_500_000]).unwrap();
    let text: String = (0..20_000).map(|n| format!("{n} bottles\n")).collect();
    fs::write(root.join("text"), text).unwrap();
    let runs: Vec<u8> = (0..800_000)
        .map(|n: u32| n.to_le_bytes()[0] / 4 + 1)
        .collect();
    fs::write(root.join("runs"), runs).unwrap();
    for n in 0..40 {
        fs::write(root.join(format!("boot/efi/EFI/{n}.efi")), noise(n * 901)).unwrap();
    }
    let holes = fs::File::create(root.join("holes")).unwrap();
    holes.set_len(9 << 20).unwrap();
    let mut tar = tool("tar");
    tar.args(["--mtime=@1700000000", "--owner=0", "--group=0", "-Scf"])
        .arg(work.join("rootfs.tar"))
        .arg("-C")
        .arg(root)
        .arg(".");
    succeed(&mut tar);
}

const DIVIDED: &str = "source: rootfs.tar
size: 30M
partitions:
- {type: esp, mount: /boot/efi, size: 4M}
- {type: swap, fs: swap, size: 1M}
- {mount: /}
";

/// Builds files and returns the report.
fn build(work: &Work, outs: &[&str], args: &[&str]) -> Value {
    let outs = outs.iter().flat_map(|out| ["-o", out]);
    let printed = succeed(work.hsb(["build", "-q", "--json"]).args(outs).args(args));
    serde_json::from_str(&printed).unwrap()
}

/// Asserts that each file holds the image that `a.raw` is.
///
/// They are taken away: those of the next build are to be its own.
fn judge(work: &Work) {
    let raw = work.join("a.raw");
    let digest = sha256(&raw);
    for out in OUTS.into_iter().chain(["k.qcow2"]) {
        let file = work.join(out);
        if !file.exists() {
            continue;
        }
        match out.split_once('.').unwrap().1 {
            "raw" => {}
            format @ ("qcow2" | "vmdk" | "vhd") => qemu_img(&raw, &file, format),
            ending => {
                let decoder = match ending.rsplit('.').next().unwrap() {
                    "gz" => "gzip",
                    "bz2" => "bzip2",
                    "xz" => "xz",
                    "zst" => "zstd",
                    _ => "tar",
                };
                let image = work.join("unpacked");
                if ending.starts_with("tar") {
                    let member = format!("{}.raw", &out[..1]);
                    let mut tar = tool("tar");
                    succeed(tar.arg("-xf").arg(&file).arg("-C").arg(work.path()));
                    let blocks = |path: &Path| fs::metadata(path).unwrap().blocks();
                    let unpacked = work.join(&member);
                    // A member with holes becomes a file with holes.
                    assert!(blocks(&unpacked) <= blocks(&raw) + 1024, "{out}");
                    fs::rename(unpacked, &image).unwrap();
                } else {
                    succeed(tool(decoder).arg("-t").arg(&file));
                    let output = tool(decoder).arg("-dc").arg(&file).output().unwrap();
                    fs::write(&image, output.stdout).unwrap();
                }
                assert_eq!(sha256(&image), digest, "{out}");
                fs::remove_file(image).unwrap();
            }
        }
    }
    let mut python = tool("python3");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/members.py");
    let archives = OUTS
        .into_iter()
        .filter(|out| out.contains(".tar") && !out.ends_with("zst"));
    let archives = archives
        .map(|out| work.join(out))
        .filter(|file| file.exists());
    succeed(python.arg(script).arg(&digest).args(archives));
    for out in OUTS {
        drop(fs::remove_file(work.join(out)));
    }
}

fn qemu_img(raw: &Path, file: &Path, format: &str) {
    let format = if format == "vhd" { "vpc" } else { format };
    if format != "vpc" {
        let said = succeed(tool("qemu-img").args(["check", "-f", format]).arg(file));
        assert!(said.contains("No errors were found"), "{said}");
    }
    let mut compare = tool("qemu-img");
    compare.args(["compare", "-f", "raw", "-F", format]);
    let said = succeed(compare.arg(raw).arg(file));
    assert!(said.contains("Images are identical"), "{said}");
}

#[test]
fn all_hold_the_same_image() {
    let work = Work::new("formats");
    pack(&work);
    work.write("build.yaml", DIVIDED);
    let told = build(&work, &OUTS, &["--threads", "2"]);
    // A file alone is the same as beside others, and the clusters of this one can be packed.
    let alone = build(&work, &["k.raw"], &[]);
    assert_eq!(alone["files"][0]["sha256"], told["files"][0]["sha256"]);
    let packed = build(&work, &["k.qcow2"], &["--compress", "--threads", "1"]);
    let again = build(&work, &["k.qcow2"], &["--compress", "--threads", "4"]);
    assert_eq!(packed["files"], again["files"]);
    let size = |name: &str| fs::metadata(work.join(name)).unwrap().len();
    assert!(size("k.qcow2") < size("a.qcow2"));
    // Holes are stored in none that can do without.
    for (name, most) in [("a.qcow2", 9), ("a.vmdk", 4), ("k.qcow2", 4), ("f.tar", 9)] {
        assert!(size(name) < most << 20, "{name} has {} bytes", size(name));
    }

    judge(&work);
    for threads in ["1", "5"] {
        let again = build(&work, &OUTS, &["--threads", threads]);
        assert_eq!(again["files"], told["files"], "{threads} threads");
    }
}

#[test]
fn sizes_at_the_limits() {
    let work = Work::new("format-sizes");
    pack(&work);
    let recipe = "source: rootfs.tar\ntable: none\npartitions: [{mount: /, block_size: 1024}]\n";
    work.write("build.yaml", recipe);
    // No whole cluster, no whole MiB, no whole sector; then an image larger than one table, the
    // rest of which is never written.
    build(&work, &OUTS, &["-s", "16778240"]);
    judge(&work);
    build(&work, &OUTS[..4], &["-s", "16777217"]);
    judge(&work);
    build(&work, &OUTS[..4], &["-s", "1100M"]);
    judge(&work);
    // A VHD is padded where that does no harm.
    work.write("build.yaml", "source: rootfs.tar\n");
    let said = fail(
        &mut work.hsb(["build", "-q", "-s", "40MB", "-o", "x.raw", "-o", "x.vhd"]),
        2,
    );
    assert!(said.contains("make it 40894464 bytes"), "{said}");
    assert!(!work.join("x.raw").exists() && !work.join("x.vhd").exists());
    // A plan says the same.
    for (size, out, want) in [
        ("40MB", "x.vhd", "make it 40894464 bytes"),
        ("3T", "x.vhd", "a VHD (fixed) holds 2190433320960 at most"),
        (
            "70T",
            "x.vmdk",
            "a VMDK (streamOptimized) holds 68169720922112 at most",
        ),
    ] {
        let said = fail(&mut work.hsb(["plan", "-q", "-s", size, "-o", out]), 2);
        assert!(said.contains(want), "{size} {out}: {said}");
    }
}

/// One file that cannot be made takes the others with it.
#[test]
fn all_or_none() {
    let work = Work::new("all-or-none");
    pack(&work);
    work.write("build.yaml", "source: rootfs.tar\n");
    work.write("x.raw", "old");
    fs::create_dir(work.join("x.vmdk")).unwrap();
    let before = work.names();
    let args = ["build", "-q", "-o", "x.raw", "-o", "x.vmdk"];
    let said = fail(&mut work.hsb(args), 2);
    assert!(
        said.contains("x.vmdk: is there and is no regular file"),
        "{said}"
    );
    assert_eq!(work.names(), before);

    // A disk that is full while the last one is written.
    fs::remove_dir(work.join("x.vmdk")).unwrap();
    let before = work.names();
    let mut limited = tool("timeout");
    limited
        .args(["60", "sh", "-c", "ulimit -f 3000; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_hsb"))
        .args(["build", "-q", "-o", "x.raw.gz", "-o", "x.raw"])
        .current_dir(work.path());
    let run = run(&mut limited);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("File too large"), "{run:?}");
    assert_eq!(work.names(), before);
    assert_eq!(fs::read(work.join("x.raw")).unwrap(), b"old");
}
