//! The options of `ssh`, and what can be said about them without an image.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::argument::words;
use super::config::Asked;
use super::keyword::{KEYWORDS, Keyword, Lines, Version};
use crate::named::Named;
use crate::option::Shape;
use crate::scalar::Scalar;
use crate::value::{Spanned, ValueError, nearest};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    #[serde(default)]
    pub(super) ssh: Ssh,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Ssh {
    /// What becomes of the host keys.
    pub(super) host_keys: HostKeys,
    /// Options of sshd_config(5).
    options: Named<Spanned<Setting>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HostKeys {
    #[default]
    Remove,
    Keep,
}

/// The values of a keyword, each on a line of its own.
pub(super) struct Setting(Vec<String>);

impl Ssh {
    pub(super) fn check(&self) -> Result<(), ValueError> {
        let mut seen: Vec<String> = Vec::new();
        let mut renamed: Vec<(&str, Vec<String>, &[String])> = Vec::new();
        for (name, setting) in &self.options.0 {
            if matches!(&*name.to_ascii_lowercase(), "match" | "include") {
                let error = name.error(format!("{} is no option of its own", **name));
                return Err(error.help("put a file into /etc/ssh/sshd_config.d with `files`"));
            }
            let Some(keyword) = Keyword::find(name) else {
                let error = name.error(format!("sshd has no option {:?}", **name));
                let known = KEYWORDS.iter().map(|keyword| keyword.name);
                return Err(match nearest(name, known) {
                    Some(meant) => error.help(format!("did you mean {meant}?")),
                    None => error,
                });
            };
            if seen.contains(&name.to_ascii_lowercase()) {
                return Err(name.error(format!("{} is given twice", **name)));
            }
            seen.push(name.to_ascii_lowercase());
            setting.check(keyword)?;
            // Both names of one option are there for old and new systems.
            let names = keyword.names(None);
            let other = renamed
                .iter()
                .find(|(_, other, values)| *other == names && **values != *setting.0);
            if let Some((other, ..)) = other {
                let name = &**name;
                let message = format!("{name} is {other} by another name, with another value");
                return Err(setting.error(message));
            }
            renamed.push((keyword.name, names, &setting.0));
        }
        let has = |wanted: &str| seen.contains(&wanted.to_ascii_lowercase());
        for (command, user) in [
            ("AuthorizedKeysCommand", "AuthorizedKeysCommandUser"),
            (
                "AuthorizedPrincipalsCommand",
                "AuthorizedPrincipalsCommandUser",
            ),
        ] {
            let mut options = self.options.0.iter();
            let given = options.find(|(name, _)| name.eq_ignore_ascii_case(command));
            if let Some((_, setting)) = given
                && !has(user)
                && !setting
                    .0
                    .iter()
                    .any(|value| value.eq_ignore_ascii_case("none"))
            {
                let error = setting.error(format!("sshd does not start with {command} alone"));
                return Err(error.help(format!("say as whom it runs: {user}")));
            }
        }
        Ok(())
    }

    /// Returns the keywords with their lines, for a version of sshd. An option that is there by two
    /// names is returned by the first.
    pub(super) fn asked(&self, version: Option<Version>) -> Vec<Asked> {
        let mut asked: Vec<Asked> = Vec::new();
        for (name, setting) in &self.options.0 {
            let Some(keyword) = Keyword::find(name) else {
                continue;
            };
            let names = keyword.names(version);
            if asked.iter().all(|asked| asked.names != names) {
                asked.push(Asked {
                    keyword,
                    names,
                    values: setting.0.clone(),
                    span: setting.span,
                });
            }
        }
        asked
    }
}

impl Setting {
    pub(super) const SHAPE: Shape =
        Shape::AnyOf(&[Shape::Bool, Scalar::SHAPE, Shape::List(&Scalar::SHAPE)]);
}

impl Spanned<Setting> {
    /// Fails where sshd would not start with it, or would take a part of it only.
    fn check(&self, keyword: &Keyword) -> Result<(), ValueError> {
        let name = keyword.name;
        let lines = &self.0;
        if lines.is_empty() {
            return Err(self.error(format!("{name} has no value")));
        }
        if keyword.lines == Lines::First && lines.len() > 1 {
            let count = lines.len();
            let message = format!("sshd takes {name} once, not {count} times");
            return Err(self
                .error(message)
                .help("give it one text with all of its words"));
        }
        for (at, value) in lines.iter().enumerate() {
            // Of a value that starts with `=`, sshd takes what is behind it.
            let is_cut = value.trim_start().starts_with('=');
            if is_cut || value.trim().is_empty() || value.contains(['\n', '\r', '\0']) {
                return Err(self.error(format!("{value:?} is no value for {name}")));
            }
            if let Err(taken) = keyword.takes.check(value) {
                let error = self.error(format!("{value:?} is no value for {name}"));
                return Err(error.help(format!("it takes {taken}")));
            }
            let same = |line: &String| match keyword.lines {
                Lines::Named => name_of(line) == name_of(value),
                Lines::First | Lines::All => line == value,
            };
            if lines[..at].iter().any(same) {
                return Err(self.error(format!("{name} has {value:?} twice")));
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl<'de> Visitor<'de> for Visit {
            type Value = Setting;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("true, false, a text, a whole number or a list of them")
            }

            fn visit_bool<E: Error>(self, is_on: bool) -> Result<Setting, E> {
                Ok(Setting(vec![if is_on { "yes" } else { "no" }.to_owned()]))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Setting, E> {
                Ok(Setting(vec![text.to_owned()]))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Setting, E> {
                Ok(Setting(vec![number.to_string()]))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Setting, E> {
                Ok(Setting(vec![number.to_string()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Setting, A::Error> {
                let mut lines = Vec::new();
                while let Some(Scalar(line)) = items.next_element()? {
                    lines.push(line);
                }
                Ok(Setting(lines))
            }
        }

        deserializer.deserialize_any(Visit)
    }
}

/// Returns the first word of a value.
fn name_of(value: &str) -> Option<String> {
    words(value)?.into_iter().next()
}
