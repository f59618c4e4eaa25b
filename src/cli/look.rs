//! What all commands share that look into an image: which one, and how it is read.

use std::io::{self, BufWriter, StdoutLock, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Args;

use super::choice::Choice;
use super::{WRONG, bytes, fail};
use crate::progress::say;
use crate::source::{self, Found, Input, Limits, Opened, Options, Source};

/// How what is looked into is read.
#[derive(Debug, Clone, Args)]
pub(super) struct Look {
    #[command(flatten)]
    pub(super) choice: Choice,
    /// Decode a compressed or piped archive into a temporary file in this folder, and not into the
    /// cache
    /// [default: the cache; where there is none, TMPDIR if it is set, else /tmp]
    #[arg(long, value_name = "FOLDER")]
    tmp: Option<PathBuf>,
    /// Take nothing from the cache, and put nothing there: see `hsb cache`
    #[arg(long)]
    no_cache: bool,
    /// Let a compressed archive decode to as many bytes as this, such as 100G
    /// [default: 16G, or 200 times its compressed size where that is more]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    max_decoded: Option<u64>,
    /// Let names and attributes take as much memory as this, such as 10G
    /// [default: 4G, which is some millions of files]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    max_metadata: Option<u64>,
}

impl Look {
    /// Returns the source that an argument names.
    pub(super) fn source(&self, name: &Path) -> Result<Source> {
        let from = match name.as_os_str() == "-" {
            true => Input::Stdin,
            false => Input::parse(name, Path::new(""))
                .map_err(|wrong| anyhow!("`{}` {wrong}", name.display()))?,
        };
        let source = Source {
            // Nothing is made of what is only looked at.
            trust: matches!(from, Input::Url(_)),
            tag: self.choice.tag.clone(),
            platform: self.choice.platform.clone(),
            partition: self.choice.partition.clone(),
            ..Source::from(from)
        };
        Ok(source)
    }

    /// Opens what an argument names.
    pub(super) fn open(&self, name: &Path) -> Result<Opened> {
        let opened = self.open_either(name)?;
        self.choice.check(&[&opened], name)?;
        Ok(opened)
    }

    /// Returns how two are looked into, of which the second has choices of its own. A tag is for the
    /// one that is in a file where the other is in a registry, whose name has it.
    pub(super) fn of_two(&self, names: [&Path; 2], of_b: &Choice) -> (Self, Self) {
        let is_remote = names.map(|name| name.as_os_str().as_bytes().starts_with(b"oci:"));
        let mut a = self.clone();
        if is_remote == [true, false] {
            a.choice.tag = None;
        }
        let mut b = self.clone();
        if is_remote == [false, true] {
            b.choice.tag = None;
        }
        let of_b = of_b.clone();
        b.choice.tag = of_b.tag.or(b.choice.tag);
        b.choice.platform = of_b.platform.or(b.choice.platform);
        b.choice.partition = of_b.partition.or(b.choice.partition);
        (a, b)
    }

    /// Opens what an argument names, but chooses nothing on a disk.
    pub(super) fn find(&self, name: &Path) -> Result<Found> {
        let found = self.find_either(name)?;
        let (has_disk, has_images) = match &found {
            Found::Disk(..) => (true, false),
            Found::Files(opened) => (false, opened.image_config.is_some()),
        };
        self.choice.check_kinds(has_disk, has_images, name)?;
        Ok(found)
    }

    /// Opens what an argument names, one of two: a choice may be for the other.
    pub(super) fn open_either(&self, name: &Path) -> Result<Opened> {
        let opened = match self.find_either(name)? {
            Found::Disk(stored, warnings) => Opened {
                warnings,
                ..Opened::on_disk(stored.disk, &self.source(name)?, self.limits())?
            },
            Found::Files(opened) => opened,
        };
        for warning in &opened.warnings {
            say(format_args!("hsb: warning: {warning}"));
        }
        Ok(opened)
    }

    /// Returns what an argument may take.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            decoded: self.max_decoded,
            metadata: self.max_metadata,
        }
    }

    fn find_either(&self, name: &Path) -> Result<Found> {
        let source = self.source(name)?;
        let is_registry = matches!(source.from, Input::Registry(_));
        let any = Source {
            // There, it is wrong whatever the other one is.
            tag: source.tag.clone().filter(|_| is_registry),
            platform: None,
            partition: None,
            ..source.clone()
        };
        any.check()?;
        let spool_dir = self.tmp.clone().unwrap_or_else(std::env::temp_dir);
        let cache = super::cache(self.no_cache, self.tmp.as_deref())?;
        let options = Options {
            spool_dir: &spool_dir,
            source_date_epoch: crate::source_date_epoch()?,
            cache: cache.as_ref(),
            limits: self.limits(),
            lenient: true,
            progress: &|_| {},
        };
        source::find(&source, &options)
    }
}

/// Returns the bytes of paths as they were given.
pub(super) fn paths(paths: &[PathBuf]) -> Vec<Vec<u8>> {
    let bytes = paths.iter().map(|path| path.as_os_str().as_bytes());
    bytes.map(<[u8]>::to_vec).collect()
}

/// Opens an image and shows something of it on standard output. Exit status: 2 when it cannot be
/// opened, 1 when the rest fails.
pub(super) fn show(
    look: &Look,
    image: &Path,
    show: impl FnOnce(Opened, &mut dyn Write) -> Result<ExitCode>,
) -> ExitCode {
    let opened = match look.open(image) {
        Ok(opened) => opened,
        Err(error) => return fail(&error, WRONG),
    };
    let mut out = BufWriter::with_capacity(1 << 16, Stdout::lock());
    let shown = show(opened, &mut out).and_then(|code| {
        out.flush()?;
        Ok(code)
    });
    // What could not be written is not tried again.
    drop(out.into_parts());
    end(shown, ExitCode::SUCCESS)
}

/// Standard output, whose errors say that they are its own: not a file of the image is full.
pub(super) struct Stdout(StdoutLock<'static>);

impl Stdout {
    /// Takes it.
    pub(super) fn lock() -> Self {
        Self(io::stdout().lock())
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(named)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(named)
    }
}

fn named(error: io::Error) -> io::Error {
    match error.kind() {
        // Writers try again.
        io::ErrorKind::Interrupted => error,
        kind => io::Error::new(kind, format!("standard output: {error}")),
    }
}

/// Returns the exit status of something that was shown; `gone` where nobody reads any more, which is
/// no failure.
pub(super) fn end(shown: Result<ExitCode>, gone: ExitCode) -> ExitCode {
    match shown {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => gone,
        Err(error) => fail(&error, super::FAILED),
    }
}

/// Returns whether nobody reads any more.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.root_cause().downcast_ref::<io::Error>();
    let json = error.downcast_ref::<serde_json::Error>();
    let kind = io.map(io::Error::kind);
    kind.or(json.and_then(serde_json::Error::io_error_kind)) == Some(io::ErrorKind::BrokenPipe)
}
