//! One module on a tree: it fails in one line, or leaves a tree that holds together.

use std::io;
use std::sync::{Arc, Mutex};

use fsgen::{ReadAt, Timestamp, Tree, WriteAt};
use modules::value::{Key, Map, Span, Value};
use modules::{Cfg, Host, Spool};

use crate::tar::check;

/// The time of all steps.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1);

/// Runs a module with options on a tree.
pub(crate) fn run(
    name: &str,
    options: impl IntoIterator<Item = (&'static str, Value)>,
    tree: &mut Tree,
    host: &dyn Host,
) {
    let module = modules::find(name).unwrap();
    let recipe = Arc::new(map(options));
    let cfg = Cfg::new(&recipe, module.keys, None, Span::default()).unwrap();
    let outcome = (module.check)(&cfg, host)
        .map_err(|error| error.to_string())
        .and_then(|()| {
            let run = modules::run(tree, module.name, host, NOW, |root| {
                (module.modify)(module.name, root, &cfg)
            });
            run.map_err(|error| error.to_string())
        });
    if let Err(message) = outcome {
        assert!(!message.contains('\n'), "{message}");
    }
    check(tree);
}

/// Returns a mapping as the recipe has it.
pub(crate) fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Map {
    let mut map = Map::new();
    for (name, value) in entries {
        let key = Key {
            name: name.to_owned(),
            span: Span::default(),
        };
        map.insert(key, value).unwrap();
    }
    map
}

/// A list of one text.
pub(crate) fn list(text: &str) -> Value {
    Value::from(vec![Value::from(text)])
}

/// Cuts an input into parts, with `%%` on a line of its own between them.
pub(crate) fn parts(input: &[u8]) -> Vec<&[u8]> {
    const BETWEEN: &[u8] = b"%%\n";
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut rest = input;
    while let Some(at) = rest.windows(3).position(|bytes| bytes == BETWEEN) {
        parts.push(&rest[..at]);
        rest = &rest[at + 3..];
    }
    parts.push(rest);
    parts
}

/// A file in memory.
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl ReadAt for Bytes {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = at.checked_add(buf.len());
        let found = end.and_then(|end| self.0.get(at..end));
        buf.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn name(&self) -> String {
        "memory".to_owned()
    }
}

/// Returns a file in memory as a host opens it.
pub(crate) fn open(bytes: &[u8]) -> (Arc<dyn ReadAt>, u64) {
    (Arc::new(Bytes(bytes.to_vec())), bytes.len() as u64)
}

/// A spool in memory.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Vec<u8>>);

impl ReadAt for Memory {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        Bytes(self.0.lock().unwrap().clone()).read_exact_at(buf, offset)
    }

    fn name(&self) -> String {
        "spool".to_owned()
    }
}

impl WriteAt for Memory {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap();
        let mut bytes = self.0.lock().unwrap();
        let end = at + buf.len();
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[at..end].copy_from_slice(buf);
        Ok(())
    }
}

impl Spool for Memory {}
