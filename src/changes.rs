//! What steps did, path by path: for `hsb plan`, its `--why` and `--show`, and the report.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use anyhow::{Context as _, Result, bail};
use fsgen::tree::content::Content;
use fsgen::tree::layer::{Change, ChangeKind};
use fsgen::{Kind, Node, Tree};
use similar::TextDiff;

use crate::reader::name::shown;
use crate::report;

/// The largest file whose text is shown or compared, in bytes.
const LONGEST_TEXT: u64 = 1 << 20;

/// Returns a change as the report has it.
pub(crate) fn describe(change: &Change) -> report::Change {
    let (before, after) = (change.before.as_ref(), change.after.as_ref());
    let node = after.or(before);
    let meta = node.map(|node| node.meta);
    report::Change {
        change: match change.kind {
            ChangeKind::Added => "added",
            ChangeKind::Changed => "changed",
            ChangeKind::Removed => "removed",
        },
        path: shown(&change.path),
        kind: node.map_or("", |node| node.kind.noun()),
        bytes: node.and_then(content).map(Content::len),
        mode: meta
            .map(|meta| format!("{:04o}", meta.mode))
            .unwrap_or_default(),
        uid: meta.map_or(0, |meta| meta.uid),
        gid: meta.map_or(0, |meta| meta.gid),
        differs: match (before, after) {
            (Some(before), Some(after)) => differences(before, after),
            _ => Vec::new(),
        },
    }
}

/// Names what of a node is another than before.
fn differences(before: &Node, after: &Node) -> Vec<&'static str> {
    [
        ("content", before.kind != after.kind),
        ("mode", before.meta.mode != after.meta.mode),
        (
            "owner",
            (before.meta.uid, before.meta.gid) != (after.meta.uid, after.meta.gid),
        ),
        ("attributes", before.xattrs != after.xattrs),
        ("time", before.meta.mtime != after.meta.mtime),
    ]
    .into_iter()
    .filter_map(|(what, differs)| differs.then_some(what))
    .collect()
}

fn content(node: &Node) -> Option<&Content> {
    match &node.kind {
        Kind::File(content) => Some(content),
        _ => None,
    }
}

/// What each path's content was last written by: finds steps that undo what others did.
#[derive(Default)]
pub(crate) struct Writers(BTreeMap<Vec<u8>, Rc<str>>);

impl Writers {
    /// Notes what a step wrote. Returns a warning for each path where nothing is left of what an
    /// earlier step wrote, and one for each directory that is gone with such paths: an edit that
    /// keeps some of its lines is none. What the last step wrote need not be noted.
    pub(crate) fn note(
        &mut self,
        step: &str,
        changes: &[Change],
        tree: &Tree,
        is_last: bool,
    ) -> Vec<String> {
        let own: Rc<str> = step.into();
        let mut undone: BTreeMap<(&[u8], Rc<str>), Vec<&Change>> = BTreeMap::new();
        let mut gone: BTreeSet<&[u8]> = BTreeSet::new();
        for change in changes {
            let writes = match (&change.before, &change.after) {
                (_, None) => true,
                (None, Some(after)) => !matches!(after.kind, Kind::Directory(_)),
                (Some(before), Some(after)) => before.kind != after.kind,
            };
            if !writes {
                continue;
            }
            if change.after.is_none() {
                gone.insert(&change.path);
            }
            let writer = match is_last {
                true => self.0.remove(&change.path),
                false => self.0.insert(change.path.clone(), own.clone()),
            };
            if let Some(writer) = writer.filter(|_| !keeps_lines(change, tree)) {
                let top = top_of(&gone, &change.path);
                undone.entry((top, writer)).or_default().push(change);
            }
        }
        let warning = |((top, writer), changes): ((&[u8], Rc<str>), Vec<&Change>)| {
            let (path, did) = match changes[..] {
                [Change { path, after, .. }] => (&path[..], after.as_ref()),
                _ => (top, None),
            };
            let did = did.map_or("removes", |_| "overwrites");
            let path = shown(path);
            match changes.len() {
                1 => format!("step {step} {did} {path}, which step {writer} wrote"),
                paths => {
                    format!("step {step} {did} {path} with {paths} paths that step {writer} wrote")
                }
            }
        };
        undone.into_iter().map(warning).collect()
    }
}

/// Returns the topmost directory above a path that is gone, or the path itself.
fn top_of<'c>(gone: &BTreeSet<&'c [u8]>, path: &'c [u8]) -> &'c [u8] {
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    let mut above = slashes.map(|(at, _)| &path[..at]);
    above
        .find_map(|above| gone.get(above).copied())
        .unwrap_or(path)
}

/// Returns whether a text still has a line that it had before.
fn keeps_lines(change: &Change, tree: &Tree) -> bool {
    let text = |node: &Option<Node>| text_of(node.as_ref()?, tree);
    let (Some(before), Some(after)) = (text(&change.before), text(&change.after)) else {
        return false;
    };
    let mut lines = before.lines().filter(|line| !line.trim().is_empty());
    lines.any(|line| after.lines().any(|other| other == line))
}

/// Returns the text of a file, if it is one and not too long.
fn text_of(node: &Node, tree: &Tree) -> Option<String> {
    let bytes = content(node)?.read(tree, LONGEST_TEXT).ok()?;
    String::from_utf8(bytes).ok()
}

/// Says which steps changed a path, the last one last.
pub(crate) fn why(tree: &Tree, path: &[u8]) -> Result<String> {
    let path = absolute(tree, path);
    let mut said = String::new();
    for (number, layer) in (1..).zip(tree.layers()) {
        if let Ok(at) = layer.changes.binary_search_by(|c| c.path.cmp(&path)) {
            let change = describe(&layer.changes[at]);
            said += &format!("step {number} {} {change}\n", layer.label);
        }
    }
    if !said.is_empty() {
        return Ok(said);
    }
    let shown = shown(&path);
    match tree.resolve_link(&path) {
        Ok(_) => Ok(format!(
            "{shown} is as the source has it; no step changed it\n"
        )),
        Err(error) => bail!("{shown}: {error}"),
    }
}

/// Returns the text of a file as it will be in the image, or what a step changed in it.
pub(crate) fn show(tree: &Tree, path: &[u8], step: Option<usize>) -> Result<String> {
    let path = absolute(tree, path);
    let shown = shown(&path);
    let Some(step) = step else {
        let id = tree.resolve(&path).with_context(|| shown.clone())?;
        return text_of(tree.node(id), tree)
            .with_context(|| format!("{shown}: is no text of at most {LONGEST_TEXT} bytes"));
    };
    let layers = tree.layers();
    let layer = step.checked_sub(1).and_then(|step| layers.get(step));
    let layer =
        layer.with_context(|| format!("there is no step {step}; there are {}", layers.len()))?;
    let Ok(at) = layer.changes.binary_search_by(|c| c.path.cmp(&path)) else {
        bail!("step {step} {} did not change {shown}", layer.label);
    };
    let change = &layer.changes[at];
    let text = |node: Option<&Node>| match node {
        None => Some(String::new()),
        Some(node) => text_of(node, tree),
    };
    let (Some(before), Some(after)) = (text(change.before.as_ref()), text(change.after.as_ref()))
    else {
        return Ok(format!(
            "step {step} {} {}\n",
            layer.label,
            describe(change)
        ));
    };
    let diff = TextDiff::from_lines(&before, &after);
    let mut diff = diff.unified_diff();
    Ok(diff
        .header(
            &format!("before step {step}"),
            &format!("after step {step}"),
        )
        .to_string())
}

/// Returns a path as changes have it: absolute, and through no link but at its end.
fn absolute(tree: &Tree, path: &[u8]) -> Vec<u8> {
    let names = path.split(|byte| *byte == b'/');
    let names = names.filter(|name| !matches!(*name, b"" | b"."));
    let written = names.fold(Vec::new(), |path, name| [&path, &b"/"[..], name].concat());
    let found = tree.resolve_link(&written).ok();
    found.and_then(|id| tree.path_of(id)).unwrap_or(written)
}
