//! Which kernel of a tree is taken, with which ramdisk, and what is none.

use serde_json::Value;

use super::{CPIO, gzip, kernel, pack, program};
use crate::kit::{Work, fail, succeed};

#[test]
fn the_kernel_that_is_meant() {
    let work = Work::new("kernels");
    let (old, new) = (kernel("6.1.0-9-amd64"), kernel("6.1.0-18-amd64"));
    let (lts, stable) = (kernel("6.6.30-1-lts"), kernel("6.9.1-arch1-1"));
    let arm = [&[0; 0x38][..], b"ARM\x64", &[0; 100]].concat();
    let mut ancient = kernel("2.6.32");
    ancient[0x206..0x208].copy_from_slice(&[0x0A, 0x02]);
    ancient[0x3C..0x40].fill(0);
    let packed = gzip(&arm);
    let amd64 = &program(62)[..];
    let nowhere: &[u8] = &[];
    // The tree, `boot.kernel`, and the kernel with its ramdisk, or a part of the complaint.
    type Case<'c> = (&'c [(&'c str, &'c [u8])], &'c str, &'c str);
    let cases: &[Case<'_>] = &[
        // Debian: a larger number is newer, links at the top are other names.
        (
            &[
                ("bin/sh", amd64),
                ("boot/vmlinuz-6.1.0-9-amd64", &old),
                ("boot/vmlinuz-6.1.0-18-amd64", &new),
                ("boot/initrd.img-6.1.0-9-amd64", CPIO),
                ("boot/initrd.img-6.1.0-18-amd64", CPIO),
                ("vmlinuz -> boot/vmlinuz-6.1.0-18-amd64", nowhere),
                ("vmlinuz.old -> boot/vmlinuz-6.1.0-9-amd64", nowhere),
            ],
            "",
            "/boot/vmlinuz-6.1.0-18-amd64 /boot/initrd.img-6.1.0-18-amd64",
        ),
        (
            &[
                ("boot/vmlinuz-6.1.0-9-amd64", &old),
                ("boot/vmlinuz-6.1.0-18-amd64", &new),
                ("boot/initrd.img-6.1.0-9-amd64", CPIO),
            ],
            "6.1.0-9-amd64",
            "/boot/vmlinuz-6.1.0-9-amd64 /boot/initrd.img-6.1.0-9-amd64",
        ),
        // Fedora: two copies of one file, and a rescue kernel.
        (
            &[
                ("boot/vmlinuz-0-rescue-0123456789abcdef", &stable),
                ("boot/vmlinuz-6.8.5-301.fc40.x86_64", &new),
                ("boot/.vmlinuz-6.8.5-301.fc40.x86_64.hmac", b"x"),
                ("boot/initramfs-6.8.5-301.fc40.x86_64.img", CPIO),
                ("usr/lib/modules/6.8.5-301.fc40.x86_64/vmlinuz", &new),
                ("lib -> usr/lib", nowhere),
            ],
            "",
            "/boot/vmlinuz-6.8.5-301.fc40.x86_64 /boot/initramfs-6.8.5-301.fc40.x86_64.img",
        ),
        // The same without anything in /boot.
        (
            &[
                ("usr/lib/modules/6.8.5-301.fc40.x86_64/vmlinuz", &new),
                ("usr/lib/modules/6.8.5-301.fc40.x86_64/initramfs.img", CPIO),
                ("lib -> usr/lib", nowhere),
            ],
            "",
            "/usr/lib/modules/6.8.5-301.fc40.x86_64/vmlinuz \
             /usr/lib/modules/6.8.5-301.fc40.x86_64/initramfs.img",
        ),
        // SUSE: links, and a copy for debuggers.
        (
            &[
                ("boot/vmlinuz -> vmlinuz-6.4.0-default", nowhere),
                (
                    "boot/vmlinuz-6.4.0-default -> ../usr/lib/modules/6.4.0-default/vmlinuz",
                    nowhere,
                ),
                ("usr/lib/modules/6.4.0-default/vmlinuz", &new),
                ("boot/vmlinux-6.4.0-default.gz", b"\x1f\x8b\x08"),
                ("boot/initrd -> initrd-6.4.0-default", nowhere),
                ("boot/initrd-6.4.0-default", CPIO),
            ],
            "",
            "/boot/vmlinuz-6.4.0-default /boot/initrd-6.4.0-default",
        ),
        // Arch: what they are called says nothing; what they say does.
        (
            &[
                ("boot/vmlinuz-linux-lts", &lts),
                ("boot/vmlinuz-linux", &stable),
                ("boot/initramfs-linux.img", CPIO),
                ("boot/initramfs-linux-fallback.img", CPIO),
                ("boot/initramfs-linux-lts.img", CPIO),
            ],
            "",
            "/boot/vmlinuz-linux /boot/initramfs-linux.img",
        ),
        // Alpine on ARM, where only the modules tell which is newer.
        (
            &[
                ("boot/vmlinuz-lts", &arm),
                ("boot/vmlinuz-virt", &arm),
                ("boot/initramfs-lts", CPIO),
                ("boot/initramfs-virt", CPIO),
                ("lib/modules/6.6.31-0-lts/modules.dep", b""),
                ("lib/modules/6.1.0-0-virt/modules.dep", b""),
                ("usr/lib/modules/.keep", b""),
            ],
            "",
            "/boot/vmlinuz-lts /boot/initramfs-lts",
        ),
        // Alpine.
        (
            &[("boot/vmlinuz-virt", &lts), ("boot/initramfs-virt", CPIO)],
            "/boot/vmlinuz-virt",
            "/boot/vmlinuz-virt /boot/initramfs-virt",
        ),
        // Arch with the kernel among its modules, and on ARM.
        (
            &[
                ("usr/lib/modules/6.9.1-arch1-1/vmlinuz", &stable),
                ("usr/lib/modules/6.9.1-arch1-1/pkgbase", b"linux\n"),
                ("boot/initramfs-linux.img", CPIO),
            ],
            "",
            "/usr/lib/modules/6.9.1-arch1-1/vmlinuz /boot/initramfs-linux.img",
        ),
        (
            &[
                ("usr/lib/modules/6.9.1-arch1-1/vmlinuz", &arm),
                ("usr/lib/modules/6.9.1-arch1-1/pkgbase", b"linux\n"),
                ("boot/vmlinuz-linux", &arm),
                ("boot/initramfs-linux.img", CPIO),
            ],
            "",
            "/usr/lib/modules/6.9.1-arch1-1/vmlinuz /boot/initramfs-linux.img",
        ),
        (
            &[
                ("boot/Image", &arm),
                ("boot/Image.gz", &packed),
                ("boot/initramfs-linux.img", CPIO),
            ],
            "",
            "/boot/Image /boot/initramfs-linux.img",
        ),
        (&[("boot/Image.gz", &packed)], "", "/boot/Image.gz -"),
        // A link that is asked for has the ramdisk of what it leads to.
        (
            &[
                ("boot/vmlinuz-6.1", &old),
                ("boot/vmlinuz -> vmlinuz-6.1", nowhere),
                ("boot/initrd.img-6.1", CPIO),
            ],
            "/boot/vmlinuz",
            "/boot/vmlinuz-6.1 /boot/initrd.img-6.1",
        ),
        // A kernel without a version in its name tells which ramdisk is its own.
        (
            &[
                ("boot/vmlinuz", &new),
                ("boot/initrd.img-6.1.0-18-amd64", CPIO),
                ("boot/initrd.img-6.1.0-9-amd64", CPIO),
            ],
            "",
            "/boot/vmlinuz /boot/initrd.img-6.1.0-18-amd64",
        ),
        // A path may be written in other ways.
        (
            &[("boot/vmlinuz-6.1", &old), ("boot/initrd.img-6.1", CPIO)],
            "//boot/./vmlinuz-6.1",
            "/boot/vmlinuz-6.1 /boot/initrd.img-6.1",
        ),
        // Links with versions that are cut are other names.
        (
            &[
                ("boot/vmlinuz-6.1 -> vmlinuz-6.1.0-18-amd64", nowhere),
                ("boot/vmlinuz-6.1.0-9-amd64", &old),
                ("boot/vmlinuz-6.1.0-18-amd64", &new),
                ("usr/lib/modules/6.9 -> 6.9.1-arch1-1", nowhere),
                ("usr/lib/modules/6.9.1-arch1-1/vmlinuz", &stable),
                ("usr/lib/modules/6.9.0-arch1-1/vmlinuz", &lts),
                ("boot/initrd.img-6.9.1-arch1-1", CPIO),
            ],
            "",
            "/usr/lib/modules/6.9.1-arch1-1/vmlinuz /boot/initrd.img-6.9.1-arch1-1",
        ),
        // A folder of modules that is a link; what only has a kernel's name.
        (
            &[
                ("boot/vmlinuz-6.1", &old),
                ("boot/image-9", b"text"),
                ("boot/vmlinuz-9/inside", b""),
                ("usr/lib/modules/8.0 -> /opt/8.0", nowhere),
                ("opt/8.0/vmlinuz", &new),
                ("opt/8.0/initrd", CPIO),
            ],
            "",
            "/usr/lib/modules/8.0/vmlinuz /usr/lib/modules/8.0/initrd",
        ),
        // What lies beside a kernel is none.
        (
            &[
                ("boot/vmlinuz-6.1", &old),
                ("boot/vmlinuz-6.1.dpkg-new", &new),
                ("boot/vmlinuz-6.1.sha256", b"0123"),
                ("boot/vmlinuz-6.1~", b"x"),
                ("boot/initrd.img-6.1", CPIO),
            ],
            "",
            "/boot/vmlinuz-6.1 /boot/initrd.img-6.1",
        ),
        // Before Linux 3.8 a kernel does not say what it is for.
        (
            &[("bin/sh", amd64), ("boot/vmlinuz-2.6.32", &ancient)],
            "",
            "/boot/vmlinuz-2.6.32 -",
        ),
        // No versions at all, and no ramdisk.
        (
            &[("boot/vmlinuz", &new), ("boot/initrd", CPIO)],
            "",
            "/boot/vmlinuz /boot/initrd",
        ),
        (&[("boot/vmlinuz-6.1", &new)], "", "/boot/vmlinuz-6.1 -"),
        // An absolute link stays in the tree.
        (
            &[
                ("boot/vmlinuz-6.1 -> /opt/kernel.bin", nowhere),
                ("opt/kernel.bin", &new),
            ],
            "",
            "/boot/vmlinuz-6.1 -",
        ),
        (&[], "", "no kernel in this tree"),
        (
            &[
                ("boot/vmlinuz-6.1", &old),
                ("usr/lib/modules/6.1/vmlinuz", &new),
            ],
            "",
            "two kernels of version 6.1, /boot/vmlinuz-6.1 and /usr/lib/modules/6.1/vmlinuz",
        ),
        (
            &[("boot/vmlinuz-6.1", &old), ("boot/vmlinuz-6.01", &new)],
            "",
            "two kernels of version 6.01",
        ),
        (
            &[
                ("boot/vmlinuz-6.1", &old),
                ("boot/vmlinuz -> vmlinuz-6.9", nowhere),
            ],
            "",
            "/boot/vmlinuz: that kernel is a link to vmlinuz-6.9 that leads nowhere",
        ),
        (
            &[
                ("boot/vmlinuz-5 -> gone", nowhere),
                ("boot/vmlinuz-6.1", &old),
            ],
            "5",
            "build.yaml:2:16: /boot/vmlinuz-5: that kernel is a link to gone that leads nowhere",
        ),
        // One that is older is no harm.
        (
            &[
                ("boot/vmlinuz-6.1", &old),
                ("boot/vmlinuz -> vmlinuz-6.0", nowhere),
            ],
            "",
            "/boot/vmlinuz-6.1 -",
        ),
        (
            &[
                ("boot/vmlinuz-6.1", &old),
                ("boot/initrd.img-6.1 -> initrd.gone", nowhere),
            ],
            "",
            "/boot/initrd.img-6.1: the ramdisk is a link that leads nowhere",
        ),
        (
            &[("boot/vmlinuz-6.1", &old), ("boot/initrd.img-6.1", b"")],
            "",
            "/boot/initrd.img-6.1: the ramdisk is empty",
        ),
        (
            &[("bin/sh", amd64), ("boot/vmlinuz-6.1", &arm)],
            "",
            "a kernel for aarch64, but the programs of this tree are for x86_64",
        ),
        (
            &[("boot/vmlinuz-6.1.old", &old), ("boot/image-info", b"text")],
            "",
            "(/boot/vmlinuz-6.1.old is taken only where `boot: {kernel: ...}` names it)",
        ),
        // A wish that is found, and cannot be had.
        (
            &[
                ("boot/vmlinuz-6.1", &old),
                ("bin/sh", amd64),
                ("boot/vmlinuz-5", &arm),
            ],
            "5",
            "build.yaml:2:16: /boot/vmlinuz-5: a kernel for aarch64",
        ),
        (
            &[("boot/vmlinuz-6.1", &old)],
            "/boot",
            "build.yaml:2:16: /boot: a directory, not a file\n",
        ),
        (
            &[("boot/vmlinuz-6.1", &old), ("boot/initrd.img-6.1", CPIO)],
            "/boot/initrd.img-6.1",
            "build.yaml:2:16: /boot/initrd.img-6.1: is no kernel of a known kind",
        ),
        (
            &[("boot/vmlinuz-6.1", b"#!/bin/sh")],
            "",
            "/boot/vmlinuz-6.1: is no kernel of a known kind: it begins with #!/bin/s",
        ),
        (
            &[("boot/vmlinuz-6.1", b"")],
            "",
            "/boot/vmlinuz-6.1: is empty",
        ),
        (
            &[("boot/vmlinuz-6.1/inside", b"x")],
            "",
            "no kernel in this tree",
        ),
        (
            &[("boot/vmlinuz-6.1", &old)],
            "6.2",
            "build.yaml:2:16: no kernel 6.2\n",
        ),
        (
            &[("boot/vmlinuz-6.1", &old)],
            "/boot/vmlinuz-6.2",
            "build.yaml:2:16: no kernel /boot/vmlinuz-6.2: no such file",
        ),
    ];
    for (tree, wish, want) in cases {
        pack(&work, tree);
        let boot = match *wish {
            "" => String::new(),
            wish => format!("boot: {{kernel: \"{wish}\"}}\n"),
        };
        work.write("build.yaml", format!("source: rootfs.tar\n{boot}"));
        let shown: Vec<_> = tree.iter().map(|(path, _)| path).collect();
        if !want.starts_with('/') || want.contains(": ") {
            let said = fail(&mut work.hsb(["plan", "-q", "-x"]), 1);
            assert!(said.contains(want), "{shown:?}: {said}");
            continue;
        }
        let told = succeed(&mut work.hsb(["plan", "-q", "-x", "--json"]));
        let told: Value = serde_json::from_str(&told).unwrap();
        let (kernel, ramdisk) = (&told["boot"]["kernel"], &told["boot"]["ramdisk"]);
        let text = |path: &Value| path.as_str().unwrap_or("-").to_owned();
        let found = format!("{} {}", text(kernel), text(ramdisk));
        assert_eq!(found, *want, "{shown:?}");
        let warning = told["warnings"].to_string();
        let is_warned = warning.contains("no ramdisk of its own");
        assert_eq!(is_warned, ramdisk.is_null(), "{warning}");
        if ramdisk.is_null() {
            // That of the kernel's machine.
            let is_arm = tree.iter().any(|(_, bytes)| *bytes == &*packed);
            let console = if is_arm { "ttyAMA0" } else { "ttyS0" };
            let line = format!("root=/dev/vda rw console={console}");
            assert_eq!(told["boot"]["command_line"], line);
        }
    }
}
