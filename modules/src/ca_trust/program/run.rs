//! The lines of `update-ca-trust` as they run when packages call it: with no option, for no other
//! folder. What does not run then may be anything.

use std::collections::HashMap;

use super::super::{EXTRACTED, folder};
use super::{BUNDLES, Program};

/// The programs that make a bundle when they are told to `extract`.
const EXTRACTORS: [&str; 2] = ["/usr/bin/trust", "/usr/bin/p11-kit"];

/// How many blocks may be inside one another.
const DEEPEST: usize = 4;

/// What `find` is told to look for links by hash.
const BY_HASH: &str = r"-type l -regextype posix-extended -regex '.*/[0-9a-f]{8}\.[0-9]+'";

/// What is done to each link by hash.
const LINKED: [&str; 3] = [
    "target=$(readlink -f $link)",
    "new_link=$DEST_CERTS/$(basename $link)",
    "ln -s $target $new_link",
];

/// Returns the lines that count, with those that go on in the next one as one; without comments and
/// texts for people.
pub(super) fn lines(text: &str) -> Result<Vec<String>, String> {
    let (mut lines, mut rest) = (Vec::new(), text.lines());
    while let Some(first) = rest.next() {
        let mut line = first.trim().to_owned();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        while line.ends_with('\\') {
            line.pop();
            line += rest.next().ok_or_else(|| first.trim().to_owned())?.trim();
        }
        if let Some((_, end)) = line.split_once("<<") {
            let end = end.strip_prefix('-').filter(|end| *end == "EOF");
            let end = end.and_then(|end| rest.find(|line| line.trim_start_matches('\t') == end));
            end.ok_or_else(|| line.clone())?;
        }
        // A text in quotes that goes on in the next line.
        if ['"', '\'']
            .iter()
            .any(|sign| line.matches(*sign).count() % 2 != 0)
        {
            return Err(line);
        }
        lines.push(line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    Ok(lines)
}

/// The script as it runs.
#[derive(Default)]
pub(super) struct Run<'t> {
    pub(super) program: Program,
    values: HashMap<&'t str, &'t str>,
    /// What its function `extract` does.
    extract: Option<&'t [String]>,
    /// How many blocks are inside one another, those of `extract` among them.
    depth: usize,
    /// Whether links of an earlier call are taken away.
    pub(super) is_cleared: bool,
}

impl<'t> Run<'t> {
    pub(super) fn all(&mut self, mut lines: &'t [String]) -> Result<(), String> {
        self.depth += 1;
        while let [line, rest @ ..] = lines {
            let known = (self.depth <= DEEPEST).then(|| self.statement(line, rest));
            lines = known.transpose()?.flatten().ok_or_else(|| line.clone())?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Does what begins with a line; returns the lines behind it, if it is known.
    fn statement(
        &mut self,
        line: &'t str,
        rest: &'t [String],
    ) -> Result<Option<&'t [String]>, String> {
        let folder = format!("$DEST/{}", folder::PATH);
        let plain = line.replace('"', "");
        let is_loop = |line: &str| {
            let line = line.replace("IFS= read -r link", "read link");
            line == format!("find {folder} {BY_HASH} | while read link; do")
        };
        if let Some(condition) = line
            .strip_prefix("if ")
            .and_then(|line| line.strip_suffix("; then"))
        {
            let Some((then, rest)) = block(rest, "fi") else {
                return Ok(None);
            };
            // Called with nothing, it does as with `extract`.
            let is_known = match self.is_true(condition) {
                Some(true) => self.all(then).map(|()| true)?,
                Some(false) => true,
                None => condition == "[ $# -lt 1 ]" && *then == ["set -- extract"],
            };
            return Ok(is_known.then_some(rest));
        }
        Ok(match &*plain {
            // There are no options.
            "while [ $# -ne 0 ]; do" => block(rest, "done").map(|(_, rest)| rest),
            line if is_loop(line) => block(rest, "done").and_then(|(each, rest)| {
                self.program.has_links_elsewhere = true;
                let each = each.iter().map(|line| line.replace('"', ""));
                each.eq(LINKED).then_some(rest)
            }),
            "case $1 in" => match block(rest, "esac") {
                Some(([what, shift, extract, end, ..], rest))
                    if what.replace('"', "") == "extract)"
                        && shift == "shift"
                        && extract.replace('"', "") == "extract $@"
                        && end == ";;" =>
                {
                    self.all(self.extract.unwrap_or_default())?;
                    Some(rest)
                }
                _ => None,
            },
            line => match line.strip_suffix("() {") {
                Some(name) => block(rest, "}").map(|(body, rest)| {
                    if name == "extract" {
                        self.extract = Some(body);
                    }
                    rest
                }),
                None => self.command(line, &folder).map(|()| rest),
            },
        }
        .or_else(|| self.assign(line).map(|()| rest)))
    }

    /// Returns whether a condition holds, where that is sure.
    fn is_true(&self, condition: &str) -> Option<bool> {
        for test in condition.split(" && ") {
            let words: Vec<_> = test.split(' ').collect();
            // Without quotes, one that is empty is no word.
            let value = |word: &str| {
                let name = word.strip_prefix("\"$")?.strip_suffix('"')?;
                self.values.get(name).copied()
            };
            let holds = match *words {
                ["[", "-n", word, "]"] => !value(word)?.is_empty(),
                ["[", "-z", word, "]"] => value(word)?.is_empty(),
                ["[", word, "=", text, "]"] => value(word)? == text.replace('"', ""),
                _ => return None,
            };
            if !holds {
                return Some(false);
            }
        }
        Some(true)
    }

    fn assign(&mut self, line: &'t str) -> Option<()> {
        let (name, value) = line.split_once('=')?;
        let is_known = match name {
            "DEST" => value == EXTRACTED,
            "DEST_CERTS" => value == folder::ELSEWHERE,
            "USER_DEST" | "compat" => value.is_empty(),
            _ => false,
        };
        is_known.then(|| self.values.insert(name, value))?;
        Some(())
    }

    /// Does a command, which is given without quotes.
    fn command(&mut self, line: &str, folder: &str) -> Option<()> {
        let words: Vec<_> = line.split(' ').collect();
        match *words {
            [extractor, "extract", form, ref rest @ .., path]
                if EXTRACTORS.contains(&extractor) && self.values.contains_key("DEST") =>
            {
                let form = form.strip_prefix("--format=")?;
                let said = format!("{form} {}", rest.join(" ")).replace("--purpose=", "--purpose ");
                let path = path.strip_prefix("$DEST/")?;
                let mut known = BUNDLES.iter();
                let (_, bundle) =
                    known.find(|(known, bundle)| *known == said && bundle.path() == path)?;
                // Each once.
                let is_new = !self.program.bundles.contains(bundle);
                is_new.then(|| self.program.bundles.push(*bundle))?;
            }
            ["/usr/bin/ln", "-s", "../tls-ca-bundle.pem", path] => {
                let name = path.strip_prefix(folder)?.strip_prefix('/')?;
                let is_name = !name.contains(['/', '$']);
                is_name.then(|| self.program.links.push(name.to_owned()))?;
            }
            ["export", "P11_KIT_NO_USER_CONFIG=1"] | ["set", "-e" | "-u" | "-eu"] => {}
            ["export", name] => {
                let time = name.strip_prefix("SOURCE_DATE_EPOCH=")?;
                self.program.time = Some(time.parse().ok()?);
            }
            ["find", "$DEST_CERTS", ..] if self.values.contains_key("DEST_CERTS") => {
                let is_known = line == format!("find $DEST_CERTS {BY_HASH} -exec rm -f {{}} \\;");
                self.is_cleared |= is_known;
                is_known.then_some(())?;
            }
            _ => return None,
        }
        Some(())
    }
}

/// Returns the lines up to the one that ends what was begun, and those behind it.
fn block<'t>(lines: &'t [String], end: &str) -> Option<(&'t [String], &'t [String])> {
    let mut depth = 0_usize;
    for (at, line) in lines.iter().enumerate() {
        let mut words = line.split(' ');
        let first = words.next()?;
        match first {
            "fi" | "done" | "esac" | "}" if depth == 0 => {
                return (line == end).then_some((&lines[..at], &lines[at + 1..]));
            }
            "fi" | "done" | "esac" | "}" => depth -= 1,
            "else" | "elif" if depth == 0 => return None,
            _ if matches!(
                words.next_back().unwrap_or(first),
                "then" | "do" | "in" | "{"
            ) =>
            {
                depth += usize::from(first != "elif");
            }
            _ => {}
        }
    }
    None
}
