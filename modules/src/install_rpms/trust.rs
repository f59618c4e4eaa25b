//! Whether packages and lists of them are signed by keys that are trusted.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::candidate::Candidate;
use super::options::{Options, Verify};
use super::store::Installed;
use crate::rpm::package::MAGIC;
use crate::rpm::signature::{Keyring, Verdict};
use crate::value::{Spanned, ValueError};
use crate::{Error, Host, Root};

/// Where the image has the keys of its distribution.
const KEYS: &str = "/etc/pki/rpm-gpg";

/// Where a header of the database has keys that were imported: lines of base64, without armor.
const PUBKEYS: u32 = 266;

/// The largest file of keys that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// Reads the keys that the recipe lists.
pub(super) fn read(options: &Options, host: &dyn Host) -> Result<Keyring, ValueError> {
    let mut keyring = Keyring::default();
    for item in &options.keyring {
        for file in files(item, host)? {
            let failed = |error: std::io::Error| item.error(format!("{file}: {error}"));
            let (source, len) = host.open(&file).map_err(failed)?;
            if len > LARGEST {
                let message = format!("{file} has {len} bytes; keys have at most {LARGEST}");
                return Err(item.error(message));
            }
            let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
            source.read_exact_at(&mut bytes, 0).map_err(failed)?;
            let added = keyring.add(&bytes);
            added.map_err(|error| item.error(format!("{file}: {error}")))?;
        }
    }
    Ok(keyring)
}

/// Returns the files that an item of the keyring stands for.
fn files(item: &Spanned<String>, host: &dyn Host) -> Result<Vec<String>, ValueError> {
    let path = item.trim_end_matches('/');
    match host.list(path) {
        Ok(names) if names.is_empty() => Err(item.error(format!("the folder {path} has no file"))),
        Ok(names) => Ok(names.iter().map(|name| format!("{path}/{name}")).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            Ok(vec![path.to_owned()])
        }
        Err(error) => Err(item.error(format!("{path}: {error}"))),
    }
}

/// Checks all packages against the keys of the recipe, or of the image where that lists none.
pub(super) fn check(
    root: &mut Root<'_>,
    options: &Options,
    candidates: &[Candidate],
    installed: &[Installed],
) -> Result<(), Error> {
    let asked = options
        .verify
        .as_ref()
        .map(|verify| verify.value)
        .unwrap_or_default();
    if asked == Verify::None {
        root.info("no signature was looked at");
        return Ok(());
    }
    let keyring = trusted(root, options, installed)?;
    let now = root.time().secs;
    let mut good = BTreeMap::<_, Vec<_>>::new();
    let (mut unsigned, mut unknown) = (Vec::new(), Vec::new());
    for candidate in candidates {
        let package = &candidate.package;
        match keyring.verify(&package.signatures, &MAGIC, &package.header, now) {
            Verdict::Good(key) => good.entry(key).or_default().push(&package.identity),
            Verdict::Bad(why) => {
                let help = "`verify: none` installs it all the same";
                return Err(candidate.error(why).help(help).into());
            }
            Verdict::Unsigned if asked == Verify::Signature => {
                let help = "sign it with `rpmsign --addsign`, or give `verify: auto`";
                let error = candidate.error("the package is not signed");
                return Err(error.help(help).into());
            }
            Verdict::Unknown(key) if asked == Verify::Signature => {
                let message =
                    format!("the package is signed by key {key}, which is not in the keyring");
                let help = "list a file with the key in `keyring`";
                return Err(candidate.error(message).help(help).into());
            }
            Verdict::Unsigned => unsigned.push(&package.identity),
            Verdict::Unknown(_) => unknown.push(&package.identity),
        }
    }
    for (key, packages) in good {
        let packages: Vec<_> = packages.iter().map(ToString::to_string).collect();
        root.info(format!("signed by key {key}: {}", packages.join(", ")));
    }
    for (packages, why) in [
        (unsigned, "not signed"),
        (unknown, "signed by a key that is not in the keyring"),
    ] {
        match packages[..] {
            [] => {}
            [only] => root.warn(format!("{only} is {why}")),
            [first, ..] => {
                let count = packages.len();
                root.warn(format!("{count} packages are {why}, {first} among them"));
            }
        }
    }
    Ok(())
}

/// Returns the keys of the recipe, or of the image where that lists none.
fn trusted(root: &Root<'_>, options: &Options, installed: &[Installed]) -> Result<Keyring, Error> {
    let mut keyring = read(options, root.host())?;
    if options.keyring.is_empty() {
        add_images(root, &mut keyring, installed)?;
    }
    Ok(keyring)
}

/// What lists of repositories are checked with.
pub(super) struct Lists {
    keyring: Keyring,
    now: i64,
}

impl Lists {
    /// Reads the keys, where the recipe wants lists to be signed.
    pub(super) fn read(
        root: &Root<'_>,
        options: &Options,
        installed: &[Installed],
    ) -> Result<Option<Self>, Error> {
        if !options.checks_lists() {
            return Ok(None);
        }
        let keyring = trusted(root, options, installed)?;
        let now = root.time().secs;
        Ok(Some(Self { keyring, now }))
    }

    /// Checks a list; returns the key that signed it, or what is wrong.
    pub(super) fn check(&self, list: &[u8], signatures: &[u8]) -> Result<String, String> {
        match self.keyring.verify_file(signatures, list, self.now) {
            Verdict::Good(key) => Ok(key),
            Verdict::Bad(why) => Err(why),
            Verdict::Unsigned => Err("there is no signature in it".to_owned()),
            Verdict::Unknown(key) => Err(format!(
                "it is signed by key {key}, which is not in the keyring"
            )),
        }
    }
}

/// Adds the keys that the image trusts. What is no key there is passed over, as rpm does.
fn add_images(
    root: &Root<'_>,
    keyring: &mut Keyring,
    installed: &[Installed],
) -> Result<(), Error> {
    if root.is_dir(KEYS) {
        for name in root.list(KEYS)? {
            let path = crate::root::join(KEYS.as_bytes(), &name);
            if let Ok(Some(bytes)) = root.read_large(&path, LARGEST) {
                keyring.add(&bytes).unwrap_or_default();
            }
        }
    }
    for there in installed.iter().filter(|i| i.identity.name == "gpg-pubkey") {
        for text in there.header.texts(PUBKEYS) {
            let mut text = text.to_vec();
            text.retain(|byte| !byte.is_ascii_whitespace());
            let decoded = STANDARD.decode(text).unwrap_or_default();
            keyring.add(&decoded).unwrap_or_default();
        }
    }
    Ok(())
}
