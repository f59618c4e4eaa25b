//! Parameters that files of the image have already.

use super::super::has;
use crate::Root;
use crate::kit::{Files, THEN, image};

/// Whether a file has `x=1` where the kernel gets it.
#[test]
fn parameters_that_are_there() {
    for (path, text, is_there) in [
        ("/etc/default/grub", "GRUB_CMDLINE_LINUX=x=1\n", true),
        ("/etc/default/grub", "GRUB_CMDLINE_LINUX=\"a x=1\"\n", true),
        (
            "/etc/default/grub",
            "GRUB_CMDLINE_LINUX=\"a\" # x=1 is not\n",
            false,
        ),
        (
            "/etc/default/grub",
            "GRUB_CMDLINE_LINUX=\"a x=10\"\n",
            false,
        ),
        ("/etc/default/grub", "GRUB_CMDLINE_LINUX+=\" x=1\"\n", true),
        ("/etc/default/grub", "GRUB_TERMINAL=\"x=1\"\n", false),
        (
            "/boot/grub2/grubenv",
            "# E\nkernelopts=x=1 quiet\n####",
            true,
        ),
        ("/boot/grub2/grubenv", "# E\nother=x=1\n####", false),
        (
            "/boot/grub/grub.cfg",
            "linux /v root=y x=1\\\n quiet\n",
            true,
        ),
        ("/boot/grub/grub.cfg", "linux /v root=y x=1\\\n0\n", false),
        ("/boot/grub/grub.cfg", "echo x=1\n", false),
        (
            "/boot/loader/entries/a.conf",
            "linux /v\noptions x=1\n",
            true,
        ),
        ("/boot/extlinux.conf", "LABEL a\n KERNEL /v x=1\n", true),
        ("/etc/kernel/cmdline", "# x=1\ny\n", false),
    ] {
        let mut tree = image(&[(path, text)]);
        let host = Files::default();
        let root = Root::new(&mut tree, &host, THEN);
        assert_eq!(has(&root, "x=1").unwrap(), is_there, "{path}: {text}");
    }
}
