//! What names a blob: the digest of its bytes.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256, Sha512};

use super::super::window::Archive;

/// How much is digested at once.
const CHUNK: usize = 1 << 20;

/// An algorithm and what it makes of the bytes (OCI image-spec, "Digests").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    /// In lower case.
    hex: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Sha256,
    Sha512,
}

impl FromStr for Digest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (algorithm, hex) = text
            .split_once(':')
            .ok_or("is no digest like `sha256:...`")?;
        let (algorithm, digits) = match algorithm {
            "sha256" => (Algorithm::Sha256, 64),
            "sha512" => (Algorithm::Sha512, 128),
            _ => return Err("is a digest by another algorithm than sha256 and sha512"),
        };
        let is_hex = |b| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if hex.len() != digits || !hex.bytes().all(is_hex) {
            return Err("is no digest: sha256 has 64 digits in lower case, sha512 has 128");
        }
        let hex = hex.to_owned();
        Ok(Self { algorithm, hex })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm(), self.hex)
    }
}

impl Digest {
    /// Returns the digest of bytes.
    pub(crate) fn sha256(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        hasher.digest()
    }

    /// Returns the digest of all bytes that are left of an input.
    ///
    /// # Errors
    ///
    /// Fails when they cannot be read.
    pub(crate) fn read(mut input: impl Read) -> io::Result<Self> {
        let mut hasher = Hasher::default();
        let mut chunk = vec![0; CHUNK];
        loop {
            match input.read(&mut chunk)? {
                0 => return Ok(hasher.digest()),
                len => hasher.update(&chunk[..len]),
            }
        }
    }

    /// Returns the name of the algorithm: the folder that blobs lie in.
    pub(crate) fn algorithm(&self) -> &'static str {
        match self.algorithm {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// Returns the digits: the name of the blob in its folder.
    pub(crate) fn hex(&self) -> &str {
        &self.hex
    }

    /// Checks that this is the digest of all bytes that there are.
    ///
    /// # Errors
    ///
    /// Fails when it is not, or when they cannot be read.
    pub(in super::super) fn check(&self, blob: &dyn Archive) -> Result<()> {
        let len = blob.len()?;
        let mut hasher = self.hasher();
        let mut buf = vec![0; CHUNK];
        let mut at = 0;
        while at < len {
            let part = usize::try_from(len - at).map_or(CHUNK, |left| left.min(CHUNK));
            blob.read_exact_at(&mut buf[..part], at)
                .with_context(|| format!("cannot read at byte {at}"))?;
            hasher.update(&buf[..part]);
            at += part as u64;
        }
        self.compare(hasher)
    }

    /// Checks that this is the digest of what was fed to the hasher.
    ///
    /// # Errors
    ///
    /// Fails when it is not.
    pub(in super::super) fn compare(&self, hasher: Hasher) -> Result<()> {
        let found = hasher.finish();
        ensure!(
            found == self.hex,
            "its digest is {}:{found}, and not {self}: it is damaged, or another one",
            self.algorithm()
        );
        Ok(())
    }

    /// Returns what makes a digest of the same algorithm.
    pub(in super::super) fn hasher(&self) -> Hasher {
        match self.algorithm {
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        }
    }
}

/// Bytes on their way to a digest.
pub(in super::super) enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Default for Hasher {
    fn default() -> Self {
        Self::Sha256(Sha256::new())
    }
}

impl Hasher {
    pub(in super::super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// Returns the digest of what was fed to it.
    pub(in super::super) fn digest(self) -> Digest {
        Digest {
            algorithm: match self {
                Hasher::Sha256(_) => Algorithm::Sha256,
                Hasher::Sha512(_) => Algorithm::Sha512,
            },
            hex: self.finish(),
        }
    }

    fn finish(self) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Hasher::Sha256(hasher) => hex(&hasher.finalize()),
            Hasher::Sha512(hasher) => hex(&hasher.finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let digest = Digest::from_str(&format!("sha256:{hex}")).unwrap();
        assert_eq!((digest.algorithm(), digest.hex()), ("sha256", hex));
        digest.compare(digest.hasher()).unwrap();
        let mut hasher = digest.hasher();
        hasher.update(b"x");
        let message = digest.compare(hasher).unwrap_err().to_string();
        assert!(
            message.contains(&format!("and not sha256:{hex}")),
            "{message}"
        );
        for text in [
            "",
            hex,
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            &format!("sha256:{}", &hex[1..]),
            &format!("sha256:{}", hex.to_uppercase()),
            &format!("sha512:{hex}"),
            "sha256:../../../../../../../../../../../../../../../../../../../../etc/pas",
        ] {
            assert!(Digest::from_str(text).is_err(), "{text}");
        }
    }
}
