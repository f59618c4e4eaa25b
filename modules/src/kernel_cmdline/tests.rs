mod refused;
mod there;

use super::change::Change;
use super::entry::{boot_loader, environment, extlinux, whole};
use super::grub::entries;
use super::variable::{Unread, grub_defaults};
use crate::Root;
use crate::kit::{Files, THEN, distribution, image, map, read, step, twice, value};
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
        let again = step(&mut tree, "kernel_cmdline", &change()).unwrap();
        assert_eq!(again.changes, []);
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
    let after = "menuentry x {\n\tlinux\t/vmlinuz ro quiet console=ttyS0\n  linuxefi /v quiet console=ttyS0\r\n\tinitrd /i\n}\n";
    assert_eq!(entries(before, &change).unwrap(), after);
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
        let once = entries(before, &change).unwrap_or(before.to_owned());
        assert_eq!(once, after);
        assert_eq!(entries(&once, &change).unwrap_or(before.to_owned()), once);
    }
}

fn change(add: &[&str], remove: &[&str]) -> Change {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Change {
        add: words(add),
        remove: words(remove),
    }
}

#[test]
fn what_is_added_is_the_last_of_its_name() {
    let change = change(&["console=tty0", "quiet", "console=ttyS0"], &["x"]);
    for (before, after) in [
        ("", "console=tty0 quiet console=ttyS0"),
        ("console=ttyS0 ro", "ro console=tty0 quiet console=ttyS0"),
        ("console=tty0 ro", "console=tty0 ro quiet console=ttyS0"),
        (
            "console=tty0 console=ttyS0 quiet ro",
            "console=tty0 console=ttyS0 quiet ro",
        ),
        (
            "console=tty0 console=ttyS0 console=hvc0 quiet",
            "console=hvc0 quiet console=tty0 console=ttyS0",
        ),
        (
            "x=1 quiet  x console=hvc0 x",
            "quiet  console=hvc0 console=tty0 console=ttyS0",
        ),
        (
            "x=\"a b\" \"x c=d\" y=\"x \" quiet",
            "\"x c=d\" y=\"x \" quiet console=tty0 console=ttyS0",
        ),
    ] {
        let once = change.of(before, true);
        assert_eq!(once, after, "{before:?}");
        assert_eq!(change.of(&once, true), after, "{before:?}");
    }
}

#[test]
fn what_is_not_to_change_stays() {
    let change = change(&["ro"], &["x"]);
    for text in [
        "ro",
        "ro\r\n",
        "  ro\t\n# x",
        "# c\r\nro\r\n\r\n",
        "a\u{10fffc} ro",
    ] {
        assert_eq!(whole(text, &change), text);
        let line = format!("options {}", text.trim_start_matches("# c\r\n"));
        assert_eq!(boot_loader(&line, &change, true).unwrap(), line);
    }
    assert_eq!(
        whole(
            "",
            &super::Change {
                add: Vec::new(),
                ..change
            }
        ),
        ""
    );
}

#[test]
fn commands_of_grub() {
    let change = change(&["a=1"], &["quiet", "bar"]);
    for (before, after) in [
        (
            "linux /v quiet \"foo bar=baz\" dyndbg=\"file a +p\"\n",
            "linux /v \"foo bar=baz\" dyndbg=\"file a +p\" a=1\n",
        ),
        (
            "linux /v x quiet ; initrd /i\n",
            "linux /v x a=1 ; initrd /i\n",
        ),
        (
            "if [ x ]; then linux /v quiet; else linux16 /w;fi\n",
            "if [ x ]; then linux /v a=1; else linux16 /w a=1;fi\n",
        ),
        (
            "menuentry 'linux /v quiet' --id \"x\" {linux\t/v\t'quiet'\tro}\n",
            "menuentry 'linux /v quiet' --id \"x\" {linux\t/v\tro a=1}\n",
        ),
        (
            "linux ${v} ${quiet} q\\;\\\n  ui a\\\"b=1\n",
            "linux ${v} ${quiet} q\\;\\\n  ui a\\\"b=1 a=1\n",
        ),
        ("linux /v \"qui\\\net\" x", "linux /v x a=1"),
        (
            "linux /v 'a b\nlinux /v quiet'\n",
            "linux /v 'a b\nlinux /v quiet' a=1\n",
        ),
        (
            "linux\nlinuxx /v quiet\necho linux /v quiet\n",
            "linux\nlinuxx /v quiet\necho linux /v quiet\n",
        ),
        ("linux /v \"quiet", "linux /v a=1"),
    ] {
        let once = entries(before, &change).unwrap_or(before.to_owned());
        assert_eq!(once, after, "{before:?}");
        assert_eq!(
            entries(&once, &change).unwrap_or(before.to_owned()),
            once,
            "{before:?}"
        );
    }
}

#[test]
fn entries_by_lines() {
    let change = change(&["a=1"], &["quiet"]);
    for (before, after) in [
        (
            "title x\nlinux /v\ninitrd /i",
            "title x\nlinux /v\ninitrd /i\noptions a=1\n",
        ),
        ("title x\nefi /shell.efi\n", "title x\nefi /shell.efi\n"),
        (
            "linux /v\noptions root=x quiet\n# options quiet\noptions\tro\n",
            "linux /v\noptions root=x\n# options quiet\noptions\tro a=1\n",
        ),
        (
            "options a=1 quiet\noptions quiet\n",
            "options a=1\noptions\n",
        ),
        ("linux /v\noptions\n", "linux /v\noptions a=1\n"),
    ] {
        let once = boot_loader(before, &change, true).unwrap_or(before.to_owned());
        assert_eq!(once, after, "{before:?}");
        assert_eq!(
            boot_loader(&once, &change, true).unwrap_or(before.to_owned()),
            once,
            "{before:?}"
        );
    }
    for (before, after) in [
        (
            "DEFAULT l\nLABEL l\n  LINUX /v\n  INITRD /i\n",
            "DEFAULT l\nLABEL l\n  LINUX /v\n  APPEND a=1\n  INITRD /i\n",
        ),
        (
            "label l\n\tkernel /v root=x quiet\nlabel m\n kernel /w\n append initrd=/i quiet",
            "label l\n\tkernel /v root=x a=1\nlabel m\n kernel /w\n append initrd=/i a=1",
        ),
        (
            "APPEND ro quiet\nLABEL l\nLINUX /v\nLABEL m\nLINUX /v quiet\nLABEL n\nLINUX /v\nAPPEND -\n",
            "APPEND ro a=1\nLABEL l\nLINUX /v\nLABEL m\nLINUX /v\nLABEL n\nLINUX /v\nAPPEND a=1\n",
        ),
        (
            "LABEL c\n COM32 chain.c32\n APPEND hd0 quiet\nLABEL k\n KERNEL menu.c32 quiet\nLABEL b\n LOCALBOOT 0\n",
            "LABEL c\n COM32 chain.c32\n APPEND hd0 quiet\nLABEL k\n KERNEL menu.c32 quiet\nLABEL b\n LOCALBOOT 0\n",
        ),
    ] {
        let once = extlinux(before, &change).unwrap_or(before.to_owned());
        assert_eq!(once, after, "{before:?}");
        assert_eq!(
            extlinux(&once, &change).unwrap_or(before.to_owned()),
            once,
            "{before:?}"
        );
    }
    for (before, after) in [
        (
            "# E\nkernelopts=ro quiet \nx=1\n########",
            Some("# E\nkernelopts=ro a=1 \nx=1\n##########"),
        ),
        ("# E\nkernelopts=ro\n#", None),
        ("# E\nkernelopts=ro\\\\\n#########", None),
        ("# E\nx=1\n#########", None),
    ] {
        assert_eq!(environment(before, &change).as_deref(), after);
    }
}

#[test]
fn files_of_rhel_and_of_s390() {
    let recipe = recipe(value!({"add": ["a=1"], "remove": ["quiet"]}));
    let entry = (
        "/boot/loader/entries/a.conf",
        "linux /v\noptions $kernelopts x quiet\n",
    );
    let (none, held) = ("# GRUB\nx=1\n####", "# GRUB\nkernelopts=ro quiet\n####");
    for (environment, options, after, warnings) in [
        (held, "x", "# GRUB\nkernelopts=ro a=1\n######", &[][..]),
        (
            none,
            "x a=1",
            none,
            &[
                "/boot/loader/entries/a.conf has $kernelopts, which no grubenv has: nothing is removed from that",
            ],
        ),
    ] {
        let zipl = "/etc/zipl.conf is not changed: it may have parameters, too";
        let files = [
            entry,
            ("/boot/grub2/grubenv", environment),
            ("/etc/zipl.conf", ""),
        ];
        let (tree, done) = twice(&files, "kernel_cmdline", &recipe).unwrap();
        let options = format!("linux /v\noptions $kernelopts {options}\n");
        assert_eq!(read(&tree, entry.0), options);
        assert_eq!(read(&tree, "/boot/grub2/grubenv"), after);
        assert_eq!(done.warnings, [warnings, &[zipl]].concat());
    }
}

#[test]
fn bytes_that_are_no_text_stay() {
    let mut tree = image(&[]);
    let host = Files::default();
    let mut root = Root::new(&mut tree, &host, THEN);
    root.mkdir_all("/etc/default", 0o755).unwrap();
    root.mkdir_all("/boot/grub", 0o755).unwrap();
    root.write("/etc/default/grub", b"# f\xfcr\n").unwrap();
    root.write("/boot/grub/grub.cfg", b"# \xff\nlinux /v\n")
        .unwrap();
    let recipe = recipe(value!({"add": ["a=1"]}));
    step(&mut tree, "kernel_cmdline", &recipe).unwrap();
    let root = Root::new(&mut tree, &host, THEN);
    let defaults = root.read("/etc/default/grub").unwrap();
    assert_eq!(defaults, b"# f\xfcr\nGRUB_CMDLINE_LINUX=\"a=1\"\n");
    assert_eq!(
        root.read("/boot/grub/grub.cfg").unwrap(),
        b"# \xff\nlinux /v a=1\n"
    );
}
