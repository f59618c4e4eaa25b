//! Small images in the way of five distributions, as far as modules can tell them apart.
//!
//! The integration tests have them, too. A path that ends in `/` is a directory, one that ends in
//! `@` a link to the text. What all of them share is in [`COMMON`].

/// Paths and texts.
pub(crate) type Files = &'static [(&'static str, &'static str)];

/// The name of each, and what it has besides [`COMMON`].
pub(crate) const DISTRIBUTIONS: [(&str, Files); 5] = [
    ("debian", debian::FILES),
    ("fedora", fedora::FILES),
    ("alpine", alpine::FILES),
    ("suse", suse::FILES),
    ("arch", arch::FILES),
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
            ("/usr/bin/cloud-init", ""),
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

// After the macro, which they use. With their paths, as the integration tests have this file by its
// own.
#[path = "distributions/alpine.rs"]
mod alpine;
#[path = "distributions/arch.rs"]
mod arch;
#[path = "distributions/debian.rs"]
mod debian;
#[path = "distributions/fedora.rs"]
mod fedora;
#[path = "distributions/suse.rs"]
mod suse;

/// Returns all that an image has, which is what [`COMMON`] lists and what the distribution adds.
pub(crate) fn files(distribution: &str) -> Vec<(&'static str, &'static str)> {
    let found = DISTRIBUTIONS.iter().find(|(name, _)| *name == distribution);
    let (_, own) = found.unwrap_or_else(|| panic!("no distribution {distribution}"));
    // Links of directories come first: the common files lie behind some of them.
    own.iter().chain(COMMON).copied().collect()
}
