//! Rules of sudo: what `add_user` takes, visudo takes, and the other way round.

use std::sync::Arc;

use fsgen::{Kind, Timestamp};
use modules::Cfg;
use modules::value::{Span, Value};

use crate::accounts::{self, DEBIAN, NOW, NoFiles, image, map, read};
use crate::kit::{Work, run, succeed, tool};

/// Rules that visudo takes, behind a user's name.
const TAKEN: &[&str] = &[
    "ALL=^/bin/l.$ -l, /x",
    "ALL=/bin/ls ^a$,/y",
    "ALL=/bin/ls ^a$ : b=/x",
    "\"CWD\"=/x",
    "CWDX=/x",
    "sha224.x=/x",
    "ALL=(ALL:ALL) NOPASSWD: ALL",
    "ALL=ALL",
    "ALL = ALL",
    "ALL = (root) /bin/ls",
    "ALL=(root) /bin/ls, /bin/cat",
    "ALL=(root) NOPASSWD: /bin/ls, PASSWD: /bin/cat",
    "ALL=(:adm) /bin/ls",
    "ALL=() /bin/ls",
    "ALL=(root,bob:adm,wheel) /bin/ls",
    "ALL=(%adm) /bin/ls",
    "ALL=(#1000:#1000) /bin/ls",
    "ALL=/bin/",
    "ALL=/bin/ls -l",
    "ALL=/bin/ls a=b",
    r#"ALL=/bin/ls a\=b"#,
    r#"ALL=/bin/ls a\:b"#,
    r#"ALL=/bin/ls """#,
    r#"ALL=/bin/ls "a b""#,
    r#"ALL=/bin/ls "a"#,
    "ALL=!/bin/ls",
    "ALL=! /bin/ls",
    "ALL=ALL, !/bin/su",
    "ALL=!!/bin/ls",
    "ALL=sudoedit /etc/motd",
    "ALL=sudoedit",
    "ALL=LS",
    "ALL=(OPS) /bin/ls",
    "web1,web2=ALL",
    "192.168.0.0/24=ALL",
    "192.168.0.0/255.255.0.0=ALL",
    "192.168.0.999=ALL",
    "fe80::1=ALL",
    "fe80::/64=ALL",
    "fe80::/128=ALL",
    "!web1=ALL",
    "+net=ALL",
    "ALL=ALL : web=/bin/ls",
    "ALL=/bin/ls : web=/bin/ls",
    "ALL=(ALL) NOPASSWD:ALL",
    "ALL=(ALL) NOPASSWD:NOEXEC:ALL",
    "ALL=(ALL) NOPASSWD: NOEXEC: ALL",
    "ALL=(ALL) SETENV: NOPASSWD:/bin/ls",
    "ALL=(ALL) LOG_INPUT: ALL",
    "ALL=(ALL) FOLLOW: sudoedit /x",
    "ALL=(ALL) MAIL: ALL",
    "ALL=(ALL) INTERCEPT: ALL",
    "ALL=(ALL) sha224:d7910e1967342b4605cb73a550944044c631d9514ad2e1fd3b4b7a3c /bin/ls",
    "ALL=(ALL) sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ== /bin/ls",
    "ALL=(ALL) sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ==, sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ== /bin/ls",
    "ALL=(ALL) ROLE=x /bin/ls",
    "ALL=(ALL) TYPE=x ROLE=y /bin/ls",
    "ALL=(ALL) CWD=/tmp /bin/ls",
    "ALL=(ALL) CWD=* /bin/ls",
    "ALL=(ALL) CWD=~bob /bin/ls",
    "ALL=(ALL) CHROOT=/x /bin/ls",
    "ALL=(ALL) TIMEOUT=5m /bin/ls",
    "ALL=(ALL) NOTBEFORE=20240101000000Z /bin/ls",
    "ALL=(ALL) CWD=/tmp NOPASSWD: /bin/ls",
    "ALL=/bin/ls *",
    "ALL=/bin/ls [a-z]*",
    "ALL=/bin/ls [a-z",
    "ALL=/bin/l* x",
    "ALL=/bin/ls ^a.*$",
    "ALL=/bin/ls ^a(b$",
    "ALL=/bin/ls ^[b$",
    "ALL=^/bin/ls$",
    "ALL=^/bin/(ls|cat)$",
    "ALL=^/bin/(ls|cat)$, /bin/id",
    "ALL=^/bin/(ls|cat)$ -l",
    "ALL=^/bin/(ls|cat)$ ^-[al]+$",
    "ALL=NOPASSWD: ^/usr/bin/(systemctl|journalctl)$ ^(status|restart) [a-z@.-]+$",
    r#"ALL=^/bin/a\$b$"#,
    r#"ALL=^/bin/a\#b$"#,
    r#"ALL=/bin/ls ^a\$b$"#,
    r#"ALL=/bin/ls ^a, b:c=d$"#,
    "ALL=^/bin/l{1,2}$",
    "ALL=^/bin/l{2}$",
    "ALL=^/bin/l{,2}$",
    "ALL=^/bin/l{2,}$",
    "ALL=^/bin/[]a-z[:digit:]-]+$",
    "ALL=^/bin/[^]]$",
    "ALL=^/bin/[a-]$",
    "ALL=^/bin/[[.a.]-z]$",
    "ALL=^/bin/[[=a=]]$",
    "ALL=^/bin/ls)$",
    "ALL=^/bin/l{,}$",
    "ALL=^/bin/l}$",
    "ALL=^/bin/()*$",
    "ALL=^/bin/a^b*$",
    "ALL=^/bin/a|$",
    "ALL=^/bin/()$",
    "ALL=^(?i)/BIN/LS$",
    r#"ALL=^/bin/(a)\1$"#,
    "ALL=/bin/ls a ^b(c",
    "ALL=^.*$",
    "ALL=^$",
    "ALL=/bin/ls a#b",
    r#"ALL=/bin/ls \#b"#,
    "ALL=ALL # all",
    "ALL=(ALL)ALL",
    "ALL=(root)NOPASSWD:/bin/ls",
    "ALL=( root , bob ) /bin/ls",
    "ALL=( root : adm ) /bin/ls",
    "ALL=(!root) /bin/ls",
    "ALL=(ALL, !root) /bin/ls",
    r#"ALL=("a b") /bin/ls"#,
    r#"ALL=(a\ b) /bin/ls"#,
    "ALL=/bin/ls;/bin/cat",
    r#"ALL=/bin/ls /x\,y"#,
    r#"ALL=/bin/l\,s"#,
    "ALL=/bin/ls ALL",
    "ALL=(ALL) list",
    "ALL=(%:group) /x",
    "ALL=(%#1000) /x",
    "ALL=(@x) /x",
    "ALL=(user:#1) /x",
    "Defaults=ALL",
    "web.example.org=ALL",
    "web_1=ALL",
    r#""web"=ALL"#,
    "*=ALL",
    "web*=ALL",
    "ALL=/bin/ls > /x",
    "ALL=//x",
    "ALL=NOPASSWD: NOPASSWD: ALL",
    "ALL=PASSWD: NOPASSWD: ALL",
    "ALL=(ALL) TIMEOUT=1d2h3m4s /bin/ls",
    "ALL=(ALL) TIMEOUT=5 TIMEOUT=6 /bin/ls",
    "ALL=/bin/ls ()",
    "ALL=/bin/ls !x",
    "ALL=/bin/(ls)",
    r#"ALL=/bin/ls\ x"#,
    "ALL=sudoedit etc/motd",
    "ALL=sudoedit /etc/motd /etc/*",
    "ALL=/bin/ls , /bin/cat :  x = ALL",
];

/// Rules that it refuses.
const REFUSED: &[&str] = &[
    "ALL=(root) NOPASWD: /bin/ls",
    "ALL=(root /bin/ls",
    "ALL=(root)",
    "ALL=",
    "=ALL",
    "ALL ALL",
    "ALL=(root:) /bin/ls",
    "ALL=(#x) /bin/ls",
    "ALL=ls",
    "ALL=bin/ls",
    "ALL=/bin/ls a:b",
    r#"ALL=/bin/ls "a, b""#,
    r#"ALL="/bin/my prog" x"#,
    "web1 web2=ALL",
    "ALL=ALL:",
    "ALL=ALL,",
    "ALL=,ALL",
    "ALL=(ALL) NOPASSWD ALL",
    "ALL=NOPASSWD: (root) /bin/ls",
    "ALL=(ALL) nopasswd: ALL",
    "ALL=(ALL) sha256:abc /bin/ls",
    "ALL=(ALL) CWD=tmp /bin/ls",
    "ALL=(ALL) CWD=\"/a b\" /bin/ls",
    "ALL=(ALL) CWD=\"/a\" /bin/ls",
    "fe80::/999=/bin/a",
    "fe80::/=/bin/a",
    "ALL=(ALL) TIMEOUT=x /bin/ls",
    "ALL=(ALL) NOTAFTER=2024 /bin/ls",
    "ALL=(ALL) NOTAFTER=x /bin/ls",
    "ALL=(ALL) PRIVS=x /bin/ls",
    "ALL=(ALL) APPARMOR_PROFILE=unconfined /bin/ls",
    "ALL=(ALL) NOPASSWD: CWD=/tmp /bin/ls",
    r#"ALL=(ALL) ALL \"#,
    r#"ALL=/bin/ls \"#,
    "ALL=/bin/ls ^a.*",
    "ALL=^/bin/(ls$",
    "ALL=^/bin/[ls$",
    "ALL=^/bin/[z-a]$",
    "ALL=^/bin/[[:letter:]]$",
    "ALL=^/bin/[[.ab.]]$",
    "ALL=^*/bin$",
    "ALL=^/bin/(*a)$",
    "ALL=^/bin/a|*$",
    "ALL=^/bin/l{2,1}$",
    "ALL=^/bin/l{x}$",
    "ALL=^/bin/l{2$",
    "ALL=^/bin/l{99999}$",
    "ALL=^{2}$",
    "ALL=^/bin/l{}$",
    "ALL=^/bin/a**$",
    "ALL=^/bin/a+?$",
    "ALL=^/bin/a{2}{3}$",
    "ALL=^/bin/[]$",
    "ALL=^/bin/[[:alpha:$",
    r#"ALL=^/bin/(a)\2$"#,
    "ALL=^/bin/a#b$",
    "ALL=/bin/ls ^a$ b",
    "ALL=/bin/ls ^a$ ^b$",
    "ALL=/bin/ls ^a#b$",
    "ALL=(root:adm:x) /bin/ls",
    "ALL=(root bob) /bin/ls",
    r#"ALL=("") /bin/ls"#,
    "ALL=/bin/ls,",
    "ALL=ALL ALL",
    "ALL=ALL /bin/ls",
    "ALL=(ALL) list /x",
    "ALL=(user:%g) /x",
    "ALL=/",
    "ALL=NOPASSWD:",
    "ALL=(root) timeout=5 /bin/ls",
    "ALL=(ALL) TIMEOUT=1h2d /bin/ls",
    r#"ALL=/bin/ls\"#,
    "ALL=sudo ls",
    "ALL=/usr/bin/sudoedit /x",
    "ALL=cd /x",
    "ALL=ALL=ALL",
    ":ALL=ALL",
    "ALL=:ALL",
    "ALL,=ALL",
    "a b=ALL",
    "ALL=(root)(bob) /x",
    "ALL=(root) (bob) /x",
    "ALL=/bin/a : b",
    "ALL=/bin/a, b=/bin/c",
    "ALL=^/bin/l.$x",
    "ALL=^/bin/l.$:/x",
    "ALL=/bin/ls ^a$b",
    "ALL=/bin/ls ^a$ b",
    "CWD=/tmp",
    "a,CWD=/tmp",
    "sudoedit=/x",
    "sha224=/x",
    "ALL=(CWD) /x",
    "ALL=(a:TYPE) /x",
    "ALL=!CWD",
    "ALL=/bin/a : ROLE=/x",
];

/// What visudo takes and we do not.
const STRICTER: &[&str] = &[
    // sudoers(5) wants a backslash there, and older programs insist on it.
    "ALL=/bin/ls a=b",
    "ALL=/bin/ls a#b",
    // A comment is no part of a rule.
    "ALL=ALL # all",
    // sudo finds out when somebody runs it.
    "ALL=/bin/ls ^a(b$",
    "ALL=/bin/ls ^[b$",
];

/// What we take and visudo does not.
const MORE: &[&str] = &[
    // It depends on how sudo was built.
    "ALL=(ALL) APPARMOR_PROFILE=unconfined /bin/ls",
];

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
fn visudo_takes_the_same_rules() {
    let work = Work::new("sudoers");
    for rule in [TAKEN, REFUSED].concat() {
        let file = work.write("rule", format!("bob {rule}\n"));
        let theirs = run(tool("visudo").arg("-cf").arg(file));
        let is_theirs = theirs.code == Some(0);
        assert_eq!(is_theirs, TAKEN.contains(&rule), "{rule}: {theirs:#?}");
        let want = (is_theirs && !STRICTER.contains(&rule)) || MORE.contains(&rule);
        let ours = add(vec![user("bob", rule.into())], "", "").map(drop);
        assert_eq!(ours.is_ok(), want, "{rule}: {ours:?} {theirs:#?}");
    }
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
