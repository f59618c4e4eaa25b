//! Looking into disk images, beside what debugfs and mtools see there and what they were made from.

use std::fs;
use std::path::Path;

use super::kit::{self, Work};

fn fixture() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rootfs.tar.gz");
    path.display().to_string()
}

/// Returns what debugfs prints for a request.
fn debugfs(work: &Work, image: &str, request: &str) -> String {
    let mut debugfs = kit::tool("debugfs");
    kit::succeed(
        debugfs
            .args(["-R", request, image])
            .current_dir(work.path()),
    )
}

#[test]
fn all_formats_show_what_they_were_made_from() {
    let work = Work::new("looking-images");
    let tar = fixture();
    work.write("build.yaml", "size: auto\ntable: none\n");
    let images = [
        "x.raw",
        "x.qcow2",
        "x.vmdk",
        "x.vhd",
        "x.raw.xz",
        "x.raw.zst",
    ];
    let outs = images.iter().flat_map(|image| ["-o", image]);
    kit::succeed(&mut work.hsb(["build", "-q", "-i", &tar].into_iter().chain(outs)));
    let hsb = |arguments: &[&str]| kit::succeed(&mut work.hsb(arguments));
    let list = hsb(&["ls", "-R", "--json", "x.raw"]);
    let part = hsb(&["export", &tar, "/etc", "-o", "etc.tar"]);
    assert_eq!(part, "");
    for image in images {
        assert_eq!(hsb(&["diff", image, &tar]), "", "{image}");
        assert_eq!(hsb(&["diff", &tar, image]), "", "{image}");
        assert_eq!(hsb(&["diff", "x.raw", image]), "", "{image}");
        assert_eq!(hsb(&["ls", "-R", "--json", image]), list, "{image}");
        hsb(&["export", image, "-o", "out.tar"]);
        assert_eq!(hsb(&["diff", "out.tar", &tar]), "", "{image}");
        hsb(&["export", image, "/etc", "-o", "part.tar"]);
        let digests = ["part.tar", "etc.tar"].map(|tar| kit::sha256(&work.join(tar)));
        assert_eq!(digests[0], digests[1], "{image}");
        let release = hsb(&["cat", image, "/etc/os-release"]);
        assert_eq!(release, debugfs(&work, "x.raw", "cat /usr/lib/os-release"));
    }
    // No name is left out, and the filesystem's own folder goes nowhere.
    let mut gnu = kit::tool("tar");
    let names = |text: String| {
        let mut names: Vec<_> = text
            .lines()
            .map(|n| n.trim_start_matches("./").to_owned())
            .collect();
        names.sort();
        names.retain(|name| !name.is_empty());
        names
    };
    let ours = kit::succeed(gnu.args(["-tf", "out.tar"]).current_dir(work.path()));
    let theirs = kit::succeed(kit::tool("tar").args(["-tf", &tar]));
    assert_eq!(names(ours), names(theirs));
    // Mode, owner and size of all in a directory: /inode/mode/uid/gid/name/size/.
    let theirs = debugfs(&work, "x.raw", "ls -p /etc");
    let ours: serde_json::Value =
        serde_json::from_str(&hsb(&["ls", "--json", "x.raw", "/etc"])).unwrap();
    let ours = ours.as_array().unwrap();
    let theirs: Vec<Vec<&str>> = theirs
        .lines()
        .map(|line| line.split('/').collect())
        .collect();
    let theirs: Vec<_> = theirs
        .iter()
        .filter(|f| f.len() > 6 && !matches!(f[5], "." | ".."))
        .collect();
    assert_eq!(ours.len(), theirs.len());
    for file in ours {
        let name = file["path"].as_str().unwrap().trim_start_matches("/etc/");
        let found = theirs.iter().find(|fields| fields[5] == name).unwrap();
        let mode = file["mode"].as_str().unwrap().trim_start_matches('0');
        assert!(found[2].ends_with(mode), "{file} {found:?}");
        assert_eq!(found[3], file["uid"].to_string(), "{file}");
        assert_eq!(found[4], file["gid"].to_string(), "{file}");
        if file["type"] == "file" {
            assert_eq!(found[6], file["size"].to_string(), "{file}");
        }
    }
}

#[test]
fn a_partition_is_chosen() {
    let work = Work::new("looking-partitions");
    fs::create_dir_all(work.join("root/boot/efi/EFI")).unwrap();
    fs::create_dir_all(work.join("root/etc")).unwrap();
    work.write("root/boot/efi/EFI/loader.txt", "loads\n");
    work.write("root/etc/motd", "hello\n");
    work.write(
        "build.yaml",
        "source: {from: root, owner: root}\npartitions:\n\
         - {type: esp, mount: /boot/efi, size: 8M, label: FIRM}\n- {mount: /, name: system}\n",
    );
    kit::succeed(&mut work.hsb(["build", "-q", "-o", "x.raw", "-o", "x.qcow2"]));
    for image in ["x.raw", "x.qcow2"] {
        for esp in ["1", "FIRM"] {
            let arguments = ["cat", image, "/EFI/loader.txt", "--partition", esp];
            let text = kit::succeed(&mut work.hsb(arguments));
            assert_eq!(text, "loads\n");
            let arguments = ["ls", "-R", image, "--partition", esp];
            let names = kit::succeed(&mut work.hsb(arguments));
            assert_eq!(names, "/\n/EFI\n/EFI/loader.txt\n");
        }
        for root in [&[][..], &["--partition", "2"], &["--partition", "system"]] {
            let arguments = [&["cat", image, "/etc/motd"], root].concat();
            assert_eq!(kit::succeed(&mut work.hsb(arguments)), "hello\n");
        }
        // Two partitions of one disk.
        let arguments = [
            "diff",
            image,
            image,
            "--partition",
            "1",
            "--b-partition",
            "2",
        ];
        let found = kit::run(&mut work.hsb(arguments));
        assert_eq!(found.code, Some(1), "{found:#?}");
        let (added, removed) = ("added /etc/motd: file", "removed /EFI/loader.txt: file");
        assert!(found.stdout.contains(added) && found.stdout.contains(removed));
        // The other one has no partitions.
        let ignored = "mtime,mode,owner";
        let arguments = ["diff", image, "root/boot/efi", "--partition", "1"];
        let arguments = arguments.into_iter().chain(["--ignore", ignored]);
        assert_eq!(kit::succeed(&mut work.hsb(arguments)), "");
    }
    let mut mtype = kit::tool("mtype");
    let mtype = mtype.args(["-i", "x.raw@@1M", "::EFI/loader.txt"]);
    assert_eq!(kit::succeed(mtype.current_dir(work.path())), "loads\n");
    for (arguments, want) in [
        (
            &["ls", "x.raw", "--partition", "3"][..],
            "its GPT has no partition 3, but 1 (",
        ),
        (
            &["ls", "root", "--partition", "1"],
            "--partition chooses a part of a disk image, and root is none",
        ),
        (
            &["diff", "root", "root", "--partition", "1"],
            "--partition chooses a part of a disk image",
        ),
        (
            &[
                "diff",
                "root",
                "x.raw",
                "--partition",
                "1",
                "--b-partition",
                "2",
            ],
            "--partition chooses a part of a disk image, and root is none",
        ),
        (
            &["diff", "x.raw", "root", "--b-partition", "1"],
            "--partition chooses a part of a disk image, and root is none",
        ),
        (
            &["ls", "root", "--tag", "1"],
            "choose a container image, and root is none",
        ),
        (&["ls", "x.raw", "--partition", "0"], "numbers start at 1"),
    ] {
        let message = kit::fail(&mut work.hsb(arguments), 2);
        assert!(message.contains(want), "{message}");
    }
}

#[test]
fn only_an_empty_lost_and_found_is_the_filesystems_own() {
    let work = Work::new("looking-lost");
    fs::create_dir_all(work.join("root")).unwrap();
    work.write("root/file", "x");
    work.write(
        "build.yaml",
        "source: {from: root, owner: root}\ntable: none\nsize: 4M\n",
    );
    kit::succeed(&mut work.hsb(["build", "-q", "-o", "x.raw"]));
    let names = kit::succeed(&mut work.hsb(["ls", "x.raw"]));
    assert_eq!(names, "file\nlost+found\n");
    assert_eq!(
        kit::succeed(&mut work.hsb(["diff", "x.raw", "root", "--ignore", "owner"])),
        ""
    );
    fs::copy(work.join("x.raw"), work.join("found.raw")).unwrap();
    let mut debugfs = kit::tool("debugfs");
    let debugfs = debugfs.args(["-w", "-R", "ln file lost+found/#12", "found.raw"]);
    kit::succeed(debugfs.current_dir(work.path()));
    let run = kit::run(&mut work.hsb(["diff", "root", "found.raw", "--ignore", "owner,mtime"]));
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("added /lost+found/#12: "), "{run:#?}");
    kit::succeed(&mut work.hsb(["export", "found.raw", "-o", "out.tar"]));
    let mut tar = kit::tool("tar");
    let names = kit::succeed(tar.args(["-tf", "out.tar"]).current_dir(work.path()));
    assert!(names.contains("lost+found/#12\n"), "{names}");
}

#[test]
fn partitions_are_those_of_sfdisk() {
    let work = Work::new("looking-disk");
    for (table, types) in [("gpt", "esp"), ("mbr", "0x0c")] {
        let recipe = format!(
            "table: {table}\npartitions:\n- {{type: '{types}', fs: vfat, mount: /boot, size: 8M, label: FIRM}}\n\
             - {{mount: /, label: main}}\n"
        );
        work.write("build.yaml", &recipe);
        kit::succeed(&mut work.hsb([
            "build",
            "-q",
            "-i",
            &fixture(),
            "-o",
            "x.raw",
            "-o",
            "x.vmdk",
        ]));
        let mut sfdisk = kit::tool("sfdisk");
        let theirs = kit::succeed(sfdisk.args(["--json", "x.raw"]).current_dir(work.path()));
        let theirs: serde_json::Value = serde_json::from_str(&theirs).unwrap();
        let table = theirs["partitiontable"].clone();
        let theirs = table["partitions"].as_array().unwrap();
        for image in ["x.raw", "x.vmdk"] {
            let ours = kit::succeed(&mut work.hsb(["inspect", "--json", image]));
            let ours: serde_json::Value = serde_json::from_str(&ours).unwrap();
            assert_eq!(ours["system"]["os_release"]["NAME"], "hsb fixture");
            // sfdisk writes digits of identifiers in its own way.
            let same = |ours: &serde_json::Value, theirs: &serde_json::Value| {
                let theirs = theirs.as_str().unwrap().trim_start_matches("0x");
                assert!(
                    theirs.eq_ignore_ascii_case(ours.as_str().unwrap()),
                    "{ours}"
                );
            };
            let disk = &ours["disk"];
            same(&disk["id"], &table["id"]);
            let form = image.trim_start_matches("x.");
            assert!(form.eq_ignore_ascii_case(disk["stored"].as_str().unwrap()));
            let len = fs::metadata(work.join(image)).unwrap().len();
            assert_eq!(disk["file_bytes"], len);
            assert_eq!(
                disk["bytes"],
                fs::metadata(work.join("x.raw")).unwrap().len()
            );
            let slots = disk["partitions"].as_array().unwrap();
            assert_eq!(slots.len(), theirs.len());
            for (slot, theirs) in slots.iter().zip(theirs) {
                let bytes = |key: &str| theirs[key].as_u64().unwrap() * 512;
                assert_eq!(slot["offset"], bytes("start"));
                assert_eq!(slot["bytes"], bytes("size"));
                assert_eq!(slot["name"], theirs["name"]);
                match table["id"].as_str().unwrap().strip_prefix("0x") {
                    None => same(&slot["partuuid"], &theirs["uuid"]),
                    // As the kernel makes it.
                    Some(id) => {
                        let number = &slot["number"];
                        assert_eq!(slot["partuuid"], format!("{id}-0{number}"));
                    }
                }
            }
            for (slot, kind, label) in [(0, "FAT16", "FIRM"), (1, "ext4", "main")] {
                let found = &slots[slot]["filesystem"];
                assert_eq!(
                    (&found["type"], &found["label"]),
                    (&kind.into(), &label.into())
                );
            }
            let text = kit::succeed(&mut work.hsb(["inspect", image]));
            println!("{text}");
            assert!(text.contains("  partition 2"), "{text}");
        }
    }
}

#[test]
fn what_fat_says_of_itself() {
    let work = Work::new("looking-fat");
    work.write("file", [b'f'; 100_000]);
    for (width, mib) in [("12", 4), ("16", 32), ("32", 80)] {
        fs::File::create(work.join("x.fat"))
            .unwrap()
            .set_len(mib << 20)
            .unwrap();
        let mut mkfs = kit::tool("mkfs.fat");
        let mkfs = mkfs.args(["-F", width, "-i", "1A2B3C4D", "-n", "LABEL", "x.fat"]);
        kit::succeed(mkfs.current_dir(work.path()));
        let mut mcopy = kit::tool("mcopy");
        kit::succeed(
            mcopy
                .args(["-i", "x.fat", "file", "::"])
                .current_dir(work.path()),
        );
        let ours = kit::succeed(&mut work.hsb(["inspect", "--json", "x.fat"]));
        let ours: serde_json::Value = serde_json::from_str(&ours).unwrap();
        let found = &ours["disk"]["filesystem"];
        assert_eq!(found["type"], format!("FAT{width}"));
        assert_eq!(found["label"], "LABEL");
        assert_eq!(found["uuid"], "1A2B-3C4D");
        // It ends with `x.fat: 2 files, 50/2043 clusters`.
        let mut fsck = kit::tool("fsck.fat");
        let theirs = kit::succeed(fsck.args(["-n", "x.fat"]).current_dir(work.path()));
        let clusters = theirs.split_whitespace().rev().nth(1).unwrap();
        let (used, all) = clusters.split_once('/').unwrap();
        let free = all.parse::<u64>().unwrap() - used.parse::<u64>().unwrap();
        let cluster = found["block_size"].as_u64().unwrap();
        assert_eq!(found["free_bytes"], free * cluster, "{theirs}");
    }
}

#[test]
fn a_disk_without_a_root_can_be_inspected() {
    let work = Work::new("looking-rootless");
    work.write(
        "build.yaml",
        "source: {from: root, owner: root}\ntable: mbr\npartitions:\n\
         - {fs: swap, label: s, size: 1M}\n- {fs: none, size: 1M}\n- {mount: /srv}\n- {mount: /}\n",
    );
    fs::create_dir(work.join("root")).unwrap();
    kit::succeed(&mut work.hsb([
        "build", "-q", "-o", "x.qcow2", "-o", "x.tar.gz", "-o", "x.tar",
    ]));
    for image in ["x.qcow2", "x.tar.gz", "x.tar"] {
        let run = kit::run(&mut work.hsb(["inspect", image]));
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stderr.contains("cannot be told"), "{run:?}");
        assert!(run.stdout.contains("swap \"s\", UUID="), "{run:?}");
        assert!(run.stdout.contains("nothing that is known"), "{run:?}");
        // An archive of an image is looked into as the image is.
        let list = kit::succeed(&mut work.hsb(["ls", "--partition", "4", image]));
        assert_eq!(list, "lost+found\nsrv\n", "{image}");
        let message = kit::fail(&mut work.hsb(["inspect", "--partition", "9", image]), 2);
        assert!(message.contains("has no partition 9"), "{message}");
    }
    // One that is broken can be asked for what it says of itself.
    let mut mke2fs = kit::tool("mke2fs");
    let mke2fs = mke2fs.args([
        "-q",
        "-F",
        "-t",
        "ext4",
        "-O",
        "^metadata_csum",
        "x.fs",
        "4M",
    ]);
    kit::succeed(mke2fs.current_dir(work.path()));
    let mut debugfs = kit::tool("debugfs");
    let request = "ssv feature_incompat 0x8102c2";
    kit::succeed(
        debugfs
            .args(["-w", "-R", request, "x.fs"])
            .current_dir(work.path()),
    );
    let run = kit::run(&mut work.hsb(["inspect", "x.fs"]));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("encrypt FEATURE_I23"), "{run:?}");
    assert!(
        run.stderr.contains("incompatible feature 0x800000"),
        "{run:?}"
    );
}

#[test]
fn names_are_found_by_the_index() {
    let work = Work::new("looking-index");
    fs::create_dir_all(work.join("root/many")).unwrap();
    let names: Vec<_> = (0..1500).map(|n| format!("caf\u{e9} number {n}")).collect();
    for name in &names {
        work.write(&format!("root/many/{name}"), "");
    }
    let paths: Vec<_> = names.iter().map(|name| format!("/many/{name}")).collect();
    let paths: Vec<_> = paths.iter().map(|path| &**path).collect();
    for (hash, flags) in [
        ("legacy", 1),
        ("half_md4", 1),
        ("tea", 1),
        ("tea", 2),
        ("half_md4", 2),
    ] {
        let options = [
            "-t",
            "ext4",
            "-b",
            "1024",
            "-O",
            "^metadata_csum",
            "-d",
            "root",
        ];
        let mut mke2fs = kit::tool("mke2fs");
        let mke2fs = mke2fs.args(["-q", "-F"]).args(options).args(["x.fs", "8M"]);
        kit::succeed(mke2fs.current_dir(work.path()));
        let tune = |program: &str, arguments: &[&str]| {
            let mut tool = kit::tool(program);
            let run = kit::run(tool.args(arguments).arg("x.fs").current_dir(work.path()));
            // 1: e2fsck has changed something.
            assert!(matches!(run.code, Some(0 | 1)), "{run:?}");
        };
        tune("tune2fs", &["-E", &format!("hash_alg={hash}")]);
        tune("debugfs", &["-w", "-R", &format!("ssv flags {flags}")]);
        // Makes the index.
        tune("e2fsck", &["-fyD"]);
        let index = debugfs(&work, "x.fs", "htree_dump /many");
        assert!(index.contains("Root node dump"), "{index}");
        let all = [&["ls", "-d", "x.fs"], &paths[..]].concat();
        assert_eq!(
            kit::succeed(&mut work.hsb(&all)).lines().count(),
            names.len()
        );
        let message = kit::fail(&mut work.hsb(["ls", "-d", "x.fs", "/many/gone"]), 1);
        assert!(message.contains("no such file"), "{message}");
        // Whoever looks at all names meets this block first.
        tune("debugfs", &["-w", "-R", "zap_block -f /many -p 0xff 1"]);
        let message = kit::fail(&mut work.hsb(["ls", "x.fs", "/many"]), 1);
        assert!(message.contains("an entry of"), "{message}");
        let found = paths.iter().step_by(125).filter(|path| {
            let run = kit::run(&mut work.hsb(["ls", "-d", "x.fs", path]));
            run.code == Some(0)
        });
        let found = found.count();
        assert!(
            found >= 9,
            "{found} of 12 names; one block of many is broken"
        );
    }
}
