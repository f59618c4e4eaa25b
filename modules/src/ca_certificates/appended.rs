//! Stores whose bundles get a certificate at their ends: those that p11-kit's `trust` makes
//! (Fedora, Arch, openSUSE), and Alpine's.

use super::certificate::Certificate;
use super::{Added, hashed, warn_of_rest};
use crate::{Root, RootError, installed};

/// Where a distribution keeps certificates.
pub(super) struct Layout {
    /// What tells that it is this one.
    trace: &'static str,
    /// Where additions go, and the ending of their names.
    anchors: (&'static str, &'static str),
    /// Files of all certificates, one after the other.
    bundles: &'static [&'static str],
    /// The directory of single certificates by hash, and how their names start there.
    hashed: (&'static str, &'static str),
    /// What else its program makes.
    rest: &'static [&'static str],
    program: &'static str,
}

const FEDORA: Layout = Layout {
    trace: "/etc/pki/ca-trust",
    anchors: ("/etc/pki/ca-trust/source/anchors", "pem"),
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
};

const ARCH: Layout = Layout {
    trace: "/etc/ca-certificates/trust-source",
    anchors: ("/etc/ca-certificates/trust-source/anchors", "pem"),
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
};

const SUSE: Layout = Layout {
    trace: "/var/lib/ca-certificates",
    anchors: ("/etc/pki/trust/anchors", "pem"),
    bundles: &["/var/lib/ca-certificates/ca-bundle.pem"],
    hashed: ("/var/lib/ca-certificates/pem", ""),
    rest: &[
        "/var/lib/ca-certificates/openssl",
        "/var/lib/ca-certificates/java-cacerts",
    ],
    program: "update-ca-certificates",
};

const ALPINE: Layout = Layout {
    trace: "/etc/ssl/certs/ca-certificates.crt",
    anchors: ("/usr/local/share/ca-certificates", "crt"),
    bundles: &["/etc/ssl/certs/ca-certificates.crt"],
    hashed: ("/etc/ssl/certs", "ca-cert-"),
    rest: &["/etc/ssl/certs/java/cacerts"],
    program: "update-ca-certificates",
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
        for Added { name, text, .. } in added {
            root.write(format!("{anchors}/{name}.{ending}"), text)?;
        }
        for bundle in self.bundles {
            append(root, bundle, added)?;
        }
        let (folder, start) = self.hashed;
        if root.is_dir(folder) {
            for Added {
                name, certificate, ..
            } in added
            {
                let file = format!("{start}{name}.pem");
                // Alpine has links to the additions, the others copies.
                if start.is_empty() {
                    root.write(format!("{folder}/{file}"), certificate.pem())?;
                } else {
                    let target = format!("{anchors}/{name}.{ending}");
                    root.symlink(target, format!("{folder}/{file}"), true)?;
                }
                hashed::add(root, folder, &file)?;
            }
        }
        warn_of_rest(root, self.rest, self.program);
        Ok(())
    }
}

/// Adds the certificates that a bundle does not have to its end.
fn append(root: &mut Root<'_>, bundle: &str, added: &[Added]) -> Result<(), RootError> {
    let Some(mut text) = root.read_if_exists(bundle)? else {
        return Ok(());
    };
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
    root.write(bundle, text)
}
