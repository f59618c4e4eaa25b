//! Partition tables as fdisk and gdisk see them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use fsgen::WriteAt;
use fsgen::guid::Seed;
use fsgen::table::{Entry, PartitionType, SECTOR, Scheme, Table};

use crate::kit::{Work, run, sfdisk_clean, sgdisk_clean, succeed, tool};

const MIB: u64 = 1024 * 1024;
const TIB: u64 = 1024 * 1024 * MIB;

struct Disk(File);

impl WriteAt for Disk {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(buf, offset)
    }
}

fn sparse(path: &Path, len: u64) -> File {
    let file = File::create_new(path).unwrap();
    file.set_len(len).unwrap();
    file
}

fn kind(name: &str) -> PartitionType {
    PartitionType::parse(name, "x86_64").unwrap()
}

fn table(scheme: Scheme, disk_bytes: u64, entries: Vec<Entry>) -> Table {
    Table {
        scheme,
        disk_bytes,
        disk_guid: Seed::new(b"table").uuid("disk"),
        entries,
    }
}

/// A partition with a start and length in MiB.
fn entry(number: u32, type_name: &str, first: u64, len: u64) -> Entry {
    Entry {
        number,
        first_lba: first * MIB / SECTOR,
        sectors: len * MIB / SECTOR,
        kind: kind(type_name),
        guid: Seed::new(b"table").uuid(&number.to_string()),
        name: format!("part {number}"),
        bootable: false,
    }
}

/// Says a table in the words of sfdisk's script format.
fn script(table: &Table, image: &Path) -> String {
    let mut text = String::new();
    match table.scheme {
        Scheme::Gpt => {
            writeln!(text, "label: gpt\nlabel-id: {:X}", table.disk_guid).unwrap();
            let last = table.disk_bytes / SECTOR - 34;
            writeln!(text, "device: {}\nunit: sectors", image.display()).unwrap();
            writeln!(text, "first-lba: 34\nlast-lba: {last}").unwrap();
        }
        Scheme::Mbr => {
            writeln!(
                text,
                "label: dos\nlabel-id: {:#010x}",
                table.mbr_signature()
            )
            .unwrap();
            writeln!(text, "device: {}\nunit: sectors", image.display()).unwrap();
        }
    }
    writeln!(text, "sector-size: 512\n").unwrap();
    for entry in &table.entries {
        let (start, size) = (entry.first_lba, entry.sectors);
        let node = format!("{}{}", image.display(), entry.number);
        write!(text, "{node} : start={start:>12}, size={size:>12}, type=").unwrap();
        match table.scheme {
            Scheme::Gpt => {
                let guid = entry.kind.guid().unwrap();
                write!(text, "{guid:X}, uuid={:X}", entry.guid).unwrap();
                write!(text, ", name=\"{}\"", entry.name).unwrap();
                if entry.bootable {
                    write!(text, ", attrs=\"LegacyBIOSBootable\"").unwrap();
                }
            }
            Scheme::Mbr => {
                write!(text, "{:x}", entry.kind.mbr().unwrap()).unwrap();
                if entry.bootable {
                    write!(text, ", bootable").unwrap();
                }
            }
        }
        writeln!(text).unwrap();
    }
    text
}

/// Reads both ends of an image, where a table lies.
fn ends(image: &Path) -> [Vec<u8>; 2] {
    let file = File::open(image).unwrap();
    let len = file.metadata().unwrap().len();
    let size = len.min(MIB);
    [0, len - size].map(|at| {
        let mut bytes = vec![0; usize::try_from(size).unwrap()];
        file.read_exact_at(&mut bytes, at).unwrap();
        bytes
    })
}

/// Writes a table; all judges must like it, and sfdisk must read it back and write it the same.
fn judge(name: &str, table: &Table) {
    let work = Work::new("table");
    let image = work.join("ours.raw");
    table
        .write(&Disk(sparse(&image, table.disk_bytes)))
        .unwrap();
    sfdisk_clean(&image);
    if table.scheme == Scheme::Gpt {
        sgdisk_clean(&image);
    }
    let blocks = image.metadata().unwrap().blocks();
    assert!(blocks * 512 <= MIB, "{name}: {blocks} sectors were written");

    let dump = succeed(tool("sfdisk").arg("--dump").arg(&image));
    // The grain is its advice to itself; it gives some for small disks.
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with("grain: "));
        lines
            .filter(|line| !line.is_empty())
            .map(Into::into)
            .collect()
    };
    assert_eq!(lines(&dump), lines(&script(table, &image)), "{name}");

    let theirs: PathBuf = work.join("theirs.raw");
    sparse(&theirs, table.disk_bytes);
    let script = work.write("script", &dump);
    let input = Stdio::from(File::open(script).unwrap());
    succeed(tool("sfdisk").arg(&theirs).stdin(input));
    assert!(
        ends(&image) == ends(&theirs),
        "{name}: sfdisk writes other bytes"
    );
}

#[test]
fn judges_accept_every_shape() {
    let bootable = |mut entry: Entry| {
        entry.bootable = true;
        entry
    };
    let cloud = vec![
        entry(1, "root", 128, 1000),
        entry(14, "bios-boot", 1, 4),
        entry(15, "esp", 5, 106),
    ];
    let all = (1..=128).map(|number| entry(number, "linux-generic", number.into(), 1));
    let whole = Entry {
        first_lba: 34,
        // One less than there is: sgdisk wants even ends.
        sectors: 4096 - 34 - 33 - 1,
        ..bootable(entry(1, "root-arm64", 0, 0))
    };
    let four = vec![
        entry(1, "esp", 1, 100),
        bootable(entry(2, "linux-generic", 101, 9000)),
        entry(3, "swap", 9101, 1),
        entry(4, "linux-lvm", 9102, 10),
    ];
    for (name, table) in [
        ("no partition", table(Scheme::Gpt, MIB, vec![])),
        ("no gaps", table(Scheme::Gpt, 2 * MIB, vec![whole])),
        ("1, 14, 15", table(Scheme::Gpt, 1200 * MIB, cloud)),
        ("128", table(Scheme::Gpt, 130 * MIB, all.collect())),
        (
            "3 TiB",
            table(
                Scheme::Gpt,
                3 * TIB,
                vec![entry(1, "root", 1, 3 * 1024 * 1024 - 2)],
            ),
        ),
        ("MBR, four", table(Scheme::Mbr, 9200 * MIB, four)),
        (
            "MBR, second only",
            table(
                Scheme::Mbr,
                2 * TIB,
                vec![entry(2, "root", 1, 2 * 1024 * 1024 - 1)],
            ),
        ),
    ] {
        judge(name, &table);
    }
}

#[test]
fn the_judges_do_see_damage() {
    let work = Work::new("table");
    let image = work.join("damaged.raw");
    let table = table(Scheme::Gpt, 8 * MIB, vec![entry(1, "root", 1, 6)]);
    let disk = Disk(sparse(&image, table.disk_bytes));
    table.write(&disk).unwrap();
    disk.write_all_at(&[1], 1024 + 32).unwrap();
    let sgdisk = run(tool("sgdisk").arg("-v").arg(&image));
    assert!(!sgdisk.stdout.contains("No problems found."), "{sgdisk:?}");
}

#[test]
fn type_names_mean_what_fdisk_says() {
    let list = succeed(tool("sfdisk").args(["--list-types", "--label", "gpt"]));
    let theirs: BTreeMap<String, &str> = list
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(guid, text)| (guid.to_lowercase(), text))
        .collect();
    let fixed = [
        ("bios-boot", "BIOS boot"),
        ("esp", "EFI System"),
        ("home", "Linux home"),
        ("linux-generic", "Linux filesystem"),
        ("linux-lvm", "Linux LVM"),
        ("linux-raid", "Linux RAID"),
        ("microsoft-basic", "Microsoft basic data"),
        ("microsoft-reserved", "Microsoft reserved"),
        ("srv", "Linux server data"),
        ("swap", "Linux swap"),
        ("tmp", "Linux temporary data"),
        ("user-home", "Linux user's home"),
        ("var", "Linux variable data"),
        ("xbootldr", "Linux extended boot"),
    ];
    for name in PartitionType::names() {
        let guid = kind(name).guid().unwrap().to_string();
        let want = match fixed.iter().find(|(known, _)| *known == name) {
            Some((_, want)) => (*want).to_owned(),
            // Known to cryptsetup and systemd, not to fdisk.
            None if name == "linux-luks" => {
                assert_eq!(guid, "ca7d7ccb-63ed-4c53-861c-1742536059cc");
                continue;
            }
            None => {
                let (place, architecture) = name.split_once('-').unwrap_or((name, "x86-64"));
                let place = if place == "usr" { "/usr" } else { place };
                let architecture = match architecture {
                    "arm" => "ARM",
                    "arm64" => "ARM-64",
                    "loongarch64" => "LoongArch-64",
                    "mips-le" => "MIPS-32 LE",
                    "mips64-le" => "MIPS-64 LE",
                    "ppc" => "PPC",
                    "ppc64" => "PPC64",
                    "ppc64-le" => "PPC64LE",
                    "riscv32" => "RISC-V-32",
                    "riscv64" => "RISC-V-64",
                    "s390" => "S390",
                    "s390x" => "S390X",
                    same => same,
                };
                format!("Linux {place} ({architecture})")
            }
        };
        assert_eq!(theirs.get(&guid), Some(&&*want), "{name}");
    }
}
