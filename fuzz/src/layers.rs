//! Layers with whiteouts, one on the other: what the last one makes of what is below.
//!
//! Names are few, so that they meet: a file where a directory was, what was taken away and made
//! again, links into what is below.

use std::fs;

use fsgen::{Kind, NodeId, Tree};
use hsb::source::{self, Input, Limits, Source};

use crate::Target;
use crate::input::Choices;
use crate::tar::{check, mend_checksums, of_kind};

pub(crate) const TARGET: Target = Target {
    name: "layers",
    promise: "layers become a tree that holds together, and the last one twice is as good as once",
    run,
    rounds: 500,
};

const NAMES: [&str; 12] = [
    "a",
    "b",
    "c",
    "d",
    ".wh.a",
    ".wh.b",
    ".wh.c",
    ".wh..wh..opq",
    ".wh.",
    ".wh..wh.plnk",
    "..",
    ".",
];
/// The most members of a layer.
const MEMBERS: usize = 12;

fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let folder = tempfile::tempdir().unwrap();
    let count = 2 + choices.size_up_to(1);
    let mut sources = Vec::new();
    for number in 1..=count {
        let path = folder.path().join(number.to_string());
        let layer = layer(&mut choices, number == count);
        fs::write(&path, layer).unwrap();
        sources.push(Source::from(Input::Path(path)));
    }
    let Some(once) = load(&sources) else {
        return;
    };
    check(&once);
    sources.extend(sources.last().cloned());
    let twice = load(&sources).unwrap();
    assert_eq!(listing(&once), listing(&twice));
}

fn load(sources: &[Source]) -> Option<Tree> {
    let folder = std::env::temp_dir();
    let options = source::Options {
        spool_dir: &folder,
        source_date_epoch: None,
        cache: None,
        limits: Limits::default(),
        lenient: false,
        progress: &|_| {},
    };
    match source::load(sources, &options) {
        Ok(loaded) => Some(loaded.tree),
        Err(error) => {
            let message = format!("{error:#}");
            assert!(!message.contains('\n') && message.len() < 2000, "{message}");
            None
        }
    }
}

/// Returns an archive of some members. The last layer has each path once, parents first, and no links:
/// else what a path leads to depends on what is below.
fn layer(choices: &mut Choices<'_>, is_last: bool) -> Vec<u8> {
    let mut members = Vec::new();
    for _ in 0..choices.size_up_to(MEMBERS) {
        let mut path = path(choices);
        if is_last {
            let names = path.split('/').filter(|name| *name != ".");
            path = names.collect::<Vec<_>>().join("/");
        }
        let (kind, target) = match choices.up_to(if is_last { 3 } else { 5 }) {
            0 | 1 => (b'0', String::new()),
            2 | 3 => (b'5', String::new()),
            4 => (b'2', self::path(choices)),
            _ => (b'1', self::path(choices)),
        };
        let content: &[u8] = match kind {
            b'0' => &[b'x'; 3][..choices.size_up_to(3)],
            _ => &[],
        };
        members.push((path, of_kind(kind, "", &target, content)));
    }
    if is_last {
        members.sort();
        members.dedup_by(|a, b| a.0 == b.0);
    }
    let mut bytes = Vec::new();
    for (path, mut member) in members {
        member[..path.len()].copy_from_slice(path.as_bytes());
        mend_checksums(&mut member);
        bytes.extend(member);
    }
    bytes.extend([0; 1024]);
    bytes
}

fn path(choices: &mut Choices<'_>) -> String {
    let names: Vec<_> = (0..=choices.up_to(2))
        .map(|_| choices.one(&NAMES))
        .collect();
    names.join("/")
}

/// Returns a line for each name, with all that can be told apart.
fn listing(tree: &Tree) -> Vec<String> {
    let mut lines = Vec::new();
    let mut first = vec![None; tree.node_count()];
    let mut todo = vec![(String::new(), Tree::ROOT)];
    while let Some((path, id)) = todo.pop() {
        lines.push(line(tree, &path, id, &mut first));
        if tree.is_directory(id) {
            let entries: Vec<_> = tree.entries(id).collect();
            todo.extend(entries.into_iter().rev().map(|(name, id)| {
                let name = String::from_utf8_lossy(name);
                (format!("{path}/{name}"), id)
            }));
        }
    }
    lines
}

fn line(tree: &Tree, path: &str, id: NodeId, first: &mut [Option<String>]) -> String {
    let same = first[id.index()].get_or_insert_with(|| path.to_owned());
    let node = tree.node(id);
    let what = match &node.kind {
        Kind::Directory(_) => "directory".to_owned(),
        Kind::File(content) => format!("file of {}", content.len()),
        Kind::Symlink(target) => format!("link to {}", target.escape_ascii()),
        _ => "special".to_owned(),
    };
    format!("{path} ({same}) {what} {:o}", node.meta.mode)
}
