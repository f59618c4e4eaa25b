//! The image's own `update-ca-trust`: which bundles it makes.
//!
//! It is a script, of which there are several: old ones make no directory by hash, some put two
//! links there, new ones put links to `/etc/pki/tls/certs` instead. So it is read, line by line, and
//! one line of any other kind is one too many.

use super::purpose::Purpose;
use super::{EXTRACTED, Stop, folder};
use crate::{Root, RootError};

/// Where the program is.
const PATHS: [&str; 2] = ["/usr/bin/update-ca-trust", "/usr/sbin/update-ca-trust"];

/// The programs that make a bundle when they are told to `extract`.
const EXTRACTORS: [&str; 2] = ["/usr/bin/trust", "/usr/bin/p11-kit"];

/// What begins lines that make nothing, or nothing when the program is called as packages call it:
/// that read arguments, or show help, or make folders of a destination that was given.
const IDLE: [&str; 20] = [
    "fi",
    "done",
    "case",
    "esac",
    "shift",
    "continue",
    "break",
    "exit",
    "echo",
    "set",
    "usage",
    "extract",
    "{",
    "}",
    "/usr/bin/mkdir",
    "/usr/bin/chmod",
    "USER_DEST=",
    "USER_DEST=$2",
    "DEST=$USER_DEST",
    "export",
];

/// A bundle that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bundle {
    /// All certificates, with what they are trusted for.
    OpenSsl,
    Pem(Purpose, &'static str),
    Java(Purpose),
    Edk2(Purpose),
    /// One file for each certificate, with links by hash.
    Folder(Purpose),
}

/// All that are known: what the image's program says for each.
const BUNDLES: [(&str, Bundle); 7] = [
    (
        "openssl-bundle --filter=certificates --overwrite --comment",
        Bundle::OpenSsl,
    ),
    (
        "pem-bundle --filter=ca-anchors --overwrite --comment --purpose server-auth",
        Bundle::Pem(Purpose::Server, "pem/tls-ca-bundle.pem"),
    ),
    (
        "pem-bundle --filter=ca-anchors --overwrite --comment --purpose email",
        Bundle::Pem(Purpose::Email, "pem/email-ca-bundle.pem"),
    ),
    (
        "pem-bundle --filter=ca-anchors --overwrite --comment --purpose code-signing",
        Bundle::Pem(Purpose::Code, "pem/objsign-ca-bundle.pem"),
    ),
    (
        "java-cacerts --filter=ca-anchors --overwrite --purpose server-auth",
        Bundle::Java(Purpose::Server),
    ),
    (
        "edk2-cacerts --filter=ca-anchors --overwrite --purpose server-auth",
        Bundle::Edk2(Purpose::Server),
    ),
    (
        "pem-directory-hash --filter=ca-anchors --overwrite --purpose server-auth",
        Bundle::Folder(Purpose::Server),
    ),
];

impl Bundle {
    /// Returns where it is, from the folder of all bundles.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::OpenSsl => "openssl/ca-bundle.trust.crt",
            Self::Pem(_, path) => path,
            Self::Java(_) => "java/cacerts",
            Self::Edk2(_) => "edk2/cacerts.bin",
            Self::Folder(_) => folder::PATH,
        }
    }
}

/// What the program does.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) bundles: Vec<Bundle>,
    /// Links to the bundle for TLS that it puts into the directory by hash.
    pub(super) links: Vec<String>,
    /// Whether it puts links by hash to `/etc/pki/tls/certs`, too.
    pub(super) has_links_elsewhere: bool,
    /// The seconds since 1970 that its bundles are dated by, if it says that.
    pub(super) time: Option<i64>,
}

impl Program {
    pub(super) fn read(root: &Root<'_>) -> Result<Self, Stop> {
        let path = PATHS.into_iter().find(|path| root.is_file(path));
        let path = path.ok_or_else(|| format!("there is no {}", PATHS[0]))?;
        match root.read_to_string(path) {
            Ok(text) => Ok(Self::parse(&text).map_err(|line| {
                format!("{path} is none of those that are known, by its line {line:?}")
            })?),
            Err(RootError::NotText { .. }) => Err(format!("{path} is no script").into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads its text; fails with the first line that is not known.
    fn parse(text: &str) -> Result<Self, String> {
        let mut program = Self::default();
        let text = text.replace("\\\n", " ");
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let unquoted = line.replace('"', "");
            let words: Vec<_> = unquoted.split_whitespace().collect();
            program.line(&words).ok_or_else(|| line.trim().to_owned())?;
            if let Some((_, end)) = line.split_once("<<-") {
                lines.find(|line| line.trim() == end);
            }
        }
        match program.bundles.is_empty() {
            true => Err(text.lines().next().unwrap_or_default().to_owned()),
            false => Ok(program),
        }
    }

    fn line(&mut self, words: &[&str]) -> Option<()> {
        let folder = format!("$DEST/{}", folder::PATH);
        match *words {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            [extractor, "extract", form, ref rest @ .., path]
                if EXTRACTORS.contains(&extractor) =>
            {
                let form = form.strip_prefix("--format=")?;
                let said = format!("{form} {}", rest.join(" ")).replace("--purpose=", "--purpose ");
                let path = path.strip_prefix("$DEST/")?;
                let mut known = BUNDLES.iter();
                let (_, bundle) =
                    known.find(|(known, bundle)| *known == said && bundle.path() == path)?;
                self.bundles.push(*bundle);
            }
            ["/usr/bin/ln", "-s", "../tls-ca-bundle.pem", path] => {
                let name = path.strip_prefix(&*folder)?.strip_prefix('/')?;
                (!name.contains(['/', '$'])).then(|| self.links.push(name.to_owned()))?;
            }
            // Only when it is asked for.
            ["ln", "-sf", _, path] if path.starts_with("$DEST_CERTS/") => {}
            ["ln", "-s", "$target", "$new_link"] => self.has_links_elsewhere = true,
            ["target=$(readlink", "-f", "$link)"] => {}
            ["new_link=$DEST_CERTS/$(basename", "$link)"] => {}
            [
                "find",
                "$DEST_CERTS",
                "-type",
                "l",
                ..,
                "-exec",
                "rm",
                "-f",
                "{}",
                "\\;",
            ] => {}
            [
                "find",
                path,
                "-type",
                "l",
                ..,
                "|",
                "while",
                "IFS=",
                "read",
                "-r",
                "link;",
                "do",
            ]
            | [
                "find",
                path,
                "-type",
                "l",
                ..,
                "|",
                "while",
                "read",
                "link;",
                "do",
            ] if path == folder => {}
            ["export", name] if name.starts_with("SOURCE_DATE_EPOCH=") => {
                let (_, time) = name.split_once('=')?;
                self.time = Some(time.parse().ok()?);
            }
            ["fold", "-s", ..] => {}
            // A function begins, a case, or what is done in that.
            [_, "{"] | [_] if words[0].ends_with("()") || words[0].ends_with(')') => {}
            ["rhbz2387674_msg" | "compat=" | "compat=true"] => {}
            ["DEST_CERTS=/etc/pki/tls/certs"] => {}
            [place] if place.strip_prefix("DEST=") == Some(EXTRACTED) => {}
            [first @ ("if" | "while"), .., last] => {
                let signs = words.concat();
                let count = |sign| signs.matches(sign).count();
                let is_alone = count(";") == 1 && count("&&") + 1 == count("[");
                let is_alone = is_alone && !signs.contains(['|', '`', '(']);
                (is_alone && last == if first == "if" { "then" } else { "do" }).then_some(())?;
            }
            [";;"] => {}
            [first, ..] => {
                let is_more =
                    |word: &&str| word.contains([';', '`']) || word.contains("$(") || *word == "|";
                (IDLE.contains(&first) && !words.iter().any(is_more)).then_some(())?;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests;
