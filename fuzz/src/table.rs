//! Any partition table: refused by its check, or written so that fdisk and gdisk agree.

use std::os::unix::fs::FileExt;

use fsgen::WriteAt;
use fsgen::guid::Seed;
use fsgen::table::{Entry, PartitionType, SECTOR, Scheme, Table};

use crate::Target;
use crate::input::Choices;
use crate::judge;

pub(crate) const TARGET: Target = Target {
    name: "table",
    promise: "a table is refused before it is written, or sfdisk and sgdisk find nothing wrong",
    run,
    rounds: 40,
};

/// The largest disk: more than 2 TiB, where an MBR ends.
const LARGEST: u64 = 3 << 40;
/// Starts and lengths in sectors that lie on somebody's limit.
const SECTORS: [u64; 12] = [
    0,
    1,
    33,
    34,
    35,
    63,
    2047,
    2048,
    0xFFFF_FFFE,
    0xFFFF_FFFF,
    0x1_0000_0000,
    u64::MAX,
];
const TYPES: [&str; 8] = [
    "linux-generic",
    "esp",
    "swap",
    "root-x86-64",
    "bios-boot",
    "0x83",
    "0x0c",
    "12345678-1234-1234-1234-123456789abc",
];

fn run(input: &[u8]) {
    let table = table(&mut Choices::new(input));
    let checked = table.check();
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(table.disk_bytes).unwrap();
    let written = table.write(&Disk(file.as_file()));
    // Writing checks too: what is refused is refused both times, for the same reason.
    match (checked, written) {
        (Ok(()), written) => written.unwrap(),
        (Err(error), written) => {
            let message = written.unwrap_err().to_string();
            assert_eq!(message, error.to_string());
            assert!(!message.contains('\n'), "{message}");
            return;
        }
    }
    judge::sfdisk(file.path(), &table);
    if table.scheme == Scheme::Gpt {
        judge::sgdisk(file.path());
    }
}

fn table(choices: &mut Choices<'_>) -> Table {
    let scheme = choices.one(&[Scheme::Gpt, Scheme::Mbr]);
    let whole = choices.one(&[1, 4096, 8192, 1 << 20, LARGEST / SECTOR]);
    let disk_bytes = whole * SECTOR - choices.one(&[0, 0, 0, SECTOR.min(whole), 1]);
    let seed = Seed::new(&choices.number().to_le_bytes());
    let count = choices.size_up_to(6);
    let mut next = 34;
    let entries = (0..count).map(|_| {
        let first_lba = match choices.up_to(5) {
            0 => choices.one(&SECTORS),
            1 => choices.up_to(disk_bytes / SECTOR),
            _ => next + choices.up_to(2048),
        };
        let sectors = match choices.up_to(5) {
            0 => choices.one(&SECTORS),
            1 => choices.up_to(disk_bytes / SECTOR),
            _ => 1 + choices.up_to(2048),
        };
        next = first_lba.saturating_add(sectors).min(disk_bytes / SECTOR);
        Entry {
            number: entry_number(choices, scheme),
            first_lba,
            sectors,
            kind: PartitionType::parse(choices.one(&TYPES), "x86_64").unwrap(),
            guid: seed.uuid(&format!("part {}", choices.up_to(9))),
            name: choices
                .one(&[
                    "",
                    "root",
                    "\u{e9}\u{1f600}",
                    "a b\"'\\",
                    "36 utf-16 units, the most there can",
                    "37 utf-16 units is one more than fits in",
                    "\0",
                ])
                .to_owned(),
            bootable: choices.flip(),
        }
    });
    Table {
        scheme,
        disk_bytes,
        disk_guid: seed.uuid("disk"),
        entries: entries.collect(),
    }
}

fn entry_number(choices: &mut Choices<'_>, scheme: Scheme) -> u32 {
    let most = scheme.max_number() + u32::from(choices.up_to(20) == 20);
    u32::try_from(choices.up_to(most.into())).unwrap()
}

struct Disk<'a>(&'a std::fs::File);

impl WriteAt for Disk<'_> {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> std::io::Result<()> {
        self.0.write_all_at(buf, offset)
    }
}
