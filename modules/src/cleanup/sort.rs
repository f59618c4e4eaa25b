//! What each word of `cleanup` stands for, as patterns of paths.

/// One sort of traces.
pub(super) struct Sort {
    pub(super) name: &'static str,
    /// Files that become empty, once the others are removed.
    pub(super) emptied: &'static [&'static str],
    /// What is removed, directories with all that is in them; but by a pattern with `**`, files alone.
    pub(super) removed: &'static [&'static str],
}

impl Sort {
    pub(super) const NAMES: &[&str] = &["logs", "caches", "histories", "leases", "tmp", "backups"];
}

pub(super) const SORTS: [Sort; 6] = [
    Sort {
        name: "logs",
        emptied: &["/var/log/**"],
        removed: &[
            "/var/log/**/*.gz",
            "/var/log/**/*.xz",
            "/var/log/**/*.bz2",
            "/var/log/**/*.zst",
            "/var/log/**/*.lz4",
            "/var/log/**/*.lzma",
            "/var/log/**/*.[0-9]",
            "/var/log/**/*.[0-9][0-9]",
            "/var/log/**/*.[0-9][0-9][0-9]",
            "/var/log/**/*.old",
            // By the day, or by the hour.
            "/var/log/**/*-20[0-9][0-9][0-9][0-9][0-9][0-9]",
            "/var/log/**/*-20[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]",
            "/var/log/journal/*",
            "/var/log/installer",
            "/var/log/anaconda",
        ],
    },
    Sort {
        name: "caches",
        emptied: &[],
        removed: &[
            // apt wants its directories `partial`, and makes the rest.
            "/var/cache/apt/*.bin",
            "/var/cache/apt/archives/*.deb",
            "/var/cache/apt/archives/partial/*",
            "/var/lib/apt/lists/*_*",
            "/var/lib/apt/lists/partial/*",
            "/var/lib/apt/lists/auxfiles/*",
            "/var/cache/dnf/*",
            "/var/cache/libdnf5/*",
            "/var/cache/yum/*",
            "/var/cache/PackageKit/*",
            "/var/cache/zypp/packages/*",
            "/var/cache/zypp/raw/*",
            "/var/cache/zypp/solv/*",
            "/var/cache/apk/*",
            "/var/cache/pacman/pkg/*",
            "/var/lib/pacman/sync/*",
            "/var/cache/man/*",
            "/var/cache/fontconfig/*",
            "/var/cache/ldconfig/aux-cache",
            "/root/.cache/*",
            "/home/*/.cache/*",
        ],
    },
    Sort {
        name: "histories",
        emptied: &[],
        removed: &[],
    },
    Sort {
        name: "leases",
        emptied: &[],
        removed: &[
            "/var/lib/dhcp/*",
            "/var/lib/dhclient/*",
            "/var/lib/dhcpcd/*.lease*",
            "/var/lib/dhcpcd5/*",
            "/var/lib/udhcpc/*",
            "/var/lib/wicked/*.xml",
            "/var/lib/NetworkManager/*.lease",
            "/var/lib/NetworkManager/timestamps",
            "/var/lib/NetworkManager/seen-bssids",
            "/var/lib/NetworkManager/secret_key",
        ],
    },
    Sort {
        name: "tmp",
        emptied: &[],
        removed: &[
            "/tmp/*",
            "/tmp/.[!.]*",
            "/tmp/..?*",
            "/var/tmp/*",
            "/var/tmp/.[!.]*",
            "/var/tmp/..?*",
        ],
    },
    Sort {
        name: "backups",
        emptied: &[],
        removed: &[
            "/etc/passwd-",
            "/etc/shadow-",
            "/etc/group-",
            "/etc/gshadow-",
            "/etc/subuid-",
            "/etc/subgid-",
            "/var/cache/debconf/*-old",
            "/var/lib/dpkg/*-old",
            "/var/backups/*",
        ],
    },
];

/// Files in homes that tell what was typed or looked at.
pub(super) const HISTORIES: [&str; 17] = [
    ".ash_history",
    ".bash_history",
    ".history",
    ".lesshst",
    ".local/share/fish/fish_history",
    ".local/share/nano/search_history",
    ".mysql_history",
    ".node_repl_history",
    ".psql_history",
    ".python_history",
    ".rediscli_history",
    ".sh_history",
    ".sqlite_history",
    ".viminfo",
    ".wget-hsts",
    ".zhistory",
    ".zsh_history",
];
