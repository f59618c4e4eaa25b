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
/// # Errors
///
/// Fails when a path leads nowhere, when the image cannot be read, and when `out` cannot be
/// written.
pub(crate) fn list(
    reader: &dyn Reader,
    paths: &[Vec<u8>],
    options: Options,
    out: &mut dyn Write,
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
    };
    if options.json {
        list.out.write_all(b"[")?;
    }
    for path in paths {
        let path = normal(path);
        list.path(&path, is_whole).with_context(|| shown(&path))?;
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
}

impl List<'_> {
    fn path(&mut self, path: &[u8], is_whole: bool) -> Result<()> {
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
        let itself = Found {
            path: path.to_vec(),
            id,
            stat,
        };
        if stat.kind != Kind::Directory || directory {
            return self.show(&[itself], true);
        }
        if recursive {
            let mut walk = Walk::new(self.reader, path, id).peekable();
            while walk.peek().is_some() {
                let batch: Result<Vec<_>> = walk.by_ref().take(BATCH).collect();
                self.show(&batch?, true)?;
            }
            return Ok(());
        }
        let entries = self.reader.entries(id)?;
        let found = entries.into_iter().map(|(name, id)| {
            let path = join(path, &name);
            // Names alone take no look at the files.
            let stat = match long || json {
                true => self.reader.stat(id).with_context(|| shown(&path))?,
                false => stat,
            };
            Ok(Found { path, id, stat })
        });
        let found: Result<Vec<_>> = found.collect();
        self.show(&found?, is_whole)
    }

    fn show(&mut self, files: &[Found], is_whole: bool) -> Result<()> {
        if !(self.options.long || self.options.json) {
            for file in files {
                let name = self.name(file, is_whole);
                writeln!(self.out, "{}", shown(name))?;
            }
            return Ok(());
        }
        let entry = |file: &Found| {
            let entry = Entry::of(self.reader, file, &self.accounts);
            entry.with_context(|| shown(&file.path))
        };
        if self.options.json {
            for file in files {
                let entry = serde_json::to_string(&entry(file)?)?;
                let comma = if self.has_some { "," } else { "" };
                write!(self.out, "{comma}\n{entry}")?;
                self.has_some = true;
            }
            return Ok(());
        }
        let mut rows = Vec::with_capacity(files.len());
        for file in files {
            let name = shown(self.name(file, is_whole));
            rows.push(self.lines.row(&entry(file)?, &name));
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
        TreeReader::new(tree, "sample".to_owned())
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
        list(&sample(), &paths, options, &mut out).unwrap();
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
                let error = list(&sample(), &paths, Options::default(), &mut Vec::new());
                let error = format!("{:#}", error.unwrap_err());
                assert_eq!(error, "/etc/odd\\n: no such file or directory: /etc/odd\\n");
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
