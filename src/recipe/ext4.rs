//! What a recipe may say about an ext4 filesystem; what it leaves out is fsgen's default.

use std::fmt;

use fsgen::ext4::{BlockSize, Journal, Options, Profile};
use modules::value::{Spanned, ValueError};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

use super::size::Size;

/// The options of one filesystem that the recipe gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ext4 {
    /// Bytes of a block.
    pub block_size: Option<BlockSize>,
    /// Number of inodes.
    pub inodes: Option<Spanned<u64>>,
    /// Bytes of the filesystem for each inode.
    pub bytes_per_inode: Option<u64>,
    /// Blocks that only root may use, in hundredths of a percent of all blocks.
    pub reserved_hundredths: Option<u16>,
    /// The journal.
    pub journal: Option<Spanned<Journal>>,
    /// The set of features.
    pub profile: Option<Profile>,
}

impl Ext4 {
    /// Puts what the recipe says in place of the defaults.
    pub fn apply(&self, options: &mut Options) {
        let Self {
            block_size,
            inodes,
            bytes_per_inode,
            reserved_hundredths,
            journal,
            profile,
        } = *self;
        options.block_size = block_size.unwrap_or(options.block_size);
        options.inodes = inodes.map(|inodes| inodes.value).or(options.inodes);
        options.bytes_per_inode = bytes_per_inode.unwrap_or(options.bytes_per_inode);
        options.reserved_hundredths = reserved_hundredths.unwrap_or(options.reserved_hundredths);
        options.journal = journal.map_or(options.journal, |journal| journal.value);
        options.profile = profile.unwrap_or(options.profile);
    }
}

/// Checks `block_size:`.
pub(super) fn block_size(bytes: &Spanned<u32>) -> Result<BlockSize, ValueError> {
    BlockSize::new(bytes.value).ok_or_else(|| {
        let found = bytes.value;
        bytes.error(format!(
            "`block_size` is {found}; it can be 1024, 2048 or 4096"
        ))
    })
}

/// Checks `inodes:`; an inode number has 32 bits.
pub(super) fn inodes(number: &Spanned<u64>) -> Result<Spanned<u64>, ValueError> {
    match number.value {
        1..=0xFFFF_FFFF => Ok(*number),
        other => Err(number.error(format!("`inodes` is {other}; it can be 1 to {}", u32::MAX))),
    }
}

/// Checks `bytes_per_inode:`; the limits are those of mke2fs.
pub(super) fn bytes_per_inode(bytes: &Spanned<u64>) -> Result<u64, ValueError> {
    const ALLOWED: std::ops::RangeInclusive<u64> = 1024..=64 << 20;
    if ALLOWED.contains(&bytes.value) {
        return Ok(bytes.value);
    }
    let (least, most) = (ALLOWED.start(), ALLOWED.end());
    Err(bytes.error(format!(
        "`bytes_per_inode` is {}; it can be {least} to {most}",
        bytes.value
    )))
}

/// `profile:`, by the name that it has in a recipe.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WrittenProfile {
    Compat,
    Modern,
}

impl From<WrittenProfile> for Profile {
    fn from(written: WrittenProfile) -> Self {
        match written {
            WrittenProfile::Compat => Self::Compat,
            WrittenProfile::Modern => Self::Modern,
        }
    }
}

/// `reserved_percent:`, a number such as 5 or 0.25, in hundredths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Percent(pub(super) u16);

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl Visitor<'_> for Written {
            type Value = Percent;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a number of percent from 0 to 50, with at most two decimals")
            }

            fn visit_f64<E: Error>(self, percent: f64) -> Result<Percent, E> {
                // The shortest digits that mean this number are those that were typed.
                let written = percent.to_string();
                let (whole, parts) = written.split_once('.').unwrap_or((&written, ""));
                let hundredths: Option<u16> = match parts.len() {
                    0..=2 => format!("{whole}{parts:0<2}").parse().ok(),
                    _ => None,
                };
                let allowed = hundredths.filter(|hundredths| *hundredths <= 5000);
                let wrong = || E::invalid_value(Unexpected::Float(percent), &self);
                allowed.map(Percent).ok_or_else(wrong)
            }

            fn visit_u64<E: Error>(self, percent: u64) -> Result<Percent, E> {
                let hundredths = u16::try_from(percent).ok().and_then(|n| n.checked_mul(100));
                let allowed = hundredths.filter(|hundredths| *hundredths <= 5000);
                let wrong = || E::invalid_value(Unexpected::Unsigned(percent), &self);
                allowed.map(Percent).ok_or_else(wrong)
            }
        }

        deserializer.deserialize_any(Written)
    }
}

/// `journal:`, which is true, false or a size.
#[derive(Debug, Clone, Copy)]
pub(super) struct WrittenJournal(pub(super) Journal);

impl<'de> Deserialize<'de> for WrittenJournal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl Visitor<'_> for Written {
            type Value = WrittenJournal;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("true, false or a size such as 64M")
            }

            fn visit_bool<E>(self, wanted: bool) -> Result<WrittenJournal, E> {
                Ok(WrittenJournal(if wanted {
                    Journal::Always
                } else {
                    Journal::None
                }))
            }

            fn visit_u64<E: Error>(self, bytes: u64) -> Result<WrittenJournal, E> {
                match Size::parse(&bytes.to_string()) {
                    Ok(Size::Bytes(bytes)) => Ok(WrittenJournal(Journal::Bytes(bytes))),
                    _ => Err(E::invalid_value(Unexpected::Unsigned(bytes), &self)),
                }
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<WrittenJournal, E> {
                match Size::parse(text) {
                    Ok(Size::Bytes(bytes)) => Ok(WrittenJournal(Journal::Bytes(bytes))),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(Written)
    }
}
