//! Mount options that any filesystem takes: those of mount(8), systemd.mount(5) and of Linux itself.

const WORDS: [&str; 42] = [
    "_netdev",
    "async",
    "atime",
    "auto",
    "defaults",
    "dev",
    "diratime",
    "dirsync",
    "exec",
    "group",
    "iversion",
    "lazytime",
    "loud",
    "mand",
    "noatime",
    "noauto",
    "nodev",
    "nodiratime",
    "noexec",
    "nofail",
    "noiversion",
    "nolazytime",
    "nomand",
    "norelatime",
    "nostrictatime",
    "nosuid",
    "nouser",
    "owner",
    "private",
    "relatime",
    "ro",
    "rshared",
    "rslave",
    "rw",
    "shared",
    "silent",
    "slave",
    "strictatime",
    "suid",
    "sync",
    "user",
    "users",
];

/// What comes before a value, or a word of somebody's own.
const STARTS: [&str; 7] = [
    "X-",
    "comment=",
    "context=",
    "defcontext=",
    "fscontext=",
    "rootcontext=",
    "x-",
];

/// Splits the options of a line whose type becomes another one: what stays, and what only the old type
/// knows.
pub(super) fn split<'o>(options: &'o str, old: &str, new: &str) -> (Vec<&'o str>, Vec<&'o str>) {
    // Linux mounts all of them by one driver; `auto` is most often one of them.
    let is_ext = |kind: &str| kind.starts_with("ext");
    let is_same = old == new || is_ext(new) && (is_ext(old) || old == "auto");
    let is_general = |option: &&str| {
        is_same || WORDS.contains(option) || STARTS.iter().any(|start| option.starts_with(start))
    };
    options.split(',').partition(is_general)
}
