//! The names that an image itself has for the numbers of owners.

use std::collections::HashMap;

use super::{Reader, read, resolve};

/// The largest list of accounts that is read, in bytes.
const LONGEST: u64 = 16 << 20;

/// Users and groups by number.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
}

impl Accounts {
    /// Reads `/etc/passwd` and `/etc/group`. An image without them, or with others than are
    /// understood, has no names.
    pub(crate) fn of(reader: &dyn Reader) -> Self {
        Self {
            users: names(reader, b"/etc/passwd"),
            groups: names(reader, b"/etc/group"),
        }
    }

    /// Returns what a user is called.
    pub(crate) fn user(&self, uid: u32) -> Option<&str> {
        self.users.get(&uid).map(String::as_str)
    }

    /// Returns what a group is called.
    pub(crate) fn group(&self, gid: u32) -> Option<&str> {
        self.groups.get(&gid).map(String::as_str)
    }
}

/// Reads `name:password:number:...` lines; of two with a number, the first counts, as for libc.
fn names(reader: &dyn Reader, path: &[u8]) -> HashMap<u32, String> {
    let mut found = HashMap::new();
    let list = resolve(reader, path).and_then(|id| read(reader, id, LONGEST));
    for line in list.unwrap_or_default().split(|b| *b == b'\n') {
        let mut fields = line.split(|b| *b == b':');
        let (name, number) = (fields.next().unwrap_or_default(), fields.nth(1));
        let number = number.and_then(|number| str::from_utf8(number).ok()?.parse().ok());
        if let Some(number) = number
            && !name.is_empty()
        {
            let name = super::name::shown(name);
            found.entry(number).or_insert(name);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use fsgen::{Content, Meta, Timestamp, Tree};

    use super::super::TreeReader;
    use super::*;

    #[test]
    fn the_first_of_two_counts() {
        const META: Meta = Meta::root(0o755, Timestamp::from_secs(0));
        let mut tree = Tree::new(META);
        let etc = tree.make_directories(b"etc", META).unwrap();
        let list = b"root:x:0:0::/:\ntoor:x:0:0::/:\n\n# no\n:x:5\nx:x:y\n\x1b[1m:x:7:\n";
        let passwd = tree.add_file(META, Content::bytes(*list));
        tree.link(etc, b"passwd", passwd);
        let accounts = Accounts::of(&TreeReader::new(tree, String::new(), u64::MAX));
        assert_eq!(accounts.user(0), Some("root"));
        assert_eq!(accounts.user(7), Some("\\033[1m"));
        assert_eq!((accounts.user(5), accounts.group(0)), (None, None));
    }
}
