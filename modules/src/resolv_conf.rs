//! `resolv_conf`: whom the machine asks for addresses of names.
//!
//! Either systemd-resolved, by the link that it documents, or servers by their addresses in a file
//! of which the other lines stay. See resolv.conf(5), systemd-resolved.service(8).

use serde::Deserialize;

use crate::nameserver::Nameserver;
use crate::option::{OptionDoc, Shape};
use crate::shorthand::{FromText, Shorthand};
use crate::value::{Spanned, ValueError, nearest};
use crate::{Cfg, Error, Host, Module, Root};
use crate::{domain, installed, units};

const FILE: &str = "/etc/resolv.conf";
const STUB: &str = "../run/systemd/resolve/stub-resolv.conf";
const RESOLVED: &str = "systemd-resolved.service";

/// How many servers the C library asks (glibc, musl: `MAXNS`).
const MOST: usize = 3;

/// What resolv.conf(5) of the GNU C library has; others know some of it. Those with a number have
/// the largest one that counts.
const OPTIONS: [(&str, Option<u8>); 18] = [
    ("attempts", Some(5)),
    ("debug", None),
    ("edns0", None),
    ("inet6", None),
    ("ip6-bytestring", None),
    ("ip6-dotint", None),
    ("ndots", Some(15)),
    ("no-aaaa", None),
    ("no-check-names", None),
    ("no-ip6-dotint", None),
    ("no-reload", None),
    ("no-tld-query", None),
    ("rotate", None),
    ("single-request", None),
    ("single-request-reopen", None),
    ("timeout", Some(30)),
    ("trust-ad", None),
    ("use-vc", None),
];

const TEXTS: Shape = Shape::List(&Shape::Text);

pub(crate) const MODULE: Module = Module {
    name: "resolv_conf",
    summary: "says whom the machine asks for addresses of names",
    details: "\
`resolved` makes `/etc/resolv.conf` the link of systemd-resolved and enables that. Servers by their
addresses go into a file there, of which the other lines stay; a link is replaced. Where
NetworkManager would write the file anew, a warning says so.",
    keys: &["resolv_conf"],
    options: &[OptionDoc::required(
        "resolv_conf",
        Shape::AnyOf(&[
            Shape::OneOf(&["resolved"]),
            Shape::Map(&[
                OptionDoc::required(
                    "nameservers",
                    TEXTS,
                    "addresses of the servers, at most 3; one of a link is with its interface, as in \
                     fe80::1%eth0",
                ),
                OptionDoc::optional("search", TEXTS, "domains that names are looked up in"),
                OptionDoc::optional("options", TEXTS, "as in ndots:2 or edns0"),
            ]),
        ]),
        "the program, or the servers",
    )],
    example: "\
modules: [resolv_conf]
resolv_conf:
  nameservers: [10.0.0.1, 1.1.1.1]
  search: [example.com]
",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    resolv_conf: Spanned<Shorthand<Servers>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Servers {
    nameservers: Vec<Spanned<String>>,
    #[serde(default)]
    search: Vec<Spanned<String>>,
    #[serde(default)]
    options: Vec<Spanned<String>>,
    /// The text that stood in place of the mapping.
    #[serde(skip)]
    program: Option<String>,
}

impl FromText for Servers {
    const EXPECTED: &'static str = "resolved, or a mapping with `nameservers`";

    fn from_text(text: &str) -> Self {
        Self {
            nameservers: Vec::new(),
            search: Vec::new(),
            options: Vec::new(),
            program: Some(text.to_owned()),
        }
    }
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options { resolv_conf } = cfg.options()?;
    let servers = &resolv_conf.0;
    if let Some(program) = &servers.program {
        return match program.as_str() {
            "resolved" => Ok(()),
            _ => Err(resolv_conf.error(format!(
                "expected {}, found the string {program:?}",
                Servers::EXPECTED
            ))),
        };
    }
    if servers.nameservers.is_empty() {
        return Err(resolv_conf.error("no server is named"));
    }
    if let Some(extra) = servers.nameservers.get(MOST) {
        let message = format!("programs ask {MOST} servers at most; this is one more");
        return Err(extra.error(message));
    }
    for (at, server) in servers.nameservers.iter().enumerate() {
        Nameserver::parse(server)?.check_nameless(FILE)?;
        if servers.nameservers[..at]
            .iter()
            .any(|other| **other == **server)
        {
            return Err(server.error(format!("{} is listed twice", **server)));
        }
    }
    for domain in &servers.search {
        // The dot alone is the root of all names.
        if domain.as_str() != "." {
            domain::check(domain).map_err(|why| {
                let error = domain.error(format!("{:?} is no domain", **domain));
                error.help(format!("{why}; write it as in example.com"))
            })?;
        }
    }
    let name = |option: &str| option.split(':').next().unwrap_or_default().to_owned();
    for (at, option) in servers.options.iter().enumerate() {
        check_option(option)?;
        let mut others = servers.options[..at].iter();
        if let Some(other) = others.find(|other| name(other) == name(option)) {
            return Err(option.error(format!("{} is given before: {}", name(option), **other)));
        }
    }
    Ok(())
}

fn check_option(option: &Spanned<String>) -> Result<(), ValueError> {
    let (name, number) = match option.split_once(':') {
        Some((name, number)) => (name, Some(number)),
        None => (option.as_str(), None),
    };
    let known = OPTIONS.iter().find(|(known, _)| *known == name);
    let Some((_, most)) = known else {
        let error = option.error(format!("resolv.conf has no option {name:?}"));
        let names = OPTIONS.iter().map(|(name, _)| *name);
        return Err(match nearest(name, names) {
            Some(meant) => error.help(format!("did you mean {meant}?")),
            None => error,
        });
    };
    match (most, number) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(option.error(format!("{name} takes no number"))),
        (Some(most), number) => {
            let number = number.and_then(|number| number.parse().ok());
            match number.is_some_and(|number: u8| number <= *most) {
                true => Ok(()),
                false => {
                    let error = option.error(format!("{:?} is no {name}", **option));
                    Err(error.help(format!(
                        "it takes a number up to {most}, as in {name}:{most}"
                    )))
                }
            }
        }
    }
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { resolv_conf } = cfg.options()?;
    let servers = &resolv_conf.0;
    root.mkdir_above(FILE)?;
    if servers.program.is_some() {
        let folders = ["/usr/lib/systemd", "/lib/systemd"];
        if !folders
            .iter()
            .any(|folder| root.is_file(format!("{folder}/systemd-resolved")))
        {
            let error = resolv_conf.error("the image does not have systemd-resolved");
            return Err(error
                .help("install it in the source, or give `nameservers`")
                .into());
        }
        units::enable(root, RESOLVED).map_err(|cause| resolv_conf.error(cause.to_string()))?;
        root.symlink(STUB, FILE, true)?;
        return Ok(());
    }
    if root.is_link(FILE) {
        root.remove(FILE)?;
    }
    let mut text = root.any_text(FILE)?;
    let line = |key: &str, words: &[Spanned<String>]| -> Vec<String> {
        let words: Vec<_> = words.iter().map(|word| word.as_str()).collect();
        if words.is_empty() {
            Vec::new()
        } else {
            vec![format!("{key} {}", words.join(" "))]
        }
    };
    let names = servers.nameservers.iter();
    let names = names
        .map(|server| format!("nameserver {}", **server))
        .collect();
    for (keys, lines) in [
        (&["search", "domain"][..], line("search", &servers.search)),
        (&["nameserver"], names),
        (&["options"], line("options", &servers.options)),
    ] {
        if !lines.is_empty() {
            text = replace(&text, keys, &lines);
        }
    }
    root.write_any_text(FILE, &text)?;
    if installed::program(root, "NetworkManager") {
        let message = format!(
            "NetworkManager writes {FILE} anew when it has a connection: give the servers to \
             `network`, or set dns=none in its settings"
        );
        root.warn(message);
    }
    Ok(())
}

/// Returns the file with these lines in place of those that have one of the keys.
fn replace(text: &str, keys: &[&str], new: &[String]) -> String {
    let is_old = |line: &str| {
        line.split_whitespace()
            .next()
            .is_some_and(|key| keys.contains(&key))
    };
    let words =
        |line: &str| -> Vec<String> { line.split_whitespace().map(str::to_owned).collect() };
    let old = text.lines().filter(|line| is_old(line)).map(words);
    if old.eq(new.iter().map(|line| words(line))) {
        return text.to_owned();
    }
    let mut lines: Vec<&str> = text.lines().filter(|line| !is_old(line)).collect();
    let above = text.lines().take_while(|line| !is_old(line)).count();
    let at = above.min(lines.len());
    lines.splice(at..at, new.iter().map(String::as_str));
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{read, refusal, show, twice, value};

    #[test]
    fn servers() {
        let recipe = value!({"resolv_conf": {
            "nameservers": ["10.0.0.1", "fd00::1"], "search": ["a.example", "b"], "options": ["edns0"],
        }});
        let new = "search a.example b\nnameserver 10.0.0.1\nnameserver fd00::1\noptions edns0\n";
        for (files, after) in [
            (&[][..], new),
            (&[(FILE, "")], new),
            (&[("/etc/resolv.conf@", "/run/x")], new),
            (
                &[(
                    FILE,
                    "# mine\nnameserver 9.9.9.9\ndomain x\n# end\nnameserver 8.8.8.8",
                )],
                "# mine\nnameserver 10.0.0.1\nnameserver fd00::1\nsearch a.example b\n# end\n\
                 options edns0\n",
            ),
        ] {
            let (mut tree, done) = twice(files, "resolv_conf", &recipe).unwrap();
            assert_eq!(read(&tree, FILE), after);
            assert_eq!(show(&mut tree, FILE), ["0644 0:0 /etc/resolv.conf"]);
            assert_eq!(done.warnings, [""; 0]);
        }
        let only = value!({"resolv_conf": {"nameservers": ["1.1.1.1"]}});
        let files = [(FILE, "options rotate\n"), ("/usr/sbin/NetworkManager", "")];
        let (tree, done) = twice(&files, "resolv_conf", &only).unwrap();
        assert_eq!(read(&tree, FILE), "options rotate\nnameserver 1.1.1.1\n");
        assert_eq!(done.warnings.len(), 1);
    }

    #[test]
    fn resolved() {
        let recipe = value!({"resolv_conf": "resolved"});
        let files = [
            ("/usr/lib/systemd/systemd-resolved", ""),
            (
                "/usr/lib/systemd/system/systemd-resolved.service",
                "[Install]\nWantedBy=sysinit.target\n",
            ),
            (FILE, "nameserver 1.1.1.1\n"),
        ];
        let (mut tree, _) = twice(&files, "resolv_conf", &recipe).unwrap();
        assert_eq!(
            show(&mut tree, FILE),
            [format!("0777 0:0 {FILE} -> {STUB}")]
        );
        let link = "/etc/systemd/system/sysinit.target.wants/systemd-resolved.service";
        assert!(tree.resolve(link.as_bytes()).is_ok());
        let message = refusal(&[], "resolv_conf", &recipe);
        assert_eq!(message, "the image does not have systemd-resolved");
    }

    #[test]
    fn refusals() {
        let servers = |list: &[&str]| {
            let list: Vec<crate::value::Value> = list.iter().map(|s| (*s).into()).collect();
            value!({"resolv_conf": {"nameservers": list}})
        };
        for (recipe, message) in [
            (servers(&[]), "no server is named"),
            (
                servers(&["a.example"]),
                "\"a.example\" is no IP address of a server",
            ),
            (
                servers(&["224.0.0.1"]),
                "\"224.0.0.1\" is no IP address of a server",
            ),
            (
                servers(&["1.1.1.1%eth0"]),
                "\"1.1.1.1%eth0\" is no IP address of a server",
            ),
            (
                servers(&["1.1.1.1#one.example"]),
                "/etc/resolv.conf has no form for the name of a server, #one.example",
            ),
            (
                servers(&["fe80::1%.."]),
                "\"fe80::1%..\" is no IP address of a server",
            ),
            (
                servers(&["fe80::1%a:b"]),
                "\"fe80::1%a:b\" is no IP address of a server",
            ),
            (
                servers(&["fe80::1%sixteen-letters-"]),
                "\"fe80::1%sixteen-letters-\" is no IP address of a server",
            ),
            (
                servers(&["fe80::1%eth0", "fe80::1%eth0"]),
                "fe80::1%eth0 is listed twice",
            ),
            (
                value!({"resolv_conf": {"nameservers": ["::1"], "options": ["ndots:1", "ndots:5"]}}),
                "ndots is given before: ndots:1",
            ),
            (
                value!({"resolv_conf": {"nameservers": ["::1"], "search": ["-a.b", "a..b"]}}),
                "\"a..b\" is no domain",
            ),
            (
                servers(&["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"]),
                "programs ask 3 servers at most; this is one more",
            ),
            (
                value!({"resolv_conf": "dnsmasq"}),
                "expected resolved, or a mapping with `nameservers`, found the string \"dnsmasq\"",
            ),
            (
                value!({"resolv_conf": {"nameservers": ["1.1.1.1"], "search": [".", "a b"]}}),
                "\"a b\" is no domain",
            ),
        ] {
            assert_eq!(refusal(&[], "resolv_conf", &recipe), message);
        }
        for (option, wrong) in [
            ("edns0", None),
            ("ndots:15", None),
            ("use-vc", None),
            ("ndots:16", Some("\"ndots:16\" is no ndots")),
            ("ndots", Some("\"ndots\" is no ndots")),
            ("timeout:x", Some("\"timeout:x\" is no timeout")),
            ("rotate:1", Some("rotate takes no number")),
            ("rotated", Some("resolv.conf has no option \"rotated\"")),
            ("", Some("resolv.conf has no option \"\"")),
        ] {
            let recipe = value!({"resolv_conf": {"nameservers": ["1.1.1.1"], "options": [option]}});
            let found = twice(&[], "resolv_conf", &recipe).err();
            assert_eq!(found.as_deref(), wrong, "{option}");
        }
    }
}
