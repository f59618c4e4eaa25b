use super::words::{Change, Unread, grub_defaults, grub_entries, lines, whole};
use crate::kit::{distribution, image, map, read, step, value};
use crate::value::Value;

fn recipe(change: Value) -> Value {
    map([("kernel_cmdline", change)])
}

#[test]
fn every_distribution_by_the_loader_that_it_has() {
    let change = || recipe(value!({"add": ["a=1"], "remove": ["quiet"]}));
    for (name, files) in [
        (
            "debian",
            &[(
                "/etc/default/grub",
                "\nGRUB_CMDLINE_LINUX_DEFAULT=\"\"\nGRUB_CMDLINE_LINUX=\"a=1\"\n",
            )][..],
        ),
        (
            "fedora",
            &[
                ("/etc/default/grub", "\nGRUB_CMDLINE_LINUX=\"rhgb a=1\"\n"),
                ("/etc/kernel/cmdline", "root=UUID=0 ro rhgb a=1\n"),
                (
                    "/boot/loader/entries/0123456789abcdef0123456789abcdef-6.8.5-301.fc40.x86_64.conf",
                    "\noptions root=UUID=0 ro rhgb a=1\n",
                ),
            ],
        ),
        (
            "alpine",
            &[
                (
                    "/etc/update-extlinux.conf",
                    "default_kernel_opts=\"rootfstype=ext4 a=1\"\nmodules",
                ),
                (
                    "/boot/extlinux.conf",
                    "  APPEND root=UUID=0 modules=ext4 rootfstype=ext4 a=1\n",
                ),
            ],
        ),
        (
            "suse",
            &[(
                "/etc/default/grub",
                "GRUB_CMDLINE_LINUX_DEFAULT=\"splash=silent\"\nGRUB_CMDLINE_LINUX=\"a=1\"\n",
            )],
        ),
        (
            "arch",
            &[
                ("/etc/kernel/cmdline", "root=PARTUUID=0 rw a=1\n"),
                (
                    "/boot/loader/entries/arch.conf",
                    "\noptions root=PARTUUID=0 rw a=1\n",
                ),
            ],
        ),
    ] {
        let mut tree = distribution(name);
        step(&mut tree, "kernel_cmdline", &change()).unwrap();
        assert_eq!(
            step(&mut tree, "kernel_cmdline", &change())
                .unwrap()
                .changes,
            []
        );
        for (path, part) in files {
            let text = read(&tree, path);
            assert!(text.contains(part), "{name}: {path}: {text}");
        }
    }
}

#[test]
fn texts() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let change = Change {
        add: words(&["quiet", "console=ttyS0"]),
        remove: words(&["console", "splash", "x=1"]),
    };
    for (before, after) in [
        ("", "quiet console=ttyS0\n"),
        ("ro  quiet console=ttyS0\n", "ro  quiet console=ttyS0\n"),
        ("ro  x=2\n", "ro  x=2 quiet console=ttyS0\n"),
        (
            "console=tty0 ro x=1 splash\n# c\n",
            "ro quiet console=ttyS0\n# c\n",
        ),
    ] {
        assert_eq!(whole(before, &change), after, "{before:?}");
    }
    for (before, after) in [
        ("", "GRUB_CMDLINE_LINUX=\"quiet console=ttyS0\"\n"),
        ("A=1", "A=1\nGRUB_CMDLINE_LINUX=\"quiet console=ttyS0\"\n"),
        (
            "# c\nGRUB_CMDLINE_LINUX='ro' # d\nGRUB_CMDLINE_LINUX_DEFAULT=\"splash quiet\"\n#GRUB_CMDLINE_LINUX=x\n",
            "# c\nGRUB_CMDLINE_LINUX='ro quiet console=ttyS0' # d\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n#GRUB_CMDLINE_LINUX=x\n",
        ),
        (
            "GRUB_CMDLINE_LINUX=ro\n",
            "GRUB_CMDLINE_LINUX=\"ro quiet console=ttyS0\"\n",
        ),
        (
            "GRUB_CMDLINE_LINUX=\n",
            "GRUB_CMDLINE_LINUX=\"quiet console=ttyS0\"\n",
        ),
        (
            "export GRUB_CMDLINE_LINUX=\"ro\"\n",
            "export GRUB_CMDLINE_LINUX=\"ro quiet console=ttyS0\"\n",
        ),
        // What is in it by another line is not added twice.
        (
            "GRUB_CMDLINE_LINUX=\"a\"\nGRUB_CMDLINE_LINUX=\"${GRUB_CMDLINE_LINUX} b\"\n",
            "GRUB_CMDLINE_LINUX=\"a quiet console=ttyS0\"\n\
             GRUB_CMDLINE_LINUX=\"${GRUB_CMDLINE_LINUX} b\"\n",
        ),
        (
            "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX b\"\n",
            "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX b quiet console=ttyS0\"\n",
        ),
        (
            "GRUB_CMDLINE_LINUX=a\nGRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX_DEFAULT b\"\n",
            "GRUB_CMDLINE_LINUX=\"a quiet console=ttyS0\"\n\
             GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX_DEFAULT b quiet console=ttyS0\"\n",
        ),
    ] {
        assert_eq!(
            grub_defaults(before, &change),
            Ok(after.to_owned()),
            "{before:?}"
        );
    }
    for before in [
        "GRUB_CMDLINE_LINUX=\"ro",
        "GRUB_CMDLINE_LINUX=\"ro\\",
        "GRUB_CMDLINE_LINUX=\"x=\\\"a b\\\" quiet\"",
        "GRUB_CMDLINE_LINUX='a'\"b\"",
        "GRUB_CMDLINE_LINUX=a\\ b",
        "GRUB_CMDLINE_LINUX+=\" z\"",
        "GRUB_CMDLINE_LINUX=\"a\"; true",
    ] {
        let unread = Err(Unread(before.to_owned()));
        assert_eq!(
            grub_defaults(&format!("{before}\n"), &change),
            unread,
            "{before:?}"
        );
    }
    let before = "menuentry x {\n\tlinux\t/vmlinuz splash ro\n  linuxefi /v\r\n\tinitrd /i\n}\n";
    let after = "menuentry x {\n\tlinux /vmlinuz ro quiet console=ttyS0\n  linuxefi /v quiet console=ttyS0\r\n\tinitrd /i\n}\n";
    assert_eq!(lines(before, &["linux", "linuxefi"], 2, &change), after);
}

#[test]
fn what_is_read_after_the_defaults_of_grub_is_changed_too() {
    let mut tree = image(&[
        ("/etc/default/grub", "GRUB_CMDLINE_LINUX=\"\"\n"),
        (
            "/etc/default/grub.d/50-cloudimg-settings.cfg",
            "GRUB_CMDLINE_LINUX=\"console=tty1 quiet\"\n",
        ),
        ("/etc/default/grub.d/60-other.cfg", "GRUB_TIMEOUT=0\n"),
        (
            "/etc/default/grub.d/70-more.cfg",
            "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX b=2 quiet\"\n",
        ),
    ]);
    let recipe = recipe(value!({"add": ["a=1"], "remove": ["quiet"]}));
    step(&mut tree, "kernel_cmdline", &recipe).unwrap();
    for (file, text) in [
        ("", "GRUB_CMDLINE_LINUX=\"a=1\"\n"),
        (
            ".d/50-cloudimg-settings.cfg",
            "GRUB_CMDLINE_LINUX=\"console=tty1 a=1\"\n",
        ),
        (".d/60-other.cfg", "GRUB_TIMEOUT=0\n"),
        (
            ".d/70-more.cfg",
            "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX b=2\"\n",
        ),
    ] {
        assert_eq!(
            read(&tree, &format!("/etc/default/grub{file}")),
            text,
            "{file}"
        );
    }
}

#[test]
fn refusals() {
    for (change, message) in [
        (value!({}), "the step has nothing to do"),
        (
            value!({"add": ["a b"]}),
            "\"a b\" is no parameter that all loaders take",
        ),
        (
            value!({"add": ["a=\"b\""]}),
            "\"a=\\\"b\\\"\" is no parameter that all loaders take",
        ),
        (
            value!({"add": ["a"], "remove": ["a"]}),
            "a is in `remove`, too",
        ),
        (value!({"added": ["a"]}), "unknown key `added`"),
    ] {
        let error = step(
            &mut distribution("debian"),
            "kernel_cmdline",
            &recipe(change),
        )
        .unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let none = step(
        &mut image(&[]),
        "kernel_cmdline",
        &recipe(value!({"add": ["a"]})),
    )
    .unwrap_err();
    assert_eq!(
        none.to_string(),
        "the image has no settings of a boot loader"
    );
}

#[test]
fn lines_that_go_on_and_comments() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let change = Change {
        add: words(&["a=1"]),
        remove: words(&["quiet"]),
    };
    for (before, after) in [
        ("root=x\n# c\nquiet\n", "root=x a=1\n# c\n\n"),
        ("root=x\n# c quiet\nro\n\n", "root=x\n# c quiet\nro a=1\n\n"),
        ("a=1\nro\n", "a=1\nro\n"),
        ("# c\n", "# c\na=1\n"),
    ] {
        let once = whole(before, &change);
        assert_eq!(once, after);
        assert_eq!(whole(&once, &change), once);
    }
    for (before, after) in [
        (
            "\tlinux /v ro quiet # quiet\n",
            "\tlinux /v ro a=1 # quiet\n",
        ),
        ("linux /v ro # a=1\n", "linux /v ro a=1 # a=1\n"),
        ("linux /v x=\"b # c\"\n", "linux /v x=\"b # c\" a=1\n"),
        (
            "linuxefi /v ro \\\nquiet\nquiet\n",
            "linuxefi /v ro a=1\nquiet\n",
        ),
        (
            "linux /v \\\n  a=1\n# linux \\\nlinux16 /v\n",
            "linux /v \\\n  a=1\n# linux \\\nlinux16 /v a=1\n",
        ),
    ] {
        let once = grub_entries(before, &change);
        assert_eq!(once, after);
        assert_eq!(grub_entries(&once, &change), once);
    }
}
