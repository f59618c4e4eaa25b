//! What an image runs on: an operating system and a processor.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// As Go names them: `linux/amd64`, `linux/arm/v7`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Platform {
    /// The operating system.
    pub os: String,
    /// The processor.
    pub architecture: String,
    /// Which of a family of processors.
    #[serde(default)]
    pub variant: Option<String>,
}

impl Default for Platform {
    /// The same on every host, so that the image is.
    fn default() -> Self {
        Self {
            os: "linux".to_owned(),
            architecture: "amd64".to_owned(),
            variant: None,
        }
    }
}

impl FromStr for Platform {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "is no platform like `linux/arm64` or `linux/arm/v7`";
        let parts: Vec<&str> = text.split('/').collect();
        let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic());
        if !parts.iter().all(is_word) {
            return Err(wrong);
        }
        let (os, architecture, variant) = match parts[..] {
            [architecture] => ("linux", architecture, None),
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => return Err(wrong),
        };
        // As uname has it.
        let (architecture, implied) = match architecture {
            "x86_64" => ("amd64", None),
            "aarch64" => ("arm64", None),
            "armv7l" | "armhf" => ("arm", Some("v7")),
            "i386" | "i686" => ("386", None),
            other => (other, None),
        };
        Ok(Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.or(implied).map(str::to_owned),
        })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl Platform {
    /// Returns whether this is what was asked for, which may leave the variant open.
    pub(super) fn is(&self, wanted: &Self) -> bool {
        let variant = |platform: &Self| match (&*platform.architecture, &platform.variant) {
            // There is no other one.
            ("arm64", None) => Some("v8".to_owned()),
            (_, variant) => variant.clone(),
        };
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none() || variant(self) == variant(wanted))
    }

    /// Returns the order in which one of several variants is taken: for arm the newest first, for
    /// others the one that runs everywhere.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        let variant = self.variant.clone();
        match &*self.architecture {
            "arm" => (Some(std::cmp::Reverse(variant)), None),
            _ => (None, Some(variant)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (text, want) in [
            ("linux/amd64", "linux/amd64"),
            ("arm64", "linux/arm64"),
            ("linux/aarch64/v8", "linux/arm64/v8"),
            ("armhf", "linux/arm/v7"),
            ("windows/x86_64", "windows/amd64"),
        ] {
            assert_eq!(Platform::from_str(text).unwrap().to_string(), want);
        }
        for text in ["", "linux/", "/amd64", "a/b/c/d", "linux/a b"] {
            assert!(Platform::from_str(text).is_err(), "{text}");
        }
    }

    #[test]
    fn variants() {
        let is = |found: &str, wanted: &str| {
            let found = Platform::from_str(found).unwrap();
            found.is(&Platform::from_str(wanted).unwrap())
        };
        assert!(is("linux/arm/v6", "linux/arm"));
        assert!(!is("linux/arm", "linux/arm/v6"));
        assert!(is("linux/arm64", "linux/arm64/v8"));
        assert!(is("linux/arm64/v8", "linux/arm64"));
        assert!(!is("windows/amd64", "linux/amd64"));
        let rank = |text: &str| Platform::from_str(text).unwrap().rank();
        assert!(rank("linux/arm/v7") == rank("armhf"));
        assert!(rank("linux/arm/v7") < rank("linux/arm/v6"));
        assert!(rank("linux/amd64") < rank("linux/amd64/v2"));
    }
}
