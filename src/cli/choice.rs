//! Which of several images or partitions is looked into.

use std::path::Path;

use anyhow::{Result, ensure};
use clap::Args;

use crate::source::{Opened, Platform, Which};

/// What is chosen; nothing where there is one alone.
#[derive(Debug, Clone, Args)]
pub(super) struct Choice {
    /// Of several container images, the one with this tag
    #[arg(long)]
    pub(super) tag: Option<String>,
    /// Of a container image for several machines, the one for this: linux/arm64
    #[arg(long, value_name = "OS/ARCHITECTURE", value_parser = platform)]
    pub(super) platform: Option<Platform>,
    /// Of a disk image, the partition with this number, or with this name or label
    /// [default: the root filesystem]
    #[arg(long, value_name = "PARTITION", value_parser = partition)]
    pub(super) partition: Option<Which>,
}

pub(super) fn platform(text: &str) -> Result<Platform, &'static str> {
    text.parse()
}

pub(super) fn partition(text: &str) -> Result<Which, &'static str> {
    match text.parse() {
        Ok(0) => Err("numbers start at 1"),
        Ok(number) => Ok(Which::Number(number)),
        Err(_) if text.is_empty() => Err("the name is empty"),
        Err(_) => Ok(Which::Name(text.to_owned())),
    }
}

impl Choice {
    /// Returns what is chosen where another image has choices of its own, and what for both.
    pub(super) fn apart(&self, others: &Self) -> (Self, Self) {
        let mut alone = self.clone();
        let mut both = self.clone();
        alone.tag = alone.tag.filter(|_| others.tag.is_some());
        both.tag = both.tag.filter(|_| others.tag.is_none());
        alone.platform = alone.platform.filter(|_| others.platform.is_some());
        both.platform = both.platform.filter(|_| others.platform.is_none());
        alone.partition = alone.partition.filter(|_| others.partition.is_some());
        both.partition = both.partition.filter(|_| others.partition.is_none());
        (alone, both)
    }

    /// Checks that there is something to choose from among what was opened, if there is a choice.
    ///
    /// # Errors
    ///
    /// Fails when there is not.
    pub(super) fn check(&self, opened: &[&Opened], name: &Path) -> Result<()> {
        let has_disk = opened.iter().any(|opened| opened.disk.is_some());
        let has_images = opened.iter().any(|opened| opened.image_config.is_some());
        self.check_kinds(has_disk, has_images, name)
    }

    /// Checks the same of what there is to choose from.
    ///
    /// # Errors
    ///
    /// Fails when there is nothing.
    pub(super) fn check_kinds(&self, has_disk: bool, has_images: bool, name: &Path) -> Result<()> {
        let name = name.display();
        ensure!(
            self.partition.is_none() || has_disk,
            "--partition chooses a part of a disk image, and {name} is none"
        );
        ensure!(
            (self.tag.is_none() && self.platform.is_none()) || has_images,
            "--tag and --platform choose a container image, and {name} is none"
        );
        Ok(())
    }
}
