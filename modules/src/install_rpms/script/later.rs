//! Scripts that are left for the first boot: a unit runs them once, and removes itself.

use super::Script;
use crate::root::join;
use crate::units;
use crate::{Root, RootError};

/// Where the scripts are until then.
const FOLDER: &str = "/var/lib/hsb/scriptlets";

/// What the unit runs.
const RUN: &str = "/var/lib/hsb/scriptlets/run";

/// The unit, and where it is.
const UNIT: &str = "hsb-scriptlets.service";

/// Where systemd is in images that boot with it.
const SYSTEMD: [&str; 2] = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];

/// What reads Lua as rpm does; it comes with rpm since 4.17.
const RPMLUA: &str = "/usr/bin/rpmlua";

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

/// Returns why a script cannot be left for the first boot.
pub(super) fn refusal(root: &Root<'_>, script: &Script) -> Option<&'static str> {
    if !SYSTEMD.iter().any(|path| root.exists(path)) {
        return Some("the image has no systemd to run it");
    }
    if script.is_expanded {
        return Some("rpm would expand macros in it");
    }
    let is_lua = script
        .program
        .first()
        .is_some_and(|program| program == "<lua>");
    (is_lua && !root.exists(RPMLUA)).then_some("the image has no rpmlua, which reads Lua")
}

/// Writes scripts and unit; what an earlier step left comes before.
pub(super) fn write(root: &mut Root<'_>, scripts: &[Script]) -> Result<(), RootError> {
    if scripts.is_empty() {
        return Ok(());
    }
    root.mkdir_all(FOLDER, 0o755)?;
    root.chmod(FOLDER, 0o700)?;
    let before = root.read_if_exists(RUN)?.unwrap_or_default();
    let before = String::from_utf8_lossy(&before).into_owned();
    let before = before.lines().filter(|line| line.starts_with("once "));
    let mut lines: Vec<String> = before.map(str::to_owned).collect();
    for script in scripts {
        let name = script.name();
        let file = format!("{FOLDER}/{:03}-{name}", lines.len() + 1);
        root.write(&file, &script.text)?;
        let input = match script.paths.is_empty() {
            true => "/dev/null".to_owned(),
            false => {
                let paths = script.paths.iter().flat_map(|path| [&**path, b"\n"]);
                let input = format!("{file}.input");
                root.write(&input, paths.collect::<Vec<_>>().concat())?;
                input
            }
        };
        let mut words = vec!["once".to_owned(), quote(&name), quote(&input)];
        for program in &script.program {
            words.push(quote(if program == "<lua>" { RPMLUA } else { program }));
        }
        // A program without a text, such as ldconfig, gets no file.
        if !script.text.is_empty() {
            words.push(quote(&file));
            words.extend(script.arguments.iter().map(u32::to_string));
        }
        lines.push(words.join(" "));
    }
    let lines: String = lines.iter().flat_map(|line| [&**line, "\n"]).collect();
    root.write(RUN, format!("{HEAD}{lines}{TAIL}"))?;
    let unit = join(units::CONFIG.as_bytes(), UNIT.as_bytes());
    root.mkdir_all(units::CONFIG, 0o755)?;
    root.write(&unit, SERVICE)?;
    let wants = format!("{}/multi-user.target.wants", units::CONFIG);
    root.mkdir_all(&wants, 0o755)?;
    root.symlink(&unit, format!("{wants}/{UNIT}"), true)
}

/// Quotes a word for the shell, where that is needed.
fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
