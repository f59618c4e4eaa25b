use super::{LOAD, OLD, PROBE};
use crate::kit::{read, refusal, twice, value};

#[test]
fn files() {
    let recipe = value!({
        "modules_load": ["br_netfilter", "dm-mod"],
        "modules_blacklist": ["pcspkr"],
        "modules_options": {"kvm_intel": "nested=1"},
    });
    for (files, load, text, probe) in [
        (
            &[][..],
            LOAD,
            "br_netfilter\ndm-mod\n",
            "blacklist pcspkr\noptions kvm_intel nested=1\n",
        ),
        (
            &[
                (OLD, "# old\nloop"),
                (PROBE, "# mine\noptions kvm-intel nested=0\noptions kvm x=1"),
            ],
            OLD,
            "# old\nloop\nbr_netfilter\ndm-mod\n",
            "# mine\noptions kvm_intel nested=1\noptions kvm x=1\nblacklist pcspkr\n",
        ),
        // What says it already stays, in its own words.
        (
            &[
                (OLD, "loop max_loop=64\ndm_mod x=1\n"),
                (
                    PROBE,
                    "blacklist pcspkr # why\noptions kvm-intel x=1\noptions kvm-intel  nested=1\n",
                ),
            ],
            OLD,
            "loop max_loop=64\ndm_mod x=1\nbr_netfilter\n",
            "blacklist pcspkr # why\noptions kvm-intel  nested=1\n",
        ),
        (
            &[(PROBE, "options kvm_intel a\noptions kvm-intel b\n")],
            LOAD,
            "br_netfilter\ndm-mod\n",
            "options kvm_intel nested=1\nblacklist pcspkr\n",
        ),
        (
            &[
                (OLD, ""),
                ("/usr/lib/systemd/systemd", ""),
                (LOAD, "dm_mod\n#\nbr_netfilter # x\n"),
            ],
            LOAD,
            "dm_mod\n#\nbr_netfilter\n",
            "blacklist pcspkr\noptions kvm_intel nested=1\n",
        ),
        (
            &[(
                PROBE,
                "# c \\\nblacklist pcspkr\noptions \\\n kvm-intel nested=0 \\\n  ept=0\noptions kvm x \\\n y",
            )],
            LOAD,
            "br_netfilter\ndm-mod\n",
            "# c \\\nblacklist pcspkr\noptions kvm_intel nested=1\noptions kvm x \\\n y\nblacklist pcspkr\n",
        ),
        (
            &[(PROBE, "options kvm x \\\n")],
            LOAD,
            "br_netfilter\ndm-mod\n",
            "options kvm x \\\n\nblacklist pcspkr\noptions kvm_intel nested=1\n",
        ),
    ] {
        let (tree, done) = twice(files, "modules_load", &recipe).unwrap();
        assert_eq!(read(&tree, load), text);
        assert_eq!(read(&tree, PROBE), probe);
        assert_eq!(done.warnings, [""; 0]);
    }
}

#[test]
fn modules_that_no_kernel_has() {
    for (name, warned) in [
        ("br_netfilter", false),
        ("dm-mod", false),
        ("loop", false),
        ("nope", true),
        ("fs-overlay", false),
        ("fs_ext4", false),
        ("mine", false),
        ("other", true),
    ] {
        let files = [
            (
                "/lib/modules/6.1/modules.dep",
                "kernel/net/br_netfilter.ko.xz: kernel/x.ko\n",
            ),
            (
                "/etc/modprobe.d/a.conf",
                "alias mine \\\nloop\n#alias other loop\n",
            ),
            (
                "/lib/modules/6.1/modules.alias",
                "# x\nalias fs-over* overlay\n",
            ),
            (
                "/lib/modules/6.1/modules.builtin.modinfo",
                "ext4.license=GPL\0ext4.alias=fs-ext4\0",
            ),
            (
                "/lib/modules/6.1/modules.builtin",
                "kernel/drivers/block/loop.ko\nkernel/dm-mod.ko\n",
            ),
        ];
        let (_, done) = twice(&files, "modules_load", &value!({"modules_load": [name]})).unwrap();
        let want = warned.then(|| format!("no kernel of the image has the module {name}"));
        assert_eq!(done.warnings, Vec::from_iter(want));
    }
}

#[test]
fn modules_that_are_turned_off() {
    for (path, text, warning) in [
        (
            "/etc/modprobe.d/z.conf",
            "blacklist dm_mod",
            Some("blacklist"),
        ),
        (
            "/usr/lib/modprobe.d/z.conf",
            "install dm-mod /bin/false\n",
            Some("install"),
        ),
        (
            "/etc/modprobe.d/z.conf",
            "install dm-mod /bin/true # off\n",
            Some("install"),
        ),
        (
            "/lib/modprobe.d/z.conf",
            "install dm-mod /sbin/modprobe -i dm-mod\n",
            None,
        ),
        (
            "/usr/lib/modprobe.d/masked.conf",
            "blacklist dm-mod\n",
            None,
        ),
        ("/etc/modprobe.d/z.txt", "blacklist dm-mod\n", None),
        (
            "/etc/modprobe.d/z.conf",
            "# blacklist dm-mod\nblacklist dm\n",
            None,
        ),
    ] {
        let files = [("/etc/modprobe.d/masked.conf@", "/dev/null"), (path, text)];
        let recipe = value!({"modules_load": ["dm-mod"]});
        let (_, done) = twice(&files, "modules_load", &recipe).unwrap();
        let want = warning.map(|kind| format!("dm-mod is not loaded: {path} has `{kind}` for it"));
        assert_eq!(done.warnings, Vec::from_iter(want), "{text}");
    }
}

#[test]
fn refusals() {
    for (recipe, message) in [
        (value!({}), "the step has nothing to do"),
        (
            value!({"modules_load": ["a b"]}),
            "\"a b\" is no name of a module",
        ),
        (
            value!({"modules_blacklist": [""]}),
            "\"\" is no name of a module",
        ),
        (
            value!({"modules_load": ["a-b"], "modules_blacklist": ["c", "a_b"]}),
            "a_b is in `modules_load`, too",
        ),
        (
            value!({"modules_options": {"a/b": "c=1"}}),
            "\"a/b\" is no name of a module",
        ),
        (
            value!({"modules_options": {"a": " "}}),
            "the options of a are not one line of text",
        ),
        (
            value!({"modules_options": {"a": "b\u{0}"}}),
            "the options of a are not one line of text",
        ),
        (
            value!({"modules_options": {"a": "b=1 \\ "}}),
            "the options of a end in `\\`, by which the next line is part of them",
        ),
        (
            value!({"modules_options": {"a": "b=1 # c"}}),
            "the options of a have a `#`, which starts no comment there",
        ),
    ] {
        assert_eq!(refusal(&[], "modules_load", &recipe), message);
    }
}
