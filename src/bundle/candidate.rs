//! The kernels in a tree, by the names that distributions give them.

use std::cmp::Ordering;

use anyhow::{Context as _, Result, anyhow, bail};
use fsgen::tree::path::PathError;
use fsgen::{Kind, NodeId, Tree};
use modules::value::{Spanned, ValueError};

use super::{kernel, version};

/// What kernels are called in /boot, before a dash and their version; the first ones win where one
/// version has several. Images of `vmlinux` are for debuggers where there is a `vmlinuz`.
const NAMES: [&str; 8] = [
    "vmlinuz", "bzImage", "zImage", "Image", "image", "kernel", "Image.gz", "vmlinux",
];

/// Endings of what lies beside kernels and is none: checksums, backups, copies for debuggers.
const NOT_KERNELS: [&str; 25] = [
    "~",
    ".old",
    ".orig",
    ".bak",
    ".hmac",
    ".sig",
    ".asc",
    ".signed",
    ".md5",
    ".sha1",
    ".sha256",
    ".sha384",
    ".sha512",
    ".gz",
    ".xz",
    ".zst",
    ".bz2",
    ".rpmsave",
    ".rpmnew",
    ".rpmorig",
    ".dpkg-new",
    ".dpkg-tmp",
    ".dpkg-old",
    ".dpkg-dist",
    ".dpkg-bak",
];

/// Parts of names of kernels that are not meant for everyday use.
const SPECIAL: [&[u8]; 3] = [b"rescue", b"debug", b"kdump"];

/// Where modules are, and with some distributions their kernel.
const MODULES: [&str; 2] = ["/usr/lib/modules", "/lib/modules"];

/// What may be a kernel.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    folder: Vec<u8>,
    name: Vec<u8>,
    /// What is behind the dash; that of a folder of modules is the folder's name.
    pub suffix: Option<Vec<u8>>,
    /// Its place in [`NAMES`].
    rank: usize,
    /// The version that its first bytes tell.
    told: Option<String>,
    /// The file, or why a link does not lead to one.
    found: Result<NodeId, PathError>,
}

impl Candidate {
    fn new(tree: &Tree, folder: &[u8], name: &[u8], suffix: Option<&[u8]>, rank: usize) -> Self {
        let mut candidate = Self {
            folder: folder.to_vec(),
            name: name.to_vec(),
            suffix: suffix.map(<[u8]>::to_vec),
            rank,
            told: None,
            found: Ok(Tree::ROOT),
        };
        candidate.found = tree.resolve(&candidate.path());
        candidate.told = candidate.found.as_ref().ok().and_then(|node| {
            let content = super::file(tree, *node).ok()?;
            kernel::version(&kernel::head(content, tree).ok()?)
        });
        candidate.told = candidate.told.or_else(|| by_modules(tree, suffix?));
        candidate
    }

    fn path(&self) -> Vec<u8> {
        let folder = self.folder.strip_suffix(b"/").unwrap_or(&self.folder);
        [folder, b"/", &self.name].concat()
    }

    /// Returns its path as messages show it.
    pub(super) fn shown(&self) -> String {
        self.path().escape_ascii().to_string()
    }

    /// Returns whether it, or the folder that it is in, is a link.
    fn is_link(&self, tree: &Tree) -> bool {
        let is_link = |path: &[u8]| {
            let found = tree.resolve_link(path).map(|id| &tree.node(id).kind);
            matches!(found, Ok(Kind::Symlink(_)))
        };
        is_link(&self.path()) || is_link(&self.folder)
    }

    /// Returns the folder that it is in.
    pub(super) fn folder(&self) -> &[u8] {
        &self.folder
    }

    /// Returns what its ramdisk may be named after: what is behind the dash, and with Arch the package
    /// that `pkgbase` beside it names.
    pub(super) fn suffixes(&self, tree: &Tree) -> Vec<Vec<u8>> {
        let mut suffixes: Vec<_> = self.suffix.iter().cloned().collect();
        let beside = [&self.folder[..], b"/pkgbase"].concat();
        let named = tree.resolve(&beside).ok();
        let content = named.and_then(|node| super::file(tree, node).ok());
        if let Some(content) = content.filter(|_| self.folder != b"/boot") {
            let text = kernel::head(content, tree).unwrap_or_default();
            suffixes.push(text.trim_ascii().to_vec());
        }
        suffixes.retain(|suffix| !suffix.is_empty());
        suffixes
    }

    /// Returns whether its name has no version, or its folder is its own.
    pub(super) fn is_alone(&self) -> bool {
        !self.name.contains(&b'-')
    }

    /// Returns what orders it: the version in its name, if one is there, else the one that it
    /// tells.
    fn order(&self) -> &[u8] {
        let suffix = self.suffix.as_deref().unwrap_or_default();
        let starts_with_digit = suffix.first().is_some_and(u8::is_ascii_digit);
        match &self.told {
            Some(told) if !starts_with_digit => told.as_bytes(),
            _ => suffix,
        }
    }

    /// Returns its version for people.
    pub(super) fn version(&self) -> String {
        self.order().escape_ascii().to_string()
    }

    /// Returns the file that it is.
    ///
    /// # Errors
    ///
    /// Fails when it is a link that leads nowhere.
    pub(super) fn node(&self, tree: &Tree) -> Result<NodeId> {
        self.found.clone().map_err(|error| {
            let target = match tree
                .resolve_link(&self.path())
                .map(|id| &tree.node(id).kind)
            {
                Ok(Kind::Symlink(target)) => format!(" to {}", target.escape_ascii()),
                _ => String::new(),
            };
            anyhow!(
                "{}: that kernel is a link{target} that leads nowhere: {error}; install it",
                self.shown()
            )
        })
    }

    /// Returns the version that it tells itself, or its modules.
    pub(super) fn told(&self) -> Option<&str> {
        self.told.as_deref()
    }

    fn is_special(&self) -> bool {
        let text = self.suffix.as_deref().unwrap_or_default();
        let holds = |word: &&[u8]| text.windows(word.len()).any(|part| part == *word);
        SPECIAL.iter().any(holds)
    }
}

/// Returns the newest kernel.
///
/// # Errors
///
/// Fails when there is none, or when two are equally new and not the same.
pub(super) fn newest(tree: &Tree) -> Result<Candidate> {
    let mut all = all(tree);
    if all.iter().any(|candidate| !candidate.is_special()) {
        all.retain(|candidate| !candidate.is_special());
    }
    let compare = |a: &Candidate, b: &Candidate| version::compare(a.order(), b.order());
    let Some(best) = all.iter().max_by(|a, b| compare(a, b)).cloned() else {
        bail!(
            "-x: no kernel in this tree: there is none of /boot/vmlinuz-*, /boot/{{{}}}, \
             /usr/lib/modules/*/vmlinuz, /vmlinuz{}; take a tree with a kernel, or leave out -x",
            NAMES.join(","),
            left_out(tree)
        );
    };
    let mut equal: Vec<_> = all
        .iter()
        .filter(|other| compare(other, &best) == Ordering::Equal)
        .collect();
    equal.sort_by_key(|candidate| (candidate.found.is_err(), candidate.rank));
    let first = equal[0];
    for other in &equal[1..] {
        // Of one version, a folder has the kernel in several forms.
        let is_form = other.folder == first.folder && other.suffix == first.suffix;
        if !is_form && other.found.is_ok() && !is_same(tree, first, other)? {
            bail!(
                "-x: two kernels of version {}, {} and {}, which differ; choose one with \
                 `boot: {{kernel: ...}}`",
                first.version(),
                first.shown(),
                other.shown()
            );
        }
    }
    Ok(first.clone())
}

/// Returns which files in /boot have a kernel's name, but an ending that kernels have not; for people.
fn left_out(tree: &Tree) -> String {
    let boot = tree.resolve(b"/boot").ok();
    let names = boot.iter().flat_map(|boot| tree.entries(*boot));
    let found: Vec<_> = names
        .filter(|(name, node)| {
            let is_file = matches!(tree.node(*node).kind, Kind::File(_));
            is_file && name.starts_with(b"vmlinu") && parse(name).is_none()
        })
        .map(|(name, _)| format!("/boot/{}", name.escape_ascii()))
        .collect();
    match &found[..] {
        [] => String::new(),
        found => format!(
            " ({} is taken only where `boot: {{kernel: ...}}` names it)",
            found.join(", ")
        ),
    }
}

/// Returns the kernel that a recipe names, by its version or path.
///
/// # Errors
///
/// Fails when there is none or more than one.
pub(super) fn named(tree: &Tree, wish: &Spanned<String>) -> Result<Candidate, ValueError> {
    let text = wish.value.as_bytes();
    let all = all(tree);
    if text.starts_with(b"/") {
        let parts = text.split(|b| *b == b'/');
        let parts = parts.filter(|part| !part.is_empty() && *part != b".");
        let path: Vec<u8> = parts.flat_map(|part| [b"/", part].concat()).collect();
        let slash = path.iter().rposition(|b| *b == b'/').unwrap_or_default();
        let (folder, name) = (&path[..slash], path.get(slash + 1..).unwrap_or_default());
        let (suffix, rank) = parse(name).unwrap_or((None, 0));
        let candidate = Candidate::new(tree, folder, name, suffix, rank);
        // A link has a version where what it leads to has one.
        let fuller = all.into_iter().find(|other| other.found == candidate.found);
        return match &candidate.found {
            Ok(_) if candidate.suffix.is_none() => Ok(fuller.unwrap_or(candidate)),
            Ok(_) => Ok(candidate),
            Err(error) => Err(wish.error(format!("no kernel {}: {error}", wish.value))),
        };
    }
    let is_meant = |candidate: &&Candidate| {
        candidate.suffix.as_deref() == Some(text) || candidate.told.as_deref() == Some(&wish.value)
    };
    let found: Vec<_> = all.iter().filter(is_meant).collect();
    let best = found.iter().min_by_key(|candidate| candidate.rank);
    match best {
        // A wish is at its line.
        Some(best) if best.found.is_err() => {
            let nowhere = best
                .node(tree)
                .map_or_else(|error| error.to_string(), |_| String::new());
            Err(wish.error(nowhere))
        }
        Some(best)
            if found
                .iter()
                .all(|other| is_same(tree, best, other).unwrap_or(false)) =>
        {
            Ok((**best).clone())
        }
        Some(_) => {
            let message = format!("{} kernels are {}", found.len(), wish.value);
            let help = format!("give the path: {}", list(found.iter().copied()));
            Err(wish.error(message).help(help))
        }
        None => {
            let error = wish.error(format!("no kernel {}", wish.value));
            Err(error.help(there_are(tree)))
        }
    }
}

/// Returns which kernels there are, for people.
pub(super) fn there_are(tree: &Tree) -> String {
    match &*list(&all(tree)) {
        "" => "there is none in /boot or /usr/lib/modules".to_owned(),
        list => format!("there are {list}"),
    }
}

fn list<'c>(candidates: impl IntoIterator<Item = &'c Candidate>) -> String {
    let shown: Vec<_> = candidates.into_iter().map(Candidate::shown).collect();
    shown.join(", ")
}

/// Returns whether two are the same file, or files with the same bytes.
fn is_same(tree: &Tree, first: &Candidate, second: &Candidate) -> Result<bool> {
    let (Ok(a), Ok(b)) = (&first.found, &second.found) else {
        return Ok(first.found == second.found);
    };
    if a == b {
        return Ok(true);
    }
    let content =
        |candidate: &Candidate, node| super::file(tree, node).with_context(|| candidate.shown());
    let (a, b) = (content(first, *a)?, content(second, *b)?);
    if a.len() != b.len() {
        return Ok(false);
    }
    let mut buffers = [vec![0; 1 << 20], vec![0; 1 << 20]];
    for at in (0..a.len()).step_by(1 << 20) {
        let len = usize::try_from(a.len() - at).map_or(1 << 20, |left| left.min(1 << 20));
        let [x, y] = &mut buffers;
        a.read_exact_at(tree, &mut x[..len], at)?;
        b.read_exact_at(tree, &mut y[..len], at)?;
        if x[..len] != y[..len] {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns the version of a kernel that its name tells the flavour of, as with Alpine: that of the only
/// modules of this flavour.
fn by_modules(tree: &Tree, flavour: &[u8]) -> Option<String> {
    let behind = [b"-", flavour].concat();
    // The second may be the first by another name.
    let mut folders: Vec<NodeId> = MODULES
        .iter()
        .filter_map(|folder| tree.resolve(folder.as_bytes()).ok())
        .collect();
    folders.dedup();
    let mut versions = folders
        .iter()
        .flat_map(|folder| tree.entries(*folder))
        .map(|(version, _)| version)
        .filter(|version| version.ends_with(&behind) && version[0].is_ascii_digit());
    match (versions.next(), versions.next()) {
        (Some(version), None) => String::from_utf8(version.to_vec()).ok(),
        _ => None,
    }
}

/// Returns all that may be a kernel, each file once under its fullest name.
fn all(tree: &Tree) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    // A link is another name of what it leads to.
    let add = |found: &mut Vec<Candidate>, mut group: Vec<Candidate>| {
        group.sort_by_key(|candidate| candidate.is_link(tree));
        found.append(&mut group);
    };
    let boot = tree.resolve(b"/boot").ok();
    let names = boot.iter().flat_map(|boot| tree.entries(*boot));
    let in_boot = names.filter_map(|(name, _)| {
        let (suffix, rank) = parse(name)?;
        Some(Candidate::new(tree, b"/boot", name, Some(suffix?), rank))
    });
    add(&mut found, in_boot.collect());
    for folder in MODULES {
        let Ok(id) = tree.resolve(folder.as_bytes()) else {
            continue;
        };
        let mut group = Vec::new();
        for (version, _) in tree.entries(id) {
            // What leads to a folder is one.
            let Ok(below) = tree.resolve(&[folder.as_bytes(), b"/", version].concat()) else {
                continue;
            };
            for (rank, name) in NAMES.iter().enumerate() {
                // `vmlinux` without anything is the one for debuggers.
                if *name == "vmlinux" || tree.lookup(below, name.as_bytes()).is_none() {
                    continue;
                }
                let folder = [folder.as_bytes(), b"/", version].concat();
                let rank = rank + NAMES.len();
                let one = Candidate::new(tree, &folder, name.as_bytes(), Some(version), rank);
                group.push(one);
            }
        }
        add(&mut found, group);
    }
    for folder in [b"/boot".as_slice(), b""] {
        let Ok(id) = tree.resolve(if folder.is_empty() { b"/" } else { folder }) else {
            continue;
        };
        for (rank, name) in NAMES.iter().enumerate() {
            let Some(node) = tree.lookup(id, name.as_bytes()) else {
                continue;
            };
            // A link that leads nowhere says by its target which version is missing.
            let suffix = match &tree.node(node).kind {
                Kind::Symlink(target) => {
                    let name = target.rsplit(|b| *b == b'/').next().unwrap_or(target);
                    parse(name).and_then(|(suffix, _)| suffix)
                }
                Kind::File(_) => None,
                _ => continue,
            };
            let rank = rank + 2 * NAMES.len();
            found.push(Candidate::new(tree, folder, name.as_bytes(), suffix, rank));
        }
    }
    let mut seen = Vec::new();
    found.retain(|candidate| match &candidate.found {
        Ok(node) if seen.contains(node) || !may_be_kernel(tree, candidate, *node) => false,
        Ok(node) => {
            seen.push(*node);
            true
        }
        Err(_) => true,
    });
    found
}

/// Returns whether a file that has a kernel's name may be one: what is called by a usual word has to
/// look like one.
fn may_be_kernel(tree: &Tree, candidate: &Candidate, node: NodeId) -> bool {
    let is_word = ["image", "Image", "kernel"]
        .iter()
        .any(|word| candidate.name.starts_with(word.as_bytes()));
    super::file(tree, node)
        .is_ok_and(|content| !is_word || kernel::recognise(content, tree).is_ok())
}

/// Returns what is behind the dash of a kernel's name, and the rank of what is before it.
fn parse(name: &[u8]) -> Option<(Option<&[u8]>, usize)> {
    let is_name = NAMES.iter().any(|known| known.as_bytes() == name);
    let mut endings = NOT_KERNELS.iter();
    if !is_name && endings.any(|ending| name.ends_with(ending.as_bytes())) {
        return None;
    }
    NAMES.iter().enumerate().find_map(|(rank, prefix)| {
        let rest = name.strip_prefix(prefix.as_bytes())?;
        match rest {
            [] => Some((None, rank)),
            [b'-', suffix @ ..] => Some((Some(suffix), rank)),
            _ => None,
        }
    })
}
