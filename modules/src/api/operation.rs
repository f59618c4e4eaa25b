//! How the table describes an operation.

use std::fmt;

use super::args::Args;
use super::{Data, Error};
use crate::Root;

/// One call that modules can make.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// What modules call it.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What it takes, in the order of arguments without a name; required ones come first.
    pub parameters: &'static [Parameter],
    /// What it gives back.
    pub returns: Type,
    /// Acts, on arguments that [`Args::bind`] let through.
    pub(super) act: fn(&mut Root<'_>, &mut Args) -> Result<Data, Error>,
}

/// One thing that an operation takes.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// What modules call it.
    pub name: &'static str,
    /// What it may be.
    pub kind: Type,
    /// What it is when it is left out; nothing for one that is required.
    pub default: Option<Literal>,
    /// What it means, in a few words.
    pub summary: &'static str,
}

/// The default of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Literal {
    /// Nothing: what that means is in the parameter's summary.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Int(i64),
}

/// What an argument or a result may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Always null: an operation gives nothing back.
    Nothing,
    /// True or false.
    Bool,
    /// A whole number in a range.
    Int {
        /// The least that is allowed.
        min: i64,
        /// The most that is allowed.
        max: i64,
    },
    /// Bytes that are meant as text: names, paths, lines.
    Text,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// Bytes that need not be text. A text will do.
    Bytes,
    /// A path of the image.
    Path,
    /// Permission bits: a number up to 0o7777, or its octal digits as text.
    Mode,
    /// Permission bits, or a text that changes those that are there: `u+x,go-w`.
    ModeChange,
    /// A user or group: a number, or a name that the image knows.
    Owner,
    /// A list of such items.
    List(&'static Type),
    /// A mapping with texts as keys and anything as values.
    Map,
    /// True, false or a text.
    BoolOrText,
    /// This, or null.
    Maybe(&'static Type),
}

impl Type {
    /// Any number that is not negative.
    pub const COUNT: Type = Type::Int {
        min: 0,
        max: i64::MAX,
    };
}

/// Names what is expected, for a message: `a path`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Nothing => f.write_str("nothing"),
            Type::Bool => f.write_str("true or false"),
            Type::Int {
                min: i64::MIN,
                max: i64::MAX,
            } => f.write_str("a whole number"),
            Type::Int {
                min: 0,
                max: i64::MAX,
            } => f.write_str("a whole number from 0"),
            Type::Int { min, max } => write!(f, "a whole number from {min} to {max}"),
            Type::Text => f.write_str("a text"),
            Type::Choice(words) => {
                let words: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
                write!(f, "one of {}", words.join(", "))
            }
            Type::Bytes => f.write_str("a text or bytes"),
            Type::Path => f.write_str("a path"),
            Type::Mode => f.write_str("a mode such as 0o644 or \"0644\""),
            Type::ModeChange => f.write_str("a mode such as 0o644, \"0644\" or \"u+x,go-w\""),
            Type::Owner => f.write_str("a name or an id from 0 to 4294967294"),
            Type::List(_) => f.write_str("a list"),
            Type::Map => f.write_str("a mapping"),
            Type::BoolOrText => f.write_str("true, false or a text"),
            Type::Maybe(kind) => write!(f, "{kind}, or nothing"),
        }
    }
}

/// The call as Python and Starlark have it: `mkdir(path, mode=0o755, parents=True)`.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (i, parameter) in self.parameters.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            f.write_str(parameter.name)?;
            match parameter.default {
                None => Ok(()),
                Some(Literal::Null) => f.write_str("=None"),
                Some(Literal::Bool(true)) => f.write_str("=True"),
                Some(Literal::Bool(false)) => f.write_str("=False"),
                Some(Literal::Int(mode)) if parameter.kind == Type::Mode => write!(f, "={mode:#o}"),
                Some(Literal::Int(number)) => write!(f, "={number}"),
            }?;
        }
        f.write_str(")")
    }
}

impl From<Literal> for Data {
    fn from(literal: Literal) -> Self {
        match literal {
            Literal::Null => Data::Null,
            Literal::Bool(value) => Data::Bool(value),
            Literal::Int(number) => Data::Int(number),
        }
    }
}

/// A parameter that must be given.
pub(super) const fn required(name: &'static str, kind: Type, summary: &'static str) -> Parameter {
    Parameter {
        name,
        kind,
        default: None,
        summary,
    }
}

/// A parameter that may be left out, which means that nothing is asked for.
pub(super) const fn optional(name: &'static str, kind: Type, summary: &'static str) -> Parameter {
    Parameter {
        name,
        kind,
        default: Some(Literal::Null),
        summary,
    }
}

/// A parameter that is yes or no.
pub(super) const fn flag(name: &'static str, default: bool, summary: &'static str) -> Parameter {
    Parameter {
        name,
        kind: Type::Bool,
        default: Some(Literal::Bool(default)),
        summary,
    }
}

/// A parameter that is a number.
pub(super) const fn number(
    name: &'static str,
    kind: Type,
    default: i64,
    summary: &'static str,
) -> Parameter {
    Parameter {
        name,
        kind,
        default: Some(Literal::Int(default)),
        summary,
    }
}
