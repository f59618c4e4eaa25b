//! Whole builds with a FAT partition, as firmware boots from it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde_json::Value;

use super::super::kit::{self, Work};
use super::MIB;

const FILES: &str = "
modules: [files]
files:
- {path: /boot/efi/EFI/BOOT/BOOTX64.EFI, content: not really a loader}
- {path: /boot/efi/loader/loader.conf, content: timeout 3}
";

fn fixture() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/rootfs.tar.gz"
    ))
}

fn build(work: &Work, recipe: &str) -> Value {
    work.write("build.yaml", format!("{recipe}{FILES}"));
    let report = kit::succeed(work.hsb(["build", "--json", "-q", "-i"]).arg(fixture()));
    serde_json::from_str(&report).unwrap()
}

/// Copies a partition into a file of its own: fsck.fat wants one.
fn partition(work: &Work, image: &Path, entry: &Value) -> std::path::PathBuf {
    let number = |key: &str| entry[key].as_u64().unwrap();
    let path = work.join("partition.img");
    let (from, to) = (File::open(image).unwrap(), File::create(&path).unwrap());
    to.set_len(number("bytes")).unwrap();
    let mut bytes = vec![0; 1 << 20];
    for at in (0..number("bytes")).step_by(1 << 20) {
        from.read_exact_at(&mut bytes, number("offset") + at)
            .unwrap();
        if bytes.iter().any(|byte| *byte != 0) {
            to.write_all_at(&bytes, at).unwrap();
        }
    }
    path
}

#[test]
fn firmware_and_linux_find_their_partitions() {
    for (table, keys, bits, bytes) in [
        ("gpt", "size: 64M", 32, 64 * MIB),
        ("gpt", "size: auto", 32, 33 * MIB),
        ("gpt", "size: +40M", 32, 41 * MIB),
        ("gpt", "size: 16M", 16, 16 * MIB),
        ("gpt", "fat: 12, cluster_size: 4096", 12, MIB),
        ("mbr", "label: ESP, fs_uuid: 1A2B-3C4D", 32, 33 * MIB),
    ] {
        println!("{table}, {keys}");
        let work = Work::new("fat-build");
        let recipe = format!(
            "table: {table}
partitions:
- {{type: esp, mount: /boot/efi, {keys}}}
- {{type: root, mount: /}}"
        );
        let report = build(&work, &recipe);
        let image = work.join("image.raw");
        kit::sfdisk_clean(&image);
        if table == "gpt" {
            kit::sgdisk_clean(&image);
        }
        let esp = &report["partitions"][0];
        assert_eq!(esp["bytes"], bytes);
        assert_eq!(esp["content"]["filesystem"], "vfat");
        assert_eq!(esp["content"]["fat"], bits);
        let path = partition(&work, &image, esp);
        let seen = kit::fsck_fat_clean(&path);
        assert!(seen.contains(&format!(" {bits} bit entries")), "{seen}");
        assert!(seen.contains(" 2048 hidden sectors"), "{seen}");
        let mtools = |program: &str, args: &[&str]| {
            kit::succeed(kit::tool(program).arg("-i").arg(&path).args(args))
        };
        let listed = mtools("mdir", &["-/", "-b", "::"]);
        let want =
            "::/EFI/\n::/loader/\n::/EFI/BOOT/\n::/EFI/BOOT/BOOTX64.EFI\n::/loader/loader.conf\n";
        assert_eq!(listed, want);
        assert_eq!(
            mtools("mtype", &["::EFI/BOOT/BOOTX64.EFI"]),
            "not really a loader"
        );
        let serial = esp["content"]["uuid"].as_str().unwrap();
        assert!(mtools("mdir", &["::"]).contains(&format!("Serial Number is {serial}")));
        if table == "mbr" {
            assert_eq!(serial, "1A2B-3C4D");
        }

        let offset = report["partitions"][1]["offset"].as_u64().unwrap();
        kit::e2fsck_clean(&image, offset);
        let below = kit::debugfs(&image, offset, "ls -p /boot/efi");
        assert_eq!(below.trim().lines().count(), 2, "{below}");
    }
}

#[test]
fn an_empty_filesystem_and_one_without_a_table() {
    let work = Work::new("fat-build-more");
    let recipe = "
partitions:
- {type: root, mount: /}
- {type: microsoft-basic, fs: vfat, label: DATA, size: 40M}";
    let report = build(&work, recipe);
    let path = partition(&work, &work.join("image.raw"), &report["partitions"][1]);
    let seen = kit::fsck_fat_clean(&path);
    // The root directory's own cluster.
    assert!(seen.contains(": 1 files, 1/"), "{seen}");

    let recipe = "source: esp.tar\ntable: none\nsize: 4M\npartitions: [{fs: vfat, mount: /}]\n";
    work.write("build.yaml", recipe);
    work.write("loader.efi", "x");
    let mut tar = kit::tool("tar");
    kit::succeed(
        tar.current_dir(work.path())
            .args(["-cf", "esp.tar", "loader.efi"]),
    );
    kit::succeed(&mut work.hsb(["build", "-q", "-o", "esp.img"]));
    let image = work.join("esp.img");
    kit::fsck_fat_clean(&image);
    assert_eq!(std::fs::metadata(&image).unwrap().len(), 4 * MIB);
    let listed = kit::succeed(kit::tool("mdir").args(["-b", "-i"]).arg(&image).arg("::"));
    assert_eq!(listed, "::/loader.efi\n");
}

#[test]
fn what_cannot_be_is_shown_where_it_is_asked_for() {
    for (recipe, code, parts) in [
        (
            "partitions: [{mount: /}, {type: esp, mount: /boot/efi, fat: 32, size: 20M}]",
            2,
            &["build.yaml:1:71: filesystem /boot/efi: even without files, it needs 34098688 bytes"]
                [..],
        ),
        (
            "partitions: [{mount: /}, {fs: vfat, fat: 16, size: 3G}]",
            2,
            &["build.yaml:1:52: partition 2: FAT16 with clusters of 32768 bytes has at most"],
        ),
        (
            "table: none\npartitions: [{mount: /, fs: vfat}]",
            1,
            &["filesystem /: /", ": a symlink to ", "FAT has none"],
        ),
    ] {
        let work = Work::new("fat-build-reject");
        work.write("build.yaml", recipe);
        let message = kit::fail(work.hsb(["build", "-q", "-i"]).arg(fixture()), code);
        for part in parts {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert_eq!(work.names(), ["build.yaml"]);
    }
}

/// Letters that some rules take for the same, and FAT does not.
#[test]
fn letters_that_are_not_the_same() {
    let work = Work::new("fat-letters");
    std::fs::create_dir(work.join("tree")).unwrap();
    let names = [
        "ß", "ẞ", "å", "\u{212b}", "ᾀ", "ᾈ", "Straße", "STRAẞE", "i", "ı", "ſ", "s",
    ];
    for name in names {
        work.write(&format!("tree/{name}"), name);
    }
    work.write(
        "build.yaml",
        "table: none\npartitions: [{mount: /, fs: vfat}]\n",
    );
    kit::succeed(&mut work.hsb(["build", "-q", "-i", "tree"]));
    let image = work.join("image.raw");
    kit::fsck_fat_clean(&image);
    kit::succeed(work.hsb(["verify"]).arg(&image));
    let listed = kit::succeed(work.hsb(["ls"]).arg(&image));
    assert_eq!(listed.lines().count(), names.len(), "{listed}");
    // These are the same for drivers.
    work.write("tree/Ä", "");
    work.write("tree/ä", "");
    let clash = kit::fail(&mut work.hsb(["build", "-q", "-i", "tree"]), 1);
    assert!(clash.contains("case"), "{clash}");
}
