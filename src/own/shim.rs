//! The Python that runs for a Python module, as one text for `python3 -c`.
//!
//! `shim/boot.py` says what it does. The other files in `shim/` are imported from their texts, when
//! they are needed; the methods of `root` are made from the table of operations.

use std::sync::LazyLock;

use modules::api::{OPERATIONS, Operation, Type};
use serde_json::{Map, Value, json};

const BOOT: &str = include_str!("shim/boot.py");
const PARTS: &[(&str, &str)] = &[
    ("channel", include_str!("shim/channel.py")),
    ("describe", include_str!("shim/describe.py")),
    ("failure", include_str!("shim/failure.py")),
    ("files", include_str!("shim/files.py")),
    ("functions", include_str!("shim/functions.py")),
    ("guard", include_str!("shim/guard.py")),
    ("inode", include_str!("shim/inode.py")),
    ("library", include_str!("shim/library.py")),
    ("paths", include_str!("shim/paths.py")),
    ("root", include_str!("shim/root.py")),
    ("run", include_str!("shim/run.py")),
    ("stream", include_str!("shim/stream.py")),
    ("tree", include_str!("shim/tree.py")),
    ("values", include_str!("shim/values.py")),
];

/// Returns the text.
pub(super) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let parts = PARTS.iter().copied();
        let mut parts: Map<_, _> = parts
            .map(|(name, text)| (name.into(), text.into()))
            .collect();
        let operations = Value::from_iter(OPERATIONS.iter().map(row));
        parts.insert("operations".into(), format!("ROWS = {operations}\n").into());
        // Lists, mappings and texts in JSON are the same in Python.
        format!("SOURCES = {}\n{BOOT}", Value::from(parts))
    });
    &TEXT
}

/// Returns what Python needs to know of an operation to make a method of it.
fn row(operation: &Operation) -> Value {
    let names = operation.parameters.iter().map(|parameter| parameter.name);
    let paths = operation.parameters.iter();
    let paths = paths.filter(|parameter| parameter.kind == Type::Path);
    json!({
        "name": operation.name,
        "help": format!("{operation}: {}", operation.summary),
        "parameters": names.collect::<Vec<_>>(),
        "paths": paths.map(|parameter| parameter.name).collect::<Vec<_>>(),
        "returns": if operation.returns == Type::Bytes { "bytes" } else { "" },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest argument of a program on Linux: `MAX_ARG_STRLEN`, with the NUL at its end.
    const LONGEST_ARGUMENT: usize = 128 << 10;

    #[test]
    fn fits_into_an_argument() {
        assert!(text().len() < LONGEST_ARGUMENT, "{}", text().len());
        assert!(text().is_ascii(), "it is read before the locale is known");
    }
}
