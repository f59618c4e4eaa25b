//! Stores whose bundles get a certificate at their ends: those that p11-kit's `trust` makes
//! (Fedora, Arch, openSUSE), and Alpine's.

use std::collections::BTreeSet;

use super::certificate::Certificate;
use super::{Added, hashed, warn_of_rest};
use crate::{Root, RootError, installed};

/// Where a distribution keeps certificates.
pub(super) struct Layout {
    /// What tells that it is this one.
    trace: &'static str,
    /// Where additions go, and the ending of their names.
    anchors: (&'static str, &'static str),
    /// Where its own certificates are.
    vendors: &'static [&'static str],
    /// Files of all certificates, one after the other; the first is always made.
    bundles: &'static [&'static str],
    /// The directory of single certificates by hash, and how their names start there.
    hashed: (&'static str, &'static str),
    /// What else its program makes.
    rest: &'static [&'static str],
    program: &'static str,
    /// Whether that leaves out what is of no authority.
    wants_authorities: bool,
}

const FEDORA: Layout = Layout {
    trace: "/etc/pki/ca-trust",
    anchors: ("/etc/pki/ca-trust/source/anchors", "pem"),
    vendors: &["/usr/share/pki/ca-trust-source"],
    bundles: &[
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/email-ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/objsign-ca-bundle.pem",
    ],
    hashed: ("/etc/pki/ca-trust/extracted/pem/directory-hash", ""),
    rest: &[
        "/etc/pki/ca-trust/extracted/openssl/ca-bundle.trust.crt",
        "/etc/pki/ca-trust/extracted/java/cacerts",
        "/etc/pki/ca-trust/extracted/edk2/cacerts.bin",
    ],
    program: "update-ca-trust",
    wants_authorities: true,
};

const ARCH: Layout = Layout {
    trace: "/etc/ca-certificates/trust-source",
    anchors: ("/etc/ca-certificates/trust-source/anchors", "pem"),
    vendors: &["/usr/share/ca-certificates/trust-source"],
    bundles: &[
        "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
        "/etc/ca-certificates/extracted/email-ca-bundle.pem",
        "/etc/ca-certificates/extracted/objsign-ca-bundle.pem",
    ],
    hashed: ("/etc/ca-certificates/extracted/cadir", ""),
    rest: &[
        "/etc/ca-certificates/extracted/ca-bundle.trust.crt",
        "/etc/ca-certificates/extracted/edk2-cacerts.bin",
        "/etc/ssl/certs/java/cacerts",
    ],
    program: "update-ca-trust",
    wants_authorities: true,
};

const SUSE: Layout = Layout {
    trace: "/var/lib/ca-certificates",
    anchors: ("/etc/pki/trust/anchors", "pem"),
    vendors: &["/usr/share/pki/trust"],
    bundles: &["/var/lib/ca-certificates/ca-bundle.pem"],
    hashed: ("/var/lib/ca-certificates/pem", ""),
    rest: &[
        "/var/lib/ca-certificates/openssl",
        "/var/lib/ca-certificates/java-cacerts",
    ],
    program: "update-ca-certificates",
    wants_authorities: true,
};

const ALPINE: Layout = Layout {
    trace: "/etc/ssl/certs/ca-certificates.crt",
    anchors: ("/usr/local/share/ca-certificates", "crt"),
    vendors: &["/usr/share/ca-certificates"],
    bundles: &["/etc/ssl/certs/ca-certificates.crt"],
    hashed: ("/etc/ssl/certs", "ca-cert-"),
    rest: &["/etc/ssl/certs/java/cacerts"],
    program: "update-ca-certificates",
    wants_authorities: false,
};

/// Returns how the image keeps its certificates, if it is one of these ways.
pub(super) fn layout(root: &Root<'_>) -> Option<&'static Layout> {
    let alpine = Some(&ALPINE).filter(|_| installed::musl(root));
    let known = [&FEDORA, &ARCH, &SUSE].into_iter().chain(alpine);
    known.into_iter().find(|layout| root.exists(layout.trace))
}

impl Layout {
    pub(super) fn write(&self, root: &mut Root<'_>, added: &[Added]) -> Result<(), RootError> {
        let (anchors, ending) = self.anchors;
        root.mkdir_all(anchors, 0o755)?;
        let mut old = Vec::new();
        for Added { name, text, .. } in added {
            let path = format!("{anchors}/{name}.{ending}");
            let before = root.read_if_exists(&path)?.unwrap_or_default();
            root.write(path, text)?;
            old.extend(Certificate::only(&before));
        }
        // What was there under the same name is trusted no more, unless somebody else wants it.
        if !old.is_empty() {
            let others = self.others(root)?;
            old.retain(|old| !others.contains(old));
        }
        let (added, passed): (Vec<&Added>, Vec<_>) = added
            .iter()
            .partition(|added| !self.wants_authorities || added.certificate.content.is_authority);
        for Added { name, .. } in &passed {
            let program = self.program;
            root.warn(format!(
                "{name} is not in the bundles: {program} has authorities alone in them"
            ));
        }
        let mut missing = Vec::new();
        for bundle in self.bundles {
            if !append(root, bundle, &added, &old)? {
                missing.push(*bundle);
            }
        }
        self.link(root, &added, &passed)?;
        // Where the first is there, the image's program makes no others.
        if missing.contains(&self.bundles[0]) {
            let (missing, program) = (missing.join(", "), self.program);
            root.warn(format!(
                "{missing} is not there: run {program} in the image to make it"
            ));
        }
        warn_of_rest(root, self.rest, self.program);
        Ok(())
    }

    /// Returns the certificates that are in the image for other reasons than its bundles.
    fn others(&self, root: &Root<'_>) -> Result<Vec<Certificate>, RootError> {
        let mut found = Vec::new();
        for folder in self.vendors.iter().chain([&self.anchors.0]) {
            if !root.is_dir(folder) {
                continue;
            }
            for path in root.walk(folder)? {
                if root.is_file(&path) {
                    found.extend(Certificate::all(&root.read(path)?).into_iter().flatten());
                }
            }
        }
        Ok(found)
    }

    /// Puts certificates into the directory of single ones, and takes others out.
    fn link(
        &self,
        root: &mut Root<'_>,
        added: &[&Added],
        passed: &[&Added],
    ) -> Result<(), RootError> {
        let (folder, start) = self.hashed;
        if !root.is_dir(folder) {
            return Ok(());
        }
        let (anchors, ending) = self.anchors;
        let mut hashes = BTreeSet::new();
        for Added {
            name, certificate, ..
        } in added
        {
            let file = format!("{start}{name}.pem");
            hashes.extend(hashed::hashes_of(root, folder, &file)?);
            hashes.insert(certificate.content.hash);
            // Alpine has links to the additions, the others copies.
            if start.is_empty() {
                root.write(format!("{folder}/{file}"), certificate.pem())?;
            } else {
                let target = format!("{anchors}/{name}.{ending}");
                root.symlink(target, format!("{folder}/{file}"), true)?;
            }
        }
        for Added { name, .. } in passed {
            let file = format!("{start}{name}.pem");
            hashes.extend(hashed::hashes_of(root, folder, &file)?);
            if root.is_file(format!("{folder}/{file}")) {
                root.remove(format!("{folder}/{file}"))?;
            }
        }
        // p11-kit has links by an older hash, too, which are not to go.
        hashed::rehash(root, folder, Some(&hashes))
    }
}

/// Takes certificates out of a bundle, and adds those that it does not have to its end. Returns
/// whether it is there.
fn append(
    root: &mut Root<'_>,
    bundle: &str,
    added: &[&Added],
    old: &[Certificate],
) -> Result<bool, RootError> {
    let Some(mut text) = root.read_if_exists(bundle)? else {
        return Ok(false);
    };
    for old in old {
        for place in old.places(&text).into_iter().rev() {
            text.drain(place);
        }
    }
    let known: Vec<_> = Certificate::all(&text).into_iter().flatten().collect();
    for Added {
        name, certificate, ..
    } in added
    {
        if known.contains(certificate) {
            continue;
        }
        if text.last().is_some_and(|last| *last != b'\n') {
            text.push(b'\n');
        }
        text.extend(format!("# {name}\n{}", certificate.pem()).into_bytes());
    }
    root.write(bundle, text)?;
    Ok(true)
}
