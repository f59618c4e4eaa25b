//! The files of one build: the image in each format that is asked for, kernel and ramdisk.

use std::io;
use std::ops::Range;

use anyhow::{Context as _, Error, Result};
use fsgen::{Content, WriteAt};

use crate::destination::{self, Part};
use crate::draft::Draft;
use crate::format::{self, Image, Sinks};
use crate::output::{Output, Place};
use crate::progress::Progress;
use crate::report::Size;
use crate::{Request, bundle, image, report};

/// Files under way; [`report::File`]s are in the same order.
pub(crate) struct Files {
    images: Vec<Output>,
    /// Kernels and ramdisks beside images.
    beside: Vec<(Output, Place, Part)>,
    /// What modules put beside images.
    companions: Vec<Output>,
    left_over: Vec<String>,
}

impl Files {
    /// Opens all files, before any work is done that could be in vain.
    pub(crate) fn create(request: &Request) -> Result<Self> {
        let mut files = Self {
            images: Vec::new(),
            beside: Vec::new(),
            companions: Vec::new(),
            left_over: Vec::new(),
        };
        for out in &request.outs {
            files.images.push(Output::create(&out.place, request.sync)?);
        }
        for (place, part) in destination::beside(&request.outs) {
            let output = Output::create(place, request.sync)?;
            files.beside.push((output, place.clone(), part));
        }
        Ok(files)
    }

    /// Writes all of them, the image from one pass over the plan.
    pub(crate) fn write(
        &mut self,
        draft: &Draft,
        request: &Request,
        progress: &Progress,
    ) -> Result<()> {
        let Draft { tree, plan, .. } = draft;
        let threads = request.threads;
        if let Some(bundle) = &draft.bundle {
            if bundle.ramdisk.is_none() {
                self.beside.retain(|(_, place, part)| {
                    if *part == Part::Ramdisk && place.is_taken() {
                        self.left_over.push(format!(
                            "{place}: was there before; the kernel of this image has no ramdisk"
                        ));
                    }
                    *part == Part::Kernel
                });
            }
            for (output, place, part) in &self.beside {
                let content = match part {
                    Part::Kernel => Some(&bundle.kernel),
                    Part::Ramdisk => bundle.ramdisk.as_ref(),
                };
                if let Some(content) = content {
                    format::copy(content, tree, output, 0, threads)
                        .with_context(|| place.to_string())?;
                }
            }
        }
        for (place, companion) in &draft.companions {
            let output = Output::create(place, request.sync)?;
            let written = output.write_all_at(&companion.bytes, 0);
            written.with_context(|| place.to_string())?;
            self.companions.push(output);
        }
        let written = image::written(plan, tree)?;
        let named = request.outs.iter().zip(&self.images).map(|(out, output)| {
            let name = match (out.format.is_archive, &draft.bundle) {
                (true, Some(_)) => format!("{}.img", out.name),
                (true, None) => format!("{}.raw", out.name),
                (false, _) => output.name(),
            };
            (out.format, output, name, members(draft, &out.name))
        });
        let named: Vec<_> = named.collect();
        let mut sinks = Vec::new();
        for (format, output, name, members) in &named {
            let image = Image {
                bytes: plan.bytes,
                written: &written,
                name,
                companions: members,
                tree,
                time: draft.now,
                id: plan.id,
                compress: request.compress,
                threads,
            };
            sinks.push(format.open(&image, output)?);
        }
        let sinks = Sinks(sinks);
        let write = || {
            image::write(plan, tree, &sinks, threads, progress)?;
            for (sink, output) in sinks.0.into_iter().zip(&self.images) {
                sink.finish().with_context(|| output.to_string())?;
            }
            Ok(())
        };
        write().map_err(|error| match is_no_room(&error) {
            true => error.context(no_room(&written)),
            false => error,
        })
    }

    /// Returns warnings about files of an earlier build that do not go with these.
    pub(crate) fn left_over(&self) -> Vec<String> {
        self.left_over.clone()
    }

    /// Adds to what is told of the files their sizes, and digests if these are asked for.
    pub(crate) fn measure(
        &self,
        files: &mut [report::File],
        digest: bool,
        progress: &Progress,
    ) -> Result<()> {
        let beside = self.beside.iter().map(|(output, _, _)| output);
        let outputs = self.images.iter().chain(beside).chain(&self.companions);
        for (file, output) in files.iter_mut().zip(outputs) {
            file.bytes = Some(output.len()?);
            if digest {
                file.sha256 = Some(output.sha256(progress)?);
            }
        }
        Ok(())
    }

    /// Waits until all are on disk, if they have to be, and returns them in the order in which they go
    /// to their places.
    pub(crate) fn end(self) -> Result<Vec<Output>> {
        let beside = self.beside.into_iter().map(|(output, _, _)| output);
        let images = self.images.into_iter();
        let all: Vec<_> = images.chain(beside).chain(self.companions).collect();
        all.iter().try_for_each(Output::end)?;
        Ok(all)
    }
}

/// Returns whether a disk is full, or no more of it is for this user.
fn is_no_room(error: &Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let mut causes = error
        .chain()
        .filter_map(<dyn std::error::Error>::downcast_ref);
    causes
        .any(|cause: &io::Error| matches!(cause.kind(), FileTooLarge | QuotaExceeded | StorageFull))
}

/// Says how much room an image takes.
fn no_room(written: &[Range<u64>]) -> String {
    let bytes = written.iter().map(|range| range.end - range.start).sum();
    let size = Size(bytes);
    format!("no room for an image that is {size} without its holes, and less only if it is packed")
}

/// Returns what goes into an archive before the image.
fn members(draft: &Draft, name: &str) -> Vec<(String, Content)> {
    let Some(bundle) = &draft.bundle else {
        return Vec::new();
    };
    let kernel = (bundle::KERNEL, Some(&bundle.kernel));
    let ramdisk = (bundle::RAMDISK, bundle.ramdisk.as_ref());
    [kernel, ramdisk]
        .into_iter()
        .filter_map(|(part, content)| Some((format!("{name}-{part}"), content?.clone())))
        .collect()
}
