//! `hsb ls`: the files of an image, a line or a JSON object for each.

mod entry;
mod line;

use std::io::Write;

use anyhow::{Context as _, Result};

use crate::reader::accounts::Accounts;
use crate::reader::name::shown;
use crate::reader::walk::{Found, Walk, join, normal};
use crate::reader::{Kind, Reader, resolve, resolve_link};
pub(crate) use entry::{Entry, Path};
use line::Lines;

/// How many files are shown at a time, with columns of one width.
const BATCH: usize = 512;

/// How files are listed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    /// Permissions, owner, size and time, too.
    pub(crate) long: bool,
    /// Directories and all that is below them.
    pub(crate) recursive: bool,
    /// Directories themselves, not what is in them.
    pub(crate) directory: bool,
    /// All that is known, for machines.
    pub(crate) json: bool,
}

/// Lists paths of an image.
///
/// A path that leads nowhere and what cannot be read are handed to `tell`, and the rest is shown.
///
/// # Errors
///
/// Fails when `out` cannot be written.
pub(crate) fn list(
    reader: &dyn Reader,
    paths: &[Vec<u8>],
    options: Options,
    out: &mut dyn Write,
    tell: &mut dyn FnMut(&anyhow::Error),
) -> Result<()> {
    let is_whole = options.recursive || options.directory || options.json || paths.len() > 1;
    let mut list = List {
        reader,
        accounts: match options.long || options.json {
            true => Accounts::of(reader),
            false => Accounts::default(),
        },
        options,
        lines: Lines::default(),
        has_some: false,
        out,
        tell,
    };
    if options.json {
        list.out.write_all(b"[")?;
    }
    for path in paths {
        let path = normal(path);
        list.path(&path, is_whole)?;
    }
    if options.json {
        let end: &[u8] = if list.has_some { b"\n]\n" } else { b"]\n" };
        list.out.write_all(end)?;
    }
    Ok(list.out.flush()?)
}

struct List<'a> {
    reader: &'a dyn Reader,
    accounts: Accounts,
    options: Options,
    lines: Lines,
    /// Whether something was written before.
    has_some: bool,
    out: &'a mut dyn Write,
    tell: &'a mut dyn FnMut(&anyhow::Error),
}

impl List<'_> {
    fn path(&mut self, path: &[u8], is_whole: bool) -> Result<()> {
        let Some(itself) = self.read(path, |list| list.find(path)) else {
            return Ok(());
        };
        let Options {
            long,
            directory,
            recursive,
            json,
        } = self.options;
        let Found { path, id, stat } = &itself;
        if stat.kind != Kind::Directory || directory {
            return self.show(&[itself], true);
        }
        let reader = self.reader;
        if recursive {
            let mut walk = Walk::new(reader, path, *id).peekable();
            while walk.peek().is_some() {
                let batch = self.readable(walk.by_ref().take(BATCH));
                self.show(&batch, true)?;
            }
            return Ok(());
        }
        let entries = self.read(path, |_| reader.entries(*id));
        let found = entries.into_iter().flatten().map(|(name, id)| {
            let path = join(path, &name);
            // Names alone take no look at the files.
            let stat = match long || json {
                true => reader.stat(id).with_context(|| shown(&path))?,
                false => *stat,
            };
            Ok(Found { path, id, stat })
        });
        let found = self.readable(found);
        self.show(&found, is_whole)
    }

    /// Finds what a path means.
    fn find(&self, path: &[u8]) -> Result<Found> {
        let Options {
            long,
            directory,
            recursive,
            json,
        } = self.options;
        let mut id = resolve_link(self.reader, path)?;
        let mut stat = self.reader.stat(id)?;
        // A link to a directory stands for it, unless the link itself is what is asked for.
        if stat.kind == Kind::Symlink
            && !(long || directory || recursive || json)
            && let Ok(behind) = resolve(self.reader, path)
        {
            let found = self.reader.stat(behind)?;
            if found.kind == Kind::Directory {
                (id, stat) = (behind, found);
            }
        }
        let path = match path {
            b"/" => path,
            path => path.strip_suffix(b"/").unwrap_or(path),
        };
        Ok(Found {
            path: path.to_vec(),
            id,
            stat,
        })
    }

    /// Returns what can be read of a path; that it cannot is told.
    fn read<T>(&mut self, path: &[u8], read: impl FnOnce(&Self) -> Result<T>) -> Option<T> {
        let read = read(self).with_context(|| shown(path));
        self.told(read)
    }

    /// Returns the files that can be read; the others are told of.
    fn readable(&mut self, files: impl Iterator<Item = Result<Found>>) -> Vec<Found> {
        files.filter_map(|file| self.told(file)).collect()
    }

    fn told<T>(&mut self, read: Result<T>) -> Option<T> {
        if let Err(error) = &read {
            (self.tell)(error);
        }
        read.ok()
    }

    fn show(&mut self, files: &[Found], is_whole: bool) -> Result<()> {
        if !(self.options.long || self.options.json) {
            for file in files {
                let name = self.name(file, is_whole);
                writeln!(self.out, "{}", shown(name))?;
            }
            return Ok(());
        }
        let entries = files.iter().filter_map(|file| {
            let entry = |list: &Self| Entry::of(list.reader, file, &list.accounts);
            Some((file, self.read(&file.path, entry)?))
        });
        let entries: Vec<_> = entries.collect();
        if self.options.json {
            for (_, entry) in entries {
                let entry = serde_json::to_string(&entry)?;
                let comma = if self.has_some { "," } else { "" };
                write!(self.out, "{comma}\n{entry}")?;
                self.has_some = true;
            }
            return Ok(());
        }
        let mut rows = Vec::with_capacity(entries.len());
        for (file, entry) in entries {
            let name = shown(self.name(file, is_whole));
            rows.push(self.lines.row(&entry, &name));
        }
        self.lines.write(&rows, self.out)
    }

    fn name<'f>(&self, file: &'f Found, is_whole: bool) -> &'f [u8] {
        let slash = file.path.iter().rposition(|b| *b == b'/');
        match slash {
            Some(slash) if !is_whole => &file.path[slash + 1..],
            _ => &file.path,
        }
    }
}

#[cfg(test)]
mod tests {
    use fsgen::tree::Device;
    use fsgen::{Content, Meta, Timestamp, Tree};

    use super::*;
    use crate::reader::TreeReader;

    fn sample() -> TreeReader {
        let meta = |mode, uid, secs| Meta {
            mode,
            uid,
            gid: uid,
            mtime: Timestamp { secs, nanos: 5 },
        };
        let mut tree = Tree::new(meta(0o755, 0, 0));
        let etc = tree
            .make_directories(b"etc", meta(0o1777, 0, 86_400))
            .unwrap();
        let list = b"root:x:0:0::/root:/bin/sh\n";
        let passwd = tree.add_file(meta(0o4644, 0, 1), Content::bytes(*list));
        tree.link(etc, b"passwd", passwd);
        let odd = tree.add_file(meta(0o2601, 1000, 2), Content::bytes(*b"12345"));
        tree.link(etc, b"odd\n\xff", odd);
        let value: (Box<[u8]>, Box<[u8]>) = ((*b"user.x").into(), (*b"\0y").into());
        tree.set_xattrs(odd, [value].into());
        let link = tree.add_symlink(meta(0o777, 0, -1), b"etc");
        tree.link(Tree::ROOT, b"link", link);
        let (major, minor) = (8, 16);
        let disk = fsgen::Kind::BlockDevice(Device { major, minor });
        let disk = tree.add_special(meta(0o660, 0, 0), disk);
        tree.link(Tree::ROOT, b"disk", disk);
        TreeReader::new(tree, "sample".to_owned(), u64::MAX)
    }

    fn shown_as(paths: &[&str], flags: &str) -> String {
        let mut out = Vec::new();
        let paths: Vec<_> = paths.iter().map(|path| path.as_bytes().to_vec()).collect();
        let options = Options {
            long: flags.contains('l'),
            recursive: flags.contains('R'),
            directory: flags.contains('d'),
            json: flags.contains('j'),
        };
        let mut tell = |error: &anyhow::Error| panic!("{error:#}");
        list(&sample(), &paths, options, &mut out, &mut tell).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_way_to_list() {
        for (paths, flags, want) in [
            (&["/"][..], "", "disk\netc\nlink\n"),
            (&["link"], "", "odd\\n\\377\npasswd\n"),
            (&["link"], "d", "/link\n"),
            (&["etc/passwd"], "", "/etc/passwd\n"),
            (
                &["etc", "disk"],
                "",
                "/etc/odd\\n\\377\n/etc/passwd\n/disk\n",
            ),
            (&["/etc"], "R", "/etc\n/etc/odd\\n\\377\n/etc/passwd\n"),
            (
                &["/"],
                "l",
                "brw-rw----  1 0(root) 0 8, 16 1970-01-01T00:00:00 disk\n\
                 drwxrwxrwt  2 0(root) 0     0 1970-01-02T00:00:00 etc\n\
                 lrwxrwxrwx  1 0(root) 0     3 1969-12-31T23:59:59 link -> etc\n",
            ),
            (
                &["/etc/"],
                "l",
                "-rw---S--x@ 1 1000    1000  5 1970-01-01T00:00:02 odd\\n\\377\n\
                 -rwSr--r--  1 0(root) 0    26 1970-01-01T00:00:01 passwd\n",
            ),
            (&["/etc/odd\n"], "d", ""),
        ] {
            if want.is_empty() {
                let paths = vec![paths[0].as_bytes().to_vec()];
                let (mut out, mut told) = (Vec::new(), String::new());
                let mut tell = |error: &anyhow::Error| told += &format!("{error:#}");
                let options = Options::default();
                list(&sample(), &paths, options, &mut out, &mut tell).unwrap();
                assert_eq!(told, "/etc/odd\\n: no such file or directory: /etc/odd\\n");
                assert_eq!(out, b"");
                continue;
            }
            assert_eq!(shown_as(paths, flags), want, "{paths:?} {flags}");
        }
    }

    #[test]
    fn json_has_everything() {
        let all: serde_json::Value = serde_json::from_str(&shown_as(&["/"], "Rj")).unwrap();
        assert_eq!(all.as_array().unwrap().len(), 6);
        assert_eq!(
            all[3],
            serde_json::json!({
                "path": "/etc/odd\n\u{fffd}",
                "path_base64": "L2V0Yy9vZGQK/w==",
                "type": "file",
                "mode": "2601",
                "uid": 1000,
                "gid": 1000,
                "mtime": "1970-01-01T00:00:02.000000005Z",
                "links": 1,
                "size": 5,
                "xattrs": {"user.x": "AHk="},
            })
        );
        assert_eq!(all[5]["target"], "etc");
        assert_eq!(
            (&all[1]["user"], &all[5]["path"]),
            (&"root".into(), &"/link".into())
        );
    }
}
