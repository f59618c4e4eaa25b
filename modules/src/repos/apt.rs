//! Repositories of apt, in the format that sources.list(5) calls deb822.

use serde::Deserialize;

use super::key::{self, Form};
use super::{check_line, check_name};
use crate::given::{self, Given};
use crate::value::{Spanned, ValueError};
use crate::{Error, Host, Root};

const FOLDER: &str = "/etc/apt/sources.list.d";
const KEYS: &str = "/etc/apt/keyrings";
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Repo {
    pub(super) name: Spanned<String>,
    uris: Spanned<Vec<Spanned<String>>>,
    suites: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    components: Vec<Spanned<String>>,
    #[serde(default)]
    architectures: Vec<Spanned<String>>,
    sources: Option<bool>,
    key: Option<Given>,
    signed_by: Option<Spanned<String>>,
    #[serde(default = "super::yes")]
    enabled: bool,
}

/// What becomes of a field.
enum Change {
    Set(String),
    Remove,
    /// It stays as it is; without one, there is this.
    Keep(Option<&'static str>),
}

impl Repo {
    pub(super) fn check(&self, host: &dyn Host) -> Result<(), ValueError> {
        check_name(&self.name)?;
        for (list, what) in [(&self.uris, "uris"), (&self.suites, "suites")] {
            if list.is_empty() {
                return Err(list.error(format!("`{what}` is empty")));
            }
        }
        let words = self.uris.iter().chain(self.suites.iter());
        for word in words.chain(&self.components).chain(&self.architectures) {
            check_line(word, true)?;
        }
        let is_uri = |uri: &str| {
            let (scheme, rest) = uri.split_once(':').unwrap_or_default();
            let is_sign = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
            let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
            is_scheme && scheme.chars().all(is_sign) && !rest.is_empty()
        };
        if let Some(uri) = self.uris.iter().find(|uri| !is_uri(uri)) {
            let error = uri.error(format!("{:?} is no URI", **uri));
            return Err(error.help("it starts as in https://, or file: for a folder"));
        }
        for suite in self.suites.iter() {
            match (suite.ends_with('/'), self.components.first()) {
                (true, Some(component)) => {
                    let message =
                        format!("the suite {:?} is a path: it has no components", **suite);
                    return Err(component.error(message));
                }
                (false, None) => {
                    let error = suite.error(format!("the suite {:?} needs components", **suite));
                    return Err(error.help("give `components: [main]`; a path ends in `/`"));
                }
                _ => {}
            }
        }
        match (&self.key, &self.signed_by) {
            (Some(_), Some(ring)) => {
                let error = ring.error("the repository has `key` and `signed_by`");
                Err(error.help("leave one of them out"))
            }
            (Some(key), None) => key::check(key, host).map(drop),
            (None, Some(ring)) if !ring.starts_with('/') => {
                Err(ring.error(format!("{:?} is no absolute path", **ring)))
            }
            (None, Some(ring)) => check_line(ring, true),
            (None, None) => Ok(()),
        }
    }
}

pub(super) fn write(root: &mut Root<'_>, repo: &Repo) -> Result<(), Error> {
    let name = repo.name.as_str();
    let list = format!("{FOLDER}/{name}.list");
    if root.is_file(&list) {
        let error = repo.name.error(format!("the image has {list} already"));
        return Err(error
            .help("take another name, or remove the file with `files`")
            .into());
    }
    let signed_by = signed_by(root, repo)?;
    let words = |list: &[Spanned<String>]| -> Option<String> {
        let words: Vec<_> = list.iter().map(|word| word.as_str()).collect();
        (!words.is_empty()).then(|| words.join(" "))
    };
    let enabled = match repo.enabled {
        true => Change::Remove,
        false => Change::Set("no".to_owned()),
    };
    let types = match repo.sources {
        Some(true) => Change::Set("deb deb-src".to_owned()),
        Some(false) => Change::Set("deb".to_owned()),
        None => Change::Keep(Some("deb")),
    };
    let keep = || Change::Keep(None);
    let fields = [
        ("Enabled", enabled),
        ("Types", types),
        ("URIs", words(&repo.uris).map_or_else(keep, Change::Set)),
        ("Suites", words(&repo.suites).map_or_else(keep, Change::Set)),
        // Whether there are any follows from the suites.
        (
            "Components",
            words(&repo.components).map_or(Change::Remove, Change::Set),
        ),
        (
            "Architectures",
            words(&repo.architectures).map_or_else(keep, Change::Set),
        ),
        ("Signed-By", signed_by.map_or_else(keep, Change::Set)),
    ];
    let path = format!("{FOLDER}/{name}.sources");
    let text = root.any_text(&path)?;
    root.mkdir_above(&path)?;
    root.write_any_text(&path, &set(&text, &fields))?;
    if repo.uris.iter().any(|uri| uri.starts_with("https:")) && !root.is_file(CERTIFICATES) {
        let span = repo.name.span;
        root.warn_at(
            span,
            format!("apt cannot use https for {name}: the image has no {CERTIFICATES}"),
        );
    }
    Ok(())
}

/// Lays the key into the image; returns its path.
fn signed_by(root: &mut Root<'_>, repo: &Repo) -> Result<Option<String>, Error> {
    if let Some(ring) = &repo.signed_by {
        if !root.is_file(ring.as_str()) {
            let message = format!("{}: the image has no key ring {}", *repo.name, **ring);
            root.warn_at(ring.span, message);
        }
        return Ok(Some(ring.value.clone()));
    }
    let Some(key) = &repo.key else {
        return Ok(None);
    };
    let bytes = given::read(key, root)?;
    // apt tells the two apart by the ending.
    let ending = if key::form(&bytes) == Some(Form::Armored) {
        "asc"
    } else {
        "gpg"
    };
    let path = format!("{KEYS}/{}.{ending}", *repo.name);
    root.mkdir_above(&path)?;
    root.write(&path, bytes)?;
    Ok(Some(path))
}

/// Returns the file with the fields of its first stanza changed.
fn set(text: &str, fields: &[(&str, Change)]) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\n')) {
        last.push('\n');
    }
    for (name, change) in fields {
        let is_field = |line: &String| {
            let head = line
                .get(..name.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(name));
            head && line[name.len()..].starts_with(':')
        };
        // A comment is no field; what ends the stanza is a blank line behind one.
        let is_text = |line: &String| !line.trim().is_empty() && !line.starts_with('#');
        let start = lines.iter().position(is_text).unwrap_or(lines.len());
        let stanza = &lines[start..];
        let len = stanza
            .iter()
            .position(|line| line.trim().is_empty())
            .unwrap_or(stanza.len());
        let found = stanza[..len].iter().position(is_field).map(|at| start + at);
        let value = match (found, change) {
            (Some(_), Change::Keep(_)) | (None, Change::Keep(None) | Change::Remove) => continue,
            (None, Change::Keep(Some(usual))) => Some(*usual),
            (_, Change::Set(value)) => Some(value.as_str()),
            (Some(_), Change::Remove) => None,
        };
        let new = value.map(|value| format!("{name}: {value}\n"));
        let Some(at) = found else {
            lines.splice(start + len..start + len, new);
            continue;
        };
        // A field goes on in lines that start with a blank, with comments among them.
        let folded = lines[at + 1..]
            .iter()
            .take_while(|line| line.starts_with([' ', '\t', '#']));
        let end = folded
            .enumerate()
            .filter(|(_, line)| !line.starts_with('#'))
            .last()
            .map_or(at + 1, |(last, _)| at + 2 + last);
        let (comments, said): (Vec<String>, Vec<String>) = lines[at..end]
            .iter()
            .cloned()
            .partition(|line| line.starts_with('#'));
        let now = said.concat();
        let is_same = value.is_some_and(|value| {
            let words = now[name.len() + 1..].split_whitespace();
            words.eq(value.split_whitespace())
        });
        if !is_same {
            lines.splice(at..end, new.into_iter().chain(comments));
        }
    }
    lines.concat()
}
