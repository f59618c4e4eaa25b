//! The way from a path to a file. Links are followed as in a process whose root directory is the
//! image's, so that nothing ever leads out.

use anyhow::{Context as _, Result, bail};
use fsgen::tree::path::split;

use super::name::shown;
use super::{FileId, Kind, Reader};

/// How many symbolic links one path may pass through (Linux: `MAXSYMLINKS`).
const MAX_LINKS: u32 = 40;

/// Returns the file at a path; links are followed up to and including the last name.
///
/// # Errors
///
/// Fails when the path leads nowhere. The message names the part that does not.
pub fn resolve(reader: &dyn Reader, path: &[u8]) -> Result<FileId> {
    // The directories on the way, and with each the length of its path.
    let mut way = vec![(reader.root(), 0)];
    let mut at = Vec::new();
    let mut todo = names(path);
    let mut links = 0;
    while let Some(name) = todo.pop() {
        let (id, _) = *way.last().context("no root")?;
        if reader.stat(id)?.kind != Kind::Directory {
            bail!("{} is not a directory", shown(&at));
        }
        if *name == *b".." {
            if way.len() > 1 {
                way.pop();
            }
            at.truncate(way.last().map_or(0, |(_, len)| *len));
            continue;
        }
        let len = at.len();
        at.push(b'/');
        at.extend_from_slice(&name);
        let Some(next) = reader.lookup(id, &name)? else {
            bail!("no such file or directory: {}", shown(&at));
        };
        let stat = reader.stat(next)?;
        if stat.kind != Kind::Symlink {
            way.push((next, at.len()));
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            bail!("more than {MAX_LINKS} symbolic links on the way");
        }
        let target = reader.target(next)?;
        at.truncate(len);
        if target.first() == Some(&b'/') {
            way.truncate(1);
            at.clear();
        }
        todo.extend(names(&target));
    }
    way.last().map(|(id, _)| *id).context("no root")
}

/// Returns the file at a path; a symbolic link at its end is the answer, not followed.
///
/// # Errors
///
/// Fails when the path leads nowhere. The message names the part that does not.
pub fn resolve_link(reader: &dyn Reader, path: &[u8]) -> Result<FileId> {
    // A slash at the end asks for what is behind the link, as everywhere on Unix.
    if path.ends_with(b"/") {
        return resolve(reader, path);
    }
    let Some((directory, name)) = split(path) else {
        return resolve(reader, path);
    };
    let id = resolve(reader, directory)?;
    if reader.stat(id)?.kind != Kind::Directory {
        bail!(
            "/{} is not a directory",
            shown(directory).trim_end_matches('/')
        );
    }
    let found = reader.lookup(id, name)?;
    found.with_context(|| format!("no such file or directory: {}", shown(path)))
}

/// Returns the names of a path, the first one last.
fn names(path: &[u8]) -> Vec<Box<[u8]>> {
    let names = path.split(|b| *b == b'/').rev();
    let names = names.filter(|name| !matches!(*name, b"" | b"."));
    names.map(Into::into).collect()
}

#[cfg(test)]
mod tests {
    use fsgen::{Content, Meta, Timestamp, Tree};

    use super::super::TreeReader;
    use super::*;

    const META: Meta = Meta::root(0o755, Timestamp::from_secs(0));

    fn sample() -> TreeReader {
        let mut tree = Tree::new(META);
        tree.make_directories(b"usr/lib/deep", META).unwrap();
        let usr = tree.resolve(b"/usr").unwrap();
        let file = tree.add_file(META, Content::bytes(*b"x"));
        tree.link(usr, b"file", file);
        for (name, target) in [
            (&b"lib"[..], &b"usr/lib"[..]),
            (b"abs", b"/usr/lib"),
            (b"up", b"../../../usr"),
            (b"loop", b"loop"),
            (b"dangling", b"no/such"),
            (b"out", b"/../../etc"),
        ] {
            let id = tree.add_symlink(META, target);
            tree.link(Tree::ROOT, name, id);
        }
        TreeReader::new(tree, "sample".to_owned(), u64::MAX)
    }

    #[test]
    fn paths_stay_inside() {
        let reader = sample();
        for (path, same) in [
            ("", "/"),
            ("/..", "/"),
            ("../../usr", "/usr"),
            ("./usr//lib/", "/usr/lib"),
            ("lib/deep", "/usr/lib/deep"),
            ("/abs/deep/..", "/usr/lib"),
            ("/lib/..", "/usr"),
            ("up/file", "/usr/file"),
        ] {
            let id = resolve(&reader, path.as_bytes()).unwrap();
            assert_eq!(
                id,
                resolve_link(&reader, same.as_bytes()).unwrap(),
                "{path}"
            );
        }
        let link = resolve_link(&reader, b"/lib").unwrap();
        assert_eq!(reader.target(link).unwrap(), b"usr/lib");
        assert_ne!(link, resolve_link(&reader, b"/lib/").unwrap());
    }

    #[test]
    fn paths_that_lead_nowhere() {
        let reader = sample();
        for (path, want) in [
            ("nope", "no such file or directory: /nope"),
            ("usr/nope/x", "no such file or directory: /usr/nope"),
            ("usr/file/x", "/usr/file is not a directory"),
            ("usr/file/..", "/usr/file is not a directory"),
            ("loop", "more than 40 symbolic links on the way"),
            ("dangling", "no such file or directory: /no"),
            ("out", "no such file or directory: /etc"),
        ] {
            let error = resolve(&reader, path.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), want, "{path}");
        }
        let error = resolve_link(&reader, b"usr/file/x").unwrap_err();
        assert_eq!(error.to_string(), "/usr/file is not a directory");
    }
}
