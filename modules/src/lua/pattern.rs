//! Lua's patterns (its `lstrlib.c`), with each step counted.

use mlua::Error;

use super::bounds::Budget;

/// How deep a pattern may go.
const DEPTH: u32 = 200;

/// How many captures a pattern may have.
const CAPTURES: usize = 32;

#[derive(Clone, Copy)]
enum Capture {
    Open(usize),
    Place(usize),
    Closed(usize, usize),
}

/// What a capture is.
pub(super) enum Captured<'a> {
    Text(&'a [u8]),
    /// A place in the text, from 1.
    Place(usize),
}

pub(super) struct Matcher<'a> {
    text: &'a [u8],
    pattern: &'a [u8],
    budget: &'a Budget,
    captures: Vec<Capture>,
    depth: u32,
}

type Found = Result<Option<usize>, Error>;

fn wrong<T>(what: impl Into<String>) -> Result<T, Error> {
    Err(Error::runtime(what.into()))
}

impl<'a> Matcher<'a> {
    pub(super) fn new(text: &'a [u8], pattern: &'a [u8], budget: &'a Budget) -> Self {
        Self {
            text,
            pattern,
            budget,
            captures: Vec::new(),
            depth: 0,
        }
    }

    /// Returns where a match ends that begins at a place.
    pub(super) fn at(&mut self, at: usize) -> Found {
        self.captures.clear();
        self.depth = 0;
        self.go(at, 0)
    }

    /// Returns the first match from a place on that does not end where the last one did.
    pub(super) fn from(
        &mut self,
        from: usize,
        last: Option<usize>,
    ) -> Result<Option<(usize, usize)>, Error> {
        for at in from..=self.text.len() {
            if let Some(end) = self.at(at)?
                && Some(end) != last
            {
                return Ok(Some((at, end)));
            }
        }
        Ok(None)
    }

    /// Returns how many values a match has, at least one if it counts itself.
    pub(super) fn count(&self, counts_itself: bool) -> usize {
        self.captures.len().max(counts_itself.into())
    }

    /// Returns a capture of a match, which is all of it if there is none.
    pub(super) fn capture(
        &self,
        number: usize,
        (at, end): (usize, usize),
    ) -> Result<Captured<'a>, Error> {
        match self.captures.get(number) {
            None if number == 0 => Ok(Captured::Text(&self.text[at..end])),
            None => wrong(format!("invalid capture index %{}", number + 1)),
            Some(Capture::Open(_)) => wrong("unfinished capture"),
            Some(Capture::Place(at)) => Ok(Captured::Place(at + 1)),
            Some(Capture::Closed(at, end)) => Ok(Captured::Text(&self.text[*at..*end])),
        }
    }

    /// Returns a byte of the pattern; there is a zero after the last.
    fn sign(&self, p: usize) -> u8 {
        self.pattern.get(p).copied().unwrap_or_default()
    }

    fn byte(&self, s: usize) -> u8 {
        self.text.get(s).copied().unwrap_or_default()
    }

    fn go(&mut self, s: usize, p: usize) -> Found {
        if self.depth == DEPTH {
            return wrong("pattern too complex");
        }
        self.depth += 1;
        let found = self.step(s, p);
        self.depth -= 1;
        found
    }

    fn step(&mut self, mut s: usize, mut p: usize) -> Found {
        loop {
            self.budget.charge(1)?;
            if p >= self.pattern.len() {
                return Ok(Some(s));
            }
            let next = self.sign(p + 1);
            match self.sign(p) {
                b'(' if next == b')' => return self.open(Capture::Place(s), s, p + 2),
                b'(' => return self.open(Capture::Open(s), s, p + 1),
                b')' => return self.close(s, p + 1),
                b'$' if p + 1 == self.pattern.len() => {
                    return Ok((s == self.text.len()).then_some(s));
                }
                b'%' if next == b'b' => match self.balance(s, p + 2)? {
                    Some(end) => (s, p) = (end, p + 4),
                    None => return Ok(None),
                },
                b'%' if next == b'f' => {
                    p += 2;
                    if self.sign(p) != b'[' {
                        return wrong("missing '[' after '%f' in pattern");
                    }
                    let end = self.class_end(p)?;
                    let before = s.checked_sub(1).map_or(0, |s| self.byte(s));
                    let is_frontier = !self.in_set(before, p, end - 1)?
                        && self.in_set(self.byte(s), p, end - 1)?;
                    if !is_frontier {
                        return Ok(None);
                    }
                    p = end;
                }
                b'%' if next.is_ascii_digit() => match self.again(s, next)? {
                    Some(end) => (s, p) = (end, p + 2),
                    None => return Ok(None),
                },
                _ => {
                    let end = self.class_end(p)?;
                    let fits = self.one(s, p, end)?;
                    match self.sign(end) {
                        b'?' => {
                            if fits && let Some(found) = self.go(s + 1, end + 1)? {
                                return Ok(Some(found));
                            }
                            p = end + 1;
                        }
                        b'*' | b'-' if !fits => p = end + 1,
                        b'+' if fits => return self.most(s + 1, p, end),
                        b'*' => return self.most(s, p, end),
                        b'-' => return self.least(s, p, end),
                        _ if fits => (s, p) = (s + 1, end),
                        _ => return Ok(None),
                    }
                }
            }
        }
    }

    fn open(&mut self, capture: Capture, s: usize, p: usize) -> Found {
        if self.captures.len() == CAPTURES {
            return wrong("too many captures");
        }
        self.captures.push(capture);
        let found = self.go(s, p)?;
        if found.is_none() {
            self.captures.pop();
        }
        Ok(found)
    }

    fn close(&mut self, s: usize, p: usize) -> Found {
        let is_open = |capture: &Capture| matches!(capture, Capture::Open(_));
        let Some(number) = self.captures.iter().rposition(is_open) else {
            return wrong("invalid pattern capture");
        };
        let was = self.captures[number];
        if let Capture::Open(at) = was {
            self.captures[number] = Capture::Closed(at, s);
        }
        let found = self.go(s, p)?;
        if found.is_none() {
            self.captures[number] = was;
        }
        Ok(found)
    }

    /// Matches what a capture has once more.
    fn again(&self, s: usize, digit: u8) -> Found {
        let number = usize::from(digit).checked_sub(usize::from(b'1'));
        match number.and_then(|number| self.captures.get(number)) {
            None | Some(Capture::Open(_)) => {
                let digit = char::from(digit);
                wrong(format!("invalid capture index %{digit} in pattern"))
            }
            Some(Capture::Place(_)) => Ok(None),
            Some(&Capture::Closed(at, end)) => {
                self.budget.charge(end - at)?;
                let is_same = self.text[s..].starts_with(&self.text[at..end]);
                Ok(is_same.then_some(s + end - at))
            }
        }
    }

    fn balance(&self, s: usize, p: usize) -> Found {
        if p + 1 >= self.pattern.len() {
            return wrong("malformed pattern (missing arguments to '%b')");
        }
        let (open, close) = (self.sign(p), self.sign(p + 1));
        if self.byte(s) != open {
            return Ok(None);
        }
        let mut depth = 1_usize;
        for at in s + 1..self.text.len() {
            self.budget.charge(1)?;
            if self.text[at] == close {
                depth -= 1;
                if depth == 0 {
                    return Ok(Some(at + 1));
                }
            } else if self.text[at] == open {
                depth += 1;
            }
        }
        Ok(None)
    }

    /// Repeats a class as often as it fits, and then less often.
    fn most(&mut self, s: usize, p: usize, end: usize) -> Found {
        let mut last = s;
        while self.one(last, p, end)? {
            last += 1;
        }
        for at in (s..=last).rev() {
            if let Some(found) = self.go(at, end + 1)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn least(&mut self, mut s: usize, p: usize, end: usize) -> Found {
        loop {
            if let Some(found) = self.go(s, end + 1)? {
                return Ok(Some(found));
            }
            if !self.one(s, p, end)? {
                return Ok(None);
            }
            s += 1;
        }
    }

    /// Returns where a class of the pattern ends.
    fn class_end(&self, p: usize) -> Result<usize, Error> {
        match self.sign(p) {
            b'%' if p + 1 >= self.pattern.len() => wrong("malformed pattern (ends with '%')"),
            b'%' => Ok(p + 2),
            b'[' => {
                let mut end = p + 1 + usize::from(self.sign(p + 1) == b'^');
                loop {
                    if end >= self.pattern.len() {
                        return wrong("malformed pattern (missing ']')");
                    }
                    end += 1 + usize::from(self.sign(end) == b'%' && end + 1 < self.pattern.len());
                    if self.sign(end) == b']' {
                        return Ok(end + 1);
                    }
                }
            }
            _ => Ok(p + 1),
        }
    }

    /// Returns whether a byte of the text is of a class.
    fn one(&self, s: usize, p: usize, end: usize) -> Result<bool, Error> {
        self.budget.charge(1)?;
        let Some(&byte) = self.text.get(s) else {
            return Ok(false);
        };
        match self.sign(p) {
            b'.' => Ok(true),
            b'%' => Ok(is_of(byte, self.sign(p + 1))),
            b'[' => self.in_set(byte, p, end - 1),
            sign => Ok(sign == byte),
        }
    }

    /// Returns whether a byte is in a set, whose brackets are at two places.
    fn in_set(&self, byte: u8, open: usize, close: usize) -> Result<bool, Error> {
        self.budget.charge(close - open)?;
        let is_not = self.sign(open + 1) == b'^';
        let mut p = open + 1 + usize::from(is_not);
        while p < close {
            let sign = self.sign(p);
            let is_in = if sign == b'%' {
                p += 1;
                is_of(byte, self.sign(p))
            } else if self.sign(p + 1) == b'-' && p + 2 < close {
                p += 2;
                (sign..=self.sign(p)).contains(&byte)
            } else {
                sign == byte
            };
            if is_in {
                return Ok(!is_not);
            }
            p += 1;
        }
        Ok(is_not)
    }
}

/// Returns whether a byte is of the class that a letter stands for.
fn is_of(byte: u8, class: u8) -> bool {
    let is_in = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'g' => byte.is_ascii_graphic(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => matches!(byte, b'\t'..=b'\r' | b' '),
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return class == byte,
    };
    is_in != class.is_ascii_uppercase()
}
