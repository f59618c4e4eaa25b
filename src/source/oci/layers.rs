//! Layers of an image are checked and decoded, several at a time.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use anyhow::{Context as _, Result, ensure};

use super::super::kind::{self, ENOUGH, Kind};
use super::super::window::Archive;
use super::super::{Options, spool};
use super::digest::Digest;
use super::manifest::Descriptor;

/// How many are worked on at once; each has a decoder with its memory.
const THREADS: usize = 4;

/// A layer as it is stored.
pub(super) struct Blob {
    /// What messages call it.
    pub(super) title: String,
    pub(super) file: Arc<dyn Archive>,
    pub(super) check: Check,
}

/// What it is held against.
pub(super) struct Check {
    /// Its bytes as they are stored.
    pub(super) blob: Option<Descriptor>,
    /// The tar archive that it is when it is decoded.
    pub(super) decoded: Digest,
}

impl Check {
    fn before(&self, blob: &dyn Archive) -> Result<()> {
        match &self.blob {
            Some(descriptor) => descriptor.check(blob),
            None => Ok(()),
        }
    }

    fn after(&self, archive: &dyn Archive) -> Result<()> {
        // What is not compressed has one digest, which is right already.
        match &self.blob {
            Some(blob) if blob.digest == self.decoded => Ok(()),
            _ => self.decoded.check(archive).context("when it is decoded"),
        }
    }
}

/// A layer that is right, as a tar archive, and what messages call it.
type Opened = (String, Arc<dyn Archive>);

/// Checks all layers, and decodes those that are compressed; they keep their order.
///
/// # Errors
///
/// Fails with the first one that is not what it should be.
pub(super) fn open(blobs: Vec<Blob>, options: &Options<'_>) -> Result<Vec<Opened>> {
    let count = blobs.len();
    let next = AtomicUsize::new(0);
    let opened: Vec<OnceLock<Result<Arc<dyn Archive>>>> =
        blobs.iter().map(|_| OnceLock::new()).collect();
    let (folder, limits, epoch) = (options.spool_dir, options.limits, options.source_date_epoch);
    let cache = options.cache;
    let sizes = Sizes::default();
    let work = || {
        let quiet = Options {
            spool_dir: folder,
            source_date_epoch: epoch,
            cache,
            limits,
            lenient: false,
            progress: &|_| {},
        };
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(blob) = blobs.get(index) else {
                return;
            };
            let result = open_one(blob, &quiet, &sizes);
            if result.is_err() {
                // The others need not be looked at.
                next.store(count, Ordering::Relaxed);
            }
            // No other thread had this one.
            opened[index].get_or_init(|| result);
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 1..cores.min(THREADS).min(count) {
            // Where there are fewer threads than asked for, these do all.
            thread::Builder::new().spawn_scoped(scope, work).ok();
        }
        work();
    });
    let mut results = Vec::new();
    let mut first_error = None;
    for (blob, slot) in blobs.into_iter().zip(opened) {
        match slot.into_inner() {
            Some(Ok(archive)) => results.push((blob.title, archive)),
            Some(Err(error)) => {
                let title = format!("layer {}", blob.title);
                first_error.get_or_insert(error.context(title));
            }
            None => {}
        }
    }
    match first_error {
        Some(error) => Err(error),
        None => Ok(results),
    }
}

fn open_one(blob: &Blob, options: &Options<'_>, sizes: &Sizes) -> Result<Arc<dyn Archive>> {
    let file = &blob.file;
    blob.check.before(&**file)?;
    let len = file.len()?;
    let mut head = vec![0; usize::try_from(len).map_or(ENOUGH, |len| len.min(ENOUGH))];
    file.read_exact_at(&mut head, 0).context("cannot read")?;
    let kind = kind::recognise(&head);
    let archive: Arc<dyn Archive> = match kind {
        Kind::Tar => file.clone(),
        _ => {
            let digest = blob.check.blob.as_ref().map(|blob| &blob.digest);
            spool::open_blob(&**file, &head, digest, options)?
        }
    };
    let mut head = vec![0; usize::try_from(archive.len()?).map_or(ENOUGH, |len| len.min(ENOUGH))];
    archive.read_exact_at(&mut head, 0).context("cannot read")?;
    ensure!(
        kind::recognise(&head) != Kind::Image,
        "not a tar archive: it is a disk image"
    );
    if let Kind::Compressed(codec) = kind {
        let stored = sizes.stored.fetch_add(len, Ordering::Relaxed) + len;
        let size = archive.len()?;
        let decoded = sizes.decoded.fetch_add(size, Ordering::Relaxed) + size;
        options.limits.check_decoded(Some(codec), stored, decoded)?;
    }
    blob.check.after(&*archive)?;
    Ok(archive)
}

/// Bytes of all compressed layers so far, which share one limit: a manifest may name one a thousand
/// times.
#[derive(Default)]
struct Sizes {
    stored: AtomicU64,
    decoded: AtomicU64,
}
