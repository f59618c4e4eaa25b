use super::*;
use crate::kit::{Files, NOW, image};

/// Changes the accounts of an image; returns its files afterwards, those that are missing as "-".
fn edit(files: &[(&str, &str)], change: impl FnOnce(&mut Accounts)) -> [String; 4] {
    let mut tree = image(&[&[("/etc/", "")], files].concat());
    let host = Files::default();
    let mut root = Root::new(&mut tree, &host, NOW);
    let mut accounts = Accounts::read(&root).unwrap();
    change(&mut accounts);
    accounts.write(&mut root).unwrap();
    ["passwd", "shadow", "group", "gshadow"].map(|name| {
        let text = root.read_if_exists(format!("/etc/{name}")).unwrap();
        text.map_or("-".to_owned(), |text| String::from_utf8(text).unwrap())
    })
}

#[test]
fn passwords_go_to_shadow() {
    for (passwd, shadow, passwd_after, shadow_after) in [
        (
            "a:x:1:1::/:\n",
            Some("a:old:1:2:3:4:5:6:\n"),
            "a:x:1:1::/:\n",
            "a:H:10:2:3:4:5:6:\n",
        ),
        // The same hash: the day of the change stays.
        (
            "a:x:1:1::/:\n",
            Some("a:H:1::::::\n"),
            "a:x:1:1::/:\n",
            "a:H:1::::::\n",
        ),
        (
            "a:x:1:1::/:\n",
            Some("b:*:1::::::\n"),
            "a:x:1:1::/:\n",
            "b:*:1::::::\na:H:10::::::\n",
        ),
        (
            "a:old:1:1::/:\n",
            Some(""),
            "a:x:1:1::/:\n",
            "a:H:10::::::\n",
        ),
        ("a:old:1:1::/:\n", None, "a:x:1:1::/:\n", "a:H:10::::::\n"),
    ] {
        let mut files = vec![("/etc/passwd", passwd)];
        files.extend(shadow.map(|text| ("/etc/shadow", text)));
        let [passwd_found, shadow_found, ..] = edit(&files, |a| a.set_password("a", "H"));
        assert_eq!(passwd_found, passwd_after);
        assert_eq!(shadow_found, shadow_after);
    }
}

#[test]
fn members_join_once_and_in_both_files() {
    for (group, gshadow, group_after, gshadow_after) in [
        ("g:x:1:\n", "g:!::\n", "g:x:1:u\n", "g:!::u\n"),
        ("g:x:1:a\n", "g:!:a:a", "g:x:1:a,u\n", "g:!:a:a,u"),
        ("g:x:1:u\n", "g:!::\n", "g:x:1:u\n", "g:!::u\n"),
        ("g:x:1:uu,\n", "", "g:x:1:uu,u\n", ""),
        ("h:x:1:\n", "h:!::\n", "h:x:1:\n", "h:!::\n"),
    ] {
        let files = [("/etc/group", group), ("/etc/gshadow", gshadow)];
        let [_, _, group_found, gshadow_found] = edit(&files, |a| a.add_member("g", "u"));
        assert_eq!(group_found, group_after);
        assert_eq!(gshadow_found, gshadow_after);
    }
}

#[test]
fn a_group_without_gshadow_has_no_password() {
    for (files, group, gshadow) in [
        (&[("/etc/gshadow", "")][..], "g:x:7:\n", "g:!::\n"),
        (&[], "g:!:7:\n", "-"),
    ] {
        let [_, _, group_found, gshadow_found] = edit(files, |a| a.add_group("g", 7));
        assert_eq!((&*group_found, &*gshadow_found), (group, gshadow));
    }
}

#[test]
fn secrets_of_who_is_gone_do_not_count_for_who_is_new() {
    let files = [
        (
            "/etc/shadow",
            "u:$6$old:1:2:3:4:5:6:\nb:*:1::::::\nu:older:1::::::\n",
        ),
        ("/etc/gshadow", "g:$6$old:root:root\nb:!::\n"),
    ];
    let user = NewUser {
        name: "u",
        uid: 7,
        gid: 7,
        gecos: "",
        home: "/",
        shell: "/bin/sh",
        system: true,
        password: "*",
        expire: None,
    };
    let made = |a: &mut Accounts| {
        a.add_user(&user, &Defaults::default());
        a.add_group("g", 8);
    };
    let [_, shadow, _, gshadow] = edit(&files, made);
    assert_eq!(shadow, "u:*:10::::::\nb:*:1::::::\n");
    assert_eq!(gshadow, "g:!::\nb:!::\n");
    let [.., gshadow] = edit(&files, |a| a.add_system_group("g", 8));
    assert_eq!(gshadow, "g:!*::\nb:!::\n");
}

#[test]
fn broken_rows_are_nobody() {
    let passwd = "a:x:one:1::/:\na:x:2:2::/:\n# b:x:3:3::/:\n+c:x:4:4::/:\n";
    let tree = &mut image(&[("/etc/passwd", passwd)]);
    let accounts = Accounts::read(&Root::new(tree, &Files::default(), NOW)).unwrap();
    let uid = |name| accounts.user(name).map(|user| user.uid);
    assert_eq!(
        [uid("a"), uid("b"), uid("# b"), uid("c"), uid("+c")],
        [Some(2), None, None, None, None]
    );
    assert_eq!(accounts.user_with(2), Some(&b"a"[..]));
    assert_eq!(accounts.user_with(1), None);
}

#[test]
fn the_first_day_of_1970_is_no_day() {
    assert_eq!([days(0), days(1), days(20_000)], ["", "1", "20000"]);
}
