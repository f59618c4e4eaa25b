//! Directories and files: names, types, sizes against chains.

use std::collections::HashSet;
use std::io;

use super::boot::{Boot, Kind};
use super::chain::Chains;
use super::long_name::LongName;
use crate::fields::{Fields, slice};
use crate::verify::area::Area;
use crate::verify::problem::Problems;

/// Bytes of an entry.
const ENTRY: usize = 32;
/// Most bytes that a directory may have.
const MAX_LEN: u64 = 1 << 21;
/// In place of the first character.
const DELETED: u8 = 0xE5;
const LONG_NAME: u8 = 0x0F;
const VOLUME: u8 = 0x08;
const DIRECTORY: u8 = 0x10;

/// How much there was.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub files: u64,
    pub directories: u64,
    /// The label in the root directory.
    pub label: Option<[u8; 11]>,
}

/// A directory that is still to be read.
struct Waiting {
    first: u32,
    /// The first cluster of the one above; 0 when that is the root.
    parent: u32,
}

/// Reads all directories, from the root on.
pub(super) fn read_all(
    area: Area<'_>,
    boot: &Boot,
    chains: &mut Chains<'_>,
    problems: &mut Problems,
) -> io::Result<Tree> {
    let mut tree = Tree::default();
    let mut waiting = Vec::new();
    let mut root = Reader::new(boot, None, "root directory");
    if boot.kind == Kind::Fat32 {
        let place = root.place.clone();
        chains.follow(boot.root_cluster, &place, problems, |cluster, problems| {
            root.bytes(&read_cluster(area, boot, cluster)?, problems);
            Ok(())
        })?;
    } else {
        let len = usize::from(boot.root_entries) * ENTRY;
        root.bytes(&area.read_padded(boot.root_at, len)?, problems);
    }
    tree.label = root.label;
    root.finish(chains, &mut waiting, &mut tree, problems)?;
    while let Some(next) = waiting.pop() {
        tree.directories += 1;
        let place = format!("directory at cluster {}", next.first);
        let mut reader = Reader::new(boot, Some(&next), &place);
        let mut len = 0;
        chains.follow(next.first, &place, problems, |cluster, problems| {
            len += u64::from(boot.cluster);
            if len <= MAX_LEN {
                reader.bytes(&read_cluster(area, boot, cluster)?, problems);
            }
            Ok(())
        })?;
        if len > MAX_LEN {
            problems.add(
                &place,
                format_args!("{len} bytes, at most {MAX_LEN}: not all checked"),
            );
        }
        reader.finish(chains, &mut waiting, &mut tree, problems)?;
    }
    Ok(tree)
}

fn read_cluster(area: Area<'_>, boot: &Boot, cluster: u32) -> io::Result<Vec<u8>> {
    let at = boot.clusters_at + u64::from(cluster - 2) * u64::from(boot.cluster);
    area.read(at, boot.cluster as usize)
}

/// A file or directory that was found, with what its chain is compared with.
struct Found {
    name: String,
    is_directory: bool,
    first: u32,
    size: u32,
}

/// Reads one directory, piece by piece.
struct Reader<'a> {
    boot: &'a Boot,
    /// Nothing for the root.
    waiting: Option<&'a Waiting>,
    place: String,
    index: u64,
    is_over: bool,
    long: LongName,
    short_names: HashSet<[u8; 11]>,
    long_names: HashSet<String>,
    label: Option<[u8; 11]>,
    found: Vec<Found>,
}

impl<'a> Reader<'a> {
    fn new(boot: &'a Boot, waiting: Option<&'a Waiting>, place: &str) -> Self {
        Self {
            boot,
            waiting,
            place: place.to_owned(),
            index: 0,
            is_over: false,
            long: LongName::default(),
            short_names: HashSet::new(),
            long_names: HashSet::new(),
            label: None,
            found: Vec::new(),
        }
    }

    fn report(&self, problems: &mut Problems, what: impl std::fmt::Display) {
        let place = format_args!("{}, entry {}", self.place, self.index);
        problems.add(place, what);
    }

    fn bytes(&mut self, bytes: &[u8], problems: &mut Problems) {
        for raw in bytes.chunks_exact(ENTRY) {
            if !self.is_over {
                self.entry(raw, problems);
            } else if ![0, DELETED].contains(&raw.byte(0)) {
                // Some programs stop at the end, others do not.
                self.report(problems, "is in use, after the end of the directory");
            }
            self.index += 1;
        }
    }

    fn entry(&mut self, raw: &[u8], problems: &mut Problems) {
        if raw.byte(0) == 0 {
            self.is_over = true;
        }
        let attributes = raw.byte(11);
        let is_long = attributes & 0x3F == LONG_NAME;
        if self.is_over || raw.byte(0) == DELETED {
            self.check_dots_missing(problems);
            if self.long.is_open() {
                self.report(problems, "a long name has no short one");
            }
            self.long = LongName::default();
            return;
        }
        if is_long {
            self.check_dots_missing(problems);
            if let Err(what) = self.long.add(raw) {
                self.report(problems, what);
            }
            return;
        }
        let long = match self.long.finish(raw) {
            Ok(long) => long,
            Err(what) => {
                self.report(problems, what);
                None
            }
        };
        if attributes & 0xC0 != 0 {
            self.report(problems, format_args!("attributes are {attributes:#x}"));
        }
        if attributes & VOLUME != 0 {
            self.label(raw, problems);
        } else if !self.dots(raw, problems) {
            self.file(raw, long, problems);
        }
    }

    /// A directory other than the root starts with `.` and `..`.
    fn check_dots_missing(&self, problems: &mut Problems) {
        if self.waiting.is_some() && self.index < 2 {
            self.report(problems, "expected . and .. here");
        }
    }

    fn label(&mut self, raw: &[u8], problems: &mut Problems) {
        self.check_dots_missing(problems);
        let is_second = self.label.replace(raw.array(0)).is_some();
        let is_plain = raw.byte(11) & DIRECTORY == 0 && raw.le32(28) == 0;
        if self.waiting.is_some() || is_second || !is_plain || self.first(raw) != 0 {
            self.report(problems, "a label is not alone in the root, or has content");
        }
    }

    /// Checks an entry that must be `.` or `..`, and says whether it was its turn.
    fn dots(&self, raw: &[u8], problems: &mut Problems) -> bool {
        let names = [b".          ", b"..         "];
        let name = slice(raw, 0, 11);
        let turn = usize::try_from(self.index)
            .ok()
            .and_then(|index| names.get(index));
        let (Some(waiting), Some(expected)) = (self.waiting, turn) else {
            if names.iter().any(|dots| *dots == name) {
                self.report(problems, "one of . and .. is not where it belongs");
                return true;
            }
            return false;
        };
        if *expected != name {
            let (found, expected) = (name.escape_ascii(), expected.escape_ascii());
            self.report(
                problems,
                format_args!("the name is {found}, expected {expected}"),
            );
            return false;
        }
        let target = if self.index == 0 {
            waiting.first
        } else {
            waiting.parent
        };
        let place = format_args!("{}, entry {}", self.place, self.index);
        problems.expect(place, "its cluster", self.first(raw), target);
        if raw.byte(11) & DIRECTORY == 0 || raw.le32(28) != 0 {
            self.report(problems, "one of . and .. is no directory, or has a size");
        }
        true
    }

    fn file(&mut self, raw: &[u8], long: Option<String>, problems: &mut Problems) {
        let short: [u8; 11] = raw.array(0);
        let shown = short.escape_ascii().to_string();
        if !is_short_name(&short) {
            self.report(problems, format_args!("{shown}: not a short name"));
        }
        if !self.short_names.insert(short) {
            self.report(problems, format_args!("{shown}: the name is there twice"));
        }
        if let Some(long) = &long
            && !self.long_names.insert(same_case(long))
        {
            self.report(problems, format_args!("{long:?}: the name is there twice"));
        }
        if raw.byte(12) & !0x18 != 0 {
            self.report(
                problems,
                format_args!("{shown}: reserved byte is {:#x}", raw.byte(12)),
            );
        }
        let is_directory = raw.byte(11) & DIRECTORY != 0;
        let size = raw.le32(28);
        if is_directory && size != 0 {
            self.report(
                problems,
                format_args!("{shown}: size of a directory is {size}"),
            );
        }
        self.found.push(Found {
            name: long.unwrap_or(shown),
            is_directory,
            first: self.first(raw),
            size,
        });
    }

    fn first(&self, raw: &[u8]) -> u32 {
        let high = if self.boot.kind == Kind::Fat32 {
            raw.le16(20)
        } else {
            0
        };
        u32::from(raw.le16(26)) | u32::from(high) << 16
    }

    /// Follows the chains of all files, and lets directories wait.
    fn finish(
        self,
        chains: &mut Chains<'_>,
        waiting: &mut Vec<Waiting>,
        tree: &mut Tree,
        problems: &mut Problems,
    ) -> io::Result<()> {
        for found in &self.found {
            if found.is_directory {
                // What is in the root has 0 above it, even on FAT32, where the root has a number.
                let parent = self.waiting.map_or(0, |this| this.first);
                waiting.push(Waiting {
                    first: found.first,
                    parent,
                });
                continue;
            }
            tree.files += 1;
            let place = format!("{}, {:?}", self.place, found.name);
            let mut count = 0;
            if found.first != 0 {
                count = chains.follow(found.first, &place, problems, |_, _| Ok(()))?;
            }
            let needed = u64::from(found.size).div_ceil(self.boot.cluster.into());
            if count != needed {
                problems.add(
                    &place,
                    format_args!(
                        "{count} clusters, its size of {} needs {needed}",
                        found.size
                    ),
                );
            }
        }
        Ok(())
    }
}

/// Returns whether these are eight and three characters, filled up with spaces.
fn is_short_name(name: &[u8; 11]) -> bool {
    let (base, ending) = name.split_at(8);
    let is_filled = |part: &[u8]| {
        part.windows(2)
            .all(|pair| pair[0] != b' ' || pair[1] == b' ')
    };
    let is_allowed = |(index, byte): (usize, &u8)| match byte {
        // Stands for 0xE5, which would mean that the entry is deleted.
        0x05 => index == 0,
        0..0x20 | b'a'..=b'z' | 0x7F => false,
        _ => !b"\"*+,./:;<=>?[\\]|".contains(byte),
    };
    base[0] != b' '
        && is_filled(base)
        && is_filled(ending)
        && name.iter().enumerate().all(is_allowed)
}
/// Returns a name as drivers compare it: each letter by the capital that Unicode has for it alone.
/// Letters beyond ASCII are never the same as one in it.
fn same_case(name: &str) -> String {
    let capital = |letter: char| {
        let capital: String = letter.to_uppercase().collect();
        let is_one = capital.chars().count() == 1 && capital.is_ascii() == letter.is_ascii();
        if is_one { capital } else { letter.to_string() }
    };
    name.chars().map(capital).collect()
}
