//! Digests as headers have them, in hexadecimal.

use digest::Digest as _;

/// The algorithms of RFC 4880, by which rpm numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
    Sha224,
}

impl Algorithm {
    /// Returns the algorithm of a number; none is MD5, as in packages before rpm 4.6.
    pub(crate) fn of(number: Option<u64>) -> Option<Self> {
        Some(match number {
            None | Some(1) => Self::Md5,
            Some(2) => Self::Sha1,
            Some(8) => Self::Sha256,
            Some(9) => Self::Sha384,
            Some(10) => Self::Sha512,
            Some(11) => Self::Sha224,
            Some(_) => return None,
        })
    }
}

/// A digest of bytes that come one after the other.
pub(crate) enum Digest {
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha224(sha2::Sha224),
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
}

impl Digest {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Md5 => Self::Md5(md5::Md5::new()),
            Algorithm::Sha1 => Self::Sha1(sha1::Sha1::new()),
            Algorithm::Sha224 => Self::Sha224(sha2::Sha224::new()),
            Algorithm::Sha256 => Self::Sha256(sha2::Sha256::new()),
            Algorithm::Sha384 => Self::Sha384(sha2::Sha384::new()),
            Algorithm::Sha512 => Self::Sha512(sha2::Sha512::new()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(digest) => digest.update(bytes),
            Self::Sha1(digest) => digest.update(bytes),
            Self::Sha224(digest) => digest.update(bytes),
            Self::Sha256(digest) => digest.update(bytes),
            Self::Sha384(digest) => digest.update(bytes),
            Self::Sha512(digest) => digest.update(bytes),
        }
    }

    /// Returns the hexadecimal digits, in lower case.
    pub(crate) fn hex(self) -> String {
        match self {
            Self::Md5(digest) => hex(&digest.finalize()),
            Self::Sha1(digest) => hex(&digest.finalize()),
            Self::Sha224(digest) => hex(&digest.finalize()),
            Self::Sha256(digest) => hex(&digest.finalize()),
            Self::Sha384(digest) => hex(&digest.finalize()),
            Self::Sha512(digest) => hex(&digest.finalize()),
        }
    }
}

/// Writes bytes as hexadecimal digits, in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_nothing() {
        for (number, want) in [
            (None, "d41d8cd98f00b204e9800998ecf8427e"),
            (Some(1), "d41d8cd98f00b204e9800998ecf8427e"),
            (Some(2), "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            (
                Some(8),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                Some(11),
                "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f",
            ),
        ] {
            let algorithm = Algorithm::of(number).unwrap();
            assert_eq!(Digest::new(algorithm).hex(), want);
        }
        assert_eq!(Algorithm::of(Some(3)), None);
    }
}
