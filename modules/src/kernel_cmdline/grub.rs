//! The commands of a grub.cfg, as GRUB's shell reads them.

use super::change::{Change, Part, Word};

/// Words before a command that belong to none.
const RESERVED: [&str; 8] = ["!", "do", "elif", "else", "if", "then", "until", "while"];

/// Changes the parameters that `linux` and its like have; nothing if there is none of these.
pub(super) fn entries(text: &str, change: &Change) -> Option<String> {
    let (mut out, mut done) = (String::new(), 0);
    for mut words in commands(text) {
        let prefix = words.iter();
        let prefix = prefix.take_while(|word| RESERVED.contains(&word.value.as_str()));
        let mut words = words.split_off(prefix.count());
        let is_linux = |word: &Word| matches!(&*word.value, "linux" | "linuxefi" | "linux16");
        if words.len() < 2 || !is_linux(&words[0]) {
            continue;
        }
        let mut parameters = words.split_off(2);
        let kernel = words[1].place.clone();
        let end = parameters.last().map_or(kernel.end, |word| word.place.end);
        for word in &mut parameters {
            word.place = word.place.start - kernel.start..word.place.end - kernel.start;
        }
        let part = Part {
            place: kernel.len()..end - kernel.start,
            words: parameters,
        };
        out += &text[done..kernel.start];
        out += &change.apply(&text[kernel.start..end], &[part], true);
        done = end;
    }
    (done > 0).then(|| out + &text[done..])
}

/// Splits a script into commands, and these into words. What starts or ends a block, and what is
/// between two commands, is in none of them.
fn commands(text: &str) -> Vec<Vec<Word>> {
    let mut all = vec![Vec::new()];
    let mut signs = text.char_indices().peekable();
    while let Some((at, c)) = signs.next() {
        match c {
            '\n' | ';' | '{' | '}' | '&' | '|' | '<' | '>' => all.push(Vec::new()),
            '\\' if signs.next_if(|(_, next)| *next == '\n').is_some() => {}
            c if c.is_ascii_whitespace() => {}
            '#' => while signs.next_if(|(_, next)| *next != '\n').is_some() {},
            _ => {
                let (len, value) = word(&text[at..]);
                while signs.next_if(|(next, _)| *next < at + len).is_some() {}
                if let Some(command) = all.last_mut() {
                    let place = at..at + len;
                    command.push(Word { place, value });
                }
            }
        }
    }
    all
}

/// Reads the word that a text starts with: its length, and what it is without quotes. What
/// variables stand for is not known.
fn word(text: &str) -> (usize, String) {
    let (mut value, mut quote, mut is_variable) = (String::new(), None, false);
    let mut signs = text.char_indices().peekable();
    while let Some((at, c)) = signs.next() {
        let next = signs.peek().map(|(_, next)| *next);
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, '\\') | (Some('"'), '\\')
                if quote.is_none() || matches!(next, Some('$' | '"' | '\\' | '\n')) =>
            {
                let escaped = signs.next().map(|(_, escaped)| escaped);
                value.extend(escaped.filter(|escaped| *escaped != '\n'));
            }
            (None, '{') if value.ends_with('$') => {
                is_variable = true;
                value.push(c);
            }
            (None, '}') if is_variable => {
                is_variable = false;
                value.push(c);
            }
            (None, '\n' | ';' | '{' | '}' | '&' | '|' | '<' | '>') => return (at, value),
            (None, c) if c.is_ascii_whitespace() => return (at, value),
            _ => value.push(c),
        }
    }
    (text.len(), value)
}
