//! What a source is called: where it is, in one name.

use std::fmt;
use std::path::{Path, PathBuf};

use super::reference::Reference;

/// Where a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file, folder, named pipe or device on the host.
    Path(PathBuf),
    /// Standard input.
    Stdin,
    /// A container image in a registry.
    Registry(Reference),
    /// A file by http or https.
    Url(String),
}

impl Input {
    /// Returns what a name in a recipe or on the command line means: `oci:...` is an image in a
    /// registry, `http://...` and `https://...` are files elsewhere, all else is a path in `folder`.
    ///
    /// # Errors
    ///
    /// Fails with what is wrong with the name of an image, to be put behind it.
    pub fn parse(name: &Path, folder: &Path) -> Result<Self, &'static str> {
        let text = name.to_str().unwrap_or_default();
        if let Some(reference) = text.strip_prefix("oci:") {
            return reference.parse().map(Input::Registry);
        }
        if text.starts_with("docker://") {
            return Err("is written as `oci:HOST/NAME:TAG` here");
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            if text.contains('#') {
                return Err(
                    "has a `#`, and what follows it is for browsers; in the name of a file it is %23",
                );
            }
            return Ok(Input::Url(text.to_owned()));
        }
        Ok(Input::Path(folder.join(name)))
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::Path(path) => path.display().fmt(f),
            Input::Stdin => f.write_str("standard input"),
            Input::Registry(reference) => reference.fmt(f),
            Input::Url(url) => f.write_str(&modules::shown_address(url)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_name_means() {
        for (name, want) in [
            ("a.tar", Ok("in/a.tar")),
            ("http:a", Ok("in/http:a")),
            ("https://u:p@h/a?b", Ok("https://h/a?...")),
            ("https://h/a%23b", Ok("https://h/a%23b")),
            ("https://h/a#sha256=1", Err("has a `#`")),
            ("oci:h.example/a:1", Ok("oci:h.example/a:1")),
            ("docker://h/a:1", Err("is written as")),
        ] {
            let input = Input::parse(Path::new(name), Path::new("in"));
            match want {
                Ok(want) => assert_eq!(input.unwrap().to_string(), want),
                Err(want) => assert!(input.unwrap_err().starts_with(want), "{name}"),
            }
        }
    }
}
