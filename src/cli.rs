//! The command line: arguments in, a report or one error out.

mod cache;
mod cat;
mod choice;
mod completions;
mod diff;
mod export;
mod inspect;
mod look;
mod ls;
mod modules;
mod verify;

use std::io::ErrorKind::NotFound;
use std::io::{self, Write};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use clap::{ArgAction, Args, Parser, Subcommand};

use crate::progress::{Progress, Verbosity, say};
use crate::recipe::{self, Recipe, Size};
use crate::report::Report;
use crate::source::{Input, Limits, Source};
use crate::{
    Cache, Destination, Planned, Request, build, destination, interrupt, own, plan, shown,
    source_date_epoch,
};

/// The recipe that calls are about which name none.
const RECIPE: &str = "build.yaml";

/// Assemble disk images in userspace, without root.
#[derive(Debug, Parser)]
#[command(name = "hsb", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the image that a recipe describes
    Build(Options),
    /// Show what a build would make, exactly, without making it
    Plan(PlanOptions),
    /// Show what is in a disk image, tarball, folder or container image: system, kernels, how much
    ///
    /// Exit status: 2 when it cannot be opened.
    Inspect(inspect::Inspect),
    /// List files in an image, without mounting it
    ///
    /// IMAGE is anything that a build starts from or makes. Exit status: 1 when a path leads
    /// nowhere, 2 when IMAGE cannot be opened.
    Ls(ls::Ls),
    /// Print files in an image
    ///
    /// Exit status: 1 when a path leads to no file, 2 when IMAGE cannot be opened.
    Cat(cat::Cat),
    /// Show what differs in two images, path by path
    ///
    /// Both are anything that a build starts from or makes. Exit status: 0 when they are the same,
    /// 1 when they differ, 2 when that cannot be told.
    Diff(diff::Diff),
    /// Turn an image back into a tarball or a container image
    ///
    /// IMAGE is anything that a build starts from or makes. Exit status: 1 when it fails, 2 when
    /// IMAGE cannot be opened or the call is wrong.
    Export(export::Export),
    /// Read everything in a raw image that is not the content of files, and say what is wrong; or
    /// build it again, and say what differs
    ///
    /// Partition tables (GPT, MBR) and filesystems (ext2 to ext4, FAT, swap). With --rebuild, IMAGE
    /// has any format that a build writes, and is compared with what a recipe makes, bit by bit.
    /// Exit status: 0 clean or the same, 1 problems found or differences, 2 when neither can be told.
    Verify(verify::Verify),
    /// Run a module in Starlark for the process that started this one
    #[cfg(feature = "starlark")]
    #[command(hide = true)]
    Starlark(own::starlark::Arguments),
    /// List the modules that are here, describe one, or start one
    Modules(modules::Modules),
    /// Show what earlier builds have kept, and remove it
    ///
    /// Fetched files and decoded sources are kept in $HSB_CACHE, else in `hsb` in $XDG_CACHE_HOME or
    /// ~/.cache: 10 GiB, or $HSB_CACHE_SIZE, and never more than half of what the disk has for it.
    Cache(cache::Options),
    /// Print the JSON Schema of recipes, for editors
    Schema(modules::Schema),
    /// Print what a shell completes calls of hsb with
    Completions(completions::Options),
}

#[derive(Debug, Args)]
struct PlanOptions {
    #[command(flatten)]
    options: Options,
    /// Say which steps changed a path of the image, and nothing else
    #[arg(long, value_name = "PATH", conflicts_with_all = ["json", "show"])]
    why: Option<PathBuf>,
    /// Print a text file as it will be in the image, and nothing else
    #[arg(long, value_name = "PATH", conflicts_with = "json")]
    show: Option<PathBuf>,
    /// With --show: print the difference that this step made, counted from 1
    #[arg(long, value_name = "NUMBER", requires = "show")]
    step: Option<usize>,
}

#[derive(Debug, Args)]
struct Options {
    /// The recipe [default: build.yaml, which need not be there with -i]
    #[arg(short, long, value_name = "RECIPE")]
    file: Option<PathBuf>,
    /// The tarball, folder, container image or disk image to start from, or - for standard input;
    /// overrides `source:`
    #[arg(short, long, value_name = "SOURCE")]
    input: Option<PathBuf>,
    /// Size of the image: 4G, 512MiB, auto, or +512M for that much free; overrides `size:`
    #[arg(short, long)]
    size: Option<Size>,
    /// A file to make; its ending chooses the format. Several can be made at once
    /// [default: the recipe's `name:` with .raw]
    #[arg(short, long, value_name = "OUT", long_help = output_help())]
    output: Vec<PathBuf>,
    /// Store kernel and ramdisk of the image, too, as EC2 wants it: NAME-vmlinuz and NAME-initrd,
    /// in an archive, or beside any other OUT
    ///
    /// OUT can be a folder, then: NAME.img goes there. Unless the recipe has `table` or
    /// `partitions`, the image is a bare filesystem. The newest kernel is taken, or the one that
    /// `boot: {kernel: ...}` names.
    #[arg(short = 'x', long)]
    extract_boot: bool,
    /// Compress the clusters of a .qcow2
    #[arg(short, long)]
    compress: bool,
    /// Decode a compressed or piped source into a temporary file in this folder, and not into the
    /// cache
    /// [default: HSB_CACHE, else TMPDIR; where neither is set, the cache, else the folder of OUT]
    #[arg(long, value_name = "FOLDER")]
    tmp: Option<PathBuf>,
    /// Take nothing from the cache, and put nothing there: see `hsb cache`
    #[arg(long)]
    no_cache: bool,
    /// Do not wait until OUT is on disk: quicker, but a power cut soon after can leave an OUT that
    /// is not whole
    #[arg(long)]
    no_sync: bool,
    /// Let a compressed source decode to as many bytes as this, such as 100G
    /// [default: 16G, or 200 times its compressed size where that is more]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    max_decoded: Option<u64>,
    /// Let the names and attributes of a source take as much memory as this, such as 10G
    /// [default: 4G, which is some millions of files]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    max_metadata: Option<u64>,
    /// Threads that write the image [default: one for each core, at most 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Print the report as JSON on standard output
    #[arg(long)]
    json: bool,
    /// Print only warnings and errors
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Print every path that each step changes
    #[arg(short, long, action = ArgAction::SetTrue)]
    verbose: bool,
}

/// The build failed, or the image has problems.
const FAILED: u8 = 1;
/// The call or the recipe is wrong.
const WRONG: u8 = 2;

/// Runs the program with the process's own arguments and streams.
pub fn run() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    own::this_is_hsb();
    let (options, planning) = match &command {
        Command::Build(options) => (options, None),
        Command::Plan(plan) => (&plan.options, Some(plan)),
        Command::Inspect(arguments) => return inspect::inspect(arguments),
        Command::Ls(arguments) => return ls::ls(arguments),
        Command::Cat(arguments) => return cat::cat(arguments),
        Command::Diff(arguments) => return diff::diff(arguments),
        Command::Export(arguments) => return export::export(arguments),
        Command::Verify(options) => return verify::verify(options),
        #[cfg(feature = "starlark")]
        Command::Starlark(arguments) => return own::starlark::serve(arguments.clone()),
        Command::Modules(options) => return end(modules::modules(options), WRONG),
        Command::Cache(options) => return end(cache::run(options), WRONG),
        Command::Schema(options) => return end(modules::print_schema(options), WRONG),
        Command::Completions(options) => return end(completions::run(options), WRONG),
    };
    let verbosity = match (options.quiet, options.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    if let Err(error) = interrupt::watch() {
        say(format_args!("hsb: signals cannot be watched: {error}"));
        return ExitCode::from(FAILED);
    }
    let progress = Progress::new(verbosity);
    let request = match request(options, planning.is_some()) {
        Ok(request) => request,
        Err(error) => return fail(&error, WRONG),
    };
    let result = match planning {
        Some(options) => {
            // The end of the process frees what is planned faster than the program could.
            let planned = plan(&request, &progress).map(ManuallyDrop::new);
            planned.and_then(|planned| show_plan(&planned, options, verbosity))
        }
        None => build(&request, &progress).and_then(|built| {
            // Where the report cannot be given, the build has failed, and what was there stays.
            show(&built.report, options, verbosity, 0)?;
            built.finish()
        }),
    };
    end(result, FAILED)
}

fn end(result: Result<()>, code: u8) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, code),
    }
}

fn fail(error: &anyhow::Error, code: u8) -> ExitCode {
    say(format_args!("hsb: {error:#}"));
    ExitCode::from(code)
}

/// Checks all that can be wrong before any work starts.
fn request(options: &Options, is_plan: bool) -> Result<Request> {
    request_for(options, is_plan, |recipe, sources| {
        let (outs, extract) = (&options.output, options.extract_boot);
        let outs = Destination::all(outs, recipe, extract, sources)?;
        if options.compress && !outs.iter().any(Destination::has_compression) {
            bail!(
                "--compress: no OUT is a .qcow2; the ending of others says how they are compressed"
            );
        }
        Ok(outs)
    })
}

/// As above, for the files that `outs` returns.
fn request_for(
    options: &Options,
    is_plan: bool,
    outs: impl FnOnce(&Recipe, &[Source]) -> Result<Vec<Destination>>,
) -> Result<Request> {
    let usual = Path::new(RECIPE);
    let is_there = || {
        !usual
            .symlink_metadata()
            .is_err_and(|e| e.kind() == NotFound)
    };
    let mut recipe = match &options.file {
        Some(file) => recipe::read(file, options.size)?,
        None if options.input.is_none() || is_there() => recipe::read(usual, options.size)?,
        None => recipe::without_keys(usual, options.size)?,
    };
    if options.extract_boot && !recipe.is_divided {
        recipe.table = recipe::Table::None;
    }
    let least = plan::least(&recipe)?;
    let sources = sources(options, &recipe)?;
    let outs = outs(&recipe, &sources)?;
    destination::check_sizes(&outs, &least)?;
    if let Some(tmp) = &options.tmp
        && !tmp.is_dir()
    {
        bail!("--tmp {}: is no folder", tmp.display());
    }
    let spool_dir = options
        .tmp
        .clone()
        .or_else(|| {
            std::env::var_os("TMPDIR")
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        })
        .or_else(|| outs.first().map(|out| out.folder().to_owned()))
        .unwrap_or_else(std::env::temp_dir);
    // More threads than that gain nothing, and each holds a buffer.
    let cores = || std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
    Ok(Request {
        recipe,
        sources,
        outs,
        extract_boot: options.extract_boot,
        compress: options.compress,
        spool_dir,
        cache: cache(options.no_cache, options.tmp.as_deref())?,
        limits: Limits {
            decoded: options.max_decoded,
            metadata: options.max_metadata,
        },
        threads: options.threads.map_or_else(cores, usize::from),
        source_date_epoch: source_date_epoch()?,
        digest: options.json && !is_plan,
        sync: !options.no_sync,
    })
}

/// Returns what earlier calls have kept. What is decoded goes to `tmp`, if that is given.
fn cache(no_cache: bool, tmp: Option<&Path>) -> Result<Option<Cache>> {
    let cache = match no_cache {
        true => None,
        false => Cache::of_environment()?,
    };
    Ok(match tmp {
        None => cache,
        Some(_) => cache.map(Cache::decoding_elsewhere),
    })
}

/// Returns what to start from, all of it checked as far as that is quick.
fn sources(options: &Options, recipe: &Recipe) -> Result<Vec<Source>> {
    if let Some(path) = &options.input {
        let input = match path.as_os_str() == "-" {
            true => Input::Stdin,
            false => Input::parse(path, Path::new(""))
                .map_err(|wrong| anyhow!("-i `{}` {wrong}", path.display()))?,
        };
        let source = Source::from(input);
        source.check()?;
        return Ok(vec![source]);
    }
    if recipe.sources.is_empty() {
        bail!(
            "{}: no source; name a tarball or a folder with `source:` or -i",
            options
                .file
                .as_deref()
                .unwrap_or(Path::new(RECIPE))
                .display()
        );
    }
    let checked = recipe.sources.iter().map(|source| {
        let wrong = |error| recipe.error(source.error(format!("{error:#}")));
        source.check().map_err(wrong)?;
        Ok(source.value.clone())
    });
    checked.collect()
}

/// Reads a number of bytes, as sizes are written.
fn bytes(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(Size::Bytes(bytes)) => Ok(bytes),
        Ok(_) => Err("give it a number of bytes, such as 100G".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Returns the help of `-o`.
fn output_help() -> String {
    let endings = crate::format::Format::endings();
    format!(
        "A file to make; its ending chooses the format. Several can be made at once\n\
         [default: the recipe's `name:` with .raw]\n\nEndings: {endings}"
    )
}

/// How many changes of each step a plan shows without `-v`.
const CHANGES_SHOWN: usize = 20;

fn show_plan(planned: &Planned, options: &PlanOptions, verbosity: Verbosity) -> Result<()> {
    let text = match (&options.why, &options.show) {
        (Some(path), _) => planned.why(path)?,
        (_, Some(path)) => planned.show(path, options.step)?,
        _ => return show(&planned.report, &options.options, verbosity, CHANGES_SHOWN),
    };
    print(&text)
}

/// Prints warnings and the report, with so many changes of each step, or all with `-v`.
fn show(report: &Report, options: &Options, verbosity: Verbosity, changes: usize) -> Result<()> {
    for warning in &report.warnings {
        let warning = shown::one_line(warning, usize::MAX);
        say(format_args!("hsb: warning: {warning}"));
    }
    let mut text = String::new();
    if options.json {
        text = serde_json::to_string_pretty(report)?;
        text.push('\n');
    } else if verbosity != Verbosity::Quiet {
        text = report.to_string();
        let most = match verbosity {
            Verbosity::Verbose => usize::MAX,
            _ => changes,
        };
        for step in report.steps.iter().filter(|_| most > 0) {
            for change in step.changes.iter().take(most) {
                text += &format!("  step {} {change}\n", step.number);
            }
            let more = step.changes.len().saturating_sub(most);
            if more > 0 {
                text += &format!(
                    "  step {} ... and {more} more, which -v shows\n",
                    step.number
                );
            }
        }
    }
    print(&text)
}

fn print(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        // A reader that has seen enough is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("standard output"),
    }
}
