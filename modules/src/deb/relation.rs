//! What packages need of one another, provide and replace (Debian Policy 7.1).

use std::cmp::Ordering;
use std::fmt;

use super::identity::{is_arch, is_name};
use super::version::Version;

/// Packages of which one is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relation(pub(crate) Vec<Possible>);

/// One package that is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Possible {
    pub(crate) name: String,
    /// What is after a colon: `any` or an architecture.
    pub(crate) arch: Option<String>,
    pub(crate) version: Option<(Sign, Version)>,
}

/// How a version has to be, compared with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Earlier,
    EarlierOrEqual,
    Equal,
    LaterOrEqual,
    Later,
}

/// The signs as they are written; the last two are old ways.
const SIGNS: [(&str, Sign); 7] = [
    ("<<", Sign::Earlier),
    ("<=", Sign::EarlierOrEqual),
    (">=", Sign::LaterOrEqual),
    (">>", Sign::Later),
    ("=", Sign::Equal),
    ("<", Sign::EarlierOrEqual),
    (">", Sign::LaterOrEqual),
];

impl Sign {
    /// Returns whether a version is as it has to be.
    pub(crate) fn holds(self, version: &Version, than: &Version) -> bool {
        let order = version.compare(than);
        match self {
            Self::Earlier => order == Ordering::Less,
            Self::EarlierOrEqual => order != Ordering::Greater,
            Self::Equal => order == Ordering::Equal,
            Self::LaterOrEqual => order != Ordering::Less,
            Self::Later => order == Ordering::Greater,
        }
    }
}

impl Relation {
    /// Reads the value of a field; returns what cannot be read.
    pub(crate) fn parse(field: &str) -> Result<Vec<Self>, String> {
        if field.trim().is_empty() {
            return Ok(Vec::new());
        }
        let all = field.split(',').map(|one| {
            let possible = one
                .split('|')
                .map(|text| Possible::parse(text.trim()).ok_or_else(|| text.trim().to_owned()));
            possible.collect::<Result<_, _>>().map(Self)
        });
        all.collect()
    }
}

impl Possible {
    /// Reads one; a version with no sign is that very one, as dpkg has it.
    fn parse(text: &str) -> Option<Self> {
        let (package, version) = match text.split_once('(') {
            None => (text, None),
            Some((package, rest)) => {
                let inner = rest.trim_end().strip_suffix(')')?.trim();
                let (sign, version) = SIGNS
                    .iter()
                    .find_map(|(form, sign)| Some((*sign, inner.strip_prefix(form)?)))
                    .unwrap_or((Sign::Equal, inner));
                (package, Some((sign, Version::parse(version).ok()?)))
            }
        };
        let package = package.trim_end();
        let (name, arch) = match package.split_once(':') {
            None => (package, None),
            Some((name, arch)) => (name, Some(arch)),
        };
        (is_name(name) && arch.is_none_or(is_arch)).then(|| Self {
            name: name.to_ascii_lowercase(),
            arch: arch.map(str::to_owned),
            version,
        })
    }

    /// Returns whether a version is one of those that are meant.
    pub(crate) fn fits(&self, version: &Version) -> bool {
        let sign = self.version.as_ref();
        sign.is_none_or(|(sign, than)| sign.holds(version, than))
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, possible) in self.0.iter().enumerate() {
            let between = if index == 0 { "" } else { " | " };
            write!(f, "{between}{possible}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Possible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(arch) = &self.arch {
            write!(f, ":{arch}")?;
        }
        let Some((sign, version)) = &self.version else {
            return Ok(());
        };
        let form = SIGNS.iter().find(|(_, known)| known == sign);
        let form = form.map_or("", |(form, _)| form);
        write!(f, " ({form} {version})")
    }
}

/// Returns the value of a field as dpkg writes it.
pub(crate) fn print(relations: &[Relation]) -> String {
    let each: Vec<_> = relations.iter().map(Relation::to_string).collect();
    each.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_as_dpkg_writes_them() {
        for (field, want) in [
            ("", Ok("")),
            ("a", Ok("a")),
            ("a,b|c:any  (>=1.0)", Ok("a, b | c:any (>= 1.0)")),
            ("a (<< 2),\n b (= 0:1-1)", Ok("a (<< 2), b (= 1-1)")),
            ("A (1)", Ok("a (= 1)")),
            ("a,", Err("")),
            ("a,,b", Err("")),
            ("a (< 2), b (>2)", Ok("a (<= 2), b (>= 2)")),
            ("a b", Err("a b")),
            ("a (!= 1)", Err("a (!= 1)")),
            ("a:b_c", Err("a:b_c")),
            ("a (>= )", Err("a (>= )")),
            ("a (>= 1", Err("a (>= 1")),
            ("a |", Err("")),
            ("a:", Err("a:")),
            ("-a", Err("-a")),
        ] {
            let found = Relation::parse(field).map(|relations| print(&relations));
            assert_eq!(found.as_deref().map_err(|text| &**text), want, "{field}");
        }
    }
}
