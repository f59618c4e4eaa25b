//! `hsb diff`: what differs in two images.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;

use super::choice::{self, Choice};
use super::look::{Look, end, paths};
use super::{FAILED, WRONG, fail};
use crate::difference::{Aspect, Difference, Options, compare, unified};
use crate::reader::name::shown;
use crate::reader::resolve_link;
use crate::reader::unread::Unread;
use crate::reader::walk::normal;
use crate::source::{Opened, Platform, Which};

#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The first image, tarball, folder or container image
    a: PathBuf,
    /// The second one
    b: PathBuf,
    /// Only what lies at this path and below it
    #[arg(default_value = "/", hide_default_value = true)]
    path: PathBuf,
    /// Show how texts differ, as diff -u does
    #[arg(long, conflicts_with = "json")]
    content: bool,
    /// What may differ: --ignore mtime,owner
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    ignore: Vec<Aspect>,
    /// Print the differences as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    look: Look,
    /// What --tag is for B, where that is another one
    #[arg(long, value_name = "TAG")]
    b_tag: Option<String>,
    /// What --platform is for B, where that is another one
    #[arg(long, value_name = "OS/ARCHITECTURE", value_parser = choice::platform)]
    b_platform: Option<Platform>,
    /// What --partition is for B, where that is another one: --partition 2 --b-partition 3
    #[arg(long, value_name = "PARTITION", value_parser = choice::partition)]
    b_partition: Option<Which>,
}

/// Runs the command.
pub(super) fn diff(arguments: &Diff) -> ExitCode {
    let of_b = Choice {
        tag: arguments.b_tag.clone(),
        platform: arguments.b_platform.clone(),
        partition: arguments.b_partition.clone(),
    };
    let (look_a, look_b) = arguments.look.of_two([&arguments.a, &arguments.b], &of_b);
    let (a, b) = std::thread::scope(|scope| {
        let open_b = || look_b.open_either(&arguments.b);
        let b = std::thread::Builder::new().spawn_scoped(scope, open_b);
        let a = look_a.open_either(&arguments.a);
        let b = match b {
            Ok(b) => b
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => open_b(),
        };
        (a, b)
    });
    let differences = a.and_then(|a| {
        let b = b?;
        let (of_a, of_both) = arguments.look.choice.apart(&of_b);
        of_a.check(&[&a], &arguments.a)?;
        of_both.check(&[&a, &b], &arguments.b)?;
        of_b.check(&[&b], &arguments.b)?;
        let (found, unread) = find(arguments, [&a, &b])?;
        Ok((a, b, found, unread))
    });
    match differences {
        Ok((a, b, found, mut unread)) => {
            // Whoever has read enough of it is told the same.
            let code = match found[..] {
                [] => ExitCode::SUCCESS,
                _ => ExitCode::from(FAILED),
            };
            let shown = show(arguments, [&a, &b], &found, &mut unread);
            unread.tell();
            match end(shown.map(|()| code), code) {
                // Whether they differ is not known: 1 would say that this is all.
                _ if !unread.is_empty() => ExitCode::from(WRONG),
                code => code,
            }
        }
        Err(error) => fail(&error, WRONG),
    }
}

fn find(arguments: &Diff, opened: [&Opened; 2]) -> Result<(Vec<Difference>, Unread)> {
    let path = normal(&paths(std::slice::from_ref(&arguments.path))[0]);
    let readers = opened.map(|opened| &*opened.reader);
    let resolve = |side: usize| {
        let id = resolve_link(readers[side], &path);
        id.with_context(|| format!("{}: {}", readers[side].name(), shown(&path)))
    };
    let options = Options {
        ignored: arguments.ignore.clone(),
        threads: std::thread::available_parallelism().map_or(1, |n| n.get().min(8)),
    };
    let found = compare(readers, &path, [resolve(0)?, resolve(1)?], &options)?;
    for reader in readers {
        reader.check_unchanged()?;
    }
    Ok(found)
}

fn show(
    arguments: &Diff,
    opened: [&Opened; 2],
    found: &[Difference],
    unread: &mut Unread,
) -> Result<()> {
    let readers = opened.map(|opened| &*opened.reader);
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, found)?;
        writeln!(out)?;
    }
    for difference in found.iter().filter(|_| !arguments.json) {
        writeln!(out, "{difference}")?;
        if let Difference::Changed(changed) = difference
            && arguments.content
            && changed.has_content()
        {
            match unified(readers, changed.ids, difference.path()) {
                Ok(text) => out.write_all(text.unwrap_or_default().as_bytes())?,
                Err(error) => unread.note(&error.context(shown(difference.path()))),
            }
        }
    }
    Ok(out.flush()?)
}
