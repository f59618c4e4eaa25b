//! What `kernel_cmdline` refuses.

use super::recipe;
use crate::kit::{distribution, image, read, step, value};

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
            value!({"add": ["a;reboot"]}),
            "\"a;reboot\" is no parameter that all loaders take",
        ),
        (value!({"add": ["a", "b", "a"]}), "a is given twice"),
        (
            value!({"add": ["a"], "remove": ["a"]}),
            "a is in `remove`, too",
        ),
        (value!({"added": ["a"]}), "unknown key `added`"),
    ] {
        let mut tree = distribution("debian");
        let error = step(&mut tree, "kernel_cmdline", &recipe(change)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let stub = "search --set=root\nconfigfile ($root)/grub.cfg\n";
    let xen = "multiboot2 /xen.gz\nmodule2 /v placeholder quiet\n";
    for (files, message) in [
        (&[][..], "the image has no settings of a boot loader"),
        (
            &[
                ("/boot/grub/grub.cfg", xen),
                ("/boot/efi/EFI/x/grub.cfg", stub),
            ],
            "there is no command line of Linux in /boot/efi/EFI/x/grub.cfg, /boot/grub/grub.cfg",
        ),
        (
            &[
                ("/efi/loader/entries/a.conf", "uki /v.efi\n"),
                (
                    "/boot/extlinux.conf",
                    "LABEL a\n KERNEL menu.c32\n APPEND x\n",
                ),
                ("/etc/default/grub.d/a.cfg", "GRUB_TIMEOUT=1\n"),
            ],
            "there is no command line of Linux in /boot/extlinux.conf, \
             /efi/loader/entries/a.conf, /etc/default/grub.d/a.cfg",
        ),
    ] {
        let recipe = recipe(value!({"add": ["a"]}));
        let error = step(&mut image(files), "kernel_cmdline", &recipe).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

/// Entries that are made later get what the environment has.
#[test]
fn an_environment_is_enough() {
    let files = [
        ("/boot/grub2/grub.cfg", "blscfg\n"),
        ("/boot/grub2/grubenv", "# E\nkernelopts=root=x quiet\n####"),
    ];
    let mut tree = image(&files);
    step(
        &mut tree,
        "kernel_cmdline",
        &recipe(value!({"remove": ["quiet"]})),
    )
    .unwrap();
    assert!(read(&tree, files[1].0).contains("\nkernelopts=root=x\n"));
}
