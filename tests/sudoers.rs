//! What `add_user` makes of the files of sudo, judged by visudo and cvtsudoers.
//!
//! - `includes`: lines that include a folder
//! - `rules`: single rules

mod includes;
mod rules;

use std::sync::Arc;

use fsgen::{Kind, Timestamp};
use modules::Cfg;
use modules::value::{Span, Value};

use crate::accounts::{self, DEBIAN, NOW, NoFiles, image, map, read};
use crate::kit::{Work, run, succeed, tool};

/// Names that mean something else to sudo.
const NAMES: &[&str] = &[
    "Defaults",
    "User_Alias",
    "Host_Alias",
    "Runas_Alias",
    "Cmnd_Alias",
    "Cmd_Alias",
    "ALL",
    "OPS",
    "NOPASSWD",
    "ROLE",
    "CWD",
    "sudoedit",
    "list",
    "sha224",
    "127.0.0.1",
    "1.2",
    "pc$",
    "a.b",
    "Bob",
    "include",
    "includedir",
    "_x",
    "0x1",
];

/// Adds users to a Debian with such texts in `/etc/sudoers` and in a file beside ours. Returns what
/// was warned of.
fn add(
    users: Vec<Value>,
    sudoers: &str,
    beside: &str,
) -> Result<(fsgen::Tree, Vec<String>), String> {
    let mut tree = image(DEBIAN);
    let recipe = map([("add_users", users.into())]);
    let module = modules::find("add_user").unwrap();
    let keys = Arc::new(recipe.as_map().unwrap().clone());
    let cfg = Cfg::new(&keys, module.keys, None, Span::default()).unwrap();
    (module.check)(&cfg, &NoFiles).map_err(|error| error.to_string())?;
    let now = Timestamp::from_secs(NOW);
    let done = modules::run(&mut tree, "add_user", &NoFiles, now, |root| {
        root.mkdir_all("/etc/sudoers.d", 0o750)?;
        if !sudoers.is_empty() {
            root.write("/etc/sudoers", sudoers)?;
            root.write("/etc/sudoers.d/95-own", beside)?;
        }
        (module.modify)(module.name, root, &cfg)
    });
    let warnings = done.map_err(|error| error.to_string())?.warnings;
    Ok((tree, warnings.iter().map(ToString::to_string).collect()))
}

fn user(name: &str, sudo: Value) -> Value {
    let hash = crate::accounts::HASH;
    map([
        ("name", name.into()),
        ("sudo", sudo),
        ("password_hash", hash.into()),
    ])
}

#[test]
fn sudo_knows_every_user() {
    let users = NAMES.iter().map(|name| user(name, true.into())).collect();
    let (tree, _) = add(users, "", "").unwrap();
    let work = Work::new("sudoers");
    let folder = tree.resolve(b"/etc/sudoers.d").unwrap();
    let mut found = Vec::new();
    for (_, id) in tree.entries(folder) {
        let Kind::File(content) = &tree.node(id).kind else {
            panic!("no file");
        };
        let file = work.write("one", content.read(&tree, 1 << 20).unwrap());
        let json = succeed(tool("cvtsudoers").args(["-f", "json"]).arg(&file));
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        for entry in json["User_Specs"].as_array().unwrap() {
            found.push(
                entry["User_List"][0]["username"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
        let everybody = tool("cvtsudoers")
            .args(["-m", "user=somebody"])
            .arg(&file)
            .output();
        assert_eq!(everybody.unwrap().stdout, b"");
    }
    found.sort_unstable();
    let mut want = NAMES.to_vec();
    want.sort_unstable();
    assert_eq!(found, want);
}

/// A user's file that somebody has edited: visudo takes it before and after, the user has one rule,
/// others keep theirs, and a second run changes nothing.
#[test]
fn edited_files_stay_right() {
    let work = Work::new("edited");
    for before in [
        "# mine \\\n",
        "# mine \\ \n",
        "# mine \\\r\n",
        "# mine \\",
        "  # mine \\\nbob ALL=/x\n",
        "#-mine \\\nbob ALL=/x\n",
        "#include-d by me \\\nbob ALL=/x\n",
        "  #include /nowhere\nbob ALL=/x\n",
        "#1000 ALL=/x, \\\n /y\n",
        "%#1000 ALL=/x, \\\n /y\n",
        "alice ALL=/x # mine \\\nbob ALL=/x\n",
        "alice ALL=/x \\\n# mine \\\nbob ALL=/x\n",
        "alice ALL=/x a\\#b, \\\n /y\n",
        "alice ALL=/x \\\\\nbob ALL=/x\n",
        "bob ALL=/x, \\ \n /y\n",
        "bob ALL=/x, \\\r\n /y\n",
        "bob ALL=/x -l\\\t \r\n, /y\n",
        "\\\nbob ALL=/x\n",
        "\"bob\" ALL=/x\n",
        "\\bob ALL=/x\n",
        "b\\ob, \\\n bob ,\"bob\" ALL=/x\n",
        "alice, bob ALL=/x\n",
        "%bob ALL=/x\n",
        "bob ALL=/x\\ \nalice ALL=/y\n",
        "alice ALL=/x a=b\\ \n, /y\nbob ALL=/x\n",
        "alice ALL=/x \"a # \\\nbob ALL=/x\n",
        "bob\\\nALL=/x\nbob ALL=/y\n",
        "Defaults badpass_message=\"# \\\n # \\\n bob\"\n",
    ] {
        let judge = |text: &str| {
            let file = work.write("edited", text);
            succeed(tool("visudo").arg("-cf").arg(&file));
            // Where there is no rule, it says nothing.
            let json = succeed(tool("cvtsudoers").args(["-f", "json"]).arg(&file));
            let json: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
            let specs = json["User_Specs"].as_array().cloned().unwrap_or_default();
            let (bobs, others): (Vec<_>, Vec<_>) = specs
                .into_iter()
                .partition(|spec| spec["User_List"][0]["username"] == "bob");
            (bobs.len(), others)
        };
        let file = "/etc/sudoers.d/90-hsb-bob";
        let mut tree = image(&[DEBIAN, &[(file, before)]].concat());
        let (_, others) = judge(&(before.to_owned() + "\n"));
        accounts::add(&mut tree, vec![user("bob", true.into())]);
        let once = read(&tree, file).unwrap();
        assert_eq!(judge(&once), (1, others), "{before:?} {once:?}");
        accounts::add(&mut tree, vec![user("bob", true.into())]);
        assert_eq!(read(&tree, file).unwrap(), once, "{before:?}");
    }
}

#[test]
fn later_rules_are_told_of() {
    let include = "@includedir /etc/sudoers.d\n";
    let later = |rule: &str| format!("{include}{rule}\n");
    let alias = |members: &str| later(&format!("User_Alias OPS = {members}\nOPS ALL=(ALL) ALL"));
    for (sudoers, beside, place) in [
        (include.to_owned(), "", None),
        (later("%sudo ALL=(ALL) ALL"), "", Some("/etc/sudoers:2")),
        (format!("%sudo ALL=(ALL) ALL\n{include}"), "", None),
        (later("%wheel ALL=(ALL) ALL"), "", None),
        (later("bob, alice ALL = ALL"), "", Some("/etc/sudoers:2")),
        (later("bob , alice ALL = ALL"), "", Some("/etc/sudoers:2")),
        (later("bobby ALL = bob"), "", None),
        (later("ALL, !bob ALL = ALL"), "", None),
        (
            later("#ALL ALL=ALL\n\nALL \\\n  ALL=ALL"),
            "",
            Some("/etc/sudoers:4"),
        ),
        (later("#1000 ALL = ALL"), "", Some("/etc/sudoers:2")),
        (later("%#1000 ALL = ALL"), "", Some("/etc/sudoers:2")),
        (later("#1, %#100 ALL = ALL"), "", None),
        (later("Defaults:bob !env_reset, x=y"), "", None),
        (alias("alice, bob"), "", Some("/etc/sudoers:3")),
        (alias("alice"), "", None),
        (
            include.to_owned(),
            "# c\nbob ALL=(ALL) ALL\n",
            Some("/etc/sudoers.d/95-own:2"),
        ),
        (include.to_owned(), "alice ALL=(ALL) ALL\n", None),
        (
            "@includedir /etc/../etc/sudoers.d\nbob ALL=ALL\n".to_owned(),
            "",
            Some("/etc/sudoers:2"),
        ),
    ] {
        let (_, warnings) = add(vec![user("bob", true.into())], &sudoers, beside).unwrap();
        let want = place.map(|place| {
            format!(
                "{place} is about user \"bob\", too, and comes behind /etc/sudoers.d/90-hsb-bob: \
                 the last rule counts"
            )
        });
        assert_eq!(warnings, Vec::from_iter(want), "{sudoers}{beside}");
    }
}

#[test]
fn aliases_that_are_nowhere_are_told_of() {
    let work = Work::new("aliases");
    let defined = "Cmnd_Alias LS = /bin/ls, /bin/dir : \\\n CAT = /bin/cat a\\:b\\=c\n\
        Host_Alias WEB = web1\nRunas_Alias OPS = www\n@includedir /etc/sudoers.d\n";
    for (rule, beside, missing) in [
        ("ALL=LS, CAT", "", &[][..]),
        ("ALL=LS, CATS", "", &["Cmnd_Alias CATS"]),
        ("ALL=LS, !DOG, DOG", "Cmnd_Alias DOG=/bin/dog\n", &[]),
        ("ALL=DOG, DOG", "User_Alias DOG=bob\n", &["Cmnd_Alias DOG"]),
        ("WEB=(OPS) LS", "", &[]),
        (
            "WEBS, !WEB=(OPS, OP : OPS, OG) LS : DB = CAT",
            "",
            &[
                "Host_Alias WEBS",
                "Runas_Alias OP",
                "Runas_Alias OG",
                "Host_Alias DB",
            ],
        ),
        ("ALL=(%OP) NOPASSWD: ALL", "", &[]),
        ("\"WEBS\"=(\"OP\") ALL", "", &[]),
        ("ALL=(ALL:ALL) ALL", "", &[]),
    ] {
        let (_, warnings) = add(vec![user("bob", rule.into())], defined, beside).unwrap();
        let told = missing.iter().map(|alias| {
            let name = alias.split(' ').next_back().unwrap();
            format!("the rule of user \"bob\" names {name}, but no file of sudo has a {alias}")
        });
        assert_eq!(warnings, Vec::from_iter(told), "{rule}");
        // visudo in strict mode warns of the same, but for the kind.
        let main = defined.replace("@includedir /etc/sudoers.d\n", beside);
        let file = work.write("sudoers", format!("{main}bob {rule}\n"));
        let theirs = run(tool("visudo").arg("-cf").arg(file));
        let theirs = format!("{}{}", theirs.stdout, theirs.stderr);
        for alias in missing {
            let (kind, name) = alias.split_once(' ').unwrap();
            let want = format!("{kind} \"{name}\" referenced but not defined");
            assert!(theirs.contains(&want), "{rule}: {theirs}");
        }
        let count = theirs.matches("referenced but not defined").count();
        assert_eq!(count, missing.len(), "{rule}: {theirs}");
    }
}
