//! Names of algorithms: what sort each is of, as far as its start tells.

/// A sort of algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Cipher,
    Mac,
    Exchange,
    Key,
    /// A key exchange by GSSAPI, which Debian and Fedora have.
    GssExchange,
}

/// What names of each sort start with, and what the sort is called.
const SORTS: [(Sort, &[&str], &str); 5] = [
    (
        Sort::Cipher,
        &[
            "aes",
            "3des-",
            "chacha20-",
            "blowfish-",
            "cast128-",
            "arcfour",
            "rijndael-",
        ],
        "ciphers",
    ),
    (Sort::Mac, &["hmac-", "umac-"], "MACs"),
    (
        Sort::Exchange,
        &["diffie-hellman-", "curve25519-", "ecdh-", "sntrup", "mlkem"],
        "key exchanges",
    ),
    (
        Sort::Key,
        &["ssh-", "ecdsa-", "sk-", "rsa-", "webauthn-"],
        "sorts of keys",
    ),
    (
        Sort::GssExchange,
        &["gss-"],
        "key exchanges such as gss-group16-sha512-",
    ),
];

impl Sort {
    /// Returns what several of it are called.
    pub(super) fn noun(self) -> &'static str {
        let own = SORTS.iter().find(|(sort, ..)| *sort == self);
        own.map_or("algorithms", |(.., noun)| noun)
    }

    /// Returns whether a name starts like those of this sort.
    pub(super) fn has(self, name: &str) -> bool {
        of(name) == Some(self)
    }

    /// Returns whether a list is right without names that the program may not have: those with
    /// commas between, all of this sort; `+`, `-` or `^` before all of them changes the default.
    pub(super) fn is_list(self, list: &str) -> bool {
        let mut names = names(list).split(',');
        let is_changed = list.starts_with(['+', '-', '^']);
        let is_removed = list.starts_with('-');
        let is_name = |name: &str| {
            let is_pattern = name.contains(['*', '?', '!']);
            let is_own = match of(name) {
                Some(sort) => sort == self,
                // One that is newer than this list: all have a dash.
                None => is_removed || is_pattern || name.contains('-'),
            };
            !name.is_empty() && is_own && (is_removed || !is_pattern || self == Sort::Key)
        };
        names.all(is_name) && !(is_changed && self == Sort::GssExchange)
    }
}

fn of(name: &str) -> Option<Sort> {
    let starts = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
    let found = SORTS.iter().find(|(_, all, _)| starts(all));
    found.map(|(sort, ..)| *sort)
}

/// Returns the names of a list, without what says how the list is meant.
pub(super) fn names(list: &str) -> &str {
    list.strip_prefix(['+', '-', '^']).unwrap_or(list)
}
