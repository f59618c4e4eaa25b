//! Which filesystem of a disk is meant: the one that a recipe names, or the only one that can be.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::disk::Disk;
use crate::disk::partition::{self, Partition, Table};
use crate::reader::resolve;
use crate::volume::{self, Found, Volume};

/// A partition as a recipe names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Its number in the table.
    Number(u32),
    /// Its name in a GPT, or the label of its filesystem.
    Name(String),
}

impl<'de> Deserialize<'de> for Which {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrName;

        impl Visitor<'_> for NumberOrName {
            type Value = Which;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the number of a partition, or its name or label")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Which, E> {
                match u32::try_from(number) {
                    Ok(number) if number > 0 => Ok(Which::Number(number)),
                    _ => Err(E::custom(format!("partition {number}: numbers start at 1"))),
                }
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Which, E> {
                match name {
                    "" => Err(E::custom("the name of a partition is empty")),
                    name => Ok(Which::Name(name.to_owned())),
                }
            }
        }

        deserializer.deserialize_any(NumberOrName)
    }
}

/// Opens the filesystem that is meant. Also returns what to say about those that are not, and are
/// not `taken` by other sources either.
pub(super) fn choose(
    disk: &Arc<dyn Disk>,
    which: Option<&Which>,
    taken: &[Which],
    metadata_max: u64,
) -> anyhow::Result<(Box<dyn Volume>, Vec<String>)> {
    let Some(table) = partition::read(&**disk)? else {
        if let Some(Which::Number(number)) = which {
            bail!("it has no partition table, and so no partition {number}");
        }
        let volume = volume::open(disk.clone(), metadata_max)?;
        if let Some(Which::Name(name)) = which
            && volume.label() != *name
        {
            bail!("it has no partition table; its filesystem is not \"{name}\"");
        }
        return Ok((volume, Vec::new()));
    };
    if let Some(Which::Number(number)) = which {
        let mut partitions = table.partitions.iter();
        let partition = partitions.find(|partition| partition.number == *number);
        let partition = partition.with_context(|| {
            let slots = list(&slots(disk, &table, metadata_max));
            format!(
                "its {} has no partition {number}, but {slots}",
                table.kind.name()
            )
        })?;
        return Ok((open(disk, partition, metadata_max)?, table.warnings));
    }
    let slots = slots(disk, &table, metadata_max);
    let mut said = table.warnings.clone();
    let slot = match which {
        Some(Which::Name(name)) => named(&slots, name)?,
        _ => {
            let slot = root(&slots)?;
            said.extend(said_of_others(slot, &slots, taken));
            slot
        }
    };
    Ok((open(disk, &slot.partition, metadata_max)?, said))
}

fn open(
    disk: &Arc<dyn Disk>,
    partition: &Partition,
    metadata_max: u64,
) -> anyhow::Result<Box<dyn Volume>> {
    let open = || volume::open(partition.open(disk)?, metadata_max);
    open().with_context(|| format!("partition {}", partition.number))
}

/// A partition, and what is in it.
struct Slot {
    partition: Partition,
    found: Option<Found>,
    /// What that is, for people.
    content: &'static str,
    label: String,
    /// Whether it has what a root filesystem has.
    looks_like_root: bool,
}

/// Looks at all partitions. What cannot be read is unknown, until it is asked for.
fn slots(disk: &Arc<dyn Disk>, table: &Table, metadata_max: u64) -> Vec<Slot> {
    let slots = table.each(disk.len()).map(|(partition, is_read)| {
        let opened = partition.open(disk).ok().filter(|_| is_read);
        let found = opened
            .as_ref()
            .and_then(|disk| volume::recognise(&**disk).ok().flatten());
        let volume = match found {
            Some(Found::Ext | Found::Fat) => {
                opened.and_then(|disk| volume::open(disk, metadata_max).ok())
            }
            _ => None,
        };
        let has = |path: &[u8]| volume.as_ref().is_some_and(|v| resolve(&**v, path).is_ok());
        Slot {
            looks_like_root: found == Some(Found::Ext) && has(b"/etc") && has(b"/usr"),
            label: volume.as_ref().map(|v| v.label()).unwrap_or_default(),
            content: match found {
                Some(Found::Other(name, _)) => name,
                _ => volume.as_ref().map_or("unknown", |volume| volume.kind()),
            },
            found,
            partition: partition.clone(),
        }
    });
    slots.collect()
}

impl Slot {
    /// Returns whether its type says that it is a root filesystem.
    fn is_root(&self) -> bool {
        let name = self.partition.what.and_then(|what| what.name());
        name.is_some_and(|name| name == "root" || name.starts_with("root-"))
            && !name.is_some_and(|name| name.ends_with("verity") || name.ends_with("verity-sig"))
    }

    fn has_name(&self, name: &str) -> bool {
        self.partition.name == name || self.label == name
    }

    fn is(&self, which: &Which) -> bool {
        match which {
            Which::Number(number) => self.partition.number == *number,
            Which::Name(name) => self.has_name(name),
        }
    }

    /// Returns whether it may be a root filesystem, by what is in it.
    fn may_be_root(&self) -> bool {
        matches!(self.found, Some(Found::Ext | Found::Other(_, true)))
    }

    fn shown(&self) -> String {
        let mut shown = format!("{} ({}", self.partition.number, self.content);
        for name in [&self.partition.name, &self.label] {
            if !name.is_empty() {
                // Writing to a String cannot fail.
                write!(shown, " \"{}\"", name.escape_debug()).ok();
            }
        }
        shown.push(')');
        shown
    }
}

fn list<'s>(slots: impl IntoIterator<Item = &'s Slot>) -> String {
    /// As many as anybody reads.
    const LISTED: usize = 20;
    let mut slots = slots.into_iter();
    let shown: Vec<_> = slots.by_ref().take(LISTED).map(Slot::shown).collect();
    match (&shown[..], slots.count()) {
        ([], _) => "none at all".to_owned(),
        (some, 0) => some.join(", "),
        (some, more) => format!("{} and {more} more", some.join(", ")),
    }
}

fn named<'s>(slots: &'s [Slot], name: &str) -> anyhow::Result<&'s Slot> {
    let mut found = slots.iter().filter(|slot| slot.has_name(name));
    let first = found.next();
    let first =
        first.with_context(|| format!("it has no partition \"{name}\", but {}", list(slots)))?;
    if let Some(second) = found.next() {
        bail!(
            "it has several partitions \"{name}\": {}, {}; name one by its number",
            first.shown(),
            second.shown()
        );
    }
    Ok(first)
}

/// Returns the only partition that can be the root, by its type, by what it is, or by what is in
/// it.
fn root(slots: &[Slot]) -> anyhow::Result<&Slot> {
    let rules: [fn(&Slot) -> bool; 3] = [
        |slot| slot.is_root() && slot.may_be_root(),
        Slot::may_be_root,
        |slot| slot.looks_like_root,
    ];
    // What another one holds is not the root because this one is damaged.
    let mut typed = slots.iter().filter(|slot| slot.is_root());
    if let (Some(slot), None) = (typed.next(), typed.next())
        && slot.found.is_none()
    {
        bail!(
            "partition {} has the type of a root filesystem, and what is on it is not known; \
             `partition:` of the source, or --partition, names another by number or label: {}",
            slot.partition.number,
            list(slots)
        );
    }
    for rule in rules {
        let mut found = slots.iter().filter(|slot| rule(slot));
        if let (Some(slot), None) = (found.next(), found.next()) {
            return Ok(slot);
        }
    }
    bail!(
        "which of its partitions is the root cannot be told; `partition:` of the source, or --partition, \
         names one by number or label: {}",
        list(slots)
    )
}

/// Says which partition was taken when there are others that could be wanted, too.
fn said_of_others(slot: &Slot, slots: &[Slot], taken: &[Which]) -> Option<String> {
    let others = slots.iter().filter(|other| {
        other.partition.number != slot.partition.number
            && !taken.iter().any(|which| other.is(which))
            && matches!(other.found, Some(Found::Ext | Found::Fat))
    });
    let mut others = others.peekable();
    others.peek()?;
    Some(format!(
        "partition {} is read; what is on {} can be laid over it by sources with `partition:` and \
         `path:`",
        slot.shown(),
        list(others)
    ))
}
