//! Elements of DER (ITU-T X.690), as certificates have them.
//!
//! What is not as DER wants it is refused: OpenSSL reads no certificate of a file in which one is
//! damaged.

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
pub(crate) const OBJECT: u8 = 0x06;
pub(crate) const UTF8: u8 = 0x0c;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const TIME: u8 = 0x18;
pub(crate) const UNIVERSAL: u8 = 0x1c;
pub(crate) const BMP: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// A tag whose number is in the bytes that follow it, which no certificate needs.
const LONG_TAG: u8 = 0x1f;

/// One element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'d> {
    pub(crate) tag: u8,
    pub(crate) content: &'d [u8],
}

impl Element<'_> {
    /// Returns whether the content can be one of its type.
    fn is_sound(&self) -> bool {
        match (self.tag, self.content) {
            (BOOLEAN, content) => content.len() == 1,
            (INTEGER, content) => match content {
                [] => false,
                // The first nine bits must not all be the same.
                [0, second, ..] => second & 0x80 != 0,
                [0xff, second, ..] => second & 0x80 == 0,
                _ => true,
            },
            (BIT_STRING, content) => match content {
                [0] => true,
                [unused, _, ..] => *unused < 8,
                _ => false,
            },
            (NULL, content) => content.is_empty(),
            (OBJECT, content) => {
                let is_start = |at: usize| at == 0 || content[at - 1] & 0x80 == 0;
                let is_padded = (0..content.len()).any(|at| is_start(at) && content[at] == 0x80);
                content.last().is_some_and(|last| last & 0x80 == 0) && !is_padded
            }
            (UTF8, content) => std::str::from_utf8(content).is_ok(),
            (UNIVERSAL, content) => content.len() % 4 == 0,
            (BMP, content) => content.len() % 2 == 0,
            _ => true,
        }
    }
}

/// The elements that are inside another one, in their order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elements<'d>(pub(crate) &'d [u8]);

impl<'d> Elements<'d> {
    /// Takes the next one, whatever it is.
    pub(crate) fn any(&mut self) -> Option<Element<'d>> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (len, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let len = digits
                    .iter()
                    .fold(0_u64, |len, digit| (len << 8) | u64::from(*digit));
                (usize::try_from(len).ok()?, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        let element = Element { tag: *tag, content };
        (tag & LONG_TAG != LONG_TAG && element.is_sound()).then_some(element)
    }

    /// Takes the next one, which has to be of this type.
    pub(crate) fn one(&mut self, tag: u8) -> Option<&'d [u8]> {
        self.any()
            .filter(|element| element.tag == tag)
            .map(|element| element.content)
    }

    /// Takes the next one, which has to be of this type, and returns it as it stands.
    pub(crate) fn whole(&mut self, tag: u8) -> Option<&'d [u8]> {
        let before = self.0;
        self.one(tag)?;
        before.get(..before.len() - self.0.len())
    }

    /// Takes the next one if it is of this type.
    pub(crate) fn maybe(&mut self, tag: u8) -> Option<Option<&'d [u8]>> {
        match self.0.first() == Some(&tag) {
            true => self.one(tag).map(Some),
            false => Some(None),
        }
    }

    /// Takes the next one, which has more inside.
    pub(crate) fn inside(&mut self, tag: u8) -> Option<Self> {
        self.one(tag).map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says that nothing may follow.
    pub(crate) fn end(&self) -> Option<()> {
        self.is_empty().then_some(())
    }
}

/// Returns an element as bytes.
pub(crate) fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let mut out = vec![tag];
    if len < 0x80 {
        out.extend(u8::try_from(len));
    } else {
        let digits = len.to_be_bytes();
        let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
        // A length has eight bytes at most.
        out.extend(u8::try_from(digits.len()).map(|count| 0x80 | count));
        out.extend_from_slice(digits);
    }
    out.extend_from_slice(content);
    out
}
