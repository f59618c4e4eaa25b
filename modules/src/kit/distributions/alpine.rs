//! A small image in the way of Alpine: no systemd, busybox for most programs, doas and no sudo.

use super::Files;

pub(super) const FILES: Files = &[
    ("/etc/ssl/certs/ca-certificates.crt", "# none\n"),
    (
        "/etc/os-release",
        "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.20.0\n\
         PRETTY_NAME=\"Alpine Linux v3.20\"\n",
    ),
    ("/etc/alpine-release", "3.20.0\n"),
    ("/bin/busybox", ""),
    ("/lib/ld-musl-x86_64.so.1", ""),
    ("/bin/sh@", "/bin/busybox"),
    ("/bin/ash@", "/bin/busybox"),
    ("/sbin/openrc-run", ""),
    ("/sbin/init@", "/bin/busybox"),
    ("/usr/bin/doas", ""),
    ("/etc/doas.conf", "# permit persist :wheel\n"),
    ("/etc/doas.d/", ""),
    (
        "/etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nbin:x:1:1:bin:/bin:/sbin/nologin\n",
    ),
    ("/etc/shadow", "root:*::0:::::\nbin:!::0:::::\n"),
    (
        "/etc/group",
        "root:x:0:root\nbin:x:1:root,bin\nadm:x:4:root,adm\nwheel:x:10:root\nusers:x:100:games\n",
    ),
    (
        "/etc/fstab",
        "/dev/cdrom\t/media/cdrom\tiso9660\tnoauto,ro 0 0\n",
    ),
    (
        "/etc/apk/repositories",
        "https://dl-cdn.alpinelinux.org/alpine/v3.20/main\n",
    ),
    (
        "/etc/network/interfaces",
        "auto lo\niface lo inet loopback\n",
    ),
    ("/sbin/ifup", ""),
    ("/etc/init.d/sshd", "#!/sbin/openrc-run\n"),
    ("/etc/init.d/networking", "#!/sbin/openrc-run\n"),
    ("/etc/init.d/hostname", "#!/sbin/openrc-run\n"),
    ("/etc/init.d/local", "#!/sbin/openrc-run\n"),
    ("/etc/local.d/README", "\n"),
    (
        "/var/lib/dbus/machine-id",
        "0123456789abcdef0123456789abcdef\n",
    ),
    ("/etc/runlevels/boot/networking@", "/etc/init.d/networking"),
    ("/etc/runlevels/default/", ""),
    (
        "/etc/ssh/sshd_config",
        "AuthorizedKeysFile .ssh/authorized_keys\n",
    ),
    ("/usr/sbin/sshd", ""),
    ("/usr/bin/ssh-keygen", ""),
    (
        "/etc/update-extlinux.conf",
        "# configuration for extlinux config builder\noverwrite=1\n\
         default_kernel_opts=\"quiet rootfstype=ext4\"\nmodules=ext4\nroot=UUID=0\n",
    ),
    (
        "/boot/extlinux.conf",
        "DEFAULT menu.c32\nLABEL lts\n  LINUX vmlinuz-lts\n  INITRD initramfs-lts\n  \
         APPEND root=UUID=0 modules=ext4 quiet rootfstype=ext4\n",
    ),
    (
        "/lib/apk/db/installed",
        "P:busybox\nV:1.36.1-r29\nA:x86_64\nL:GPL-2.0-only\n\n",
    ),
];
