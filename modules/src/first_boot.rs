//! What is left for the first boot: a unit does it once, and removes itself.

use crate::root::join;
use crate::units;
use crate::{Root, RootError, installed};

/// Where it is until then.
const FOLDER: &str = "/var/lib/hsb/scriptlets";

/// What the unit runs.
const RUN: &str = "/var/lib/hsb/scriptlets/run";

/// The unit, and where it is.
const UNIT: &str = "hsb-scriptlets.service";

/// The targets that systems boot into, the second of which wants the first. Where the image boots
/// into another, that wants the unit, too.
const USUAL: [&str; 2] = ["multi-user.target", "graphical.target"];

const SERVICE: &str = "\
# Made by hsb: does what packages asked for that could not be done while the image was made.
[Unit]
Description=Scripts of packages, once
After=local-fs.target systemd-tmpfiles-setup.service systemd-sysusers.service
ConditionPathExists=/var/lib/hsb/scriptlets/run

[Service]
Type=oneshot
ExecStart=/bin/sh /var/lib/hsb/scriptlets/run
TimeoutStartSec=infinity

[Install]
WantedBy=multi-user.target
";

const HEAD: &str = "\
# Made by hsb. Each line is a script: its name, its input, the program and its arguments.
once() {
\tname=$1 input=$2
\tshift 2
\techo \"running $name\"
\t\"$@\" <\"$input\" || echo \"$name ended with status $?\" >&2
}
cd /
";

const TAIL: &str = "\
systemctl --no-reload disable hsb-scriptlets.service
rm -f /etc/systemd/system/hsb-scriptlets.service
rm -rf /var/lib/hsb/scriptlets
rmdir /var/lib/hsb 2>/dev/null
exit 0
";

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Task {
    /// What the journal calls it.
    pub(crate) name: String,
    /// The program with its first arguments.
    pub(crate) program: Vec<String>,
    /// A script that the program reads; empty for none.
    pub(crate) text: String,
    /// What comes behind the script's name.
    pub(crate) arguments: Vec<String>,
    /// What it reads from its standard input.
    pub(crate) input: Vec<u8>,
}

/// Returns whether anything would do it.
pub(crate) fn is_possible(root: &Root<'_>) -> bool {
    installed::systemd(root)
}

/// Returns what an earlier step left: the words of each line, its name first.
pub(crate) fn left(root: &Root<'_>) -> Result<Vec<Vec<String>>, RootError> {
    Ok(lines(root)?.iter().map(|line| words(line)).collect())
}

/// Takes back what is told by its words.
pub(crate) fn forget(
    root: &mut Root<'_>,
    is_it: impl Fn(&[String]) -> bool,
) -> Result<(), RootError> {
    let mut lines = lines(root)?;
    let before = lines.len();
    lines.retain(|line| !is_it(&words(line)));
    match lines.len() == before {
        true => Ok(()),
        false => write(root, &lines),
    }
}

fn lines(root: &Root<'_>) -> Result<Vec<String>, RootError> {
    let run = root.read_if_exists(RUN)?.unwrap_or_default();
    let run = String::from_utf8_lossy(&run);
    let lines = run.lines().filter(|line| line.starts_with("once "));
    Ok(lines.map(str::to_owned).collect())
}

fn write(root: &mut Root<'_>, lines: &[String]) -> Result<(), RootError> {
    let lines: String = lines.iter().flat_map(|line| [&**line, "\n"]).collect();
    root.write(RUN, format!("{HEAD}{lines}{TAIL}"))
}

/// Adds what is to be done, behind what an earlier step left. What is there in the same words is
/// not done twice.
pub(crate) fn add(root: &mut Root<'_>, tasks: &[Task]) -> Result<(), RootError> {
    if tasks.is_empty() {
        return Ok(());
    }
    root.mkdir_all(FOLDER, 0o755)?;
    root.chmod(FOLDER, 0o700)?;
    let mut lines = lines(root)?;
    for task in tasks {
        let name = &task.name;
        let file = format!("{FOLDER}/{:03}-{name}", lines.len() + 1);
        let input = match task.input.is_empty() {
            true => "/dev/null".to_owned(),
            false => {
                let input = format!("{file}.input");
                root.write(&input, &task.input)?;
                input
            }
        };
        let mut words = vec!["once".to_owned(), quote(name), quote(&input)];
        words.extend(task.program.iter().map(|word| quote(word)));
        // A program without a text, such as ldconfig, gets no file.
        if !task.text.is_empty() {
            root.write_any_text(&file, &task.text)?;
            words.push(quote(&file));
            words.extend(task.arguments.iter().map(|word| quote(word)));
        }
        let line = words.join(" ");
        // It comes last, after all that it may need.
        lines.retain(|other| *other != line);
        lines.push(line);
    }
    write(root, &lines)?;
    let unit = join(units::CONFIG.as_bytes(), UNIT.as_bytes());
    root.mkdir_all(units::CONFIG, 0o755)?;
    root.write(&unit, SERVICE)?;
    let usual = USUAL.map(str::to_owned);
    let default = units::default_target(root).filter(|target| !usual.contains(target));
    for target in [USUAL[0].to_owned()].into_iter().chain(default) {
        let wants = format!("{}/{target}.wants", units::CONFIG);
        root.mkdir_all(&wants, 0o755)?;
        root.symlink(&unit, format!("{wants}/{UNIT}"), true)?;
    }
    Ok(())
}

/// Quotes a word for the shell, where that is needed.
pub(crate) fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%=".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// Returns the words of a line, as they were before [`quote`], but for the first.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut is_quoted) = (String::new(), false);
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\'' => is_quoted = !is_quoted,
            '\\' if !is_quoted => word.extend(signs.next()),
            ' ' if !is_quoted => words.push(std::mem::take(&mut word)),
            sign => word.push(sign),
        }
    }
    words.push(word);
    words.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_was_quoted() {
        let all = ["a.preinst", "2~rc1", "it's", "", "a b", "'", "\\", "/x:y+z"];
        let line = all.map(quote).join(" ");
        assert_eq!(words(&format!("once {line}")), all, "{line}");
    }
}
