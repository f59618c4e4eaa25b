//! Options that are a text of the recipe, or `{source: FILE}` for a file of its folder.

use serde::{Deserialize, Deserializer};

use crate::option::{OptionDoc, Shape};
use crate::shorthand::{FromText, Shorthand};
use crate::value::{Spanned, ValueError};
use crate::{Error, Host, Root};

/// The largest file that is taken, in bytes: these are settings, keys and certificates.
const LIMIT: u64 = 16 << 20;

/// A text, or where it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    #[serde(deserialize_with = "some")]
    source: Option<Spanned<String>>,
    #[serde(skip)]
    text: String,
}

/// A text as recipes have it, with its place.
pub(crate) type Given = Spanned<Shorthand<Content>>;

/// How options describe it.
pub(crate) const GIVEN: Shape = Shape::AnyOf(&[
    Shape::Text,
    Shape::Map(&[OptionDoc::required(
        "source",
        Shape::Text,
        "the file that has the text, from the folder of build.yaml",
    )]),
]);

fn some<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Spanned<String>>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

impl FromText for Content {
    const EXPECTED: &'static str = "a text, or a mapping with `source`";

    fn from_text(text: &str) -> Self {
        Self {
            source: None,
            text: text.to_owned(),
        }
    }
}

/// Returns the bytes before there is an image; a host file that cannot be had is an error.
pub(crate) fn load(given: &Given, host: &dyn Host) -> Result<Vec<u8>, ValueError> {
    let Some(source) = &given.0.source else {
        return Ok(given.0.text.clone().into_bytes());
    };
    let failed = |cause| source.error(format!("{}: {cause}", **source));
    let (file, len) = host.open(source).map_err(failed)?;
    let size = usize::try_from(len).ok().filter(|_| len <= LIMIT);
    let size = size.ok_or_else(|| {
        let message = format!("{} has {len} bytes; at most {LIMIT} are allowed", **source);
        source.error(message)
    })?;
    let mut bytes = vec![0; size];
    file.read_exact_at(&mut bytes, 0).map_err(failed)?;
    Ok(bytes)
}

/// Returns the same bytes once a module is at work.
pub(crate) fn read(given: &Given, root: &Root<'_>) -> Result<Vec<u8>, Error> {
    match &given.0.source {
        None => Ok(given.0.text.clone().into_bytes()),
        Some(source) => root
            .read_host(source)
            .map_err(crate::error::at(source.span)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Files, value};
    use crate::value::Value;

    #[test]
    fn texts_and_files() {
        let host = Files([("a.txt", b"from a\n".to_vec())].into());
        for (value, want) in [
            (value!("text"), Ok("text")),
            (value!(""), Ok("")),
            (value!({"source": "a.txt"}), Ok("from a\n")),
            (value!({"source": "b.txt"}), Err("b.txt: entity not found")),
            (value!({}), Err("the key `source` is missing")),
            (value!({"text": "a"}), Err("unknown key `text`")),
            (
                value!(7_i64),
                Err("expected a text, or a mapping with `source`, found the number 7"),
            ),
        ] {
            let given = Value::decode::<Given>(&value);
            let found = given.and_then(|given| load(&given, &host));
            let found = found.map(|bytes| String::from_utf8(bytes).unwrap());
            let found = found.map_err(|error| error.to_string());
            assert_eq!(found.as_deref().map_err(|e| &**e), want);
        }
    }
}
