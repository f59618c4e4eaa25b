//! The package databases of an image.

use super::package::{Package, add, purl};
use crate::install_rpms::{self, Listed};
use crate::rpm::identity::Identity;
use crate::{Root, RootError};

/// Where dpkg keeps what is installed; the second is for images made without dpkg.
const DPKG: &str = "/var/lib/dpkg/status";
const DPKG_PARTS: &str = "/var/lib/dpkg/status.d/*";

const APK: [&str; 2] = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"];

const PACMAN: &str = "/var/lib/pacman/local/*/desc";

/// Returns all packages that are installed by others than rpm.
pub(super) fn packages(
    root: &Root<'_>,
    system: &str,
    release: &str,
) -> Result<Vec<Package>, RootError> {
    let mut found = Vec::new();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let mut dpkg = Vec::from_iter(root.read_if_exists(DPKG)?);
    for path in root.glob(DPKG_PARTS) {
        // Lists of checksums are beside the paragraphs.
        if root.is_file(&path) && !path.ends_with(b".md5sums") {
            dpkg.push(root.read(&path)?);
        }
    }
    for file in dpkg {
        found.extend(deb(&text(file), system, release));
    }
    // The second may be the first by another name.
    if let Some(path) = APK.into_iter().find(|path| root.is_file(path)) {
        found.extend(apk(&text(root.read(path)?), system, release));
    }
    for path in root.glob(PACMAN) {
        found.extend(pacman(&text(root.read(&path)?), system));
    }
    Ok(found)
}

/// Returns the packages of rpm, or why they cannot be read.
pub(super) fn rpms(root: &Root<'_>, system: &str, release: &str) -> Result<Vec<Package>, String> {
    // Keys that rpm keeps as packages are none.
    let mut listed = install_rpms::list(root)?;
    listed.retain(|listed| listed.identity.name != "gpg-pubkey");
    let package = |listed: Listed| {
        let Identity {
            name,
            version,
            arch,
        } = listed.identity;
        let plain = format!("{}-{}", version.version, version.release);
        let mut url = purl("rpm", system, release, [&name, &plain, &arch]);
        add(&mut url, "epoch", &version.epoch);
        add(&mut url, "upstream", &listed.source);
        Package {
            name,
            version: version.to_string(),
            purl: url,
            supplier: listed.vendor,
            license: listed.license,
        }
    };
    Ok(listed.into_iter().map(package).collect())
}

/// Reads paragraphs as deb-control(5) has them.
fn deb(text: &str, system: &str, release: &str) -> Vec<Package> {
    let paragraphs = text.split("\n\n");
    let package = |paragraph: &str| {
        let field = |key: &str| value(paragraph, key);
        // A package that was removed may leave its settings behind; one that is to be configured at the
        // first boot is there.
        let status = field("Status");
        let state = status.rsplit(' ').next().unwrap_or_default();
        if ["config-files", "not-installed"].contains(&state) {
            return None;
        }
        let (name, version) = (field("Package"), field("Version"));
        let mut url = purl(
            "deb",
            system,
            release,
            [&name, &version, &field("Architecture")],
        );
        // With its version in parentheses where that is another one.
        let source = field("Source");
        let source: String = source.chars().filter(|c| !matches!(c, '(' | ')')).collect();
        add(&mut url, "upstream", &source.replacen(' ', "@", 1));
        let supplier = field("Maintainer");
        (!name.is_empty()).then_some(Package {
            name,
            version,
            purl: url,
            supplier,
            ..Package::default()
        })
    };
    paragraphs.filter_map(package).collect()
}

/// Reads what apk calls an index: a letter, a colon, and the value.
fn apk(text: &str, system: &str, release: &str) -> Vec<Package> {
    let package = |paragraph: &str| {
        let field = |key: &str| value(paragraph, key);
        let (name, version) = (field("P"), field("V"));
        let mut url = purl("apk", system, release, [&name, &version, &field("A")]);
        add(&mut url, "upstream", &field("o"));
        let (supplier, license) = (field("m"), field("L"));
        (!name.is_empty()).then_some(Package {
            name,
            version,
            purl: url,
            supplier,
            license,
        })
    };
    text.split("\n\n").filter_map(package).collect()
}

/// Reads the `desc` of one package: a key between `%`, the values on the lines below.
fn pacman(text: &str, system: &str) -> Option<Package> {
    let field = |key: &str| -> String {
        let mut lines = text
            .lines()
            .skip_while(|line| *line != format!("%{key}%"))
            .skip(1);
        lines
            .by_ref()
            .take_while(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join(" AND ")
    };
    let (name, version) = (field("NAME"), field("VERSION"));
    let url = purl("alpm", system, "", [&name, &version, &field("ARCH")]);
    let (supplier, license) = (field("PACKAGER"), field("LICENSE"));
    (!name.is_empty()).then_some(Package {
        name,
        version,
        purl: url,
        supplier,
        license,
    })
}

fn value(paragraph: &str, key: &str) -> String {
    let mut lines = paragraph.lines();
    let found = lines.find_map(|line| {
        // dpkg reads its keys in any case; those of apk are letters that differ by it.
        let (name, value) = line.split_once(':')?;
        let is_key = name == key || name.len() > 1 && name.eq_ignore_ascii_case(key);
        is_key.then_some(value)
    });
    found.unwrap_or_default().trim().to_owned()
}
