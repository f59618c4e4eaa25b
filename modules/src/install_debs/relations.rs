//! What a package says of others, by the fields of its paragraph.

use crate::deb::control::RELATIONS;
use crate::deb::paragraph::Paragraph;
use crate::deb::relation::{Relation, print};

/// The relations that matter for what can be there together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Relations {
    pub(super) pre_depends: Vec<Relation>,
    pub(super) depends: Vec<Relation>,
    pub(super) recommends: Vec<Relation>,
    pub(super) conflicts: Vec<Relation>,
    pub(super) breaks: Vec<Relation>,
    pub(super) provides: Vec<Relation>,
    pub(super) replaces: Vec<Relation>,
}

impl Relations {
    /// Reads the fields of a paragraph; returns what is wrong with them.
    pub(super) fn of(paragraph: &Paragraph) -> Result<Self, String> {
        for (field, _) in RELATIONS {
            read(paragraph, field)?;
        }
        Ok(Self {
            pre_depends: read(paragraph, "Pre-Depends")?,
            depends: read(paragraph, "Depends")?,
            recommends: read(paragraph, "Recommends")?,
            conflicts: read(paragraph, "Conflicts")?,
            breaks: read(paragraph, "Breaks")?,
            provides: read(paragraph, "Provides")?,
            replaces: read(paragraph, "Replaces")?,
        })
    }

    /// Returns what has to be there.
    pub(super) fn needs(&self) -> impl Iterator<Item = &Relation> {
        self.pre_depends.iter().chain(&self.depends)
    }
}

fn read(paragraph: &Paragraph, field: &str) -> Result<Vec<Relation>, String> {
    let value = paragraph.get(field);
    Relation::parse(value).map_err(|text| format!("{field} has {text:?}, which is no relation"))
}

/// Writes the lists as dpkg does.
pub(super) fn normalize(paragraph: &mut Paragraph) {
    for (field, _) in RELATIONS {
        if let Ok(relations) = read(paragraph, field) {
            paragraph.set(field, print(&relations));
        }
    }
}
