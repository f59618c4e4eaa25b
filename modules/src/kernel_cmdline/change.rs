//! What becomes of the parameters of a command line.

use std::ops::Range;

/// What becomes of a command line.
pub(super) struct Change {
    pub(super) add: Vec<String>,
    pub(super) remove: Vec<String>,
}

/// A parameter in a text, and what it is without quotes.
pub(super) struct Word {
    pub(super) place: Range<usize>,
    pub(super) value: String,
}

/// A stretch of a text that has parameters and nothing else; several can be one command line.
pub(super) struct Part {
    pub(super) place: Range<usize>,
    pub(super) words: Vec<Word>,
}

impl Part {
    /// Reads parameters as the kernel does: blanks part them, but not within double quotes.
    pub(super) fn read(text: &str, place: Range<usize>) -> Self {
        let mut words: Vec<Word> = Vec::new();
        let (mut is_quoted, mut is_open) = (false, false);
        for (at, c) in text[place.clone()].char_indices() {
            let at = place.start + at;
            if c.is_ascii_whitespace() && !is_quoted {
                is_open = false;
                continue;
            }
            if !is_open {
                words.push(Word {
                    place: at..at,
                    value: String::new(),
                });
                is_open = true;
            }
            is_quoted ^= c == '"';
            if let Some(word) = words.last_mut() {
                word.place.end = at + c.len_utf8();
                word.value.extend((c != '"').then_some(c));
            }
        }
        Self { place, words }
    }
}

/// Returns the name of a parameter.
fn name(word: &str) -> &str {
    word.split_once('=').map_or(word, |(name, _)| name)
}

impl Change {
    /// Returns a text that is a command line, changed.
    pub(super) fn of(&self, text: &str, add: bool) -> String {
        self.apply(text, &[Part::read(text, 0..text.len())], add)
    }

    /// Returns a text with the parameters of its parts changed; all else stays.
    ///
    /// What is added counts: of the parameters of one name, those are the last, in their order.
    pub(super) fn apply(&self, text: &str, parts: &[Part], add: bool) -> String {
        let words: Vec<&Word> = parts.iter().flat_map(|part| &part.words).collect();
        let is_asked = |word: &str| self.add.iter().any(|other| other == word);
        let is_removed = |word: &str| {
            let is_named = |other: &String| *other == word || *other == name(word);
            self.remove.iter().any(is_named) && !is_asked(word)
        };
        // syslinux has `APPEND -` for none.
        let is_none = |word: &str| word == "-" && add && !self.add.is_empty();
        let mut gone: Vec<bool> = words
            .iter()
            .map(|word| is_removed(&word.value) || is_none(&word.value))
            .collect();
        let mut new: Vec<&str> = Vec::new();
        for asked in self.add.iter().filter(|_| add) {
            let same = |other: &&String| name(other) == name(asked);
            let wanted: Vec<&String> = self.add.iter().filter(same).collect();
            let there =
                (0..words.len()).filter(|at| !gone[*at] && name(&words[*at].value) == name(asked));
            let there: Vec<usize> = there.collect();
            let ends_with = |count: &usize| {
                let from = there.len().checked_sub(*count);
                from.is_some_and(|from| {
                    let last = there[from..].iter().map(|at| &words[*at].value);
                    last.eq(wanted[..*count].iter().copied())
                })
            };
            let kept = (0..=wanted.len()).rev().find(ends_with).unwrap_or_default();
            for at in &there[..there.len() - kept] {
                gone[*at] |= wanted[kept..].iter().any(|word| **word == words[*at].value);
            }
            if wanted[kept..].contains(&asked) && !new.contains(&asked.as_str()) {
                new.push(asked);
            }
        }
        edited(text, parts, &gone, &new)
    }
}

/// Takes words out of a text, and puts others behind the last that stays.
fn edited(text: &str, parts: &[Part], gone: &[bool], new: &[&str]) -> String {
    let mut cuts: Vec<Range<usize>> = Vec::new();
    let mut last = None;
    let mut gone = gone.iter();
    for part in parts {
        // Up to where the part has nothing that goes.
        let mut kept = part.place.start;
        for (at, word) in part.words.iter().enumerate() {
            if gone.next() == Some(&true) {
                cuts.push(match part.words.get(at + 1) {
                    Some(next) => word.place.start..next.place.start,
                    None => kept..word.place.end,
                });
            } else {
                kept = word.place.end;
                last = Some(kept);
            }
        }
    }
    let place = last.or_else(|| parts.last().map(|part| part.place.start));
    if let Some(place) = place.filter(|_| !new.is_empty()) {
        cuts.push(place..place);
    }
    cuts.sort_by_key(|cut| (cut.start, cut.end));
    let (mut out, mut at) = (String::new(), 0);
    for cut in cuts {
        out += text.get(at..cut.start).unwrap_or_default();
        at = at.max(cut.end);
        if Some(cut.start) == place && cut.is_empty() {
            let is_start = out.is_empty() || out.ends_with([' ', '\t', '\n']);
            out += if is_start { "" } else { " " };
            out += &new.join(" ");
        }
    }
    out + text.get(at..).unwrap_or_default()
}
