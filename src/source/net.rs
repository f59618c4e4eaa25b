//! Sources that are fetched: by http(s), and from container registries.
//!
//! - `client` asks, and goes on where a connection was cut; `patience` is when it gives up
//! - `blobs` keeps what was fetched, by its digest
//! - `registry` speaks the OCI distribution protocol; `challenge`, `token` and `login` get it let in

mod blobs;
mod challenge;
mod client;
mod login;
mod patience;
mod registry;
mod token;

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::assembly::Assembly;
use super::layer::Layer;
use super::oci::Digest;
use super::reference::Reference;
use super::{Options, Source};
use crate::cache::Cache;
use blobs::Blobs;
pub use challenge::Challenge;
use client::Client;
use modules::shown_address as shown;

/// Fetches a file, and returns it with its digest.
///
/// # Errors
///
/// Fails when it cannot be had, or has another digest than it should.
pub(super) fn file(
    url: &str,
    digest: Option<&Digest>,
    options: &Options<'_>,
    assembly: &mut Assembly,
) -> Result<(File, Digest)> {
    let client = Client::new(options.progress)?;
    let mut file = fetch(url, digest, &client, options.cache, options.spool_dir)?;
    if let Some(digest) = digest {
        return Ok((file, digest.clone()));
    }
    let digest = Digest::read(&file)?;
    file.seek(SeekFrom::Start(0))?;
    let sha256 = digest.hex();
    let warning = format!(
        "taken on trust; `sha256: {sha256}` in a recipe makes sure that it stays what it is"
    );
    assembly.warnings.push(warning);
    Ok((file, digest))
}

/// Fetches a file that a step asks for.
///
/// # Errors
///
/// Fails when it cannot be had, or has another digest than it should.
pub(super) fn for_step(
    url: &str,
    digest: Option<&Digest>,
    cache: Option<&Cache>,
    spool_dir: &Path,
) -> Result<File> {
    let client = Client::new(&|_| {})?;
    fetch(url, digest, &client, cache, spool_dir)
}

fn fetch(
    url: &str,
    digest: Option<&Digest>,
    client: &Client<'_>,
    cache: Option<&Cache>,
    spool_dir: &Path,
) -> Result<File> {
    let ask = |at| client.get(url, &[], at);
    if let Some(digest) = digest {
        return Blobs::open(cache, spool_dir)?.fetch(digest, None, &ask);
    }
    let mut file = tempfile::tempfile_in(spool_dir)
        .with_context(|| format!("{}: cannot make a temporary file", spool_dir.display()))?;
    // Without a digest, only the server can say whether the rest is of the same file.
    let version = RefCell::new(None);
    let ask = |at| {
        let known = version.take();
        let rest = match known.as_deref() {
            Some(known) if at > 0 => Some(client.get(url, &[("If-Range", known)], at)?),
            _ => None,
        };
        // Servers need not have heard of the condition.
        let rest = rest.filter(|rest| rest.at == 0 || rest.version == known);
        let answer = rest.map_or_else(|| client.get(url, &[], 0), Ok)?;
        version.replace(answer.version.clone());
        Ok(answer)
    };
    client::download(&mut file, None, &ask)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// Reads an image from a registry.
///
/// # Errors
///
/// Fails when it cannot be had, or when a blob of it is damaged.
pub(super) fn image(
    reference: &Reference,
    source: &Source,
    layer: &Layer,
    options: &Options<'_>,
    assembly: &mut Assembly,
) -> Result<()> {
    let client = Client::new(options.progress)?;
    let blobs = Blobs::open(options.cache, options.spool_dir)?;
    let registry = registry::Registry::new(reference, &client, &blobs);
    let manifest = registry.manifest()?;
    if reference.digest().is_none() {
        let digest = &manifest.digest;
        let warning = format!("is {digest} now; `{reference}@{digest}` will always be");
        assembly.warnings.push(warning);
    }
    super::oci::read_store(&registry, &manifest, source, layer, options, assembly)
}

/// Returns an error that says what was asked for. Where asking again would not help, that is
/// `Unsupported`, or `InvalidData` for certificates that are not trusted.
fn failed(url: &str, error: &ureq::Error) -> io::Error {
    let kind = match error {
        ureq::Error::Io(error) => error.kind(),
        ureq::Error::Timeout(_) => io::ErrorKind::TimedOut,
        ureq::Error::ConnectionFailed => io::ErrorKind::NotConnected,
        _ => io::ErrorKind::Unsupported,
    };
    let help = match kind {
        io::ErrorKind::InvalidData => "; SSL_CERT_FILE takes a file of the authorities to trust",
        _ => "",
    };
    let cause: &dyn std::fmt::Display = match error {
        ureq::Error::Io(error) => error,
        error => error,
    };
    // The cause may name another address, to which the server sent on.
    let message = format!("{}: {cause}{help}", shown(url));
    io::Error::new(kind, shown(&message))
}
