//! The right to become another user: one file for each user in `/etc/sudoers.d` (sudoers(5)).

mod alias;
mod later;
mod lines;
mod option;
mod regex;
mod rule;

use crate::installed;
use crate::root::{Root, RootError};

pub(crate) use later::{Rights, later, undefined};
pub(crate) use rule::check;

const DIRECTORY: &str = "/etc/sudoers.d";

/// The rule of a user that may do everything. It asks for no password, because most users of an
/// image have none.
pub(crate) const EVERYTHING: &str = "ALL=(ALL:ALL) NOPASSWD: ALL";

/// Returns whether the image has sudo. Its settings alone say nothing: Debian keeps `/etc/sudoers`
/// when the package is removed.
pub(crate) fn is_installed(root: &Root<'_>) -> bool {
    installed::program(root, "sudo")
}

/// Gives a user a rule of sudoers(5), in place of one that an earlier step gave. Returns the path of
/// the file.
pub(crate) fn grant(root: &mut Root<'_>, user: &str, rule: &str) -> Result<String, RootError> {
    root.mkdir_all(DIRECTORY, 0o750)?;
    include_directory(root)?;
    let path = format!("{DIRECTORY}/{}", file_name(user));
    let before = root.read_if_exists(&path)?.unwrap_or_default();
    root.write(&path, with_rule(&before, user, rule))?;
    // sudo refuses a file that others could write.
    root.chmod(&path, 0o440)?;
    Ok(path)
}

/// Makes sudo read the directory, which not every distribution's `/etc/sudoers` does.
fn include_directory(root: &mut Root<'_>) -> Result<(), RootError> {
    // The vendor's file counts only as long as there is none in /etc.
    let places = ["/etc/sudoers", "/usr/etc/sudoers"];
    let place = places.into_iter().find(|path| root.exists(path));
    let mut sudoers = match place {
        Some(place) => root.read(place)?,
        None => Vec::new(),
    };
    if lines::include_folder(root, DIRECTORY)? {
        return Ok(());
    }
    if place == Some(places[1]) {
        sudoers = with_whole_paths(&sudoers, "/usr/etc/");
    }
    let is_new = !root.exists("/etc/sudoers");
    if !sudoers.is_empty() && !sudoers.ends_with(b"\n") {
        sudoers.push(b'\n');
    }
    // Every sudo knows the form with `#`; before 1.9.1, `@includedir` is a syntax error.
    sudoers.extend_from_slice(format!("#includedir {DIRECTORY}\n").as_bytes());
    root.write("/etc/sudoers", sudoers)?;
    if is_new {
        root.chmod("/etc/sudoers", 0o440)?;
    }
    Ok(())
}

/// Returns a file whose lines include the same files wherever it is: as seen from a folder.
fn with_whole_paths(sudoers: &[u8], folder: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines::logical(sudoers) {
        let included = lines::included(&line.text, b"/");
        let at = match included.filter(|included| included.is_relative) {
            Some(_) => lines::path_start(&line.raw),
            None => 0,
        };
        let (start, path) = line.raw.split_at(at);
        let folder = if at == 0 { "" } else { folder };
        out.extend([start, folder.as_bytes(), path].concat());
    }
    out
}

/// Returns the name of a user's file. sudo skips names that hold a `.` without a word.
fn file_name(user: &str) -> String {
    format!("90-hsb-{}", user.replace('.', "_"))
}

/// Returns the file with the user's rule set: in place of the first one, with the lines that continue
/// it, and of all others of that user. Users `a.b` and `a_b` share a file.
fn with_rule(file: &[u8], user: &str, rule: &str) -> Vec<u8> {
    let line = format!("{} {rule}\n", quote(user));
    let (mut out, mut done) = (Vec::new(), false);
    let lines = lines::logical(file);
    for old in &lines {
        if !is_of(&old.text, user) {
            out.extend_from_slice(&old.raw);
        } else if !done {
            out.extend_from_slice(line.as_bytes());
            done = true;
        }
    }
    if !done {
        if !out.is_empty() && !out.ends_with(b"\n") {
            out.push(b'\n');
        }
        // An empty line ends a rule that would go on in ours.
        if lines.last().is_some_and(|last| last.is_open) {
            out.push(b'\n');
        }
        out.extend_from_slice(line.as_bytes());
    }
    out
}

/// Returns whether a line is a rule of a user alone, however its list of users has the name.
fn is_of(line: &str, user: &str) -> bool {
    let mut rest = line.trim_start();
    loop {
        let (name, behind) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or_default(),
            None if quote(user) != user => return false,
            None => rest.split_at(rest.find([' ', '\t', ',']).unwrap_or(rest.len())),
        };
        // A blank behind a backslash is a part of another name.
        if name.ends_with('\\') || name.replace('\\', "") != user {
            return false;
        }
        match behind.trim_start().strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => return true,
        }
    }
}

/// Words that are not names where sudoers(5) has users.
const RESERVED: [&str; 12] = [
    "Cmd_Alias",
    "Cmnd_Alias",
    "Defaults",
    "Host_Alias",
    "Runas_Alias",
    "User_Alias",
    "list",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sudoedit",
];

/// Returns a user's name as sudoers(5) wants it. A bare word in capitals is the name of an alias,
/// and `ALL` is everybody.
fn quote(user: &str) -> String {
    if rule::is_alias(user) || rule::is_address(user) || RESERVED.contains(&user) {
        format!("\"{user}\"")
    } else {
        user.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Files, NOW, image};

    #[test]
    fn lines_that_include_the_directory() {
        for (line, included) in [
            ("@includedir /etc/sudoers.d", true),
            ("#includedir /etc/sudoers.d", true),
            ("#includedir\t/etc/sudoers.d/", true),
            ("  @includedir\t/etc/sudoers.d/", true),
            ("  #includedir /etc/sudoers.d", false),
            ("@includedir \"/etc/sudoers.d\"", true),
            ("@includedir sudoers.d", true),
            ("@includedir /etc/sudoers.d\r", true),
            ("@includedir /etc/sudoers.d # local", true),
            ("#includedir /etc/sudoers.d # local", true),
            ("@includedir \"/etc/sudoers.d\" # local", true),
            ("@includedir /etc//sudoers.d", true),
            ("@includedir /etc/./sudoers.d/.", true),
            ("@includedir /etc/s\\udoers.d", true),
            ("@includedir /etc/../etc/sudoers.d", true),
            ("@includedir ../rules", true),
            ("@includedir /rules", true),
            ("@includedir /etc/../sudoers.d", false),
            ("@includedir \\\n /etc/sudoers.d", true),
            ("# a \\\n@includedir /etc/sudoers.d", true),
            ("@include /etc/more", true),
            ("@include \"/etc/m\\\"q\"", true),
            ("@include \"/etc/m\\ore\"", false),
            ("@include more", true),
            ("@include /etc/sudoers\n@include /etc/sudoers", false),
            ("@includedir /etc/sudoers.d#x", false),
            ("@includedir\"/etc/sudoers.d\"", true),
            ("#includedir\"/etc/sudoers.d\"", false),
            ("  @include\"/etc/more\"", true),
            ("@includedir /etc/sudoers.d\\", false),
            ("@includedir /etc/sudoers.d/\\", false),
            ("@includedir /etc/sudoers.d\\\nroot ALL=ALL", false),
            ("@includedir /etc/sudoers.d \\\n# x", true),
            ("@includedir \"/etc/sudoers.d\"\\\n", true),
            ("@includedir\\\n/etc/sudoers.d", true),
            ("@includedir /etc/sudoers.d\\\\", false),
            ("@includedir /etc/sudoers.d\\ ", false),
            ("@includedir /etc/sudoers.d\\\t", false),
            ("@includedir /etc/sudoers.d\u{a0}", false),
            ("@includedir /etc/sudoers.d # x\\", true),
            ("# includedir /etc/sudoers.d", false),
            ("#includedir /etc/sudoers.local", false),
            ("##includedir /etc/sudoers.d", false),
            ("@include /etc/sudoers.d", false),
            ("", false),
        ] {
            let file = format!("root ALL=(ALL:ALL) ALL\n{line}\n");
            let more = "@includedir /etc/sudoers.d\n";
            let mut tree = image(&[
                ("/etc/sudoers", &*file),
                ("/etc/more", more),
                ("/etc/m\"q", more),
                ("/etc/sudoers.d/", ""),
                ("/rules@", "etc/sudoers.d"),
            ]);
            let host = Files::default();
            let root = Root::new(&mut tree, &host, NOW);
            let found = lines::include_folder(&root, DIRECTORY).unwrap();
            assert_eq!(found, included, "{line:?}");
        }
    }

    /// What is behind a command is not looked at for each: that would take half a minute here.
    #[test]
    fn long_rules() {
        let commands = "/bin/a, ".repeat(20_000);
        let rule = format!("ALL={commands}/bin/b {}", "x".repeat(4 << 20));
        assert!(check(&rule).is_ok());
    }

    /// What the vendor's file includes is beside it.
    #[test]
    fn files_of_the_vendor() {
        for (vendor, own) in [
            ("@includedir /etc/sudoers.d\n", None),
            (
                "@includedir sudoers.d\n@include \"a b\"\n@include a\\ b # c\n@include \\\n c\n\
                 @include \\ \n \"d\\\"\"\n@include e\\\\\\\"f\n  @include\t\\ g\n#include h\n\
                 @include /i\nroot ALL=\\\n ALL",
                Some(
                    "@includedir /usr/etc/sudoers.d\n@include \"/usr/etc/a b\"\n\
                     @include /usr/etc/a\\ b # c\n@include \\\n /usr/etc/c\n\
                     @include \\ \n \"/usr/etc/d\\\"\"\n@include /usr/etc/e\\\\\\\"f\n\
                     \x20 @include\t/usr/etc/\\ g\n#include /usr/etc/h\n@include /i\n\
                     root ALL=\\\n ALL\n\
                     #includedir /etc/sudoers.d\n",
                ),
            ),
            ("", Some("#includedir /etc/sudoers.d\n")),
        ] {
            let mut tree = image(&[("/usr/etc/sudoers", vendor), ("/etc/", "")]);
            let host = Files::default();
            for _ in 0..2 {
                let mut root = Root::new(&mut tree, &host, NOW);
                grant(&mut root, "bob", "ALL").unwrap();
                let found = root.read_if_exists("/etc/sudoers").unwrap();
                assert_eq!(found.as_deref(), own.map(str::as_bytes), "{vendor:?}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        let file = b"@include a\xff # \xfe\n";
        let want = b"@include /usr/etc/a\xff # \xfe\n";
        assert_eq!(with_whole_paths(file, "/usr/etc/"), want);
    }

    #[test]
    fn one_line_for_each_user() {
        for (before, user, after) in [
            ("", "bob", "bob R\n"),
            ("bob R\n", "bob", "bob R\n"),
            ("bob OLD\n", "bob", "bob R\n"),
            ("bob\\  OLD\n", "bob", "bob\\  OLD\nbob R\n"),
            ("a_b OLD\n", "a.b", "a_b OLD\na.b R\n"),
            ("a_b OLD\na.b OLD\n", "a_b", "a_b R\na.b OLD\n"),
            // By hand: no end, blanks, several lines.
            ("# mine", "bob", "# mine\nbob R\n"),
            ("bob\tOLD\n", "bob", "bob R\n"),
            (" bob OLD\n# a\nbob=OLD\n", "bob", "bob R\n# a\nbob=OLD\n"),
            (
                "bob OLD, \\\n /x, \\\n /y\n#z\nbob MORE",
                "bob",
                "bob R\n#z\n",
            ),
            ("", "ALL", "\"ALL\" R\n"),
            ("", "BOB_1", "\"BOB_1\" R\n"),
            ("", "Bob", "Bob R\n"),
            ("", "Defaults", "\"Defaults\" R\n"),
            ("", "10.0.0.1", "\"10.0.0.1\" R\n"),
        ] {
            let once = with_rule(before.as_bytes(), user, "R");
            assert_eq!(std::str::from_utf8(&once).unwrap(), after);
            assert_eq!(with_rule(&once, user, "R"), once);
        }
    }

    /// sudo goes by the last rule that fits, in the same file, too.
    #[test]
    fn rules_behind_ours() {
        for (file, want) in [
            ("bob ALL=ALL\nbob, amy ALL=ALL\n", &[":2"][..]),
            ("bob, amy ALL=ALL\nbob ALL=ALL\nALL ALL=ALL\n", &[":3"]),
            ("bob, amy ALL=ALL\nbob ALL=ALL\namy ALL=ALL\n", &[]),
        ] {
            let path = "/etc/sudoers.d/90-hsb-bob";
            let mut tree = image(&[("/etc/sudoers", "@includedir sudoers.d\n"), (path, file)]);
            let host = Files::default();
            let root = Root::new(&mut tree, &host, NOW);
            let who = Rights {
                user: "bob",
                number: None,
                groups: Vec::new(),
            };
            let want: Vec<_> = want.iter().map(|line| format!("{path}{line}")).collect();
            assert_eq!(later(&root, path, &who).unwrap(), want, "{file}");
        }
    }

    #[test]
    fn file_names_hold_no_dot() {
        assert_eq!(file_name("bob.smith.jr"), "90-hsb-bob_smith_jr");
    }
}
