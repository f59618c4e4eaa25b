//! `hsb cache`: what earlier builds have kept.

use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use super::print;
use crate::Cache;
use crate::report::Size;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Remove all of it; builds that run now are not disturbed
    Clear,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let Some(cache) = Cache::of_environment()? else {
        bail!(
            "there is no cache: neither HSB_CACHE nor XDG_CACHE_HOME is set, and HOME is no folder"
        );
    };
    match options.command {
        None => print(&list(&cache)),
        Some(Command::Clear) => {
            let bytes = cache.held();
            cache.clear()?;
            print(&format!(
                "{}: {} removed\n",
                cache.folder().display(),
                Size(bytes)
            ))
        }
    }
}

/// Says what is in the cache, a line each, what was used last first.
fn list(cache: &Cache) -> String {
    let mut text = format!(
        "{}: {}, at most {}\n",
        cache.folder().display(),
        Size(cache.held()),
        Size(cache.room())
    );
    let names = cache.names();
    for entry in cache.entries().iter().rev() {
        let kind = if entry.is_decoded {
            "decoded"
        } else {
            "fetched"
        };
        let size = Size(entry.bytes).to_string();
        let used = ago(entry.used);
        text += &format!("{kind} {size:>10}  used {used:<12}  {}\n", entry.digest);
        for (_, name) in names.iter().filter(|(digest, _)| *digest == entry.digest) {
            let name: String = name.chars().filter(|c| !c.is_control()).collect();
            text += &format!("  {name}\n");
        }
    }
    text
}

/// Says how long ago a time is.
fn ago(time: SystemTime) -> String {
    let seconds = time.elapsed().as_ref().map_or(0, Duration::as_secs);
    let units = [(86_400, "d"), (3_600, "h"), (60, "min")];
    match units.into_iter().find(|(unit, _)| seconds >= *unit) {
        Some((unit, name)) => format!("{} {name} ago", seconds / unit),
        None => "just now".to_owned(),
    }
}
