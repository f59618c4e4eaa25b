//! Paths inside the tree. Symbolic links are followed, and nothing ever leads out of the root.
//!
//! `/a/../../b`, an absolute link target and a `..` above the root all stay inside, as they do
//! for a process whose root directory is the tree's.

use thiserror::Error;

use super::{Kind, Meta, NAME_MAX, NodeId, Tree};

/// How many symbolic links one path may pass through (Linux: `MAXSYMLINKS`).
const MAX_LINKS: u32 = 40;

/// Why a path leads nowhere. The path itself is added by the caller, who knows it as the user
/// wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    /// A component does not exist.
    #[error("no such file or directory: {}", lossy(.0))]
    NotFound(Vec<u8>),
    /// A component in the middle is not a directory.
    #[error("{} is not a directory", lossy(.0))]
    NotADirectory(Vec<u8>),
    /// Symbolic links lead in a circle.
    #[error("more than {MAX_LINKS} symbolic links on the way")]
    TooManyLinks,
    /// A name is longer than a directory entry can hold.
    #[error("a name of {0} bytes, at most {NAME_MAX} are allowed")]
    NameTooLong(usize),
    /// A name holds a NUL byte.
    #[error("a name holds a NUL byte")]
    Nul,
    /// The path names no file, just a directory: it is empty or ends in `.` or `..`.
    #[error("the path does not end in a name")]
    NoName,
}

fn lossy(bytes: &[u8]) -> String {
    format!("/{}", bytes.escape_ascii())
}

/// Checks that a directory can hold a name.
///
/// # Errors
///
/// Fails on an empty name, `.`, `..`, a `/` or NUL in it, and on more than [`NAME_MAX`] bytes.
pub fn check_name(name: &[u8]) -> Result<(), PathError> {
    if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') {
        return Err(PathError::NoName);
    }
    if name.contains(&0) {
        return Err(PathError::Nul);
    }
    if name.len() > NAME_MAX {
        return Err(PathError::NameTooLong(name.len()));
    }
    Ok(())
}

/// What to do about a directory that is missing on the way.
enum Missing {
    Fail,
    Make(Meta),
}

impl Tree {
    /// Returns the node at a path, following symbolic links up to and including the last name.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere.
    pub fn resolve(&self, path: &[u8]) -> Result<NodeId, PathError> {
        Walk::new(path).run(Found::Tree(self), &Missing::Fail)
    }

    /// Returns the node at a path; a symbolic link at its end is the answer, not followed.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere.
    pub fn resolve_link(&self, path: &[u8]) -> Result<NodeId, PathError> {
        match split(path) {
            None => self.resolve(path),
            Some((directory, name)) => {
                let id = self.resolve(directory)?;
                self.lookup(id, name)
                    .ok_or_else(|| PathError::NotFound(trim(path).to_vec()))
            }
        }
    }

    /// Returns the directory that a path lies in, and the path's last name.
    ///
    /// # Errors
    ///
    /// Fails when the directory does not exist, or when the path has no last name that a
    /// directory could hold.
    pub fn resolve_parent<'p>(&self, path: &'p [u8]) -> Result<(NodeId, &'p [u8]), PathError> {
        let (directory, name) = split(path).ok_or(PathError::NoName)?;
        check_name(name)?;
        let id = self.resolve(directory)?;
        if !self.is_directory(id) {
            return Err(PathError::NotADirectory(trim(directory).to_vec()));
        }
        Ok((id, name))
    }

    /// Returns the directory at a path; it and those above it are made where they are missing.
    ///
    /// # Errors
    ///
    /// Fails when something on the way is there but no directory.
    pub fn make_directories(&mut self, path: &[u8], meta: Meta) -> Result<NodeId, PathError> {
        Walk::new(path).run(Found::Mut(self), &Missing::Make(meta))
    }
}

/// Cuts a path before its last name; nothing when it ends in no name.
pub fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let path = trim(path);
    let cut = path.iter().rposition(|b| *b == b'/').map_or(0, |i| i + 1);
    let (directory, name) = path.split_at(cut);
    (!matches!(name, b"" | b"." | b"..")).then_some((directory, name))
}

fn trim(path: &[u8]) -> &[u8] {
    let start = path.iter().position(|b| *b != b'/').unwrap_or(path.len());
    let end = path
        .iter()
        .rposition(|b| *b != b'/')
        .map_or(start, |i| i + 1);
    &path[start..end]
}

/// The tree that a walk goes through: only making directories needs it writable.
enum Found<'t> {
    Tree(&'t Tree),
    Mut(&'t mut Tree),
}

impl Found<'_> {
    fn tree(&self) -> &Tree {
        match self {
            Found::Tree(tree) => tree,
            Found::Mut(tree) => tree,
        }
    }
}

/// The names still to walk, the next one last.
struct Walk {
    todo: Vec<Box<[u8]>>,
    links: u32,
}

impl Walk {
    fn new(path: &[u8]) -> Self {
        let mut walk = Self {
            todo: Vec::new(),
            links: 0,
        };
        walk.push(path);
        walk
    }

    fn push(&mut self, path: &[u8]) {
        let names = path.split(|b| *b == b'/').rev();
        self.todo.extend(
            names
                .filter(|name| !name.is_empty() && *name != b".")
                .map(Into::into),
        );
    }

    fn run(mut self, mut found: Found<'_>, missing: &Missing) -> Result<NodeId, PathError> {
        let mut at = Tree::ROOT;
        while let Some(name) = self.todo.pop() {
            let tree = found.tree();
            if !tree.is_directory(at) {
                return Err(PathError::NotADirectory(path_text(tree, at)));
            }
            if *name == *b".." {
                at = tree.parent(at);
                continue;
            }
            let next = match (tree.lookup(at, &name), missing) {
                (Some(next), _) => next,
                (None, Missing::Fail) => {
                    let mut path = path_text(tree, at);
                    if !path.is_empty() {
                        path.push(b'/');
                    }
                    path.extend_from_slice(&name);
                    return Err(PathError::NotFound(path));
                }
                (None, Missing::Make(meta)) => {
                    check_name(&name)?;
                    let Found::Mut(tree) = &mut found else {
                        unreachable!("only a writable tree makes directories");
                    };
                    let id = tree.add_directory(*meta);
                    tree.link(at, &name, id);
                    id
                }
            };
            let tree = found.tree();
            match &tree.node(next).kind {
                Kind::Symlink(target) => {
                    self.links += 1;
                    if self.links > MAX_LINKS {
                        return Err(PathError::TooManyLinks);
                    }
                    if target.first() == Some(&b'/') {
                        at = Tree::ROOT;
                    }
                    self.push(target);
                }
                _ => at = next,
            }
        }
        if matches!(missing, Missing::Make(_)) && !found.tree().is_directory(at) {
            return Err(PathError::NotADirectory(path_text(found.tree(), at)));
        }
        Ok(at)
    }
}

fn path_text(tree: &Tree, id: NodeId) -> Vec<u8> {
    trim(&tree.path_of(id).unwrap_or_default()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::super::Timestamp;
    use super::super::content::Content;
    use super::*;

    const META: Meta = Meta::root(0o755, Timestamp::from_secs(0));

    fn sample() -> Tree {
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
        tree
    }

    #[test]
    fn paths_stay_inside_the_tree() {
        let tree = sample();
        let ok = |path: &str| {
            String::from_utf8(
                tree.path_of(tree.resolve(path.as_bytes()).unwrap())
                    .unwrap(),
            )
            .unwrap()
        };
        for (path, want) in [
            ("", "/"),
            ("/", "/"),
            ("/..", "/"),
            ("../../usr", "/usr"),
            ("./usr//lib/", "/usr/lib"),
            ("lib/deep", "/usr/lib/deep"),
            ("/abs/deep/..", "/usr/lib"),
            ("up/file", "/usr/file"),
        ] {
            assert_eq!(ok(path), want, "{path}");
        }
    }

    #[test]
    fn paths_that_lead_nowhere() {
        let tree = sample();
        for (path, want) in [
            ("nope", PathError::NotFound(b"nope".to_vec())),
            ("usr/nope/x", PathError::NotFound(b"usr/nope".to_vec())),
            ("usr/file/x", PathError::NotADirectory(b"usr/file".to_vec())),
            (
                "usr/file/..",
                PathError::NotADirectory(b"usr/file".to_vec()),
            ),
            ("loop", PathError::TooManyLinks),
            ("dangling", PathError::NotFound(b"no".to_vec())),
            ("out", PathError::NotFound(b"etc".to_vec())),
        ] {
            assert_eq!(tree.resolve(path.as_bytes()), Err(want), "{path}");
        }
    }

    #[test]
    fn last_names() {
        let tree = sample();
        let long = vec![b'n'; NAME_MAX + 1];
        for (path, want) in [
            (&b"usr/x"[..], Ok(&b"x"[..])),
            (b"lib/x/", Ok(b"x")),
            (b"/", Err(PathError::NoName)),
            (b"usr/..", Err(PathError::NoName)),
            (b"a\0b", Err(PathError::Nul)),
            (&long, Err(PathError::NameTooLong(256))),
        ] {
            assert_eq!(tree.resolve_parent(path).map(|(_, name)| name), want);
        }
    }

    #[test]
    fn directories_are_made_through_links() {
        let mut tree = sample();
        let id = tree.make_directories(b"lib/new/er", META).unwrap();
        assert_eq!(tree.path_of(id).unwrap(), b"/usr/lib/new/er");
        let id = tree.make_directories(b"dangling", META).unwrap();
        assert_eq!(tree.path_of(id).unwrap(), b"/no/such");
        assert_eq!(
            tree.make_directories(b"usr/file", META),
            Err(PathError::NotADirectory(b"usr/file".to_vec()))
        );
    }
}
