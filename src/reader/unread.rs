//! What of a filesystem could not be read, while all else was: the first messages, and a count.

use std::collections::BTreeSet;

use anyhow::Error;

use crate::progress::say;

/// How many messages are kept: a damaged image may have millions of them.
const MOST: usize = 100;

/// Messages in byte order, so that it does not matter which thread found what when.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    messages: BTreeSet<String>,
    /// How many messages there were beyond those.
    more: u64,
}

impl Unread {
    /// Notes what could not be read, which the message says.
    pub(crate) fn note(&mut self, error: &Error) {
        self.messages.insert(format!("{error:#}"));
        if self.messages.len() > MOST {
            self.messages.pop_last();
            self.more += 1;
        }
    }

    /// Returns whether all could be read.
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Tells the user, a line for each.
    pub(crate) fn tell(&self) {
        for message in &self.messages {
            say(format_args!("hsb: {message}"));
        }
        if self.more > 0 {
            say(format_args!("hsb: {} more could not be read", self.more));
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn the_first_ones_are_kept_and_the_others_counted() {
        let mut unread = Unread::default();
        assert!(unread.is_empty());
        for number in (0..250).rev() {
            unread.note(&anyhow!("{number:03}"));
        }
        assert_eq!(unread.messages.len(), MOST);
        assert_eq!(
            (&**unread.messages.last().unwrap(), unread.more),
            ("099", 150)
        );
    }
}
