//! Names of lists in sudoers(5): where they are used, and where they are defined.

/// What an alias is a list of. A name may stand for one list of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AliasKind {
    User,
    Host,
    RunAs,
    Command,
}

/// The use of an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Alias<'r> {
    pub(crate) kind: AliasKind,
    pub(crate) name: &'r str,
}

/// An alias with the text of its list.
pub(super) struct Definition<'l> {
    pub(super) kind: AliasKind,
    pub(super) name: &'l str,
    pub(super) members: &'l str,
}

impl AliasKind {
    const WORDS: [(&str, AliasKind); 5] = [
        ("User_Alias", AliasKind::User),
        ("Host_Alias", AliasKind::Host),
        ("Runas_Alias", AliasKind::RunAs),
        ("Cmnd_Alias", AliasKind::Command),
        ("Cmd_Alias", AliasKind::Command),
    ];

    /// Returns the word that a definition begins with.
    pub(crate) fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(_, kind)| *kind == self);
        found.map_or("User_Alias", |(word, _)| word)
    }
}

/// Returns the aliases that a line defines.
pub(super) fn definitions(line: &str) -> Vec<Definition<'_>> {
    let line = line.trim();
    let word = line.split(char::is_whitespace).next().unwrap_or_default();
    let found = AliasKind::WORDS.iter().find(|(known, _)| *known == word);
    let Some((_, kind)) = found else {
        return Vec::new();
    };
    // A `:` ends a list where another name and `=` follow; tags and arguments have it, too.
    let mut found: Vec<Definition<'_>> = Vec::new();
    for part in line[word.len()..].split(':') {
        if let Some((name, members)) = part.split_once('=')
            && super::rule::is_alias(name.trim())
        {
            found.push(Definition {
                kind: *kind,
                name: name.trim(),
                members,
            });
        }
    }
    found
}
