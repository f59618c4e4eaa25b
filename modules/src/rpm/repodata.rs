//! The lists of a repository as createrepo_c writes them: `repomd.xml`, which says where the lists
//! are, and `primary.xml`, which lists the packages.

use std::io::{self, BufRead};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use thiserror::Error;

use super::dependency::{Dependency, sense};
use super::digest::Algorithm;
use super::identity::{Identity, Version};

/// The longest text between tags that is taken, in bytes: a path or a checksum.
const LONGEST: usize = 64 << 10;

/// Why a list cannot be used.
#[derive(Debug, Error)]
pub(crate) enum RepodataError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error("the list is damaged: {}", one_line(.0))]
    Xml(#[from] quick_xml::Error),
    #[error("the list is damaged: {0}")]
    Attribute(#[from] quick_xml::events::attributes::AttrError),
    #[error("{what} has no {part}")]
    Missing { what: String, part: &'static str },
    #[error("{what} has a checksum of the kind {kind:?}, where sha256, sha384 or sha512 is known")]
    Checksum { what: String, kind: String },
    #[error("{what} is at {place:?}, which is not in the repository")]
    Place { what: String, place: String },
    #[error("the list ends inside a package; was the download cut short?")]
    CutShort,
}

/// Where a file of the repository is, and what it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Relative to the repository.
    pub(crate) path: String,
    pub(crate) algorithm: Algorithm,
    /// In hexadecimal.
    pub(crate) digest: String,
}

impl Place {
    /// Returns the digest, where it is SHA-256.
    pub(crate) fn sha256(&self) -> Option<&str> {
        (self.algorithm == Algorithm::Sha256).then_some(&*self.digest)
    }
}

/// A package that a repository has.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    pub(crate) identity: Identity,
    pub(crate) place: Place,
    pub(crate) provides: Vec<Dependency>,
    pub(crate) requires: Vec<Dependency>,
    pub(crate) conflicts: Vec<Dependency>,
    pub(crate) obsoletes: Vec<Dependency>,
    /// Those paths that primary.xml lists: programs, and what is in `/etc`.
    pub(crate) paths: Vec<String>,
}

/// What says where a file is, as it is collected.
#[derive(Debug, Default)]
struct Fields {
    /// The kind and the value of a checksum.
    checksum: Option<(String, String)>,
    place: Option<String>,
}

impl Fields {
    fn place(&mut self, what: &str) -> Result<Place, RepodataError> {
        let missing = |part| RepodataError::Missing {
            what: what.to_owned(),
            part,
        };
        let (kind, digest) = self.checksum.take().ok_or_else(|| missing("checksum"))?;
        let path = self.place.take().ok_or_else(|| missing("location"))?;
        let algorithm = match &*kind {
            "sha256" => Algorithm::Sha256,
            "sha384" => Algorithm::Sha384,
            "sha512" => Algorithm::Sha512,
            _ => {
                let what = what.to_owned();
                return Err(RepodataError::Checksum { what, kind });
            }
        };
        let leaves = path.starts_with('/')
            || path.contains("://")
            || path.split('/').any(|part| part == "..");
        if leaves {
            return Err(RepodataError::Place {
                what: what.to_owned(),
                place: path,
            });
        }
        Ok(Place {
            path,
            algorithm,
            digest,
        })
    }
}

/// Finds the places of primary.xml in repomd.xml, and of the list of modules, where there is one.
pub(crate) fn lists(repomd: &[u8]) -> Result<(Place, Option<Place>), RepodataError> {
    let (mut found, mut modules) = (None, None);
    let mut fields = Fields::default();
    let mut kind = String::new();
    walk(repomd, &mut |step| {
        match step {
            Step::Start("data", tag) => {
                fields = Fields::default();
                kind = attribute(tag, "type")?.unwrap_or_default();
            }
            Step::Start("checksum", tag) => {
                let kind = attribute(tag, "type")?.unwrap_or_default();
                fields.checksum = Some((kind, String::new()));
            }
            Step::Start("location", tag) => fields.place = attribute(tag, "href")?,
            Step::End("checksum", text) => {
                if let Some((_, digest)) = &mut fields.checksum {
                    *digest = text;
                }
            }
            Step::End("data", _) => match &*kind {
                "primary" => found = Some(fields.place("primary.xml")?),
                "modules" => modules = Some(fields.place("the list of modules")?),
                _ => {}
            },
            _ => {}
        }
        Ok(())
    })?;
    let found = found.ok_or_else(|| RepodataError::Missing {
        what: "repomd.xml".to_owned(),
        part: "list of packages (primary)",
    })?;
    Ok((found, modules))
}

/// Reads primary.xml, and hands on each package of an architecture that is wanted.
pub(crate) fn offers(
    list: impl BufRead,
    is_wanted: &dyn Fn(&str) -> bool,
    take: &mut dyn FnMut(Offer),
) -> Result<(), RepodataError> {
    let mut offer = empty();
    let mut fields = Fields::default();
    let mut kind = "";
    let mut is_inside = false;
    walk(list, &mut |step| {
        match step {
            Step::Start("package", _) => {
                (offer, fields, is_inside) = (empty(), Fields::default(), true);
            }
            Step::Start("version", tag) => offer.identity.version = version(tag)?,
            Step::Start("checksum", tag) => {
                let kind = attribute(tag, "type")?.unwrap_or_default();
                fields.checksum = Some((kind, String::new()));
            }
            Step::Start("location", tag) => {
                fields.place = attribute(tag, "href")?;
                // Another repository is not gone to.
                if let Some(base) = attribute(tag, "base")? {
                    fields.place = Some(format!("{base}://"));
                }
            }
            Step::Start("provides", _) => kind = "provides",
            Step::Start("requires", _) => kind = "requires",
            Step::Start("conflicts", _) => kind = "conflicts",
            Step::Start("obsoletes", _) => kind = "obsoletes",
            Step::Start("entry", tag) => {
                let list = match kind {
                    "provides" => &mut offer.provides,
                    "requires" => &mut offer.requires,
                    "conflicts" => &mut offer.conflicts,
                    "obsoletes" => &mut offer.obsoletes,
                    _ => return Ok(()),
                };
                list.push(dependency(tag)?);
            }
            Step::End("provides" | "requires" | "conflicts" | "obsoletes", _) => kind = "",
            Step::End("name", text) => offer.identity.name = text,
            Step::End("arch", text) => offer.identity.arch = text,
            Step::End("checksum", text) => {
                if let Some((_, digest)) = &mut fields.checksum {
                    *digest = text;
                }
            }
            Step::End("file", text) => offer.paths.push(text),
            Step::End("package", _) => {
                let mut done = std::mem::replace(&mut offer, empty());
                is_inside = false;
                if is_wanted(&done.identity.arch) {
                    let what = done.identity.to_string();
                    done.place = fields.place(&what)?;
                    take(done);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    match is_inside {
        true => Err(RepodataError::CutShort),
        false => Ok(()),
    }
}

fn empty() -> Offer {
    Offer {
        identity: Identity {
            name: String::new(),
            version: Version::default(),
            arch: String::new(),
        },
        place: Place {
            path: String::new(),
            algorithm: Algorithm::Sha256,
            digest: String::new(),
        },
        provides: Vec::new(),
        requires: Vec::new(),
        conflicts: Vec::new(),
        obsoletes: Vec::new(),
        paths: Vec::new(),
    }
}

/// A tag of the list, by its name without prefix; the end of one with the text inside.
enum Step<'s> {
    Start(&'s str, &'s BytesStart<'s>),
    End(&'s str, String),
}

/// Goes through a list, tag by tag.
fn walk(
    list: impl BufRead,
    take: &mut dyn FnMut(Step<'_>) -> Result<(), RepodataError>,
) -> Result<(), RepodataError> {
    let mut reader = Reader::from_reader(list);
    let (mut buffer, mut text) = (Vec::new(), String::new());
    let mut depth = 0u32;
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer)? {
            Event::Start(tag) => {
                text.clear();
                depth += 1;
                take(Step::Start(tag.local_name().into_inner(), &tag))?;
            }
            Event::Empty(tag) => {
                let name = tag.local_name().into_inner();
                take(Step::Start(name, &tag))?;
                take(Step::End(name, String::new()))?;
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                let text = std::mem::take(&mut text);
                take(Step::End(tag.local_name().into_inner(), text))?;
            }
            Event::Text(part) if text.len() + part.len() <= LONGEST => text.push_str(&part),
            Event::GeneralRef(name) => match name.resolve_char_ref()? {
                Some(letter) => text.push(letter),
                None => {
                    let known = quick_xml::escape::resolve_predefined_entity(&name);
                    text.push_str(known.unwrap_or_default());
                }
            },
            Event::Eof if depth > 0 => return Err(RepodataError::CutShort),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// Returns an attribute by its name without prefix.
fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, RepodataError> {
    for attribute in tag.attributes() {
        let attribute = attribute?;
        if attribute.key.local_name().into_inner() == name {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0)?;
            return Ok(Some(value.into_owned()));
        }
    }
    Ok(None)
}

fn version(tag: &BytesStart<'_>) -> Result<Version, RepodataError> {
    let part = |name| attribute(tag, name).map(Option::unwrap_or_default);
    // The list says `0` where the package has none.
    let epoch = part("epoch")?;
    Ok(Version {
        epoch: if epoch == "0" { String::new() } else { epoch },
        version: part("ver")?,
        release: part("rel")?,
    })
}

fn dependency(tag: &BytesStart<'_>) -> Result<Dependency, RepodataError> {
    let mut flags = match attribute(tag, "flags")?.as_deref() {
        Some("LT") => sense::LESS,
        Some("LE") => sense::LESS | sense::EQUAL,
        Some("EQ") => sense::EQUAL,
        Some("GE") => sense::GREATER | sense::EQUAL,
        Some("GT") => sense::GREATER,
        _ => 0,
    };
    if attribute(tag, "pre")?.as_deref() == Some("1") {
        flags |= sense::PREREQ;
    }
    Ok(Dependency {
        name: attribute(tag, "name")?.unwrap_or_default(),
        flags,
        version: version(tag)?,
    })
}

/// Returns what is wrong, which may have lines of the list in it.
fn one_line(error: &quick_xml::Error) -> String {
    error.to_string().lines().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPOMD: &str = r#"<?xml version="1.0"?><repomd><data type="filelists">
        <checksum type="sha256">00</checksum><location href="repodata/f.xml"/></data>
        <data type="primary"><checksum type="KIND">ab</checksum><open-checksum type="sha256">
        cd</open-checksum><location href="PLACE"/></data></repomd>"#;

    #[test]
    fn the_list_is_found() {
        for (kind, place, want) in [
            ("sha256", "repodata/p.xml.gz", ""),
            ("sha512", "a&amp;b/..c", ""),
            ("md5", "repodata/p.xml", "kind \"md5\""),
            ("sha256", "../p.xml", "not in the repository"),
            ("sha256", "/p.xml", "not in the repository"),
            ("sha256", "http://x/p.xml", "not in the repository"),
        ] {
            let repomd = REPOMD.replace("KIND", kind).replace("PLACE", place);
            match lists(repomd.as_bytes()) {
                Ok((found, _)) => {
                    assert_eq!((found.path, want), (place.replace("&amp;", "&"), ""));
                    assert_eq!(found.digest, "ab");
                }
                Err(error) => assert!(
                    !want.is_empty() && error.to_string().contains(want),
                    "{error}"
                ),
            }
        }
        for (text, want) in [
            ("", "no list of packages"),
            ("<repomd>", "cut short"),
            ("<repomd></x>", "damaged"),
            ("<a\nb></x\ny>", "expected `</a>`, but `</x y>` was found"),
        ] {
            let error = lists(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(want), "{text}: {error}");
        }
    }

    const PRIMARY: &str = r#"<?xml version="1.0"?><metadata packages="1"><package type="rpm">
        <name>a&amp;b</name><arch>noarch</arch><version epoch="1" ver="2" rel="3"/>
        <checksum type="sha256" pkgid="YES">ab</checksum><summary>x</summary>
        <location href="a.rpm"/><format><rpm:requires>
        <rpm:entry name="c" flags="GE" epoch="0" ver="4" pre="1"/></rpm:requires>
        <rpm:provides><rpm:entry name="d"/></rpm:provides>
        <rpm:suggests><rpm:entry name="e"/></rpm:suggests>
        <file>/f&#38;g</file></format></package></metadata>"#;

    fn read(list: &str) -> Result<Vec<Offer>, RepodataError> {
        let mut found = Vec::new();
        let wanted = |arch: &str| arch == "noarch";
        offers(list.as_bytes(), &wanted, &mut |offer| found.push(offer))?;
        Ok(found)
    }

    #[test]
    fn packages_are_read() {
        let found = read(PRIMARY).unwrap();
        assert_eq!(found.len(), 1);
        let offer = &found[0];
        assert_eq!(offer.identity.to_string(), "a&b-1:2-3.noarch");
        assert_eq!(offer.place.sha256(), Some("ab"));
        assert_eq!(offer.requires[0].to_string(), "c >= 4");
        assert!(offer.requires[0].is_hard());
        assert_eq!(offer.provides[0].name, "d");
        assert_eq!((offer.requires.len(), offer.provides.len()), (1, 1));
        assert_eq!(offer.paths, ["/f&g"]);
        assert!(
            read(&PRIMARY.replace("noarch", "s390x"))
                .unwrap()
                .is_empty()
        );
        for (from, to, want) in [
            ("sha256", "sha1", "kind \"sha1\""),
            ("href=\"a.rpm\"", "", "has no location"),
            ("a.rpm", "../a.rpm", "not in the repository"),
            (
                "href=\"a",
                "xml:base=\"http://x\" href=\"a",
                "not in the repository",
            ),
            ("</arch>", "</arc>", "damaged"),
        ] {
            let error = read(&PRIMARY.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(want), "{to}: {error}");
        }
        // Whatever is cut off, it is an error, but for what stands before the first tag.
        let first = PRIMARY.find("<metadata").unwrap();
        for len in first + 1..PRIMARY.len() {
            assert!(read(&PRIMARY[..len]).is_err(), "{len}");
        }
    }
}
