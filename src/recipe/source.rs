//! `source:` of a recipe: a name, a mapping that says more about it, or a list of those.

use std::path::Path;
use std::str::FromStr;

use modules::value::{Data, Map, Spanned, Value, ValueError};
use serde::Deserialize;

use crate::source::{Digest, Filter, Input, Source, Which};

/// The keys of a source, as the recipe gives them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Entry {
    from: Option<Spanned<String>>,
    path: Option<Spanned<String>>,
    strip: u32,
    include: Vec<Spanned<String>>,
    exclude: Vec<Spanned<String>>,
    owner: Option<Spanned<String>>,
    owners: Option<String>,
    tag: Option<String>,
    platform: Option<Spanned<String>>,
    partition: Option<Which>,
    sha256: Option<Spanned<String>>,
    trust: bool,
}

/// Reads `source:`, whose paths are relative to `folder`; what is wrong goes into `problems`.
pub(super) fn read(
    keys: &Map,
    folder: &Path,
    problems: &mut Vec<ValueError>,
) -> Vec<Spanned<Source>> {
    let Some(value) = keys.get("source") else {
        return Vec::new();
    };
    let items = match value.as_list() {
        Some([]) => {
            problems.push(ValueError::new(value.span, "a list of no sources"));
            return Vec::new();
        }
        Some(items) => items,
        None => std::slice::from_ref(value),
    };
    let mut sources = Vec::new();
    for item in items {
        match source(item, folder) {
            Ok(source) => sources.push(source),
            Err(error) => problems.push(error),
        }
    }
    sources
}

fn source(value: &Value, folder: &Path) -> Result<Spanned<Source>, ValueError> {
    let entry = match &value.data {
        Data::String(text) => Entry {
            from: Some(Spanned {
                value: text.clone(),
                span: value.span,
            }),
            ..Entry::default()
        },
        Data::Map(_) => value.decode::<Entry>()?,
        _ => return Err(value.mismatch("a source, or a list of sources")),
    };
    let Some(from) = &entry.from else {
        let error = ValueError::new(value.span, "a source needs `from`");
        return Err(error.help("name the tarball or folder that it is"));
    };
    if from.is_empty() {
        let error = from.error("the source is empty");
        return Err(error.help("name a tarball or a folder"));
    }
    let owner = entry.owner.as_ref().map(parse).transpose()?;
    let filter = Filter {
        include: entry.include.iter().map(parse).collect::<Result<_, _>>()?,
        exclude: entry.exclude.iter().map(parse).collect::<Result<_, _>>()?,
    };
    let source = Source {
        from: Input::parse(Path::new(&from.value), folder)
            .map_err(|wrong| from.error(format!("`{}` {wrong}", from.value)))?,
        path: path(entry.path.as_ref())?,
        strip: entry.strip,
        filter,
        owner,
        owners: entry.owners.map(|list| folder.join(list)),
        tag: entry.tag,
        platform: entry.platform.as_ref().map(parse).transpose()?,
        partition: entry.partition,
        digest: entry.sha256.as_ref().map(digest).transpose()?,
        trust: entry.trust,
    };
    let span = from.span;
    Ok(Spanned {
        value: source,
        span,
    })
}

/// Reads a text whose type says what is wrong with it.
fn parse<T: FromStr<Err = &'static str>>(text: &Spanned<String>) -> Result<T, ValueError> {
    let parsed = text.parse();
    parsed.map_err(|wrong| text.error(format!("`{}` {wrong}", text.value)))
}

/// Reads `sha256:`, whose algorithm is in the key.
fn digest(text: &Spanned<String>) -> Result<Digest, ValueError> {
    let digest = format!("sha256:{}", text.value.trim_start_matches("sha256:"));
    let digest = digest.parse();
    digest.map_err(|wrong: &str| text.error(format!("`{}` {wrong}", text.value)))
}

/// Checks `path:`, the directory of the image that the source goes to.
fn path(path: Option<&Spanned<String>>) -> Result<String, ValueError> {
    let Some(path) = path else {
        return Ok(String::new());
    };
    if !path.starts_with('/') || path.split('/').any(|name| name == "..") {
        let error = path.error("the path in the image has to be absolute and without `..`");
        return Err(error.help("`from:` is what to read, `path:` where it goes, such as /opt/app"));
    }
    Ok(path.value.clone())
}
