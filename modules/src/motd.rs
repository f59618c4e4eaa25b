//! `motd`: what people read before and after they log in.
//!
//! A link to a file of the vendor's or to one that is made at each boot is replaced by a file, so
//! that the text stays. See motd(5), issue(5).

use serde::Deserialize;

use crate::option::{OptionDoc, Shape};
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root, RootError};

pub(crate) const MODULE: Module = Module {
    name: "motd",
    summary: "sets what people read before and after they log in",
    details: "\
Writes `/etc/motd` and `/etc/issue`. A link there to a file of `/usr` or `/run` is replaced by a
file of its own. What a distribution adds at each login (`/etc/update-motd.d`, `/etc/issue.d`)
stays.",
    keys: &["motd", "issue"],
    options: &[
        OptionDoc::optional("motd", Shape::Text, "the text after a login"),
        OptionDoc::optional(
            "issue",
            Shape::Text,
            "the text before a login on a console; agetty(8) has its escapes such as \\n",
        ),
    ],
    example: "\
modules: [motd]
motd: |
  This machine is rebuilt each night. Keep nothing here.
issue: |
  \\S on \\l
",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    motd: Option<Spanned<String>>,
    issue: Option<Spanned<String>>,
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options { motd, issue } = cfg.options()?;
    if motd.is_none() && issue.is_none() {
        let error = ValueError::new(cfg.span(), "the step has nothing to do");
        return Err(error.help("give `motd`, `issue` or both"));
    }
    for text in [&motd, &issue].into_iter().flatten() {
        if text.contains('\0') {
            return Err(text.error("a text has no zero bytes"));
        }
    }
    Ok(())
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { motd, issue } = cfg.options()?;
    for (path, text) in [("/etc/motd", motd), ("/etc/issue", issue)] {
        if let Some(text) = text {
            write(root, path, text.value)?;
        }
    }
    Ok(())
}

fn write(root: &mut Root<'_>, path: &str, mut text: String) -> Result<(), RootError> {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    // All that is in /etc itself may be a link, as on SUSE; only a file elsewhere is not ours.
    if root.is_link(path) {
        let target = root.readlink(path)?;
        if target.contains(&b'/') {
            root.remove(path)?;
        }
    }
    root.mkdir_above(path)?;
    root.write(path, text)
}

#[cfg(test)]
mod tests {
    use crate::kit::{image, read, show, step, value};

    #[test]
    fn texts() {
        for (files, line) in [
            (&[][..], "0644 0:0 /etc/motd"),
            (&[("/etc/motd", "old\n")], "0644 0:0 /etc/motd"),
            (&[("/etc/motd@", "/run/motd")], "0644 0:0 /etc/motd"),
            (
                &[
                    ("/etc/motd@", "../usr/lib/motd"),
                    ("/usr/lib/motd", "vendor\n"),
                ],
                "0644 0:0 /etc/motd",
            ),
            (
                &[("/etc/motd@", "motd.own")],
                "0777 0:0 /etc/motd -> motd.own",
            ),
        ] {
            let mut tree = image(files);
            let recipe = value!({"motd": "hello"});
            assert_ne!(step(&mut tree, "motd", &recipe).unwrap().changes, []);
            assert_eq!(step(&mut tree, "motd", &recipe).unwrap().changes, []);
            assert_eq!(read(&tree, "/etc/motd"), "hello\n");
            assert_eq!(show(&mut tree, "/etc/motd"), [line]);
            if tree.resolve(b"/usr/lib/motd").is_ok() {
                assert_eq!(read(&tree, "/usr/lib/motd"), "vendor\n");
            }
        }
        let mut tree = image(&[]);
        step(&mut tree, "motd", &value!({"motd": "", "issue": "a\n\n"})).unwrap();
        assert_eq!(read(&tree, "/etc/motd"), "");
        assert_eq!(read(&tree, "/etc/issue"), "a\n\n");
        let nothing = step(&mut tree, "motd", &value!({})).unwrap_err();
        assert_eq!(nothing.to_string(), "the step has nothing to do");
        let zero = step(&mut tree, "motd", &value!({"motd": "a\0b"})).unwrap_err();
        assert_eq!(zero.to_string(), "a text has no zero bytes");
    }
}
