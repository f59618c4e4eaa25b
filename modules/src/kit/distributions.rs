//! Small images in the way of five distributions, as far as modules can tell them apart.
//!
//! The integration tests have them, too. A path that ends in `/` is a directory, one that ends in
//! `@` a link to the text. What all of them share is in [`COMMON`].

/// Paths and texts.
pub(crate) type Files = &'static [(&'static str, &'static str)];

/// The name of each, and what it has besides [`COMMON`].
pub(crate) const DISTRIBUTIONS: [(&str, Files); 5] = [
    ("debian", DEBIAN),
    ("fedora", FEDORA),
    ("alpine", ALPINE),
    ("suse", SUSE),
    ("arch", ARCH),
];

const COMMON: Files = &[
    ("/etc/hostname", "localhost\n"),
    ("/etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost\n"),
    ("/etc/skel/.profile", "# profile\n"),
    ("/etc/ssh/ssh_host_ed25519_key", "PRIVATE\n"),
    ("/etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 AAAA\n"),
    ("/home/", ""),
    ("/root/", ""),
    ("/tmp/", ""),
    ("/usr/bin/sh", ""),
    ("/usr/share/zoneinfo/Etc/UTC", "TZif2"),
    ("/usr/share/zoneinfo/Europe/Berlin", "TZif2"),
    ("/var/log/wtmp", "x"),
];

/// What those with systemd share.
macro_rules! systemd {
    ($($more:tt)*) => {
        &[
            ("/etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
            ("/etc/cloud/cloud.cfg", "users: [default]\n"),
            ("/usr/lib/locale/en_GB.utf8/LC_CTYPE", ""),
            ("/usr/lib/systemd/systemd", ""),
            ("/usr/bin/systemd-repart", ""),
            ("/usr/lib/systemd/systemd-growfs", ""),
            ("/usr/lib/systemd/system/default.target@", "graphical.target"),
            ("/usr/lib/systemd/system/graphical.target", "[Unit]\nRequires=multi-user.target\n"),
            ("/usr/lib/systemd/system/multi-user.target", "[Unit]\nRequires=basic.target\n"),
            ("/usr/lib/systemd/system/getty@.service",
             "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n"),
            ("/usr/lib/systemd/system/systemd-networkd.service",
             "[Install]\nWantedBy=multi-user.target\nAlso=systemd-networkd.socket\n"),
            ("/usr/lib/systemd/system/systemd-networkd.socket",
             "[Install]\nWantedBy=sockets.target\n"),
            ("/usr/lib/systemd/system/fstrim.timer", "[Install]\nWantedBy=timers.target\n"),
            ("/usr/lib/systemd/system/fstrim.service", "[Service]\nExecStart=/sbin/fstrim\n"),
            ("/usr/lib/systemd/system/apt-daily.timer", "[Install]\nWantedBy=timers.target\n"),
            $($more)*
        ]
    };
}

const DEBIAN: Files = systemd![
    ("/etc/ca-certificates.conf", "# none\n"),
    (
        "/usr/lib/os-release",
        "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n\
         VERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n",
    ),
    ("/etc/os-release@", "../usr/lib/os-release"),
    ("/etc/debian_version", "12.5\n"),
    ("/bin@", "usr/bin"),
    ("/sbin@", "usr/sbin"),
    ("/lib@", "usr/lib"),
    ("/usr/sbin/", ""),
    ("/usr/bin/bash", ""),
    ("/usr/bin/sudo", ""),
    (
        "/etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\nsync:x:4:65534:sync:/bin:/bin/sync\n",
    ),
    (
        "/etc/shadow",
        "root:*:19000:0:99999:7:::\nsync:*:19000:0:99999:7:::\n",
    ),
    (
        "/etc/group",
        "root:x:0:\nadm:x:4:\nmail:x:8:\nsudo:x:27:\nshadow:x:42:\nnogroup:x:65534:\n",
    ),
    (
        "/etc/gshadow",
        "root:*::\nadm:*::\nmail:*::\nsudo:*::\nshadow:*::\nnogroup:*::\n",
    ),
    (
        "/etc/login.defs",
        "UID_MIN 1000\nUID_MAX 60000\nGID_MIN 1000\nGID_MAX 60000\nUSERGROUPS_ENAB yes\n\
         UMASK 022\nHOME_MODE 0700\nPASS_MAX_DAYS 99999\nPASS_MIN_DAYS 0\nPASS_WARN_AGE 7\n",
    ),
    ("/etc/default/useradd", "# defaults\nSHELL=/bin/sh\n"),
    ("/etc/subuid", ""),
    ("/etc/subgid", ""),
    (
        "/etc/sudoers",
        "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n",
    ),
    ("/etc/sudoers.d/README", "#\n"),
    ("/etc/fstab", "# UNCONFIGURED FSTAB FOR BASE SYSTEM\n"),
    ("/etc/localtime@", "/usr/share/zoneinfo/Etc/UTC"),
    ("/etc/timezone", "Etc/UTC\n"),
    ("/etc/default/locale", "LANG=C.UTF-8\n"),
    (
        "/etc/locale.gen",
        "# de_DE.UTF-8 UTF-8\n# en_US.UTF-8 UTF-8\n"
    ),
    (
        "/etc/apt/sources.list",
        "deb http://deb.debian.org/debian bookworm main\n"
    ),
    (
        "/etc/network/interfaces",
        "source /etc/network/interfaces.d/*\n"
    ),
    (
        "/etc/ssh/sshd_config",
        "Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\n",
    ),
    ("/etc/ssh/sshd_config.d/", ""),
    ("/usr/sbin/sshd", ""),
    ("/usr/bin/ssh-keygen", ""),
    (
        "/usr/lib/systemd/system/ssh.service",
        "[Unit]\nDescription=OpenBSD Secure Shell server\n[Service]\nExecStart=/usr/sbin/sshd -D\n\
         [Install]\nWantedBy=multi-user.target\nAlias=sshd.service\n",
    ),
    ("/var/lib/dbus/machine-id@", "/etc/machine-id"),
    (
        "/etc/default/grub",
        "# If you change this file, run 'update-grub' afterwards.\nGRUB_DEFAULT=0\n\
         GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\nGRUB_CMDLINE_LINUX=\"\"\n",
    ),
    ("/boot/vmlinuz-6.1.0-18-amd64", ""),
    ("/boot/initrd.img-6.1.0-18-amd64", ""),
    (
        "/usr/lib/sysusers.d/basic.conf",
        "u root 0:0 \"Super User\" /root /bin/bash\ng adm 4 -\n",
    ),
    (
        "/usr/lib/tmpfiles.d/var.conf",
        "d /var 0755 - - -\nd /var/cache 0755 - - -\n"
    ),
    (
        "/var/lib/dpkg/status",
        "Package: base-files\nStatus: install ok installed\nVersion: 12.4+deb12u5\n\
         Architecture: amd64\nMaintainer: Santiago Vila <sanvila@debian.org>\n\n",
    ),
];

const FEDORA: Files = systemd![
    (
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "# none\n"
    ),
    ("/usr/lib/sysimage/rpm/rpmdb.sqlite", ""),
    (
        "/usr/lib/os-release",
        "NAME=\"Fedora Linux\"\nID=fedora\nVERSION_ID=40\nPRETTY_NAME=\"Fedora Linux 40\"\n",
    ),
    ("/etc/os-release@", "../usr/lib/os-release"),
    ("/etc/fedora-release", "Fedora release 40 (Forty)\n"),
    ("/bin@", "usr/bin"),
    ("/sbin@", "usr/sbin"),
    ("/lib@", "usr/lib"),
    ("/usr/sbin/", ""),
    ("/usr/bin/bash", ""),
    ("/usr/bin/sudo", ""),
    (
        "/etc/passwd",
        "root:x:0:0:Super User:/root:/bin/bash\nbin:x:1:1:bin:/bin:/usr/sbin/nologin\n",
    ),
    (
        "/etc/shadow",
        "root:!locked::0:99999:7:::\nbin:*:19700:0:99999:7:::\n",
    ),
    (
        "/etc/group",
        "root:x:0:\nbin:x:1:\nadm:x:4:\nwheel:x:10:\nmail:x:12:\nusers:x:100:\n",
    ),
    (
        "/etc/gshadow",
        "root:::\nbin:::\nadm:::\nwheel:::\nmail:::\nusers:::\n",
    ),
    (
        "/etc/login.defs",
        "UMASK 022\nHOME_MODE 0700\nUID_MIN 1000\nUID_MAX 60000\nSYS_UID_MIN 201\n\
         SYS_UID_MAX 999\nGID_MIN 1000\nGID_MAX 60000\nSYS_GID_MIN 201\nSYS_GID_MAX 999\n\
         USERGROUPS_ENAB yes\n",
    ),
    (
        "/etc/default/useradd",
        "GROUP=100\nHOME=/home\nINACTIVE=-1\nEXPIRE=\nSHELL=/bin/bash\nSKEL=/etc/skel\n\
         CREATE_MAIL_SPOOL=yes\n",
    ),
    ("/etc/subuid", ""),
    ("/etc/subgid", ""),
    ("/var/spool/mail/", ""),
    (
        "/etc/sudoers",
        "root ALL=(ALL) ALL\n%wheel ALL=(ALL) ALL\n#includedir /etc/sudoers.d\n",
    ),
    ("/etc/localtime@", "../usr/share/zoneinfo/Etc/UTC"),
    ("/etc/locale.conf", "LANG=\"en_US.UTF-8\"\n"),
    (
        "/etc/yum.repos.d/fedora.repo",
        "[fedora]\nname=Fedora $releasever\nenabled=1\n"
    ),
    ("/etc/NetworkManager/NetworkManager.conf", "[main]\n"),
    ("/usr/sbin/NetworkManager", ""),
    (
        "/etc/ssh/sshd_config",
        "Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile .ssh/authorized_keys\n",
    ),
    ("/etc/ssh/sshd_config.d/50-redhat.conf", "UsePAM yes\n"),
    ("/usr/sbin/sshd", ""),
    ("/usr/bin/ssh-keygen", ""),
    (
        "/usr/lib/systemd/system/sshd.service",
        "[Unit]\nWants=sshd-keygen.target\n[Install]\nWantedBy=multi-user.target\n",
    ),
    (
        "/usr/lib/systemd/system/sshd-keygen@.service",
        "[Unit]\nConditionFileNotEmpty=|!/etc/ssh/ssh_host_%i_key\n[Install]\n\
         WantedBy=sshd-keygen.target\n",
    ),
    (
        "/usr/lib/systemd/system-preset/90-default.preset",
        "enable sshd.service\n"
    ),
    (
        "/usr/lib/systemd/system-preset/99-default-disable.preset",
        "disable *\n"
    ),
    (
        "/etc/default/grub",
        "GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX=\"rhgb quiet\"\n"
    ),
    ("/etc/kernel/cmdline", "root=UUID=0 ro rhgb quiet\n"),
    (
        "/boot/loader/entries/0123456789abcdef0123456789abcdef-6.8.5-301.fc40.x86_64.conf",
        "title Fedora Linux (6.8.5-301.fc40.x86_64) 40\nversion 6.8.5-301.fc40.x86_64\n\
         linux /vmlinuz-6.8.5-301.fc40.x86_64\ninitrd /initramfs-6.8.5-301.fc40.x86_64.img\n\
         options root=UUID=0 ro rhgb quiet\n",
    ),
    ("/usr/lib/sysusers.d/basic.conf", "g adm 4 -\n"),
    (
        "/usr/lib/tmpfiles.d/var.conf",
        "d /var 0755 - - -\nd /var/cache 0755 - - -\n"
    ),
];

/// No systemd, busybox for most programs, doas and no sudo.
const ALPINE: Files = &[
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

/// The vendor's settings are in `/usr/etc`.
const SUSE: Files = systemd![
    ("/var/lib/ca-certificates/ca-bundle.pem", "# none\n"),
    ("/usr/lib/sysimage/rpm/Packages.db", ""),
    (
        "/usr/lib/os-release",
        "NAME=\"openSUSE Tumbleweed\"\nID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\n\
         VERSION_ID=\"20240501\"\nPRETTY_NAME=\"openSUSE Tumbleweed\"\n",
    ),
    ("/etc/os-release@", "../usr/lib/os-release"),
    ("/bin@", "usr/bin"),
    ("/sbin@", "usr/sbin"),
    ("/lib@", "usr/lib"),
    ("/usr/sbin/", ""),
    ("/usr/bin/bash", ""),
    ("/usr/bin/sudo", ""),
    ("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"),
    ("/etc/shadow", "root:!:19700::::::\n"),
    (
        "/etc/group",
        "root:x:0:\nadm:x:4:\nshadow:x:15:\nwheel:x:10:\nusers:x:100:\n",
    ),
    (
        "/usr/etc/login.defs",
        "UMASK 022\nHOME_MODE 0700\nUID_MIN 1000\nUID_MAX 60000\nSYS_UID_MIN 100\n\
         SYS_UID_MAX 499\nGID_MIN 1000\nGID_MAX 60000\nSYS_GID_MIN 100\nSYS_GID_MAX 499\n\
         USERGROUPS_ENAB no\n",
    ),
    (
        "/usr/etc/default/useradd",
        "GROUP=100\nHOME=/home\nINACTIVE=-1\nEXPIRE=\nSHELL=/bin/bash\nSKEL=/etc/skel\n",
    ),
    ("/etc/subuid", ""),
    ("/etc/subgid", ""),
    (
        "/usr/etc/sudoers",
        "Defaults targetpw\nALL ALL=(ALL) ALL\nroot ALL=(ALL:ALL) ALL\n\
         @includedir /etc/sudoers.d\n",
    ),
    ("/etc/localtime@", "/usr/share/zoneinfo/Etc/UTC"),
    ("/etc/locale.conf", "LANG=en_US.UTF-8\n"),
    ("/etc/zypp/repos.d/repo-oss.repo", "[repo-oss]\nenabled=1\n"),
    ("/etc/NetworkManager/NetworkManager.conf", "[main]\n"),
    ("/usr/sbin/NetworkManager", ""),
    (
        "/usr/etc/ssh/sshd_config",
        "Include /etc/ssh/sshd_config.d/*.conf\nInclude /usr/etc/ssh/sshd_config.d/*.conf\n",
    ),
    ("/usr/sbin/sshd", ""),
    ("/usr/sbin/sshd-gen-keys-start", ""),
    ("/usr/bin/ssh-keygen", ""),
    (
        "/usr/lib/systemd/system/sshd.service",
        "[Service]\nExecStartPre=/usr/sbin/sshd-gen-keys-start\n[Install]\n\
         WantedBy=multi-user.target\n",
    ),
    (
        "/usr/lib/systemd/system-preset/99-default-disable.preset",
        "disable *\n"
    ),
    (
        "/etc/default/grub",
        "GRUB_CMDLINE_LINUX_DEFAULT=\"splash=silent quiet\"\nGRUB_CMDLINE_LINUX=\"\"\n",
    ),
    ("/usr/lib/sysusers.d/basic.conf", "g adm 4 -\n"),
    (
        "/usr/lib/tmpfiles.d/var.conf",
        "d /var 0755 - - -\nd /var/cache 0755 - - -\n"
    ),
];

/// systemd-boot.
const ARCH: Files = systemd![
    ("/etc/ca-certificates/trust-source/anchors/", ""),
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

/// Returns all that an image has, which is what [`COMMON`] lists and what the distribution adds.
pub(crate) fn files(distribution: &str) -> Vec<(&'static str, &'static str)> {
    let found = DISTRIBUTIONS.iter().find(|(name, _)| *name == distribution);
    let (_, own) = found.unwrap_or_else(|| panic!("no distribution {distribution}"));
    // Links of directories come first: the common files lie behind some of them.
    own.iter().chain(COMMON).copied().collect()
}
