//! Repositories of apk: lines of one file.

use serde::Deserialize;

use super::{check_line, check_name};
use crate::given::{self, Given};
use crate::shorthand::FromText;
use crate::value::{Span, Spanned, ValueError};
use crate::{Error, Host, Root};

const FILE: &str = "/etc/apk/repositories";
const KEYS: &str = "/etc/apk/keys";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Repo {
    url: String,
    tag: Option<Spanned<String>>,
    key: Option<Given>,
    key_name: Option<Spanned<String>>,
}

impl FromText for Repo {
    const EXPECTED: &'static str = "a URL, or a mapping with `url`";

    fn from_text(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            tag: None,
            key: None,
            key_name: None,
        }
    }
}

impl Repo {
    pub(super) fn check(&self, span: Span, host: &dyn Host) -> Result<(), ValueError> {
        let url = &self.url;
        if url.is_empty() || url.starts_with(['#', '@']) || url.contains(char::is_whitespace) {
            return Err(ValueError::new(
                span,
                format!("{url:?} is no place of a repository"),
            ));
        }
        if let Some(tag) = &self.tag {
            check_name(tag)?;
        }
        match (&self.key, &self.key_name) {
            (Some(key), Some(name)) => {
                check_line(name, true)?;
                check_name(name)?;
                if !given::load(key, host)?.starts_with(b"-----BEGIN PUBLIC KEY-----") {
                    let error = key.error("this is no public key of apk");
                    return Err(error.help("it starts with `-----BEGIN PUBLIC KEY-----`"));
                }
                Ok(())
            }
            (Some(key), None) => {
                let error = key.error("apk finds a key by its name, which is not given");
                Err(error.help("give `key_name`, as in alice-5f1a.rsa.pub"))
            }
            (None, Some(name)) => Err(name.error("`key_name` without a `key`")),
            (None, None) => Ok(()),
        }
    }
}

pub(super) fn write(root: &mut Root<'_>, repo: &Repo) -> Result<(), Error> {
    if let (Some(key), Some(name)) = (&repo.key, &repo.key_name) {
        let bytes = given::read(key, root)?;
        root.mkdir_all(KEYS, 0o755)?;
        root.write(format!("{KEYS}/{}", **name), bytes)?;
    }
    let line = match &repo.tag {
        Some(tag) => format!("@{} {}", **tag, repo.url),
        None => repo.url.clone(),
    };
    if !root.is_file(FILE) {
        root.write(FILE, "")?;
    }
    // A line that is commented out becomes active where it is.
    let words: Vec<_> = line.split(' ').map(regex::escape).collect();
    let pattern = format!(r"^\s*#?\s*{}\s*$", words.join(r"\s+"));
    root.edit_line(FILE, &pattern, &line, None)?;
    Ok(())
}
