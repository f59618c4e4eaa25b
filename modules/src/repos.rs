//! `repos`: where the package manager of the image gets packages from.
//!
//! Each kind of repository has a key of its own, since no two say the same things. See
//! sources.list(5), dnf.conf(5), apk-repositories(5).

mod apk;
mod apt;
mod key;
mod rpm;

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::given::GIVEN;
use crate::option::{OptionDoc, Presence, Shape};
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root};

const ENABLED: OptionDoc = OptionDoc {
    presence: Presence::Default("true"),
    ..OptionDoc::optional("enabled", Shape::Bool, "whether packages come from it")
};

const TEXTS: Shape = Shape::List(&Shape::Text);

const APT: Shape = Shape::Map(&[
    OptionDoc::required("name", Shape::Text, "the name of its file"),
    OptionDoc::required("uris", TEXTS, "where it is"),
    OptionDoc::required("suites", TEXTS, "as in bookworm, or a path that ends in /"),
    OptionDoc::optional(
        "components",
        TEXTS,
        "as in main; none for a suite that is a path",
    ),
    OptionDoc::optional(
        "architectures",
        TEXTS,
        "of which packages; those of the system if left out",
    ),
    OptionDoc::flag("sources", "packages of source code as well"),
    OptionDoc::optional("key", GIVEN, "the public key that signs it, armored or not"),
    OptionDoc::optional("signed_by", Shape::Text, "or a key ring that the image has"),
    ENABLED,
]);

const RPM: Shape = Shape::Map(&[
    OptionDoc::required("name", Shape::Text, "its id, in brackets in its file"),
    OptionDoc::optional(
        "description",
        Shape::Text,
        "a name for people; the id if left out",
    ),
    OptionDoc::optional(
        "baseurl",
        TEXTS,
        "where it is; this, `metalink` or `mirrorlist` is needed",
    ),
    OptionDoc::optional("metalink", Shape::Text, "or where its mirrors are listed"),
    OptionDoc::optional(
        "mirrorlist",
        Shape::Text,
        "or where its mirrors are listed, in the old way",
    ),
    OptionDoc::optional(
        "key",
        GIVEN,
        "the public key that signs its packages, armored",
    ),
    OptionDoc::optional("gpgkey", TEXTS, "or where the key is"),
    OptionDoc {
        presence: Presence::Default("true"),
        ..OptionDoc::optional(
            "gpgcheck",
            Shape::Bool,
            "refuse packages that are not signed",
        )
    },
    OptionDoc::optional(
        "priority",
        Shape::Int { min: 1, max: 99 },
        "the lower, the more it is liked",
    ),
    ENABLED,
]);

const APK: Shape = Shape::AnyOf(&[
    Shape::Text,
    Shape::Map(&[
        OptionDoc::required("url", Shape::Text, "where it is"),
        OptionDoc::optional(
            "tag",
            Shape::Text,
            "packages come from it only when asked for by it",
        ),
        OptionDoc::optional("key", GIVEN, "the public key that signs it"),
        OptionDoc::optional(
            "key_name",
            Shape::Text,
            "what the key's file is called; `key` needs it",
        ),
    ]),
]);

pub(crate) const MODULE: Module = Module {
    name: "repos",
    summary: "says where apt, dnf, zypper or apk get packages from",
    details: "\
- `apt_repos`: `/etc/apt/sources.list.d/NAME.sources`, keys in `/etc/apt/keyrings`
- `rpm_repos`: the section of its name in `/etc/yum.repos.d` or `/etc/zypp/repos.d`, a new file if
  there is none; keys in `/etc/pki/rpm-gpg`
- `apk_repos`: a line of `/etc/apk/repositories`, keys in `/etc/apk/keys`

In a file that is there, what the recipe does not name stays. Nothing is downloaded or installed. An
image with another package manager is an error.",
    keys: &["apt_repos", "rpm_repos", "apk_repos"],
    options: &[
        OptionDoc::optional("apt_repos", Shape::List(&APT), "for apt"),
        OptionDoc::optional("rpm_repos", Shape::List(&RPM), "for dnf, yum and zypper"),
        OptionDoc::optional("apk_repos", Shape::List(&APK), "for apk"),
    ],
    example: "\
modules: [repos]
apt_repos:
- name: backports
  uris: [http://deb.debian.org/debian]
  suites: [bookworm-backports]
  components: [main]
  signed_by: /usr/share/keyrings/debian-archive-keyring.gpg
",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    apt_repos: Vec<Spanned<apt::Repo>>,
    #[serde(default)]
    rpm_repos: Vec<Spanned<rpm::Repo>>,
    #[serde(default)]
    apk_repos: Vec<Spanned<crate::shorthand::Shorthand<apk::Repo>>>,
}

fn yes() -> bool {
    true
}

fn check(cfg: &Cfg, host: &dyn Host) -> Result<(), ValueError> {
    let Options {
        apt_repos,
        rpm_repos,
        apk_repos,
    } = cfg.options()?;
    if apt_repos.is_empty() && rpm_repos.is_empty() && apk_repos.is_empty() {
        let error = ValueError::new(cfg.span(), "the step has nothing to do");
        return Err(error.help("give `apt_repos`, `rpm_repos` or `apk_repos`"));
    }
    for repo in &apt_repos {
        repo.check(host)?;
    }
    for repo in &rpm_repos {
        repo.check(host)?;
    }
    for repo in &apk_repos {
        repo.0.check(repo.span, host)?;
    }
    check_once(apt_repos.iter().map(|repo| &repo.name))?;
    check_once(rpm_repos.iter().map(|repo| &repo.name))
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options {
        apt_repos,
        rpm_repos,
        apk_repos,
    } = cfg.options()?;
    for repo in &apt_repos {
        needs(root, &["/etc/apt"], "apt", repo.span)?;
        apt::write(root, repo)?;
    }
    for repo in &rpm_repos {
        needs(
            root,
            &["/etc/yum.repos.d", "/etc/zypp/repos.d"],
            "dnf, yum or zypper",
            repo.span,
        )?;
        rpm::write(root, repo)?;
    }
    for repo in &apk_repos {
        needs(root, &["/etc/apk"], "apk", repo.span)?;
        apk::write(root, &repo.0)?;
    }
    Ok(())
}

/// Fails when two repositories have one name, and with it one place.
fn check_once<'a>(names: impl Iterator<Item = &'a Spanned<String>>) -> Result<(), ValueError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.as_str()) {
            return Err(name.error(format!("the repository {} is listed twice", **name)));
        }
    }
    Ok(())
}

/// Fails when none of the folders of a package manager is there.
fn needs(
    root: &Root<'_>,
    folders: &[&str],
    manager: &str,
    span: crate::value::Span,
) -> Result<(), ValueError> {
    if folders.iter().any(|folder| root.is_dir(folder)) {
        return Ok(());
    }
    let message = format!(
        "the image does not use {manager}: it has no {}",
        folders.join(" or ")
    );
    Err(ValueError::new(span, message))
}

/// Checks a name that becomes one of a file. apt passes over files with other signs in silence.
fn check_name(name: &Spanned<String>) -> Result<(), ValueError> {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_sign) {
        let error = name.error(format!("{:?} is no name of a repository", **name));
        return Err(error.help("letters, digits, `_`, `-` and `.` are allowed"));
    }
    Ok(())
}

/// Checks that a text is one line, and where it must be one word.
fn check_line(text: &Spanned<String>, is_word: bool) -> Result<(), ValueError> {
    let is_odd = |c: char| c.is_control() || is_word && c.is_whitespace();
    if text.trim().is_empty() || text.contains(is_odd) {
        let what = if is_word {
            "one word"
        } else {
            "one line of text"
        };
        return Err(text.error(format!("{:?} is not {what}", **text)));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
