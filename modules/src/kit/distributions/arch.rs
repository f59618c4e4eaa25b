//! A small image in the way of Arch Linux, with systemd-boot.

use super::Files;

pub(super) const FILES: Files = systemd![
    ("/etc/ca-certificates/trust-source/anchors/", ""),
    (
        "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
        "# none\n"
    ),
    ("/etc/ca-certificates/extracted/cadir/", ""),
    (
        "/var/lib/pacman/local/bash-5.2.026-2/desc",
        "%NAME%\nbash\n\n%VERSION%\n5.2.026-2\n\n%ARCH%\nx86_64\n\n",
    ),
    (
        "/usr/lib/os-release",
        "NAME=\"Arch Linux\"\nID=arch\nBUILD_ID=rolling\nPRETTY_NAME=\"Arch Linux\"\n",
    ),
    ("/etc/os-release@", "../usr/lib/os-release"),
    ("/etc/arch-release", ""),
    ("/bin@", "usr/bin"),
    ("/sbin@", "usr/bin"),
    ("/lib@", "usr/lib"),
    ("/usr/sbin@", "bin"),
    ("/usr/bin/bash", ""),
    ("/usr/bin/sudo", ""),
    ("/etc/passwd", "root:x:0:0::/root:/usr/bin/bash\n"),
    ("/etc/shadow", "root:*:19700::::::\n"),
    (
        "/etc/group",
        "root:x:0:root\nadm:x:999:\nwheel:x:998:\nusers:x:984:\n",
    ),
    (
        "/etc/gshadow",
        "root:::root\nadm:!*::\nwheel:!*::\nusers:!*::\n"
    ),
    (
        "/etc/login.defs",
        "UMASK 077\nUID_MIN 1000\nUID_MAX 60000\nSYS_UID_MIN 500\nSYS_UID_MAX 999\nGID_MIN 1000\n\
         GID_MAX 60000\nSYS_GID_MIN 500\nSYS_GID_MAX 999\nUSERGROUPS_ENAB yes\n",
    ),
    (
        "/etc/default/useradd",
        "GROUP=users\nHOME=/home\nINACTIVE=-1\nEXPIRE=\nSHELL=/usr/bin/bash\nSKEL=/etc/skel\n\
         CREATE_MAIL_SPOOL=no\n",
    ),
    ("/etc/subuid", ""),
    ("/etc/subgid", ""),
    (
        "/etc/sudoers",
        "root ALL=(ALL:ALL) ALL\n# %wheel ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n",
    ),
    (
        "/etc/fstab",
        "# Static information about the filesystems.\n# <file system> <dir>\n"
    ),
    (
        "/etc/locale.gen",
        "#de_DE.UTF-8 UTF-8\n#en_US.UTF-8 UTF-8\n"
    ),
    (
        "/etc/pacman.conf",
        "[core]\nInclude = /etc/pacman.d/mirrorlist\n"
    ),
    ("/usr/lib/systemd/systemd-networkd", ""),
    (
        "/etc/ssh/sshd_config",
        "Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile .ssh/authorized_keys\n",
    ),
    ("/usr/bin/sshd", ""),
    ("/usr/bin/ssh-keygen", ""),
    (
        "/usr/lib/systemd/system/sshd.service",
        "[Unit]\nWants=sshdgenkeys.service\n[Install]\nWantedBy=multi-user.target\n",
    ),
    ("/usr/lib/systemd/system/sshdgenkeys.service", "[Service]\n"),
    (
        "/usr/lib/systemd/system-preset/99-default.preset",
        "disable *\n"
    ),
    ("/etc/kernel/cmdline", "root=PARTUUID=0 rw\n"),
    ("/boot/loader/loader.conf", "default arch.conf\n"),
    (
        "/boot/loader/entries/arch.conf",
        "title Arch Linux\nlinux /vmlinuz-linux\ninitrd /initramfs-linux.img\n\
         options root=PARTUUID=0 rw\n",
    ),
    ("/usr/lib/sysusers.d/basic.conf", "g adm 999 -\n"),
    (
        "/usr/lib/tmpfiles.d/var.conf",
        "d /var 0755 - - -\nd /var/cache 0755 - - -\n"
    ),
];
