//! The members of a tar archive, one after the other, each with all that its headers say.
//!
//! Which bytes belong to whom follows GNU tar wherever formats are vague.

use std::io;

use anyhow::{Context as _, Result, bail, ensure};
use fsgen::tree::content::SourceId;
use fsgen::{Content, Kind, Meta, Timestamp};
use tar_core::Header;

use super::acl::AclText;
use super::blocks::Blocks;
use super::header::{self, BLOCK, Block};
use super::name::{check_path, check_target, title};
use super::pax::Pax;
use super::sparse::{FILE_MAX, Form, Map};
use super::window::Archive;
use super::xattr::Attributes;

/// The most bytes of extended headers and long names that one member may have.
///
/// A map of a million parts of a sparse file still fits.
const AHEAD_MAX: u64 = 64 << 20;
/// The largest user or group number; the one above means "no one" to the kernel.
const ID_MAX: u64 = 0xffff_fffe;
/// How much padding after an end marker is looked at, in bytes: as much as tar programs write.
const PADDING_MAX: u64 = 1 << 20;

/// One member.
#[derive(Debug)]
pub(super) struct Member {
    /// Its path as the archive has it, but never empty and without `..`.
    pub(super) path: Vec<u8>,
    /// Where its first header begins in the archive, in bytes.
    pub(super) offset: Option<u64>,
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
    /// A device, named pipe or socket.
    Special(Kind),
}

/// Reads an archive's members in their order.
pub(super) struct Members<'a> {
    blocks: Blocks<'a>,
    source: SourceId,
    globals: Pax,
    /// Whether there has to be an end marker.
    needs_end: bool,
    /// The types that headers may have, if not all will do.
    types: Option<&'static str>,
    /// The names of the last member's user and group.
    names: [[u8; 32]; 2],
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
    pub(super) fn new(archive: &'a dyn Archive, source: SourceId) -> io::Result<Self> {
        Ok(Self {
            blocks: Blocks::new(archive)?,
            source,
            globals: Pax::default(),
            needs_end: true,
            types: None,
            names: [[0; 32]; 2],
            warnings: Vec::new(),
        })
    }

    /// Goes to where the archive begins.
    pub(super) fn begin_at(&mut self, offset: u64) {
        self.blocks.begin_at(offset);
    }

    /// Returns what the last member's header calls its user and group; nothing if it has numbers
    /// only.
    pub(super) fn owner_names(&self) -> [&[u8]; 2] {
        let [user, group] = &self.names;
        [user, group].map(|name| header::text(name))
    }

    /// Lets the archive end after its last member, even without padding: umoci writes some layers
    /// so. It is for those whose digest says that they are whole.
    pub(super) fn let_end_anywhere(&mut self) {
        self.needs_end = false;
        self.blocks.let_end_short();
    }

    /// Refuses headers of types that are not among these, where there are any; the old type 0 of
    /// files counts as `0`.
    pub(super) fn take_only(&mut self, types: Option<&'static str>) {
        self.types = types;
    }

    /// Returns where the next header is, in bytes.
    pub(super) fn offset(&self) -> u64 {
        self.blocks.position()
    }

    /// Reads the next member; there is none after an end marker.
    ///
    /// # Errors
    ///
    /// Fails on an archive that ends within a member, and on anything that is no valid member.
    pub(super) fn next(&mut self) -> Result<Option<Member>> {
        let start = self.offset();
        let mut ahead = Ahead::default();
        loop {
            let at = self.offset();
            let Some(block) = self.header()? else {
                ensure!(
                    ahead.len == 0,
                    "extended header at byte {start}: no member follows it"
                );
                return Ok(None);
            };
            let header = Header::from_bytes(&block);
            let flag = header.as_ustar().typeflag[0];
            if let Some(types) = self.types {
                let kind = char::from(if flag == 0 { b'0' } else { flag });
                ensure!(
                    types.contains(kind),
                    "a header of the type {kind:?}, where only {types} may be; `tar --format=gnu` \
                     writes no others"
                );
            }
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
        let size = header::number("size", &header.as_ustar().size)?;
        let size = header::within("size", size, AHEAD_MAX)?;
        match flag {
            // The archive's own name; it belongs to no member.
            b'V' => return self.blocks.skip(size),
            b'g' => {
                let records = self.blocks.take(size)?;
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
        let data = self.blocks.take(size)?;
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
        let ustar = header.as_ustar();
        self.names = [ustar.uname, ustar.gname];
        let mut pax = ahead.pax.unwrap_or_else(|| self.globals.clone());
        let sparse = pax.sparse.form();
        let path = match &sparse {
            Ok(Some(_)) => pax.sparse.name.take().or(pax.path.take()),
            _ => pax.path.take(),
        };
        let path = path.or(ahead.long_path);
        let path = path.unwrap_or_else(|| header::path(header));
        let target = pax.linkpath.take().or(ahead.long_target);
        let target = target.unwrap_or_else(|| header.link_name_bytes().to_vec());
        let read = || -> Result<(Meta, Entry)> {
            check_path(&path)?;
            let size = match pax.size {
                Some(size) => size,
                None => header::number("size", &header.as_ustar().size)?,
            };
            let size = header::within("size", size, FILE_MAX)?;
            let meta = meta(header, &pax)?;
            Ok((meta, self.entry(header, &path, sparse?, size, target)?))
        };
        let (meta, entry) = read().with_context(|| title(&path, Some(start)))?;
        Ok(Member {
            path,
            offset: Some(start),
            meta,
            attributes: pax.attributes,
            acl: pax.acl,
            entry,
        })
    }

    /// Reads what a member is, and goes on to the end of its data.
    fn entry(
        &mut self,
        header: &Header,
        path: &[u8],
        sparse: Option<(Form, u64)>,
        size: u64,
        target: Vec<u8>,
    ) -> Result<Entry> {
        let flag = header.as_ustar().typeflag[0];
        Ok(match flag {
            // Before there was a type for directories, the slash told them.
            0 | b'0' | b'7' if path.ends_with(b"/") => {
                self.blocks.skip(size)?;
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
            b'3' => Entry::Special(Kind::CharDevice(header::device(header)?)),
            b'4' => Entry::Special(Kind::BlockDevice(header::device(header)?)),
            b'5' => Entry::Directory,
            b'6' => Entry::Special(Kind::Fifo),
            // With a list of its files as data, for incremental dumps.
            b'D' => {
                self.blocks.skip(size)?;
                Entry::Directory
            }
            b'M' => bail!("it goes on from another volume; join the volumes first"),
            _ => bail!("members of type '{}' are not known", flag.escape_ascii()),
        })
    }

    /// Reads where the content of a regular file lies.
    fn file(&mut self, sparse: Option<(Form, u64)>, size: u64) -> Result<Content> {
        let start = self.blocks.position();
        self.blocks.skip(size)?;
        let (map, real_size, taken) = match sparse {
            None => return Ok(Content::span(self.source, start, size)),
            Some((Form::Header(map), real_size)) => (map, real_size, 0),
            Some((Form::Data, real_size)) => {
                let mut map = Map::default();
                let taken = map.read_1_0(|skip| {
                    ensure!(skip < size, "its sparse map ends after its {size} bytes");
                    self.blocks.block(start + skip)
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
        let real_size = header::number("real size", &header.as_gnu().realsize)?;
        let real_size = header::within("real size", real_size, FILE_MAX)?;
        for pair in &header.as_gnu().sparse {
            map.add_old_gnu(pair)?;
        }
        let mut more = header.as_gnu().isextended[0] != 0;
        while more {
            more = map.add_old_gnu_block(&self.blocks.next()?)?;
        }
        let start = self.blocks.position();
        self.blocks.skip(size)?;
        map.into_content(self.source, start, size, real_size)
    }

    /// Goes past the data of a hard link, if it has any.
    ///
    /// GNU tar never writes any, whatever the size says, and so do most; `pax -o linkdata` does.
    /// The block that follows tells: data could only by intent look like a header.
    fn skip_link_data(&mut self, size: u64) -> Result<()> {
        match self.blocks.peek()? {
            Some(block) if !header::is_zero(&block) && header::check(&block).is_err() => {
                self.blocks.skip(size)
            }
            _ => Ok(()),
        }
    }

    /// Reads a header; there is none at the end of the archive.
    fn header(&mut self) -> Result<Option<Block>> {
        let at = self.offset();
        // All members may be whole, but this is how an archive looks whose writer died between two.
        if self.blocks.is_at_end() && !self.needs_end {
            return Ok(None);
        }
        ensure!(
            !self.blocks.is_at_end(),
            "the archive ends at byte {at} without an end marker, as if it was cut short; make or \
             fetch it again, or if nothing is missing, append 1024 zero bytes to the tar"
        );
        let block = self.blocks.next();
        let block = block.with_context(|| format!("header at byte {at}"))?;
        if header::is_zero(&block) {
            self.end(at)?;
            return Ok(None);
        }
        header::check(&block).with_context(|| format!("header at byte {at}"))?;
        Ok(Some(block))
    }

    /// Looks at what follows a zero block at `at`: the other half of an end marker, and padding.
    fn end(&mut self, at: u64) -> Result<()> {
        match self.blocks.peek()? {
            // Some programs write one only; all members before it are whole.
            None => {
                let warning = format!("the archive ends with one zero block at byte {at}, not two");
                self.warnings.push(warning);
                return Ok(());
            }
            Some(next) => ensure!(
                header::is_zero(&next),
                "the zero block at byte {at} is no end marker, as no other one follows: the \
                 archive is damaged, or joined from several; make it again"
            ),
        }
        let padding = self.offset() + PADDING_MAX;
        while self.offset() < padding
            && let Some(block) = self.blocks.peek()?
        {
            if header::is_zero(&block) {
                self.blocks.next()?;
                continue;
            }
            // The rest of a tape or device may be anything.
            if header::check(&block).is_ok() {
                let next = self.offset();
                self.warnings.push(format!(
                    "another archive begins at byte {next}, after the end marker at byte {at}, and \
                     is not read; `tar --concatenate` joins archives"
                ));
            }
            break;
        }
        Ok(())
    }
}

fn meta(header: &Header, pax: &Pax) -> Result<Meta> {
    let ustar = header.as_ustar();
    let id = |what, pax: Option<i128>, field| {
        let id = pax.map_or_else(|| header::number(what, field), Ok)?;
        header::within(what, id, ID_MAX)
    };
    // Some programs put the type of the file there too.
    let mode = header::number("mode", &ustar.mode)? & 0o7777;
    let mtime = match pax.mtime {
        Some(mtime) => mtime,
        None => {
            let secs = header::number("time", &ustar.mtime)?;
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
