//! Whole builds from a recipe: the sample, and several partitions.

use std::fs;
use std::path::{Path, PathBuf};

use super::kit::{self, Work};

/// The folder of the project, with the sample recipe and its fixture.
fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn fixture() -> PathBuf {
    project().join("fixtures/rootfs.tar.gz")
}

/// Where the first partition starts.
const FIRST: u64 = 1 << 20;

#[test]
fn the_sample_builds_and_every_judge_agrees() {
    let work = Work::new("sample");
    let recipe = project().join("build.yaml");
    let report = kit::succeed(work.hsb(["build", "--json", "-q", "-f"]).arg(recipe));
    let image = work.join("image.raw");
    kit::sfdisk_clean(&image);
    kit::sgdisk_clean(&image);
    kit::e2fsck_clean(&image, FIRST);
    assert_eq!(work.names(), ["image.raw"], "nothing else is left");

    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["files"][0]["sha256"], kit::sha256(&image));
    assert_eq!(report["bytes"], 256 << 20);
    assert_eq!(report["partitions"][0]["offset"], FIRST);
    let uuid = report["partitions"][0]["content"]["uuid"].as_str().unwrap();
    assert!(kit::dumpe2fs(&image, FIRST).contains(uuid));
    let changes = report["steps"][2]["changes"].as_array().unwrap();
    assert!(
        changes
            .iter()
            .any(|c| c["path"] == "/home/harlowja" && c["change"] == "added")
    );

    for (path, want) in [
        ("/etc/hostname", "sauce\n"),
        ("/etc/motd", "This image was made by Imaging Hot Sauce.\n"),
    ] {
        assert_eq!(kit::debugfs(&image, FIRST, &format!("cat {path}")), want);
    }
    let passwd = kit::debugfs(&image, FIRST, "cat /etc/passwd");
    assert!(passwd.contains("\nharlowja:x:"), "{passwd}");
    let mode = kit::debugfs(&image, FIRST, "stat /etc/profile.d/greeting.sh");
    assert!(mode.contains("Mode:  0755"), "{mode}");
}

#[test]
fn warnings_point_at_the_option() {
    let work = Work::new("warnings");
    fs::create_dir(work.join("root")).unwrap();
    work.write("root/init", "");
    work.write(
        "build.yaml",
        "\
source: root
modules:
- add_user
- sysctl
- resolv_conf
- install_rpms: {rpms: []}
- own
add_users:
- {name: a, password_hash: '*'}
- name: b
  password_hash: '*'
  groups: [users, ops]
sysctl:
  a.b: 1
  kernel.sysrq: 0
resolv_conf: {nameservers: [9.9.9.9]}
",
    );
    fs::create_dir(work.join("modules")).unwrap();
    work.write(
        "modules/own.star",
        "def modify(name, root, cfg):\n    root.warn('own')\n",
    );
    fs::create_dir_all(work.join("root/etc/sysctl.d")).unwrap();
    fs::create_dir_all(work.join("root/usr/sbin")).unwrap();
    work.write("root/etc/sysctl.d/99-z.conf", "kernel.sysrq=1\n");
    work.write("root/usr/sbin/NetworkManager", "");
    work.write("root/etc/group", "root:x:0:\n");
    work.write("root/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    let run = kit::run(&mut work.hsb(["plan", "-q"]));
    assert_eq!(run.code, Some(0), "{run:#?}");
    let place = |line: &str| {
        let (place, text) = line
            .strip_prefix("hsb: warning: ")
            .unwrap()
            .split_once("step ")
            .unwrap();
        format!("{place}{}", text.split(' ').nth(1).unwrap())
    };
    let places: Vec<_> = run.stderr.lines().map(place).collect();
    assert_eq!(
        places,
        [
            "build.yaml:9: add_user:",
            "build.yaml:9: add_user:",
            "build.yaml:10: add_user:",
            "build.yaml:10: add_user:",
            "build.yaml:12: add_user:",
            "build.yaml:12: add_user:",
            "build.yaml:15: sysctl:",
            "build.yaml:16: resolv_conf:",
            "build.yaml:6: install_rpms:",
            "own:",
        ],
        "{}",
        run.stderr
    );
}

#[test]
fn a_plan_says_what_a_build_does_and_writes_nothing() {
    let work = Work::new("plan");
    let recipe = project().join("build.yaml");
    let args = |command| [command, "--json", "-q", "-f"];
    let plan = kit::succeed(work.hsb(args("plan")).arg(&recipe));
    assert_eq!(work.names(), Vec::<String>::new());
    let build = kit::succeed(work.hsb(args("build")).arg(&recipe));
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let mut build = parse(&build);
    for file in build["files"].as_array_mut().unwrap() {
        for known_later in ["bytes", "sha256"] {
            file.as_object_mut().unwrap().remove(known_later).unwrap();
        }
    }
    assert_eq!(parse(&plan), build);
    // For people, too, it names all that a build would make.
    let mut plan = work.hsb(["plan", "-o", "a.qcow2", "-o", "b.raw.zst", "-f"]);
    let told = kit::succeed(plan.arg(&recipe));
    let files = "\n  file a.qcow2: qcow2\n  file b.raw.zst: raw, zstd\n  disk ";
    assert!(told.contains(files), "{told}");
}

#[test]
fn partitions_hold_the_subtrees_of_their_mounts() {
    let work = Work::new("partitions");
    let recipe = "
size: 400M
partitions:
- {number: 14, type: bios-boot, fs: none, size: 1M}
- {number: 1, label: rootfs, type: root, mount: /, size: 150M}
- {number: 2, type: swap, fs: swap, label: swap, size: 16M}
- {number: 5, type: home, mount: /home, size: rest, block_size: 1024, reserved_percent: 0}
- {number: 6, type: linux-generic, fs: ext4, size: 8M}
";
    work.write("build.yaml", recipe);
    let report = kit::succeed(work.hsb(["build", "--json", "-q", "-i"]).arg(fixture()));
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let image = work.join("image.raw");
    kit::sfdisk_clean(&image);
    kit::sgdisk_clean(&image);
    let offset = |index: usize| report["partitions"][index]["offset"].as_u64().unwrap();
    for index in [1, 3, 4] {
        kit::e2fsck_clean(&image, offset(index));
    }
    let numbers = report["partitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["number"].as_u64());
    assert_eq!(numbers.collect::<Vec<_>>(), [14, 1, 2, 5, 6].map(Some));
    // The mount point is in the root filesystem, empty; what it holds is in its own.
    let names =
        |index: usize, path: &str| kit::debugfs(&image, offset(index), &format!("ls -p {path}"));
    assert!(names(1, "/").contains("/home/"));
    assert_eq!(
        names(1, "/home").trim().lines().count(),
        2,
        "{}",
        names(1, "/home")
    );
    assert!(
        names(3, "/").trim().lines().count() > 3,
        "{}",
        names(3, "/")
    );
    assert!(kit::dumpe2fs(&image, offset(3)).contains("Block size:               1024"));
    let start = usize::try_from(offset(2)).unwrap();
    assert_eq!(
        &fs::read(&image).unwrap()[start + 4086..start + 4096],
        b"SWAPSPACE2"
    );
}

#[test]
fn every_kind_of_table() {
    for (table, offset) in [("gpt", FIRST), ("mbr", FIRST), ("none", 0)] {
        for size in ["64M", "auto", "+20M"] {
            let work = Work::new("tables");
            work.write("build.yaml", format!("table: {table}\nsize: {size}\n"));
            kit::succeed(
                work.hsb(["build", "-q", "-o", "disk.img", "-i"])
                    .arg(fixture()),
            );
            let image = work.join("disk.img");
            kit::e2fsck_clean(&image, offset);
            if table != "none" {
                kit::sfdisk_clean(&image);
            }
        }
    }
}

#[test]
fn a_source_needs_no_recipe() {
    let work = Work::new("no-recipe");
    kit::succeed(
        work.hsb(["build", "-q", "-s", "64M", "-o", "disk.raw", "-i"])
            .arg(fixture()),
    );
    kit::e2fsck_clean(&work.join("disk.raw"), FIRST);
    // One that is named, or there and not readable, is meant.
    let named = kit::fail(
        work.hsb(["plan", "-f", "build.yaml", "-i"]).arg(fixture()),
        2,
    );
    assert!(named.contains("build.yaml"), "{named}");
    std::os::unix::fs::symlink("nowhere", work.join("build.yaml")).unwrap();
    let dangling = kit::fail(work.hsb(["plan", "-i"]).arg(fixture()), 2);
    assert!(dangling.contains("build.yaml"), "{dangling}");
}

#[test]
fn the_least_size_that_is_told_is_the_least() {
    let fat = "partitions: [{mount: /, fs: vfat}]";
    for (recipe, source) in [
        ("table: gpt", "fixture"),
        ("table: mbr", "fixture"),
        ("table: none", "fixture"),
        ("partitions: [{fs: swap, size: 3M}, {mount: /}]", "fixture"),
        (fat, "hello"),
    ] {
        let work = Work::new("least");
        fs::create_dir(work.join("hello")).unwrap();
        work.write("hello/world", vec![7; 100_000]);
        let source = match source {
            "fixture" => fixture(),
            folder => work.join(folder),
        };
        work.write("build.yaml", recipe);
        let plan = |size: &str| {
            let mut plan = work.hsb(["plan", "-q", "-s", size, "-i"]);
            kit::run(plan.arg(&source))
        };
        // What it is without files is told first, then with them.
        let least = |size: u64| {
            let run = plan(&size.to_string());
            let told = ["the image needs ", "make it at least ", "it needs "].iter();
            let mut told = told.filter_map(|before| run.stderr.split_once(before));
            match (run.code, told.next()) {
                (Some(0), _) => size,
                (_, Some((_, told))) => told.split_once(' ').unwrap().0.parse().unwrap(),
                _ => panic!("{recipe}: {run:#?}"),
            }
        };
        let least = least(least(64 << 10));
        assert_eq!(plan(&least.to_string()).code, Some(0), "{recipe}: {least}");
        let less = plan(&(least - 1).to_string());
        assert_ne!(less.code, Some(0), "{recipe}: one byte less than {least}");
        assert!(
            less.stderr.contains(&least.to_string()),
            "{recipe}: {less:#?}"
        );
    }
}

#[test]
fn a_journal_is_there_where_it_is_asked_for() {
    for (journal, size, want) in [
        ("", "", false),
        ("journal: true", "", true),
        ("journal: true", "size: 6M", true),
        ("journal: false", "size: 40M", false),
        ("", "size: 40M", true),
    ] {
        let work = Work::new("journal");
        fs::create_dir(work.join("hello")).unwrap();
        work.write("hello/world", "");
        work.write(
            "build.yaml",
            format!("table: none\n{size}\npartitions: [{{mount: /, fs: ext4, {journal}}}]"),
        );
        kit::succeed(&mut work.hsb(["build", "-q", "-i", "hello"]));
        let image = work.join("image.raw");
        kit::e2fsck_clean(&image, 0);
        let has_journal = kit::dumpe2fs(&image, 0).contains("has_journal");
        assert_eq!(has_journal, want, "{journal} {size}");
    }
}
