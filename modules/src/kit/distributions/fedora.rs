//! A small image in the way of Fedora.

use super::Files;

pub(super) const FILES: Files = systemd![
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
