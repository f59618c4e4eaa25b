//! One partition of a recipe: its keys, each checked for itself.

use fsgen::swap;
use fsgen::table::kind::TypeError;
use fsgen::table::{PartitionType, SECTOR};
use modules::value::{Span, Spanned, ValueError, nearest};
use serde::Deserialize;
use uuid::Uuid;

use super::ext4::{self, Ext4, Percent, WrittenJournal, WrittenProfile};
use super::size::Size;
use super::vfat::{self, Vfat};
use super::{Filesystem, Table, label};

/// The largest partition that the 32 bits of an MBR can say, in bytes.
const MBR_LIMIT: u64 = u32::MAX as u64 * SECTOR;

/// One partition, or the only filesystem of an image without a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Where the recipe describes it.
    pub span: Span,
    /// Its number in the table, unique there; 1 without a table.
    pub number: u32,
    /// Name in the table and label of the filesystem.
    pub label: Option<String>,
    /// Name in the table, where it is another one.
    pub name: Option<String>,
    /// What [`PartitionType::parse`] takes: a name, a GUID or an MBR byte. `root` and `usr` mean
    /// those of the image's architecture.
    pub kind: String,
    /// Identifier of the partition, in a GPT.
    pub uuid: Option<Uuid>,
    /// What is in it.
    pub filesystem: Filesystem,
    /// The directory whose subtree it holds, absolute and without `.`, `..` or empty parts; a
    /// filesystem without one is empty.
    pub mount: Option<String>,
    /// Its size; without a place of its own, it is at that of the partition.
    pub size: Spanned<Size>,
    /// Whether firmware of the old kind boots from it.
    pub bootable: bool,
    /// Identifier of the filesystem; that of vfat is among its options.
    pub fs_uuid: Option<Uuid>,
    /// Options of ext4.
    pub ext4: Ext4,
    /// Options of vfat.
    pub vfat: Vfat,
}

/// The keys of a partition, as the recipe gives them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Entry {
    pub(super) number: Option<Spanned<u32>>,
    label: Option<Spanned<String>>,
    name: Option<Spanned<String>>,
    #[serde(rename = "type")]
    kind: Option<Spanned<String>>,
    pub(super) uuid: Option<Spanned<String>>,
    fs: Option<Filesystem>,
    pub(super) mount: Option<Spanned<String>>,
    pub(super) size: Option<Spanned<Size>>,
    pub(super) bootable: Option<Spanned<bool>>,
    pub(super) fs_uuid: Option<Spanned<String>>,
    block_size: Option<Spanned<u32>>,
    inodes: Option<Spanned<u64>>,
    bytes_per_inode: Option<Spanned<u64>>,
    reserved_percent: Option<Spanned<Percent>>,
    journal: Option<Spanned<WrittenJournal>>,
    profile: Option<Spanned<WrittenProfile>>,
    fat: Option<Spanned<u32>>,
    cluster_size: Option<Spanned<u32>>,
}

impl Partition {
    /// Returns the partition of a recipe that lists none.
    pub(super) fn root() -> Self {
        Self {
            span: Span::default(),
            number: 1,
            label: None,
            name: None,
            kind: "root".to_owned(),
            uuid: None,
            filesystem: Filesystem::Ext4,
            mount: Some("/".to_owned()),
            size: Spanned {
                value: Size::Rest,
                span: Span::default(),
            },
            bootable: false,
            fs_uuid: None,
            ext4: Ext4::default(),
            vfat: Vfat::default(),
        }
    }

    /// Returns the label that it gets: an ext4 root filesystem is found by one even if none is
    /// asked for.
    pub(crate) fn shown_label(&self) -> String {
        let is_ext4 = self.filesystem == Filesystem::Ext4;
        let is_root = is_ext4 && self.mount.as_deref() == Some("/");
        let default = if is_root { "root" } else { "" };
        self.label.clone().unwrap_or_else(|| default.to_owned())
    }
}

impl Entry {
    /// Returns the partition at `span` of the recipe, which still has no number of its own.
    ///
    /// # Errors
    ///
    /// Fails at the first key that is wrong in itself or does not go with another.
    pub(super) fn partition(&self, span: Span, table: Table) -> Result<Partition, ValueError> {
        self.check_table(table)?;
        let filesystem = self.filesystem(span)?;
        self.check_filesystem(filesystem)?;
        if let Some(mount) = &self.mount {
            check_mount(mount)?;
        }
        if let Some(label) = &self.label {
            label::check(label, filesystem)?;
        }
        if let Some(name) = &self.name {
            label::check_name(name)?;
        }
        let text = |field: &Option<Spanned<String>>| field.as_ref().map(|text| text.value.clone());
        Ok(Partition {
            span,
            number: 0,
            label: text(&self.label),
            name: text(&self.name),
            kind: self.kind(filesystem, table)?,
            uuid: self.uuid.as_ref().map(uuid).transpose()?,
            filesystem,
            mount: text(&self.mount),
            size: Spanned {
                value: self.size(filesystem, span, table)?,
                span: span_of(&self.size).unwrap_or(span),
            },
            bootable: self
                .bootable
                .as_ref()
                .is_some_and(|bootable| bootable.value),
            fs_uuid: match filesystem {
                Filesystem::Vfat => None,
                _ => self.fs_uuid.as_ref().map(uuid).transpose()?,
            },
            ext4: self.ext4()?,
            vfat: match filesystem {
                Filesystem::Vfat => self.vfat()?,
                _ => Vfat::default(),
            },
        })
    }

    /// Refuses the keys that the table has no place for.
    fn check_table(&self, table: Table) -> Result<(), ValueError> {
        let at = |key: &'static str, span: Option<Span>| span.map(|span| (key, span));
        let mut found = [
            at("uuid", span_of(&self.uuid)),
            at("name", span_of(&self.name)),
            at("number", span_of(&self.number)),
            at("type", span_of(&self.kind)),
            at("bootable", span_of(&self.bootable)),
            at("size", span_of(&self.size)),
        ]
        .into_iter();
        let (found, why) = match table {
            Table::Gpt => (None, ""),
            Table::Mbr => (
                found.by_ref().take(2).flatten().next(),
                "an MBR has no place for",
            ),
            Table::None => (
                found.flatten().next(),
                "without a partition table there is no",
            ),
        };
        match found {
            None => Ok(()),
            Some(("size", span)) => {
                let message = "without a partition table, the filesystem is as large as the image";
                Err(ValueError::new(span, message).help("give the `size` of the image instead"))
            }
            Some((key, span)) => {
                let error = ValueError::new(span, format!("{why} `{key}`"));
                Err(error.help(format!("leave `{key}` out, or use `table: gpt`")))
            }
        }
    }

    fn filesystem(&self, span: Span) -> Result<Filesystem, ValueError> {
        match (self.fs, &self.mount, &self.kind) {
            (Some(fs), ..) => Ok(fs),
            (None, Some(_), Some(kind)) if is_esp(kind) => Ok(Filesystem::Vfat),
            (None, Some(_), _) => Ok(Filesystem::Ext4),
            (None, None, Some(kind)) if kind.value == "swap" => Ok(Filesystem::Swap),
            (None, None, _) => {
                let message = "nothing says what is in this partition";
                let help = "add `mount: /...`, or `fs: ext4`, `fs: vfat`, `fs: swap` or `fs: none`";
                Err(ValueError::new(span, message).help(help))
            }
        }
    }

    /// Refuses the keys that the content has no use for.
    fn check_filesystem(&self, filesystem: Filesystem) -> Result<(), ValueError> {
        let mount = ("mount", span_of(&self.mount));
        let ext4_only = [
            ("block_size", span_of(&self.block_size)),
            ("inodes", span_of(&self.inodes)),
            ("bytes_per_inode", span_of(&self.bytes_per_inode)),
            ("reserved_percent", span_of(&self.reserved_percent)),
            ("journal", span_of(&self.journal)),
            ("profile", span_of(&self.profile)),
        ];
        let vfat_only = [
            ("fat", span_of(&self.fat)),
            ("cluster_size", span_of(&self.cluster_size)),
        ];
        let mut unused = match filesystem {
            Filesystem::Ext4 => vfat_only.to_vec(),
            Filesystem::Vfat => ext4_only.to_vec(),
            Filesystem::Swap | Filesystem::None => [&[mount][..], &ext4_only, &vfat_only].concat(),
        };
        if filesystem == Filesystem::None {
            unused.push(("fs_uuid", span_of(&self.fs_uuid)));
        }
        for (key, span) in unused {
            if let Some(span) = span {
                let message = format!("`{key}` does not go with `fs: {filesystem}`");
                return Err(ValueError::new(span, message).help("leave one of them out"));
            }
        }
        Ok(())
    }

    fn kind(&self, filesystem: Filesystem, table: Table) -> Result<String, ValueError> {
        let Some(kind) = &self.kind else {
            return Ok(default_kind(self.mount.as_ref(), filesystem).to_owned());
        };
        // Which architecture it will be shows when the tree is there; they all have these types.
        let known = PartitionType::parse(kind, "x86_64").map_err(|error| {
            let message = kind.error(error.to_string());
            match (error, nearest(kind, PartitionType::names())) {
                (TypeError::Unknown(_), Some(meant)) => {
                    message.help(format!("did you mean `{meant}`?"))
                }
                (TypeError::Unknown(_), None) => {
                    // `root` and `usr` stand for those of all architectures.
                    let is_short =
                        |name: &&str| !name.starts_with("root-") && !name.starts_with("usr-");
                    let names: Vec<_> = PartitionType::names().filter(is_short).collect();
                    message.help(format!("known here: `{}`", names.join("`, `")))
                }
                _ => message,
            }
        })?;
        if is_esp(kind) && filesystem == Filesystem::Ext4 {
            let error = kind.error("firmware cannot read ext4, which an esp would hold here");
            return Err(error.help("leave `fs` out, or use `fs: vfat`"));
        }
        match table {
            Table::Gpt if known.guid().is_none() => {
                let error = kind.error(format!("a GPT has no type {kind:?}", kind = kind.value));
                Err(error.help("give a name or a GUID, or use `table: mbr`"))
            }
            Table::Mbr if known.mbr().is_none() => {
                let error = kind.error(format!("an MBR has no type {kind:?}", kind = kind.value));
                Err(error.help("give its byte, such as \"0x83\", or use `table: gpt`"))
            }
            _ => Ok(kind.value.clone()),
        }
    }

    fn size(&self, filesystem: Filesystem, span: Span, table: Table) -> Result<Size, ValueError> {
        let is_filesystem = matches!(filesystem, Filesystem::Ext4 | Filesystem::Vfat);
        let has_content = is_filesystem && self.mount.is_some();
        let Some(size) = &self.size else {
            return match &self.mount {
                Some(mount) if mount.value == "/" => Ok(Size::Rest),
                Some(_) => Ok(Size::Auto),
                None if table == Table::None => Ok(Size::Rest),
                None => {
                    let error = ValueError::new(span, "the key `size` is missing");
                    Err(error.help("only a partition with `mount` has content to fit"))
                }
            };
        };
        match size.value {
            Size::Auto | Size::Free(_) if !has_content => {
                let error = size.error("this partition has no content that its size could fit");
                Err(error.help("give a size such as 512M, or `rest`"))
            }
            Size::Bytes(bytes) if filesystem == Filesystem::Swap && bytes < swap::MIN_BYTES => {
                let least = swap::MIN_BYTES;
                Err(size.error(format!("swap of {bytes} bytes; it needs at least {least}")))
            }
            Size::Bytes(bytes) if table == Table::Mbr && bytes > MBR_LIMIT => {
                let message =
                    format!("a partition of {bytes} bytes; an MBR has at most {MBR_LIMIT}");
                Err(size
                    .error(message)
                    .help("make it smaller, or use `table: gpt`"))
            }
            size => Ok(size),
        }
    }

    fn ext4(&self) -> Result<Ext4, ValueError> {
        if let (Some(inodes), Some(_)) = (&self.inodes, &self.bytes_per_inode) {
            let error = inodes.error("both `inodes` and `bytes_per_inode` are given");
            return Err(error.help("leave one of them out"));
        }
        Ok(Ext4 {
            block_size: self.block_size.as_ref().map(ext4::block_size).transpose()?,
            inodes: self.inodes.as_ref().map(ext4::inodes).transpose()?,
            bytes_per_inode: self
                .bytes_per_inode
                .as_ref()
                .map(ext4::bytes_per_inode)
                .transpose()?,
            reserved_hundredths: self.reserved_percent.as_ref().map(|percent| percent.0),
            journal: self.journal.as_ref().map(|journal| Spanned {
                value: journal.0,
                span: journal.span,
            }),
            profile: self.profile.as_ref().map(|profile| profile.value.into()),
        })
    }

    fn vfat(&self) -> Result<Vfat, ValueError> {
        Ok(Vfat {
            fat_type: self.fat.as_ref().map(vfat::fat_type).transpose()?,
            cluster_size: self
                .cluster_size
                .as_ref()
                .map(vfat::cluster_size)
                .transpose()?,
            serial: self.fs_uuid.as_ref().map(vfat::serial).transpose()?,
        })
    }
}

/// Returns whether a type is that of the partition that UEFI firmware boots from.
fn is_esp(kind: &str) -> bool {
    // By its name or GUID, or by its byte in an MBR, which has no name.
    let is_known = |kind: PartitionType| kind.name() == Some("esp") || kind.mbr() == Some(0xEF);
    PartitionType::parse(kind, "x86_64").is_ok_and(is_known)
}

/// Returns the type that the Discoverable Partitions Specification has for a mount point.
fn default_kind(mount: Option<&Spanned<String>>, filesystem: Filesystem) -> &'static str {
    match (mount.map(|mount| mount.as_str()), filesystem) {
        (_, Filesystem::Swap) => "swap",
        (Some("/efi" | "/boot/efi"), Filesystem::Vfat) => "esp",
        (Some("/"), _) => "root",
        (Some("/home"), _) => "home",
        (Some("/srv"), _) => "srv",
        (Some("/usr"), _) => "usr",
        (Some("/var"), _) => "var",
        (Some("/var/tmp"), _) => "tmp",
        _ => "linux-generic",
    }
}

fn check_mount(mount: &Spanned<String>) -> Result<(), ValueError> {
    let Some(path) = mount.strip_prefix('/') else {
        return Err(mount.error(format!(
            "mount point {:?} does not start with /",
            mount.value
        )));
    };
    if let Some(control) = path.chars().find(|c| c.is_control()) {
        return Err(mount.error(format!("a mount point cannot hold {control:?}")));
    }
    let is_odd = |name: &str| matches!(name, "" | "." | "..");
    if !path.is_empty() && path.split('/').any(is_odd) {
        let message = format!(
            "mount point {:?} has an empty part, `.` or `..`",
            mount.value
        );
        return Err(mount.error(message).help("write it like /var/log"));
    }
    Ok(())
}

fn uuid(text: &Spanned<String>) -> Result<Uuid, ValueError> {
    match Uuid::parse_str(text) {
        Ok(uuid) if uuid.is_nil() => Err(text
            .error("a UUID of zeros says that there is none")
            .help("give another one, or leave it out for one derived from `seed`")),
        Ok(uuid) => Ok(uuid),
        Err(_) => {
            let error = text.error(format!("{:?} is no UUID", text.value));
            Err(error.help("write 32 hexadecimal digits like 0fc63daf-8483-4772-8e79-3d69d8477de4"))
        }
    }
}

fn span_of<T>(field: &Option<Spanned<T>>) -> Option<Span> {
    field.as_ref().map(|field| field.span)
}
