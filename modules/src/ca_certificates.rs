//! `ca_certificates`: authorities that programs of the image trust besides those that come with it.
//!
//! Each distribution keeps them in its own way, and has a program that makes bundles of them. What
//! that would make is made here.

mod appended;
mod certificate;
pub(crate) mod content;
mod debian;
pub(crate) mod der;
mod hashed;
pub(crate) mod subject;

use serde::Deserialize;

use crate::given::{self, GIVEN, Given};
use crate::option::{OptionDoc, Shape};
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root};
use certificate::Certificate;

const ITEM: Shape = Shape::Map(&[
    OptionDoc::required(
        "name",
        Shape::Text,
        "the name of its file, without an ending",
    ),
    OptionDoc::required("certificate", GIVEN, "one certificate as PEM"),
]);

pub(crate) const MODULE: Module = Module {
    name: "ca_certificates",
    summary: "adds authorities that the programs of the image trust",
    details: "\
The certificate goes where the distribution wants additions, and into the bundles and the hashed
directories that its program makes of them:

- Debian, Ubuntu: `/usr/local/share/ca-certificates`, as update-ca-certificates does it
- Alpine: the same places
- Fedora, RHEL: `/etc/pki/ca-trust/source/anchors`, the PEM bundles in `/etc/pki/ca-trust/extracted`
- Arch: `/etc/ca-certificates/trust-source/anchors`, the PEM bundles beside it
- openSUSE: `/etc/pki/trust/anchors`, `/var/lib/ca-certificates`

What was there under the same name goes from the bundles as well. A certificate that is of no
authority, or whose time was over at `SOURCE_DATE_EPOCH`, or else at the time of the newest file, is
told of; on Fedora, Arch and openSUSE one of no authority is in no bundle, as p11-kit has it.

Stores for Java, UEFI and OpenSSL's own trust format are not remade: where the image has them, a
warning names them. An image without any store is an error.",
    keys: &["ca_certificates"],
    options: &[OptionDoc::required(
        "ca_certificates",
        Shape::List(&ITEM),
        "the authorities",
    )],
    example: "\
modules: [ca_certificates]
ca_certificates:
- name: example
  certificate: |
    -----BEGIN CERTIFICATE-----
    MIIBgDCCASegAwIBAgIUJCetn8CeCajkJacydQQ0L6/e13AwCgYIKoZIzj0EAwIw
    FTETMBEGA1UEAwwKRXhhbXBsZSBDQTAgFw0yNjExMjUxNDE4MzRaGA8yMDUxMDcx
    NzE0MTgzNFowFTETMBEGA1UEAwwKRXhhbXBsZSBDQTBZMBMGByqGSM49AgEGCCqG
    SM49AwEHA0IABHKVwccK7uzcS7eYNwaQDNgfxchvRSr8MmALnYo3M3dr32TMxjdg
    62chTnhfDtPqHZRcihD9BKet4iidWamPCD2jUzBRMB0GA1UdDgQWBBQogv+O8gXt
    V85dUlZnqMHKavynozAfBgNVHSMEGDAWgBQogv+O8gXtV85dUlZnqMHKavynozAP
    BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIEnkQhoV0A79oKAX23Kn
    gaWJmIHGiTgHcZDn3yUD+jb+AiBsK8aog6sk0y9lf6qEhBMJ7xsNyNSMlyrC4/P7
    mbDFhg==
    -----END CERTIFICATE-----
",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    ca_certificates: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    name: Spanned<String>,
    certificate: Given,
}

fn check(cfg: &Cfg, host: &dyn Host) -> Result<(), ValueError> {
    let Options { ca_certificates } = cfg.options()?;
    for (i, item) in ca_certificates.iter().enumerate() {
        let name = &item.name;
        let is_sign = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(is_sign) {
            let error = name.error(format!("{:?} is no name of a certificate", **name));
            return Err(error.help("letters, digits, `_`, `-` and `.` are allowed"));
        }
        if ca_certificates[..i]
            .iter()
            .any(|other| *other.name == **name)
        {
            return Err(name.error(format!("the name {:?} is given twice", **name)));
        }
        read(item, &given::load(&item.certificate, host)?)?;
    }
    Ok(())
}

fn read(item: &Item, text: &[u8]) -> Result<Certificate, ValueError> {
    if memchr::memmem::find(text, b"PRIVATE KEY-----").is_some() {
        let message = format!(
            "{}: there is a private key, which everybody could read",
            *item.name
        );
        let error = item.certificate.error(message);
        return Err(error.help("give the certificate without it"));
    }
    let one = Certificate::only(text);
    one.map_err(|why| item.certificate.error(format!("{}: {why}", *item.name)))
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { ca_certificates } = cfg.options()?;
    let mut added = Vec::new();
    for item in &ca_certificates {
        let text = given::read(&item.certificate, root)?;
        let certificate = read(item, &text)?;
        let span = item.name.span;
        if !certificate.content.is_authority {
            let message = format!("{} is the certificate of no authority", *item.name);
            root.warn_at(span, message);
        }
        if let Some(end) = certificate.content.end
            && end < root.time().date()
        {
            let (year, month, day) = end;
            let message = format!("{} has ended on {year:04}-{month:02}-{day:02}", *item.name);
            root.warn_at(span, message);
        }
        added.push(Added {
            name: item.name.value.clone(),
            text,
            certificate,
        });
    }
    if debian::is_used(root) {
        return Ok(debian::write(root, &added)?);
    }
    match appended::layout(root) {
        Some(layout) => Ok(layout.write(root, &added)?),
        None => {
            let error = ValueError::new(cfg.span(), "the image has no store of certificates");
            Err(error.help("install ca-certificates in the source").into())
        }
    }
}

/// A certificate to add.
struct Added {
    name: String,
    /// As it was given, comments and all.
    text: Vec<u8>,
    certificate: Certificate,
}

/// Warns of what a program would have to make anew.
fn warn_of_rest(root: &mut Root<'_>, paths: &[&str], program: &str) {
    let found: Vec<_> = paths
        .iter()
        .copied()
        .filter(|path| root.exists(path))
        .collect();
    if !found.is_empty() {
        let message = format!(
            "the added certificates are not in {}: run {program} in the image for these",
            found.join(", ")
        );
        root.warn(message);
    }
}

#[cfg(test)]
mod tests;
