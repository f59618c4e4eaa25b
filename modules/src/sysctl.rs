//! `sysctl`: settings of the kernel that are made at each boot.
//!
//! They go to one file of our own in `/etc/sysctl.d`; what stands there already besides stays. A
//! file that is read later and says something else is told of. See sysctl.d(5).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::named::Named;
use crate::option::{OptionDoc, Shape};
use crate::root::show;
use crate::scalar::Scalar;
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root, RootError};

const FILE: &str = "/etc/sysctl.d/90-hsb.conf";

/// Where settings are, in the order of precedence: of two files with one name the first counts.
const FOLDERS: [&str; 4] = [
    "/etc/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
];

/// What sysctl(8) and OpenRC read last of all. Debian and SUSE have links to it in `/etc/sysctl.d`.
const LAST: &str = "/etc/sysctl.conf";

pub(crate) const MODULE: Module = Module {
    name: "sysctl",
    summary: "sets parameters of the kernel for each boot",
    details: "\
Writes `/etc/sysctl.d/90-hsb.conf`, which systemd, procps and OpenRC read. A file that is read later
and sets the same parameter to another value is named in a warning.",
    keys: &["sysctl"],
    options: &[OptionDoc::required(
        "sysctl",
        Shape::Table(&Scalar::SHAPE),
        "values by the name of the parameter; `-` before a name: the kernel need not have it",
    )],
    example: "\
modules: [sysctl]
sysctl:
  net.ipv4.ip_forward: 1
  kernel.printk: 4 4 1 7
",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    sysctl: Named<Spanned<Scalar>>,
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options { sysctl } = cfg.options()?;
    for (at, (name, value)) in sysctl.0.iter().enumerate() {
        let is_same = |(other, _): &&(Spanned<String>, _)| same(other.as_bytes(), name);
        if let Some((other, _)) = sysctl.0[..at].iter().find(is_same) {
            return Err(name.error(format!("{} is {} once more", **name, **other)));
        }
        let bare = name.strip_prefix('-').unwrap_or(name);
        let is_odd = |c: &char| !c.is_ascii_alphanumeric() && !"._-/:*@".contains(*c);
        let has_gap = ["..", "//", "./", "/."]
            .iter()
            .any(|gap| bare.contains(gap));
        if bare.is_empty()
            || has_gap
            || bare.starts_with(['.', '/', '-'])
            || bare.ends_with(['.', '/'])
        {
            return Err(name.error(format!("{:?} is no parameter of the kernel", **name)));
        }
        if let Some(odd) = bare.chars().find(is_odd) {
            return Err(name.error(format!(
                "parameter {:?} has {odd:?}, which none has",
                **name
            )));
        }
        if value.contains('\n') {
            return Err(value.error(format!("the value of {} has more than one line", **name)));
        }
    }
    Ok(())
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { sysctl } = cfg.options()?;
    let mut text = root.read_if_exists(FILE)?.unwrap_or_default();
    for (name, value) in &sysctl.0 {
        text = set(&text, name, value);
    }
    root.mkdir_above(FILE)?;
    root.write(FILE, text)?;
    for (name, value) in &sysctl.0 {
        if let Some(path) = overruled(root, name, value)? {
            root.warn_at(
                value.span,
                format!("{} sets {} to another value", show(&path), **name),
            );
        }
    }
    Ok(())
}

/// Returns the file with a parameter set; its last line counts.
fn set(text: &[u8], name: &str, value: &str) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = text
        .split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let is_of = |line: &[u8]| entry(line).is_some_and(|(key, _)| same(key, name));
    let new = format!("{name} = {value}\n").into_bytes();
    match lines.iter_mut().rev().find(|line| is_of(line)) {
        Some(line) if entry(line).is_some_and(|(_, now)| now == value.trim().as_bytes()) => {}
        Some(line) => *line = new,
        None => {
            if let Some(last) = lines.last_mut().filter(|last| !last.ends_with(b"\n")) {
                last.push(b'\n');
            }
            lines.push(new);
        }
    }
    lines.concat()
}

/// Returns name and value of a line that has them.
fn entry(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.trim_ascii();
    if line.starts_with(b"#") || line.starts_with(b";") {
        return None;
    }
    let cut = line.iter().position(|b| *b == b'=')?;
    Some((line[..cut].trim_ascii(), line[cut + 1..].trim_ascii()))
}

/// Returns whether two names are one parameter. Slashes and dots are the same where the first of
/// them is; else (`net/ipv4/conf/eth0.1/x`) they stand for themselves.
fn same(a: &[u8], b: &str) -> bool {
    let plain = |name: &[u8]| -> Vec<u8> {
        let name = name.strip_prefix(b"-").unwrap_or(name);
        let dotted = name.iter().find(|b| b"./".contains(b)) == Some(&b'.');
        let swap = |byte: &u8| match byte {
            b'.' if dotted => b'/',
            b'/' if dotted => b'.',
            other => *other,
        };
        name.iter().map(swap).collect()
    };
    plain(a) == plain(b.as_bytes())
}

/// Returns the file that has the last word on a parameter, if that is another one.
fn overruled(root: &Root<'_>, name: &str, value: &str) -> Result<Option<Vec<u8>>, RootError> {
    let mut files: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for folder in FOLDERS.iter().rev() {
        for path in root.glob(format!("{folder}/*.conf")) {
            let file = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
            files.insert(file.to_vec(), path);
        }
    }
    let own = FILE.rsplit('/').next().unwrap_or_default().as_bytes();
    let later = files.range(own.to_vec()..).map(|(_, path)| path.clone());
    let mut last = None;
    for path in later.chain([LAST.as_bytes().to_vec()]) {
        if !root.is_file(&path) {
            continue;
        }
        let text = root.read(&path)?;
        let lines = text.split(|b| *b == b'\n').filter_map(entry);
        for (_, found) in lines.filter(|(key, _)| same(key, name)) {
            last = Some((path.clone(), found == value.trim().as_bytes()));
        }
    }
    Ok(last.filter(|(_, agrees)| !agrees).map(|(path, _)| path))
}

#[cfg(test)]
mod tests {
    use crate::kit::{read, refusal, twice, value};

    use super::FILE;

    #[test]
    fn one_line_for_each() {
        for (before, after) in [
            (None, "a.b = 1\nx.y = 4 4 1 7\n"),
            (
                Some("# mine\na/b=0\n; a.b = 0\nother = 1"),
                "# mine\na.b = 1\n; a.b = 0\nother = 1\nx.y = 4 4 1 7\n",
            ),
            (
                Some("a.b=1\nx.y = 4 4 1 7\n\n#\n-a.b = 0\n"),
                "a.b=1\nx.y = 4 4 1 7\n\n#\na.b = 1\n",
            ),
        ] {
            let files: Vec<_> = before.map(|text| (FILE, text)).into_iter().collect();
            let recipe = value!({"sysctl": {"a.b": 1_i64, "x.y": "4 4 1 7"}});
            let (tree, done) = twice(&files, "sysctl", &recipe).unwrap();
            assert_eq!(read(&tree, FILE), after);
            assert_eq!(done.warnings, [""; 0]);
        }
    }

    #[test]
    fn files_that_are_read_later() {
        for (path, text, warned) in [
            ("/etc/sysctl.d/99-sysctl.conf", "a.b = 0\n", true),
            ("/etc/sysctl.d/99-sysctl.conf", "a.b = 1\n", false),
            ("/etc/sysctl.d/99-sysctl.conf", "a/b = 0\na.b = 1\n", false),
            ("/etc/sysctl.d/99-sysctl.txt", "a.b = 0\n", false),
            ("/etc/sysctl.d/10-x.conf", "a.b = 0\n", false),
            ("/usr/lib/sysctl.d/95-x.conf", "a/b=0\n", true),
            ("/etc/sysctl.conf", "a.b=0\n", true),
            ("/etc/sysctl.conf", "#a.b=0\n", false),
        ] {
            let recipe = value!({"sysctl": {"a.b": 1_i64}});
            let (_, done) = twice(&[(path, text)], "sysctl", &recipe).unwrap();
            let want = warned.then(|| format!("{path} sets a.b to another value"));
            assert_eq!(done.warnings, Vec::from_iter(want), "{path} {text}");
        }
    }

    #[test]
    fn names() {
        for (name, message) in [
            ("", "\"\" is no parameter of the kernel"),
            (".a", "\".a\" is no parameter of the kernel"),
            ("a..b", "\"a..b\" is no parameter of the kernel"),
            ("a b", "parameter \"a b\" has ' ', which none has"),
            ("a=b", "parameter \"a=b\" has '=', which none has"),
        ] {
            let recipe = value!({"sysctl": (crate::kit::map([(name, value!("1"))]))});
            assert_eq!(refusal(&[], "sysctl", &recipe), message);
        }
        let recipe = value!({"sysctl": {"a.b": "1", "-a/b": "2"}});
        assert_eq!(refusal(&[], "sysctl", &recipe), "-a/b is a.b once more");
        let recipe = value!({"sysctl": {"a": "1\n2"}});
        assert_eq!(
            refusal(&[], "sysctl", &recipe),
            "the value of a has more than one line"
        );
    }
}
