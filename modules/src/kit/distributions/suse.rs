//! A small image in the way of openSUSE: the vendor's settings are in `/usr/etc`.

use super::Files;

pub(super) const FILES: Files = systemd![
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
