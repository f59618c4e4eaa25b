//! What the tests of this crate share: images from tables, options, and a step to run.

pub(crate) mod distributions;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, LazyLock};

use fsgen::tree::layer::Change;
use fsgen::{Content, Kind, Meta, ReadAt, Timestamp, Tree};

use crate::value::{Key, Map, Span, Value};
use crate::{Cfg, Companion, Error, Host, Partition, Root, Warning};

/// When everything in a test image was made.
pub(crate) const THEN: Timestamp = Timestamp::from_secs(5);

/// When modules run: the tenth day after 1970 began.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(10 * 86_400 + 1);

/// Makes a [`Value`] the way JSON would be written.
macro_rules! value {
    ({ $($key:literal: $value:tt),* $(,)? }) => {
        $crate::kit::map([$(($key, value!($value))),*])
    };
    ([ $($value:tt),* $(,)? ]) => {
        $crate::value::Value::from(vec![$(value!($value)),*] as Vec<$crate::value::Value>)
    };
    ($value:expr) => { $crate::value::Value::from($value) };
}
pub(crate) use value;

pub(crate) fn map<const N: usize>(keys: [(&str, Value); N]) -> Value {
    let mut map = Map::new();
    for (name, value) in keys {
        let key = Key {
            name: name.to_owned(),
            span: Span::default(),
        };
        map.insert(key, value).unwrap();
    }
    map.into()
}

/// Host files in memory.
#[derive(Default)]
pub(crate) struct Files(pub(crate) BTreeMap<&'static str, Vec<u8>>);

struct Bytes(Vec<u8>);

impl ReadAt for Bytes {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap();
        buf.copy_from_slice(&self.0[at..at + buf.len()]);
        Ok(())
    }

    fn name(&self) -> String {
        "memory".to_owned()
    }
}

/// The disk that all test images are for: a partition for firmware, the root, and swap.
static DISK: LazyLock<[Partition; 3]> = LazyLock::new(|| {
    let text = |text: &str| Some(text.to_owned());
    let partition = |number, kind: &str, mount, filesystem: &str, label, uuid: &str| Partition {
        number,
        mount,
        kind: text(kind),
        filesystem: text(filesystem),
        label,
        uuid: text(uuid),
        partuuid: text(&format!("11111111-0000-4000-8000-00000000000{number}")),
    };
    let root = "22222222-0000-4000-8000-000000000002";
    let swap = "22222222-0000-4000-8000-000000000003";
    [
        partition(1, "esp", text("/boot/efi"), "vfat", None, "1A2B-3C4D"),
        partition(2, "root", text("/"), "ext4", text("root"), root),
        partition(3, "swap", None, "swap", None, swap),
    ]
});

impl Host for Files {
    fn partitions(&self) -> &[Partition] {
        &*DISK
    }

    fn open(&self, path: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        let bytes = self.0.get(path).ok_or(io::ErrorKind::NotFound)?.clone();
        let len = bytes.len() as u64;
        Ok((Arc::new(Bytes(bytes)), len))
    }
}

/// Makes an image of files that belong to root. A path that ends in `/` is a directory, one that
/// ends in `@` a link to the text.
pub(crate) fn image(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new(Meta::root(0o755, THEN));
    let host = Files::default();
    let mut root = Root::new(&mut tree, &host, THEN);
    for (path, text) in files {
        if let Some((parent, _)) = path.trim_end_matches('/').rsplit_once('/') {
            root.mkdir_all(parent, 0o755).unwrap();
        }
        if path.ends_with('/') {
            root.mkdir_all(path, 0o755).unwrap();
        } else if let Some(path) = path.strip_suffix('@') {
            root.symlink(text, path, false).unwrap();
        } else {
            root.write(path, text).unwrap();
        }
    }
    tree
}

/// Makes the image in the way of a distribution.
pub(crate) fn distribution(name: &str) -> Tree {
    image(&distributions::files(name))
}

/// In tables of tests a warning is its text.
impl<T: AsRef<str>> PartialEq<T> for Warning {
    fn eq(&self, text: &T) -> bool {
        self.message == text.as_ref()
    }
}

/// Returns the texts of warnings.
pub(crate) fn texts(warnings: &[Warning]) -> Vec<String> {
    warnings.iter().map(Warning::to_string).collect()
}

/// What a step did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) changes: Vec<Change>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) notes: Vec<String>,
    pub(crate) companions: Vec<Companion>,
}

/// Runs a built-in as the only step of a recipe.
pub(crate) fn step(tree: &mut Tree, module: &str, recipe: &Value) -> Result<Outcome, Error> {
    step_with(tree, module, recipe, &Files::default())
}

pub(crate) fn step_with(
    tree: &mut Tree,
    module: &str,
    recipe: &Value,
    host: &Files,
) -> Result<Outcome, Error> {
    let module = crate::find(module).unwrap();
    let cfg = Cfg::new(
        &Arc::new(recipe.as_map().unwrap().clone()),
        module.keys,
        None,
        Span::default(),
    )?;
    (module.check)(&cfg, host)?;
    let told = crate::run(tree, module.name, host, NOW, |root| {
        (module.modify)(module.name, root, &cfg)
    })?;
    Ok(Outcome {
        changes: tree.layers().last().unwrap().changes.clone(),
        warnings: told.warnings,
        notes: told.notes,
        companions: told.companions,
    })
}

pub(crate) fn read(tree: &Tree, path: &str) -> String {
    let id = tree.resolve(path.as_bytes()).unwrap();
    let Kind::File(content) = &tree.node(id).kind else {
        panic!("{path} is a {}", tree.node(id).kind.noun());
    };
    String::from_utf8(content.read(tree, 1 << 20).unwrap()).unwrap()
}

/// Shows what is below a directory as `mode owner:group path` with the target of a link.
pub(crate) fn show(tree: &mut Tree, path: &str) -> Vec<String> {
    let host = Files::default();
    let root = Root::new(tree, &host, NOW);
    let mut paths = vec![path.as_bytes().to_vec()];
    if root.is_dir(path) && !root.is_link(path) {
        paths.extend(root.walk(path).unwrap());
    }
    let line = |path: &Vec<u8>| {
        let node = root.lstat(path).unwrap();
        let Meta { mode, uid, gid, .. } = node.meta;
        let path = path.escape_ascii();
        match &node.kind {
            Kind::Symlink(to) => format!("{mode:04o} {uid}:{gid} {path} -> {}", to.escape_ascii()),
            _ => format!("{mode:04o} {uid}:{gid} {path}"),
        }
    };
    paths.iter().map(line).collect()
}

/// Returns a file of bytes, for calls on the tree itself.
pub(crate) fn content(bytes: &[u8]) -> Content {
    Content::bytes(bytes)
}

/// Runs a built-in twice on an image of files: the first run changes something, the second
/// nothing. Returns the tree, and what the first one did.
pub(crate) fn twice(
    files: &[(&str, &str)],
    module: &str,
    recipe: &Value,
) -> Result<(Tree, Outcome), String> {
    let mut tree = image(files);
    let first = step(&mut tree, module, recipe).map_err(|error| error.to_string())?;
    assert_ne!(first.changes, [], "{recipe:?}");
    let second = step(&mut tree, module, recipe).unwrap();
    assert_eq!(second.changes, [], "the second time: {recipe:?}");
    Ok((tree, first))
}

/// Returns why a built-in does not work on an image of files.
pub(crate) fn refusal(files: &[(&str, &str)], module: &str, recipe: &Value) -> String {
    twice(files, module, recipe).err().expect("a refusal")
}
