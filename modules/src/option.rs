//! How a module describes its options: for `hsb modules NAME`, and for the schema of build.yaml.
//!
//! The types that decode options say the same once more, in Rust; a test holds both to one
//! another, key by key.

use std::fmt;

/// One key that a module has, or that a mapping in its options has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionDoc {
    /// How it is written.
    pub name: &'static str,
    /// What it may be.
    pub shape: Shape,
    /// Whether it may be left out.
    pub presence: Presence,
    /// What it means, in one line.
    pub summary: &'static str,
}

/// Whether an option may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It must be given.
    Required,
    /// It may be left out; what then happens is in the summary.
    Optional,
    /// It may be left out, and is this then, as YAML has it.
    Default(&'static str),
}

/// What an option may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// True or false.
    Bool,
    /// A whole number in a range.
    Int {
        /// The least that is allowed.
        min: i64,
        /// The most that is allowed.
        max: i64,
    },
    /// Any number.
    Number,
    /// A text.
    Text,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Permission bits: octal digits as a text, at most 7777.
    Mode,
    /// A list of such items.
    List(&'static Shape),
    /// A mapping with these keys and no others.
    Map(&'static [OptionDoc]),
    /// A mapping of names that the user chooses to such values.
    Table(&'static Shape),
    /// Anything.
    Any,
    /// Any of these.
    AnyOf(&'static [Shape]),
}

impl Shape {
    /// The number of a user or group; the highest one stands for nobody.
    pub const ID: Shape = Shape::Int {
        min: 0,
        max: 0xffff_fffe,
    };

    /// A user or group, by name or number.
    pub const OWNER: Shape = Shape::AnyOf(&[Shape::Text, Shape::ID]);

    /// Returns the keys of each mapping that it can be, or that can be in it.
    pub fn mappings(&self) -> Vec<&'static [OptionDoc]> {
        match self {
            Shape::Map(docs) => vec![docs],
            Shape::List(item) | Shape::Table(item) => item.mappings(),
            Shape::AnyOf(shapes) => shapes.iter().flat_map(Shape::mappings).collect(),
            Shape::Bool
            | Shape::Int { .. }
            | Shape::Number
            | Shape::Text
            | Shape::OneOf(_)
            | Shape::Any
            | Shape::Mode => Vec::new(),
        }
    }

    /// Returns whether it can be a mapping.
    pub(crate) fn has_mapping(&self) -> bool {
        match self {
            Shape::Map(_) | Shape::Table(_) => true,
            Shape::AnyOf(shapes) => shapes.iter().any(Shape::has_mapping),
            _ => false,
        }
    }
}

impl OptionDoc {
    /// Describes an option that must be given.
    pub const fn required(name: &'static str, shape: Shape, summary: &'static str) -> Self {
        Self {
            name,
            shape,
            presence: Presence::Required,
            summary,
        }
    }

    /// Describes an option that may be left out.
    pub const fn optional(name: &'static str, shape: Shape, summary: &'static str) -> Self {
        Self {
            presence: Presence::Optional,
            ..Self::required(name, shape, summary)
        }
    }

    /// Describes an option that is true or false, and false when it is left out.
    pub const fn flag(name: &'static str, summary: &'static str) -> Self {
        Self {
            presence: Presence::Default("false"),
            ..Self::required(name, Shape::Bool, summary)
        }
    }
}

/// Names the type as `hsb modules` shows it: `list of (text or mapping)`.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Bool => f.write_str("true or false"),
            Shape::Int { .. } | Shape::Number => f.write_str("number"),
            Shape::Text => f.write_str("text"),
            Shape::OneOf(texts) => f.write_str(&texts.join(" or ")),
            Shape::Mode => f.write_str("mode, as in \"0644\""),
            Shape::List(item @ Shape::AnyOf(_)) => write!(f, "list of ({item})"),
            Shape::List(item) => write!(f, "list of {item}"),
            Shape::Any => f.write_str("anything"),
            Shape::Map(_) => f.write_str("mapping"),
            Shape::Table(value @ Shape::AnyOf(_)) => write!(f, "mapping of names to ({value})"),
            Shape::Table(value) => write!(f, "mapping of names to {value}"),
            Shape::AnyOf(shapes) => {
                for (i, shape) in shapes.iter().enumerate() {
                    let or = if i > 0 { " or " } else { "" };
                    write!(f, "{or}{shape}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
