//! The text of a recipe becomes a [`Value`]: YAML 1.2, without what YAML reads in surprising ways.
//!
//! Booleans are `true` and `false`; `yes` and `on` are strings. A number with a leading zero is
//! refused: 010 is octal in YAML 1.1 and decimal in YAML 1.2. Tags of one's own, numbers beyond 64
//! bits, keys that are no strings, keys given twice and second documents are refused too.
//! Anchors, aliases and merge keys (`<<`) work; what they bring in stands where the alias does.

use std::fmt;

use modules::value::{Data, Key, Map, Span, Value, ValueError};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::{DuplicateKeyPolicy, Options};
use serde_saphyr::{Error, Location, MessageFormatter, Spanned, UserMessageFormatter};

/// Reads the one document of a text.
///
/// # Errors
///
/// Fails at the first thing that is wrong. The depth is limited, and so is what aliases may grow
/// to: a few lines of them can stand for terabytes.
pub(super) fn parse(text: &str) -> Result<Value, ValueError> {
    let mut options = Options::default();
    options.strict_booleans = true;
    options.underscored_numbers_as_strings = true;
    options.reject_unsupported_tags = true;
    options.with_snippet = false;
    // `Map` finds them, with the place of the first one and `a-b` for `a_b`.
    options.duplicate_keys = DuplicateKeyPolicy::PassThrough;
    if let Some(budget) = &mut options.budget {
        budget.max_depth = DEPTH;
        budget.max_nodes = NODES;
    }
    let node = serde_saphyr::from_str_with_options::<Spanned<Node>>(text, options);
    Reader { text }.value(node.map_err(|error| refusal(&error, text))?)
}

/// How deep lists and mappings may lie in each other. Real recipes need less than ten; a level
/// takes up to 50 KiB of stack in a build without optimisation.
const DEPTH: usize = 24;

/// How many values a recipe may have; an alias counts as all that it stands for.
const NODES: usize = 100_000;

/// A value as the parser gives it.
enum Node {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    String(String),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<Node>, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Bool(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(Node::Unsigned(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(Node::Signed(value))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
                Ok(Node::Float(value))
            }

            fn visit_str<E>(self, text: &str) -> Result<Node, E> {
                Ok(Node::String(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = access.next_element()? {
                    items.push(item);
                }
                Ok(Node::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = access.next_entry()? {
                    entries.push(entry);
                }
                Ok(Node::Map(entries))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

/// Turns nodes into values, looking back at how they were written.
struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn value(&self, node: Spanned<Node>) -> Result<Value, ValueError> {
        let mut span = span(node.referenced, self.text);
        let written = written(node.defined, self.text);
        let data = match node.value {
            Node::Null => Data::Null,
            Node::Bool(value) => Data::Bool(value),
            Node::Unsigned(value) => {
                refuse_leading_zero(written, span)?;
                let value = i64::try_from(value).map_err(|_| too_large(written, span))?;
                Data::Integer(value)
            }
            Node::Signed(value) => {
                refuse_leading_zero(written, span)?;
                Data::Integer(value)
            }
            Node::Float(value) => {
                refuse_leading_zero(written, span)?;
                // What is no u64 comes as the nearest float.
                if is_whole(written) {
                    return Err(too_large(written, span));
                }
                Data::Float(value)
            }
            Node::String(text) => Data::String(text),
            Node::List(nodes) => {
                let items = nodes.into_iter().map(|node| self.value(node));
                Data::List(items.collect::<Result<_, _>>()?)
            }
            Node::Map(entries) => Data::Map(self.map(entries)?),
        };
        // The parser gives a list or mapping the place where it starts.
        let last = match &data {
            Data::List(items) => items.last().map(|item| item.span.end),
            Data::Map(map) => map.iter().map(|(_, value)| value.span.end).max(),
            _ => None,
        };
        span.end = span.end.max(last.unwrap_or(0));
        Ok(Value { span, data })
    }

    fn map(&self, entries: Vec<(Spanned<Node>, Spanned<Node>)>) -> Result<Map, ValueError> {
        let mut map = Map::new();
        for (key, value) in entries {
            let span = span(key.referenced, self.text);
            let Node::String(name) = key.value else {
                let key = self.value(key)?;
                let error = key.mismatch("a string as key");
                return Err(match key.data {
                    Data::List(_) | Data::Map(_) => error,
                    _ => error.help("put it in quotes"),
                });
            };
            map.insert(Key { name, span }, self.value(value)?)?;
        }
        Ok(map)
    }
}

fn refuse_leading_zero(written: &str, span: Span) -> Result<(), ValueError> {
    let mut digits = written.trim_start_matches(['+', '-']).bytes();
    if digits.next() != Some(b'0') || !digits.next().is_some_and(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    let message =
        format!("the number {written} starts with 0: readers of YAML take it for two things");
    let help = format!("leave the 0 out; a mode is a string: \"{written}\"");
    Err(ValueError::new(span, message).help(help))
}

fn too_large(written: &str, span: Span) -> ValueError {
    let (least, most) = (i64::MIN, i64::MAX);
    let message = format!("the number {written} is not between {least} and {most}");
    ValueError::new(span, message).help("put it in quotes if it is a string of digits")
}

fn is_whole(written: &str) -> bool {
    let digits = written.trim_start_matches(['+', '-']);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Returns the error of the parser in our words.
fn refusal(error: &Error, text: &str) -> ValueError {
    let span = span(error.location().unwrap_or(Location::UNKNOWN), text);
    let mut inner = error;
    while let Error::AliasError { error, .. } = inner {
        inner = error;
    }
    match inner {
        Error::MultipleDocuments { .. } => {
            let error = ValueError::new(span, "a second document starts here");
            error.help("a recipe is one document: remove the `---` or `...` before this")
        }
        Error::Budget {
            breach: BudgetBreach::Depth { .. },
            ..
        } => {
            let what = format!("lists and mappings are nested more than {DEPTH} deep");
            ValueError::new(span, what)
        }
        Error::Budget { .. } | Error::AliasReplayLimitExceeded { .. } => {
            let error = ValueError::new(span, "the recipe is too large from here on");
            error.help(format!(
                "it can have {NODES} values; an alias counts as all that it stands for"
            ))
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            ValueError::new(span, "this alias is inside the value that it stands for")
        }
        Error::InvalidScalar { .. } => ValueError::new(span, "the value is not what its tag says"),
        other => {
            let message = UserMessageFormatter.format_message(other);
            let hint = HINTS.iter().find(|(start, _)| message.starts_with(start));
            let error = ValueError::new(span, message.trim_end_matches('.'));
            match hint {
                Some((_, help)) => error.help(*help),
                None => error,
            }
        }
    }
}

/// What to do about the parser's messages for common slips, by how they start.
const HINTS: [(&str, &str); 6] = [
    ("tabs disallowed", "indent with spaces"),
    (
        "mapping values are not allowed",
        "put a text that holds `: ` in quotes",
    ),
    ("recursion limit exceeded", "nest less deeply"),
    (
        "unexpected character",
        "put a text that starts with this character in quotes",
    ),
    (
        "reference to unknown value",
        "name a value with `&` before its alias, or put the text in quotes",
    ),
    (
        "unsupported tag",
        "leave the tag out, or put the text in quotes",
    ),
];

/// Returns the text at a place.
fn written(location: Location, text: &str) -> &str {
    let span = span(location, text);
    text.get(span.start..span.end).unwrap_or_default()
}

fn span(location: Location, text: &str) -> Span {
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let place = location.span();
    let (start, len) = match (place.byte_offset(), place.byte_len()) {
        (Some(start), Some(len)) => (size(start), size(len)),
        // The scanner's own errors have characters only.
        _ => {
            let mut offsets = text
                .char_indices()
                .map(|(at, _)| at)
                .skip(size(place.offset()));
            (offsets.next().unwrap_or(text.len()), 0)
        }
    };
    let start = start.min(text.len());
    Span {
        start,
        end: start.saturating_add(len).min(text.len()),
        line: size(location.line()),
        column: size(location.column()),
    }
}
