//! Images in a registry (OCI distribution-spec 1.1, "Pull"; Docker Registry HTTP API V2).

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use fsgen::ReadAt;
use ureq::http::Response;
use ureq::{Body, ResponseExt as _};

use super::super::oci::{Descriptor, Digest, Store};
use super::super::reference::Reference;
use super::super::window::Archive;
use super::blobs::Blobs;
use super::client::{Answer, Client, NOTHING_THERE, refused};
use super::patience::patiently;
use super::token;

/// The kinds of manifest that are understood.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";
/// The largest manifest, in bytes (OCI distribution-spec: 4 MiB).
const LONGEST: u64 = 4 << 20;

/// One image's place in a registry.
pub(super) struct Registry<'r> {
    reference: &'r Reference,
    client: &'r Client<'r>,
    blobs: &'r Blobs,
    /// What lets us in, once we have it.
    authorization: RefCell<Option<String>>,
}

impl<'r> Registry<'r> {
    pub(super) fn new(reference: &'r Reference, client: &'r Client<'r>, blobs: &'r Blobs) -> Self {
        Self {
            reference,
            client,
            blobs,
            authorization: RefCell::new(None),
        }
    }

    /// Fetches the manifest or index of the image, and returns what it is called.
    ///
    /// One that is named by its digest and was fetched before is not asked for again.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be had, or is not what its digest says.
    pub(super) fn manifest(&self) -> Result<Descriptor> {
        if let Some(digest) = self.reference.digest()
            && let Some(file) = self.blobs.find(digest)
        {
            let blob = Blob::new(digest, file);
            if digest.check(&blob).is_ok() {
                return Ok(Descriptor::of(digest.clone(), blob.len()?));
            }
        }
        let url = self
            .reference
            .url(&format!("manifests/{}", self.reference.manifest()));
        let bytes = self.small(&url)?;
        let digest = match self.reference.digest() {
            Some(digest) => {
                let mut hasher = digest.hasher();
                hasher.update(&bytes);
                digest.compare(hasher).with_context(|| url)?;
                digest.clone()
            }
            None => Digest::sha256(&bytes),
        };
        self.blobs.keep(&digest, &bytes)?;
        Ok(Descriptor::of(digest, bytes.len() as u64))
    }

    /// Fetches a manifest.
    fn small(&self, url: &str) -> Result<Vec<u8>> {
        patiently(|| self.small_once(url))
    }

    fn small_once(&self, url: &str) -> Result<Vec<u8>> {
        let response = self.ask(url, &[("Accept", MANIFESTS)])?;
        if response.status().as_u16() != 200 {
            return Err(refused(url, response));
        }
        let mut bytes = Vec::new();
        let body = response.into_body().into_reader();
        let mut body = body.take(LONGEST + 1);
        body.read_to_end(&mut bytes)
            .with_context(|| url.to_owned())?;
        ensure!(
            bytes.len() as u64 <= LONGEST,
            "{url}: more than {LONGEST} bytes for a manifest"
        );
        Ok(bytes)
    }

    /// Sends a GET, and once more with a token if the registry asks for one.
    fn ask(&self, url: &str, headers: &[(&str, &str)]) -> Result<Response<Body>> {
        for is_last in [false, true] {
            let authorization = self.authorization.borrow().clone();
            let mut headers = headers.to_vec();
            if let Some(authorization) = &authorization {
                headers.push(("Authorization", authorization));
            }
            let response = self.client.ask(url, &headers)?;
            // Who asks is for the registry to know, not for a server that it sends us to.
            let from = response.get_uri().authority().map(|from| from.as_str());
            let is_registry = from.is_some_and(|from| Some(from) == url.split('/').nth(2));
            if response.status().as_u16() != 401 || is_last || !is_registry {
                return Ok(response);
            }
            let challenges = response.headers().get_all("WWW-Authenticate").iter();
            let challenges: Vec<String> = challenges
                .filter_map(|value| Some(value.to_str().ok()?.to_owned()))
                .collect();
            let found = token::answer(&challenges, self.reference, self.client)
                .with_context(|| format!("{url}: the registry wants to know who asks"))?;
            match found {
                Some(found) => *self.authorization.borrow_mut() = Some(found),
                None => bail!(
                    "{url}: the registry wants to know who asks; log in to {0}, with \
                     `docker login {0}` or `podman login {0}`",
                    self.reference.host()
                ),
            }
        }
        bail!("{url}: no answer")
    }

    fn get(&self, url: &str, at: u64) -> Result<Answer<'_>> {
        let range = format!("bytes={at}-");
        let headers = [("Range", &*range)];
        let headers = if at > 0 { &headers[..] } else { &[] };
        let response = self.ask(url, headers)?;
        if at > 0 && response.status().as_u16() == NOTHING_THERE {
            return self.get(url, 0);
        }
        self.client.answer(url, at, response)
    }
}

impl Store for Registry<'_> {
    fn blob(&self, descriptor: &Descriptor) -> Result<Arc<dyn Archive>> {
        let digest = &descriptor.digest;
        let what = match descriptor.is_manifest() {
            true => format!("manifests/{digest}"),
            false => format!("blobs/{digest}"),
        };
        let url = self.reference.url(&what);
        let is_right = |file| digest.check(&Blob::new(digest, file)).is_ok();
        if descriptor.is_manifest() && !self.blobs.find(digest).is_some_and(is_right) {
            let bytes = self.small(&url)?;
            let mut hasher = digest.hasher();
            hasher.update(&bytes);
            digest.compare(hasher).with_context(|| url.clone())?;
            self.blobs.keep(digest, &bytes)?;
        }
        let ask = |at| self.get(&url, at);
        let file = self.blobs.fetch(digest, Some(descriptor.size), &ask);
        let file = file.with_context(|| format!("blob {digest}"))?;
        Ok(Arc::new(Blob::new(digest, file)))
    }
}

/// A blob that was fetched.
struct Blob {
    name: String,
    file: File,
}

impl Blob {
    fn new(digest: &Digest, file: File) -> Self {
        let name = digest.to_string();
        Self { name, file }
    }
}

impl ReadAt for Blob {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Archive for Blob {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buf, offset)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
}
