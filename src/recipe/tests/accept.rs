//! Recipes that are right.

use crate::source::{Filter, Input, Owner, Source};
use std::path::{Path, PathBuf};

use fsgen::ext4::{BlockSize, Journal, Profile};
use fsgen::fat::{ClusterSize, FatType, Serial};
use modules::value::Spanned;

use super::parse;
use crate::library::Library;
use crate::recipe::{Ext4, Filesystem, Partition, Recipe, Size, Table, Vfat};

const MIB: u64 = 1 << 20;

fn steps(recipe: &Recipe) -> Vec<(usize, &str, usize)> {
    let steps = recipe.steps.iter();
    steps
        .map(|step| (step.number, step.module.name(), step.span.line))
        .collect()
}

#[test]
fn the_first_recipe_there_was() {
    let text = "---\nmodules:\n- install_rpms\n- add_user\nadd_users:\n- harlowja\n...\n";
    let recipe = parse(text).unwrap();
    assert_eq!(steps(&recipe), [(1, "install_rpms", 3), (2, "add_user", 4)]);
    let users: Vec<String> = recipe.steps[1]
        .cfg
        .get("add_users")
        .unwrap()
        .decode()
        .unwrap();
    assert_eq!(users, ["harlowja"]);
    assert_eq!(*recipe.name, "image");
    assert_eq!(
        (recipe.sources, recipe.size.value, recipe.seed),
        (vec![], Size::Auto, None)
    );
    assert_eq!(recipe.table, Table::Gpt);
    assert_eq!(recipe.partitions, [Partition::root()]);
    assert_eq!(recipe.folder, Path::new(""));
}

#[test]
fn ways_to_write_steps() {
    for (text, expected) in [
        ("name: a", &[] as &[(usize, &str, usize)]),
        ("modules: []", &[]),
        (
            "modules: [install-rpms, install_rpms]",
            &[(1, "install_rpms", 1), (2, "install_rpms", 1)],
        ),
        (
            "modules: [{files: {remove: [/a]}}, add_user, {files: {remove: [/b]}}]",
            &[(1, "files", 1), (2, "add_user", 1), (3, "files", 1)],
        ),
        (
            "modules:\n- hostname: web1\n- files:\n    files: []\n- 'add-user':\n",
            &[(1, "hostname", 2), (2, "files", 3), (3, "add_user", 5)],
        ),
        (
            "modules:\r\n- files\r\nremove: [/a]\r\n",
            &[(1, "files", 2)],
        ),
        ("\u{feff}modules: [files]", &[(1, "files", 1)]),
        (
            "%YAML 1.2\n---\n# all\nmodules: [files] # one\n...\n# end\n",
            &[(1, "files", 4)],
        ),
        ("modules: &a [files]\nfiles: *a", &[(1, "files", 1)]),
    ] {
        let recipe = parse(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(steps(&recipe), expected, "{text}");
    }
}

#[test]
fn inline_options_are_those_of_the_step() {
    let text = "\
remove: [/top]
rpm-options: {a: 1}
modules:
- files
- files: {remove: [/inline]}
- hostname: web1
- install_rpms
";
    let recipe = parse(text).unwrap();
    let read = |step: usize, key: &str| {
        let value = recipe.steps[step].cfg.get(key);
        value.map(|value| {
            (
                value.span.line,
                value.decode::<Vec<String>>().unwrap_or_default(),
            )
        })
    };
    assert_eq!(read(0, "remove"), Some((1, vec!["/top".to_owned()])));
    assert_eq!(read(1, "remove"), Some((5, vec!["/inline".to_owned()])));
    assert_eq!(
        recipe.steps[2].cfg.get("hostname").unwrap().as_str(),
        Some("web1")
    );
    assert!(recipe.steps[0].cfg.get("hostname").is_none());
    assert!(recipe.steps[3].cfg.get("rpm_options").is_some());
}

#[test]
fn merge_keys_and_aliases() {
    let text = "\
partitions:
- &small {mount: /, size: 64M, journal: false}
- <<: *small
  mount: /a
- <<: [{mount: /b}, {mount: /lost, reserved_percent: 1}, *small]
seed: &seed blue
name: *seed
";
    let recipe = parse(text).unwrap_or_else(|error| panic!("{error}"));
    let seen: Vec<_> = recipe
        .partitions
        .iter()
        .map(|p| (p.mount.as_deref(), p.size.value))
        .collect();
    let size = Size::Bytes(64 * MIB);
    assert_eq!(
        seen,
        [(Some("/"), size), (Some("/a"), size), (Some("/b"), size)]
    );
    assert!(
        recipe
            .partitions
            .iter()
            .all(|p| p.ext4.journal.is_some_and(|j| j.value == Journal::None))
    );
    assert_eq!(recipe.partitions[2].ext4.reserved_hundredths, Some(100));
    assert_eq!(
        (recipe.seed.as_deref(), recipe.name.as_str()),
        (Some("blue"), "blue")
    );
}

#[test]
fn the_keys_at_the_top() {
    let text = "\
name: web
source: in/rootfs.tar.zst
size: +512M
seed: '1.10'
table: mbr
";
    let file = Path::new("/recipes/web/build.yaml");
    let recipe = super::super::parse(text, file, &|_| Ok(Library::of(&[]))).unwrap();
    assert_eq!(*recipe.name, "web");
    let [source] = &recipe.sources[..] else {
        panic!("{:?}", recipe.sources);
    };
    let file = PathBuf::from("/recipes/web/in/rootfs.tar.zst");
    assert_eq!(source.value, Source::from(Input::Path(file)));
    assert_eq!(source.span.line, 2);
    assert_eq!(recipe.size.value, Size::Free(512 * MIB));
    assert_eq!(recipe.size.span.line, 3);
    assert_eq!(recipe.seed.as_deref(), Some("1.10"));
    assert_eq!(recipe.table, Table::Mbr);
    assert_eq!(recipe.folder, Path::new("/recipes/web"));
}

#[test]
fn all_keys_of_a_partition() {
    let text = "\
partitions:
- {type: bios-boot, fs: none, size: 1M}
- number: 5
  label: rootfs
  name: the root of all
  type: root-arm64
  uuid: 0FC63DAF-8483-4772-8E79-3D69D8477DE4
  fs: ext4
  mount: /
  size: rest
  bootable: true
  fs-uuid: 11111111-2222-3333-4444-555555555555
  block-size: 1024
  inodes: 4294967295
  reserved_percent: 0.29
  journal: 4M
  profile: modern
";
    let recipe = parse(text).unwrap_or_else(|error| panic!("{error}"));
    let uuid = |text: &str| Some(uuid::Uuid::parse_str(text).unwrap());
    let found = &recipe.partitions[1];
    let expected = Partition {
        span: found.span,
        number: 5,
        label: Some("rootfs".to_owned()),
        name: Some("the root of all".to_owned()),
        kind: "root-arm64".to_owned(),
        uuid: uuid("0fc63daf-8483-4772-8e79-3d69d8477de4"),
        filesystem: Filesystem::Ext4,
        mount: Some("/".to_owned()),
        size: Spanned {
            value: Size::Rest,
            ..found.size
        },
        bootable: true,
        fs_uuid: uuid("11111111-2222-3333-4444-555555555555"),
        ext4: Ext4 {
            block_size: BlockSize::new(1024),
            inodes: found.ext4.inodes,
            bytes_per_inode: None,
            reserved_hundredths: Some(29),
            journal: found.ext4.journal,
            profile: Some(Profile::Modern),
        },
        vfat: Vfat::default(),
    };
    assert_eq!(*found, expected);
    let inodes = found.ext4.inodes.unwrap();
    let journal = found.ext4.journal.unwrap();
    assert_eq!(inodes.value, 4_294_967_295);
    assert_eq!(journal.value, Journal::Bytes(4 * MIB));
    let lines = [found.span, found.size.span, inodes.span, journal.span].map(|span| span.line);
    assert_eq!(lines, [3, 10, 14, 16]);
}

/// Table, partitions, and what each becomes.
type Row = (
    &'static str,
    &'static str,
    &'static [(u32, &'static str, Filesystem, Size)],
);

#[test]
fn defaults_of_partitions() {
    use Filesystem::{Ext4, None as Empty, Swap};
    const BYTES: Size = Size::Bytes(MIB);
    let rows: &[Row] = &[
        (
            "gpt",
            "[{mount: /home}, {mount: /}, {type: swap, size: 1M}, {fs: swap, size: 1M}]",
            &[
                (1, "home", Ext4, Size::Auto),
                (2, "root", Ext4, Size::Rest),
                (3, "swap", Swap, BYTES),
                (4, "swap", Swap, BYTES),
            ],
        ),
        // One partition alone has the rest.
        (
            "gpt",
            "[{mount: /}, {mount: /var, size: rest}]",
            &[(1, "root", Ext4, Size::Auto), (2, "var", Ext4, Size::Rest)],
        ),
        (
            "gpt",
            "[{mount: /usr}, {number: 3, mount: /srv}, {mount: /opt/x}, {number: 1, mount: /}]",
            &[
                (2, "usr", Ext4, Size::Auto),
                (3, "srv", Ext4, Size::Auto),
                (4, "linux-generic", Ext4, Size::Auto),
                (1, "root", Ext4, Size::Rest),
            ],
        ),
        (
            "gpt",
            "[{number: 128, mount: /}]",
            &[(128, "root", Ext4, Size::Rest)],
        ),
        (
            "mbr",
            "[{mount: /, bootable: true}, {type: '0x0c', fs: none, size: 1M, bootable: false}]",
            &[(1, "root", Ext4, Size::Rest), (2, "0x0c", Empty, BYTES)],
        ),
        (
            "mbr",
            "[{type: swap, size: 1M, number: 4}]",
            &[(4, "swap", Swap, BYTES)],
        ),
        (
            "none",
            "[{mount: /, label: x}]",
            &[(1, "root", Ext4, Size::Rest)],
        ),
        ("none", "[{fs: swap}]", &[(1, "swap", Swap, Size::Rest)]),
    ];
    for (table, list, expected) in rows {
        let text = format!("table: {table}\npartitions: {list}");
        let recipe = parse(&text).unwrap_or_else(|error| panic!("{error}"));
        let seen = recipe.partitions.iter();
        let seen: Vec<_> = seen
            .map(|p| (p.number, &*p.kind, p.filesystem, p.size.value))
            .collect();
        assert_eq!(seen, *expected, "{text}");
    }
}

#[test]
fn limits_that_can_be_reached() {
    for (table, list) in [
        ("gpt", "[{mount: /, label: sixteen-letters-}]"),
        (
            "gpt",
            "[{mount: /, name: '123456789012345678901234567890123456'}]",
        ),
        (
            "gpt",
            "[{mount: /, label: \u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}}]",
        ),
        ("gpt", "[{mount: /, bytes_per_inode: 1024}]"),
        ("gpt", "[{mount: /, bytes_per_inode: 67108864}]"),
        ("gpt", "[{mount: /, inodes: 1, block_size: 1024}]"),
        (
            "gpt",
            "[{mount: /, block_size: 2048}, {mount: /a, block_size: 4096}]",
        ),
        ("gpt", "[{fs: swap, size: 40960, label: fifteen-letters}]"),
        ("gpt", "[{fs: none, size: 1}]"),
        (
            "gpt",
            "[{mount: /, uuid: 11111111-2222-3333-4444-555555555555, fs_uuid: 11111111-2222-3333-4444-555555555555}, \
              {mount: /a, uuid: 21111111-2222-3333-4444-555555555555, fs_uuid: 21111111-2222-3333-4444-555555555555}]",
        ),
        (
            "gpt",
            "[{mount: /, bootable: true}, {mount: /a, bootable: true}]",
        ),
        ("mbr", "[{mount: /, size: 2199023255040}]"),
        ("mbr", "[{mount: /}, {mount: /a}, {mount: /b}, {mount: /c}]"),
    ] {
        let text = format!("table: {table}\npartitions: {list}");
        parse(&text).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn percents_and_journals() {
    for (written, hundredths) in [
        ("0", 0),
        ("5", 500),
        ("50", 5000),
        ("50.0", 5000),
        ("0.5", 50),
        ("0.29", 29),
        ("4.35", 435),
        ("1e0", 100),
    ] {
        let text = format!("partitions: [{{mount: /, reserved_percent: {written}}}]");
        let recipe = parse(&text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            recipe.partitions[0].ext4.reserved_hundredths,
            Some(hundredths)
        );
    }
    for (written, journal) in [
        ("true", Journal::Always),
        ("false", Journal::None),
        ("4M", Journal::Bytes(4 * MIB)),
        ("4194304", Journal::Bytes(4 * MIB)),
    ] {
        let text = format!("partitions: [{{mount: /, journal: {written}}}]");
        let recipe = parse(&text).unwrap_or_else(|error| panic!("{error}"));
        let written = recipe.partitions[0].ext4.journal;
        assert_eq!(written.map(|journal| journal.value), Some(journal));
    }
}

#[test]
fn numbers_are_those_of_yaml_1_2() {
    let text = "modules: [files]\nfiles: [0x1F, 0o17, -0, +7, 1_000, yes, 12:30:45, True, 1.5]\n";
    let recipe = parse(text).unwrap();
    let files = recipe.steps[0].cfg.get("files").unwrap().as_list().unwrap();
    let shown: Vec<_> = files.iter().map(ToString::to_string).collect();
    let expected = [
        "the number 31",
        "the number 15",
        "the number 0",
        "the number 7",
        "the string \"1_000\"",
        "the string \"yes\"",
        "the string \"12:30:45\"",
        "true",
        "the number 1.5",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn what_firmware_boots_from() {
    let fat16 = Vfat {
        fat_type: Some(FatType::Fat16),
        cluster_size: ClusterSize::new(2048),
        serial: Some(Serial(0x1A2B_3C4D)),
    };
    for (keys, filesystem, kind, size, vfat) in [
        (
            "type: esp, mount: /efi",
            Filesystem::Vfat,
            "esp",
            Size::Auto,
            Vfat::default(),
        ),
        (
            "type: C12A7328-F81F-11D2-BA4B-00A0C93EC93B, mount: /x, size: +9M, label: ESP",
            Filesystem::Vfat,
            "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
            Size::Free(9 * MIB),
            Vfat::default(),
        ),
        (
            "fs: vfat, mount: /boot/efi, size: 64M",
            Filesystem::Vfat,
            "esp",
            Size::Bytes(64 * MIB),
            Vfat::default(),
        ),
        (
            "fs: vfat, mount: /boot, fat: 16, cluster_size: 2048, fs_uuid: 1a2b-3c4d",
            Filesystem::Vfat,
            "linux-generic",
            Size::Auto,
            fat16,
        ),
        (
            "type: esp, fs: none, size: 1M",
            Filesystem::None,
            "esp",
            Size::Bytes(MIB),
            Vfat::default(),
        ),
    ] {
        let recipe = parse(&format!("partitions: [{{mount: /}}, {{{keys}}}]")).unwrap();
        let found = &recipe.partitions[1];
        let seen = (found.filesystem, &*found.kind, found.size.value);
        assert_eq!(seen, (filesystem, kind, size), "{keys}");
        assert_eq!(found.vfat, vfat, "{keys}");
        assert_eq!(found.fs_uuid, None, "{keys}");
    }
}

#[test]
fn ways_to_write_sources() {
    let text = "\
source:
- base.tar
- from: over
  path: /opt/app
  strip: 1
  include: [/bin, '*.so']
  exclude: [.git/]
  owner: root
- {from: /abs/x.tar, owner: '1000:100', owners: list}
";
    let recipe = parse(text).unwrap();
    let sources: Vec<Source> = recipe.sources.into_iter().map(|s| s.value).collect();
    let at = |path: &str| Source::from(Input::Path(path.into()));
    let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    let root = Owner { uid: 0, gid: 0 };
    let anna = Owner {
        uid: 1000,
        gid: 100,
    };
    assert_eq!(
        sources,
        [
            at("base.tar"),
            Source {
                path: "/opt/app".to_owned(),
                strip: 1,
                filter: Filter {
                    include: patterns(&["/bin", "*.so"]),
                    exclude: patterns(&[".git/"]),
                },
                owner: Some(root),
                ..at("over")
            },
            Source {
                owner: Some(anna),
                owners: Some("list".into()),
                ..at("/abs/x.tar")
            },
        ]
    );
}
