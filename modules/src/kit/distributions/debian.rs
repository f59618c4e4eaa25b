//! A small image in the way of Debian.

use super::Files;

pub(super) const FILES: Files = systemd![
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
    ("/usr/sbin/ifup", ""),
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
