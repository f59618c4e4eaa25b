//! `os_release`: says in the image what it is and which build of it.
//!
//! See os-release(5).

mod fields;

use serde::Deserialize;

use crate::assignments::{self, Quotes};
use crate::named::Named;
use crate::option::{OptionDoc, Shape};
use crate::scalar::Scalar;
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root};

pub(crate) use fields::read;

/// Keys whose values others use as parts of names.
const IDS: [&str; 6] = [
    "ID",
    "VERSION_ID",
    "VERSION_CODENAME",
    "VARIANT_ID",
    "IMAGE_ID",
    "IMAGE_VERSION",
];

pub(crate) const MODULE: Module = Module {
    name: "os_release",
    summary: "says in the image what it is and which build of it",
    details: "\
Sets keys of os-release(5), such as IMAGE_ID, IMAGE_VERSION, BUILD_ID and VARIANT, in
`/etc/os-release` or the file that this is a link to. All other lines stay.",
    keys: &["os_release"],
    options: &[OptionDoc::required(
        "os_release",
        Shape::Table(&Scalar::SHAPE),
        "values by the name of the key",
    )],
    example: "\
modules: [os_release]
os_release:
  IMAGE_ID: web
  IMAGE_VERSION: \"2025.06\"
",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    os_release: Named<Spanned<Scalar>>,
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options { os_release } = cfg.options()?;
    for (key, value) in &os_release.0 {
        let is_sign = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        if !key.starts_with(|c: char| c.is_ascii_uppercase()) || !key.chars().all(is_sign) {
            let error = key.error(format!("{:?} is no key of os-release", **key));
            return Err(error.help("keys have capitals, digits and `_`, as in IMAGE_ID"));
        }
        if value.contains(char::is_control) {
            return Err(value.error(format!("the value of {} is not one line of text", **key)));
        }
        let is_part =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-~^+".contains(c);
        let is_id = |text: &str| text.chars().all(is_part);
        let (fits, allowed) = match key.as_str() {
            key if IDS.contains(&key) => (
                is_id(value),
                "small letters, digits, `.`, `_`, `-` are allowed",
            ),
            "ID_LIKE" => (
                value.split(' ').all(is_id),
                "it is values of ID with blanks between them",
            ),
            "SUPPORT_END" => (is_date(value), "it is a day, as in 2030-06-30"),
            key if key.ends_with("_URL") => (
                value.is_empty() || value.contains(':') && !value.contains(' '),
                "it starts as in https://",
            ),
            _ => (true, ""),
        };
        if !fits {
            let error = value.error(format!("{} cannot be {:?}", **key, &***value));
            return Err(error.help(allowed));
        }
    }
    Ok(())
}

/// Returns whether a text is a day of the calendar, as ISO 8601 has it.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return false;
    };
    let number = |text: &str, digits: usize| -> Option<u32> {
        let is_number = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| text.parse().ok())?
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
    else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { os_release } = cfg.options()?;
    let values: Vec<_> = os_release
        .0
        .iter()
        .map(|(key, value)| (key.as_str(), &***value))
        .collect();
    assignments::set(root, fields::place(root), &values, Quotes::Needed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::kit::{map, read, refusal, twice, value};

    #[test]
    fn keys_are_set() {
        let recipe =
            value!({"os_release": {"IMAGE_ID": "web", "VARIANT": "Web server", "N": 7_i64}});
        let others = value!({"os_release": {"SUPPORT_END": "2028-02-29", "ID_LIKE": "rhel fedora",
            "HOME_URL": "https://example.org/"}});
        twice(&[], "os_release", &others).unwrap();
        let new = "IMAGE_ID=web\nVARIANT=\"Web server\"\nN=7\n";
        for (files, path, after) in [
            (&[][..], "/etc/os-release", new.to_owned()),
            (
                &[
                    ("/usr/lib/os-release", "ID=a\n"),
                    ("/etc/os-release@", "../usr/lib/os-release"),
                ],
                "/usr/lib/os-release",
                format!("ID=a\n{new}"),
            ),
            (
                &[("/usr/lib/os-release", "")],
                "/usr/lib/os-release",
                new.to_owned(),
            ),
            (
                &[(
                    "/etc/os-release",
                    "# c\nVARIANT='Web server'\nIMAGE_ID=x\nID=a",
                )],
                "/etc/os-release",
                "# c\nVARIANT='Web server'\nIMAGE_ID=web\nID=a\nN=7\n".to_owned(),
            ),
        ] {
            let (tree, _) = twice(files, "os_release", &recipe).unwrap();
            assert_eq!(read(&tree, path), after);
        }
    }

    #[test]
    fn refusals() {
        for (key, text, message) in [
            ("image_id", "a", "\"image_id\" is no key of os-release"),
            ("A B", "a", "\"A B\" is no key of os-release"),
            ("", "a", "\"\" is no key of os-release"),
            ("IMAGE_ID", "My Image", "IMAGE_ID cannot be \"My Image\""),
            ("A", "a\nb", "the value of A is not one line of text"),
            (
                "VERSION_CODENAME",
                "Book Worm",
                "VERSION_CODENAME cannot be \"Book Worm\"",
            ),
            (
                "ID_LIKE",
                "debian,ubuntu",
                "ID_LIKE cannot be \"debian,ubuntu\"",
            ),
            (
                "SUPPORT_END",
                "2027-02-29",
                "SUPPORT_END cannot be \"2027-02-29\"",
            ),
            (
                "SUPPORT_END",
                "yesterday",
                "SUPPORT_END cannot be \"yesterday\"",
            ),
            ("HOME_URL", "not a url", "HOME_URL cannot be \"not a url\""),
        ] {
            let recipe = value!({"os_release": (map([(key, text.into())]))});
            assert_eq!(refusal(&[], "os_release", &recipe), message);
        }
        // Nobody reads the vendor's file here.
        let files = [
            ("/usr/lib/os-release", "ID=a\n"),
            ("/etc/os-release@", "/dev/null"),
        ];
        let message = refusal(&files, "os_release", &value!({"os_release": {"ID": "b"}}));
        assert!(message.starts_with("/etc/os-release leads to /dev/null"));
    }
}
