//! How long a server is asked again that gives no answer, half of one, or asks to be asked later.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::time::Duration;

use anyhow::{Error, Result};
use ureq::http::response::Parts;

use crate::progress::say;

/// How many attempts may come to nothing in a row, and be followed by another one.
const MOST: u32 = 4;
/// Who wants to be left alone for longer is not waited for.
const LONGEST: Duration = Duration::from_secs(60);

/// Whoever waits for longer is told why.
const TOLD: Duration = Duration::from_secs(1);

/// What a server answers that may do what it is asked for at another time.
#[derive(Debug)]
pub(super) struct Later {
    said: String,
    /// What it wants us to wait.
    after: Option<Duration>,
}

impl Later {
    /// Returns what a status and its header say of another time (RFC 9110, 10.2.3 and 15), with the
    /// reason for people; nothing where it would be the same then.
    pub(super) fn of(head: &Parts, said: &str) -> Option<Self> {
        let is_later = matches!(
            head.status.as_u16(),
            408 | 425 | 429 | 500 | 502 | 503 | 504
        );
        let after = head.headers.get("Retry-After");
        let seconds = after.and_then(|after| after.to_str().ok()?.parse().ok());
        is_later.then(|| Self {
            said: said.to_owned(),
            after: seconds.map(Duration::from_secs),
        })
    }
}

impl Display for Later {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl std::error::Error for Later {}

/// What is left of it.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// Attempts that came to nothing.
    failed: u32,
    /// Whether the server was there before: one that listens no more is being started again.
    was_there: bool,
}

impl Patience {
    /// Returns what there is for a server that has sent something.
    pub(super) fn with_known() -> Self {
        Self {
            was_there: true,
            ..Self::default()
        }
    }

    /// Waits after an attempt that came to nothing.
    ///
    /// # Errors
    ///
    /// Fails with its error if another one would not be better, and after too many of them.
    pub(super) fn wait(&mut self, error: Error) -> Result<()> {
        self.failed += 1;
        let usual = Duration::from_millis(100 << (2 * self.failed.min(MOST)));
        let wait = worth_waiting(&error, usual, self.was_there);
        match wait.filter(|_| self.failed <= MOST) {
            Some(wait) => {
                if wait > TOLD {
                    let seconds = wait.as_secs();
                    say(format_args!("hsb: {error:#}; asking again in {seconds} s"));
                }
                std::thread::sleep(wait);
                Ok(())
            }
            None => Err(error),
        }
    }
}

/// Returns how long to wait before another attempt, if that could be better.
fn worth_waiting(error: &Error, usual: Duration, was_there: bool) -> Option<Duration> {
    if let Some(later) = error.downcast_ref::<Later>() {
        let wait = later.after.map_or(usual, |after| after.max(usual));
        return (wait <= LONGEST).then_some(wait);
    }
    let is_final = match error.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::Unsupported => true,
        io::ErrorKind::ConnectionRefused => !was_there,
        _ => false,
    };
    (!is_final).then_some(usual)
}

/// Does something until it is done, or patience ends.
///
/// # Errors
///
/// Fails with the last error.
pub(super) fn patiently<T>(attempt: impl Fn() -> Result<T>) -> Result<T> {
    let mut patience = Patience::default();
    loop {
        match attempt() {
            Ok(done) => return Ok(done),
            Err(error) => patience.wait(error)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use ureq::http::Response;

    use super::*;

    #[test]
    fn who_is_asked_again() {
        let usual = Duration::from_secs(2);
        for (status, after, want) in [
            (404, None, None),
            (401, Some("1"), None),
            (500, None, Some(2)),
            (429, Some("1"), Some(2)),
            (429, Some("60"), Some(60)),
            (429, Some("61"), None),
            (503, Some("Fri, 31 Dec 1999 23:59:59 GMT"), Some(2)),
            (504, Some("99999999999999999999999"), Some(2)),
        ] {
            let mut response = Response::builder().status(status);
            if let Some(after) = after {
                response = response.header("Retry-After", after);
            }
            let (head, ()) = response.body(()).unwrap().into_parts();
            let later = Later::of(&head, "it says");
            let error = later.map_or_else(|| Error::msg("it says"), Error::new);
            let wait = worth_waiting(&error.context("of an address"), usual, false);
            assert_eq!(wait, want.map(Duration::from_secs), "{status} {after:?}");
        }
        for (kind, was_there, want) in [
            (io::ErrorKind::ConnectionRefused, false, None),
            (io::ErrorKind::ConnectionRefused, true, Some(usual)),
            (io::ErrorKind::UnexpectedEof, false, Some(usual)),
            (io::ErrorKind::InvalidData, true, None),
        ] {
            let error = io::Error::from(kind).into();
            assert_eq!(worth_waiting(&error, usual, was_there), want);
        }
    }
}
