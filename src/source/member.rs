//! The members of a tar archive, one after the other, each with all that its headers say.
//!
//! Which bytes belong to whom follows GNU tar wherever formats are vague.

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use fsgen::tree::Device;
use fsgen::tree::content::SourceId;
use fsgen::tree::path::check_name;
use fsgen::{Content, Kind, Meta, Timestamp};
use tar_core::Header;

use super::acl::AclText;
use super::header::{self, BLOCK, Block};
use super::pax::Pax;
use super::shown;
use super::sparse::{FILE_MAX, Form, Map};
use super::window::{Archive, Window};
use super::xattr::Attributes;

/// The most bytes of extended headers and long names that one member may have.
///
/// A map of a million parts of a sparse file still fits.
const AHEAD_MAX: u64 = 64 << 20;
/// The longest path of a member, in bytes; 16 times what one system call takes.
const PATH_MAX: usize = 65_536;
/// The longest target of a symbolic link, in bytes (Linux: `PATH_MAX` without its NUL).
const TARGET_MAX: usize = 4095;
/// The largest user or group number; the one above means "no one" to the kernel.
const ID_MAX: u64 = 0xffff_fffe;
/// The largest device numbers (Linux: 12 and 20 bits).
const MAJOR_MAX: u64 = (1 << 12) - 1;
/// See [`MAJOR_MAX`].
const MINOR_MAX: u64 = (1 << 20) - 1;

/// One member.
#[derive(Debug)]
pub(super) struct Member {
    /// Its path as the archive has it, but never empty and without `..`.
    pub(super) path: Vec<u8>,
    /// Where its first header begins, in bytes.
    pub(super) offset: u64,
    /// Owner, permissions and time.
    pub(super) meta: Meta,
    /// Extended attributes, of all namespaces.
    pub(super) attributes: Attributes,
    /// Access control lists that were given as text.
    pub(super) acl: AclText,
    /// What it is.
    pub(super) entry: Entry,
}

/// What a member is.
#[derive(Debug)]
pub(super) enum Entry {
    /// A folder.
    Directory,
    /// A regular file.
    File(Content),
    /// A symbolic link and its target.
    Symlink(Vec<u8>),
    /// One more name for the member with this path.
    HardLink(Vec<u8>),
    /// A device or named pipe.
    Special(Kind),
}

/// Returns how messages call a member.
pub(super) fn title(path: &[u8], offset: u64) -> String {
    format!("member \"{}\" at byte {offset}", shown(path))
}

/// Reads an archive's members in their order.
pub(super) struct Members<'a> {
    window: Window<'a>,
    source: SourceId,
    /// Where the next block to be read is.
    at: u64,
    /// Path and offset of the last member, for when its content turns out to be cut short.
    last: (Vec<u8>, u64),
    globals: Pax,
    /// What the user should know about the archive as a whole.
    pub(super) warnings: Vec<String>,
}

/// What was read ahead of a member's own header.
#[derive(Default)]
struct Ahead {
    pax: Option<Pax>,
    long_path: Option<Vec<u8>>,
    long_target: Option<Vec<u8>>,
    /// How many bytes it took.
    len: u64,
}

impl<'a> Members<'a> {
    /// Returns the members of an archive, whose contents are spans of `source`.
    pub(super) fn new(archive: &'a dyn Archive, source: SourceId) -> Self {
        Self {
            window: Window::new(archive),
            source,
            at: 0,
            last: Default::default(),
            globals: Pax::default(),
            warnings: Vec::new(),
        }
    }

    /// Returns where the next header is, in bytes.
    pub(super) fn offset(&self) -> u64 {
        self.at
    }

    /// Reads the next member; there is none after an end marker or the archive's last byte.
    ///
    /// # Errors
    ///
    /// Fails on an archive that ends within a member, and on anything that is no valid member.
    pub(super) fn next(&mut self) -> Result<Option<Member>> {
        let start = self.at;
        let mut ahead = Ahead::default();
        loop {
            let at = self.at;
            let Some(block) = self.header()? else {
                ensure!(
                    ahead.len == 0,
                    "extended header at byte {start}: no member follows it"
                );
                return Ok(None);
            };
            self.at += BLOCK as u64;
            let header = Header::from_bytes(&block);
            let flag = header.as_ustar().typeflag[0];
            let what = match flag {
                b'x' | b'X' => "extended header",
                b'g' => "global extended header",
                b'L' | b'K' => "long name",
                b'V' => "volume label",
                _ => return self.member(header, ahead, start).map(Some),
            };
            self.read_ahead(header, flag, &mut ahead)
                .with_context(|| format!("{what} at byte {at}"))?;
        }
    }

    /// Reads what comes ahead of a member's own header.
    fn read_ahead(&mut self, header: &Header, flag: u8, ahead: &mut Ahead) -> Result<()> {
        let size = header::number(&header.as_ustar().size)?;
        let size = header::within("its size", size, AHEAD_MAX)?;
        match flag {
            // The archive's own name; it belongs to no member.
            b'V' => return self.skip(size),
            b'g' => {
                let records = self.take(size)?;
                return self.globals.read_global(&records);
            }
            _ => {}
        }
        ahead.len += BLOCK as u64 + size;
        let len = ahead.len;
        ensure!(
            len <= AHEAD_MAX,
            "{len} bytes for one member, at most {AHEAD_MAX} are allowed"
        );
        let data = self.take(size)?;
        match flag {
            b'L' => ahead.long_path = Some(header::text(&data).to_vec()),
            b'K' => ahead.long_target = Some(header::text(&data).to_vec()),
            _ => {
                let pax = ahead.pax.get_or_insert_with(|| self.globals.clone());
                pax.read(&data)?;
            }
        }
        Ok(())
    }

    /// Reads the member whose own header was just read.
    fn member(&mut self, header: &Header, ahead: Ahead, start: u64) -> Result<Member> {
        let mut pax = ahead.pax.unwrap_or_else(|| self.globals.clone());
        let sparse = pax.sparse.form();
        let path = match &sparse {
            Ok(Some(_)) => pax.sparse.name.take().or(pax.path.take()),
            _ => pax.path.take(),
        };
        let path = path.or(ahead.long_path);
        let path = path.unwrap_or_else(|| header::path(header));
        self.last = (path, start);
        let target = pax.linkpath.take().or(ahead.long_target);
        let target = target.unwrap_or_else(|| header.link_name_bytes().to_vec());
        let read = || -> Result<Member> {
            let (path, _) = &self.last;
            check_path(path)?;
            let meta = meta(header, &pax)?;
            let size = match pax.size {
                Some(size) => size,
                None => header::number(&header.as_ustar().size)?,
            };
            let size = header::within("size", size, FILE_MAX)?;
            Ok(Member {
                path: path.clone(),
                offset: start,
                meta,
                entry: self.entry(header, sparse?, size, target)?,
                attributes: pax.attributes,
                acl: pax.acl,
            })
        };
        read().with_context(|| title(&self.last.0, start))
    }

    /// Reads what a member is, and goes on to the end of its data.
    fn entry(
        &mut self,
        header: &Header,
        sparse: Option<(Form, u64)>,
        size: u64,
        target: Vec<u8>,
    ) -> Result<Entry> {
        let flag = header.as_ustar().typeflag[0];
        Ok(match flag {
            // Before there was a type for directories, the slash told them.
            0 | b'0' | b'7' if self.last.0.ends_with(b"/") => {
                self.skip(size)?;
                Entry::Directory
            }
            0 | b'0' | b'7' => Entry::File(self.file(sparse, size)?),
            b'S' => Entry::File(self.old_gnu_sparse(header, size)?),
            b'1' => {
                check_path(&target).context("the file it is a link to")?;
                self.skip_link_data(size)?;
                Entry::HardLink(target)
            }
            b'2' => {
                check_target(&target)?;
                Entry::Symlink(target)
            }
            b'3' => Entry::Special(Kind::CharDevice(device(header)?)),
            b'4' => Entry::Special(Kind::BlockDevice(device(header)?)),
            b'5' => Entry::Directory,
            b'6' => Entry::Special(Kind::Fifo),
            // With a list of its files as data, for incremental dumps.
            b'D' => {
                self.skip(size)?;
                Entry::Directory
            }
            b'M' => bail!("it goes on from another volume; join the volumes first"),
            _ => bail!("members of type '{}' are not known", flag.escape_ascii()),
        })
    }

    /// Reads where the content of a regular file lies.
    fn file(&mut self, sparse: Option<(Form, u64)>, size: u64) -> Result<Content> {
        let start = self.at;
        self.skip(size)?;
        let (map, real_size, taken) = match sparse {
            None => return Ok(Content::span(self.source, start, size)),
            Some((Form::Header(map), real_size)) => (map, real_size, 0),
            Some((Form::Data, real_size)) => {
                let mut map = Map::default();
                let taken = map.read_1_0(|skip| {
                    ensure!(skip < size, "its sparse map ends after its {size} bytes");
                    self.block(start + skip)
                })?;
                (map, real_size, taken)
            }
        };
        map.into_content(
            self.source,
            start + taken,
            size.saturating_sub(taken),
            real_size,
        )
    }

    /// Reads the map of a sparse file that is partly in its header, partly in blocks after it.
    fn old_gnu_sparse(&mut self, header: &Header, size: u64) -> Result<Content> {
        let mut map = Map::default();
        let real_size = header::number(&header.as_gnu().realsize)?;
        let real_size = header::within("real size", real_size, FILE_MAX)?;
        for pair in &header.as_gnu().sparse {
            map.add_old_gnu(pair)?;
        }
        let mut more = header.as_gnu().isextended[0] != 0;
        while more {
            let block = self.block(self.at)?;
            self.at += BLOCK as u64;
            more = map.add_old_gnu_block(&block)?;
        }
        let start = self.at;
        self.skip(size)?;
        map.into_content(self.source, start, size, real_size)
    }

    /// Goes past the data of a hard link, if it has any.
    ///
    /// GNU tar never writes any, whatever the size says, and so do most; `pax -o linkdata` does.
    /// The block that follows tells: data could only by intent look like a header.
    fn skip_link_data(&mut self, size: u64) -> Result<()> {
        let next = self.window.get(self.at, BLOCK)?;
        match next.first_chunk() {
            Some(block) if !header::is_zero(block) && header::check(block).is_err() => {
                self.skip(size)
            }
            _ => Ok(()),
        }
    }

    /// Returns the header block at the current position, if the archive does not end there.
    fn header(&mut self) -> Result<Option<Block>> {
        let at = self.at;
        let end = {
            let bytes = self.window.get(at, BLOCK);
            let bytes = bytes.with_context(|| format!("cannot read at byte {at}"))?;
            match bytes.first_chunk::<BLOCK>() {
                Some(block) => Ok(*block),
                None => Err(self.window.archive_len()?),
            }
        };
        match end {
            Ok(block) if header::is_zero(&block) => {
                let next = self.window.get(at + BLOCK as u64, BLOCK)?;
                if !next.first_chunk().is_some_and(header::is_zero) {
                    // As GNU tar does: what comes after is not read.
                    self.warnings
                        .push(format!("a lone zero block at byte {at} ends the archive"));
                }
                Ok(None)
            }
            Ok(block) => {
                header::check(&block).with_context(|| format!("byte {at}"))?;
                Ok(Some(block))
            }
            // Without an end marker: GNU tar lets it pass, and nothing is missing.
            Err(end) if end == at => Ok(None),
            Err(end) if end < at => {
                let (path, offset) = &self.last;
                Err(short(end, at)).with_context(|| title(path, *offset))
            }
            Err(end) => {
                Err(short(end, at + BLOCK as u64)).with_context(|| format!("header at byte {at}"))
            }
        }
    }

    /// Returns the block at `offset`.
    fn block(&mut self, offset: u64) -> Result<Block> {
        let bytes = self.bytes(offset, BLOCK)?;
        Ok(*bytes.first_chunk().expect("as many bytes as asked for"))
    }

    /// Returns data at the current position, and goes on to the end of its padding.
    fn take(&mut self, len: u64) -> Result<Vec<u8>> {
        let mut data = Vec::new();
        let mut at = self.at;
        self.skip(len)?;
        // Read in small parts: a size that lies takes no memory.
        while at < self.at {
            let part = usize::try_from(self.at - at).map_or(Window::MOST, |n| n.min(Window::MOST));
            data.extend_from_slice(self.bytes(at, part)?);
            at += part as u64;
        }
        data.truncate(usize::try_from(len)?);
        Ok(data)
    }

    fn bytes(&mut self, offset: u64, len: usize) -> Result<&[u8]> {
        if self.window.get(offset, len)?.len() < len {
            let end = self.window.archive_len()?;
            return Err(short(end, offset.saturating_add(len as u64)));
        }
        Ok(self.window.get(offset, len)?)
    }

    /// Goes past data of `len` bytes and its padding.
    fn skip(&mut self, len: u64) -> Result<()> {
        let padded = len.checked_next_multiple_of(BLOCK as u64);
        let end = padded.and_then(|len| self.at.checked_add(len));
        self.at = end
            .filter(|end| *end <= FILE_MAX)
            .with_context(|| format!("its {len} bytes end past the end of any archive"))?;
        Ok(())
    }
}

fn short(end: u64, want: u64) -> anyhow::Error {
    let missing = want.saturating_sub(end);
    anyhow!("the archive ends at byte {end}, {missing} bytes short")
}

/// Checks that a path leads to a name in the tree, or to its root.
fn check_path(path: &[u8]) -> Result<()> {
    ensure!(!path.is_empty(), "an empty name");
    let len = path.len();
    ensure!(
        len <= PATH_MAX,
        "a path of {len} bytes, at most {PATH_MAX} are allowed"
    );
    for name in path.split(|b| *b == b'/') {
        ensure!(
            name != b"..",
            "\"..\" in the name \"{}\" is not allowed",
            shown(path)
        );
        if !name.is_empty() && name != b"." {
            check_name(name)?;
        }
    }
    Ok(())
}

fn check_target(target: &[u8]) -> Result<()> {
    let len = target.len();
    ensure!(len > 0, "a symbolic link to nothing");
    ensure!(
        len <= TARGET_MAX,
        "a link target of {len} bytes, at most {TARGET_MAX} are allowed"
    );
    ensure!(!target.contains(&0), "a link target with a NUL byte");
    Ok(())
}

fn meta(header: &Header, pax: &Pax) -> Result<Meta> {
    let ustar = header.as_ustar();
    let id = |what, pax: Option<i128>, field| {
        let id = pax.map_or_else(|| header::number(field), Ok)?;
        header::within(what, id, ID_MAX)
    };
    // Some programs put the type of the file there too.
    let mode = header::number(&ustar.mode)? & 0o7777;
    let mtime = match pax.mtime {
        Some(mtime) => mtime,
        None => {
            let secs = header::number(&ustar.mtime)?;
            let secs =
                i64::try_from(secs).with_context(|| format!("time {secs} is out of range"))?;
            Timestamp::from_secs(secs)
        }
    };
    Ok(Meta {
        mode: header::within("mode", mode, 0o7777)?,
        uid: id("uid", pax.uid, &ustar.uid)?,
        gid: id("gid", pax.gid, &ustar.gid)?,
        mtime,
    })
}

fn device(header: &Header) -> Result<Device> {
    let (major, minor) = header::device(header)?;
    Ok(Device {
        major: header::within("device major number", major, MAJOR_MAX)?,
        minor: header::within("device minor number", minor, MINOR_MAX)?,
    })
}
