//! Input that was made to do harm: refused with a message that says where and what, in bounded
//! time and memory, and with nothing left behind; or harmless after all.

mod archive;
mod archives;
mod compressed;
mod harmless;
mod large;

mod recipes;

use std::process::Command;

use crate::kit::{self, Run, Work};

/// How much address space a build of a small thing may take, in MiB: the program, the stacks of
/// its threads, and a decoder's 256 MiB.
const SMALL: u64 = 768;
/// The longest message, in bytes; it should fit a screen.
const LONGEST: usize = 4000;
/// When a build has hung, in seconds. Most take some milliseconds.
const HUNG: u32 = 300;

/// Runs `hsb` with this much address space, in MiB.
fn hsb(work: &Work, args: &[&str], memory: u64) -> Run {
    let script = "ulimit -v \"$1\" && shift && exec timeout \"$@\"";
    kit::run(
        Command::new("sh")
            .args(["-c", script, "sh"])
            .arg((memory * 1024).to_string())
            .arg(HUNG.to_string())
            .arg(env!("CARGO_BIN_EXE_hsb"))
            .args(args)
            .current_dir(work.path())
            .env("HSB_CACHE", kit::NO_CACHE)
            .env_remove("SOURCE_DATE_EPOCH")
            .env_remove("TMPDIR"),
    )
}

/// One try: what is wrong, and what the message must say, with ` ... ` for what may be between.
struct Try<'t> {
    what: &'t str,
    args: &'t [&'t str],
    /// In MiB.
    memory: u64,
    code: i32,
    want: String,
}

impl Try<'_> {
    /// Returns what is wrong with how a build is refused; nothing when it is as it should be, and
    /// no file was changed.
    fn complaint(&self, work: &Work) -> Option<String> {
        let before = work.names();
        let run = hsb(work, self.args, self.memory);
        let said: String = run.stderr.chars().take(2000).collect();
        let good = run.code == Some(self.code)
            && run.stderr.starts_with("hsb: ")
            && self
                .want
                .split(" ... ")
                .all(|part| run.stderr.contains(part))
            && run.stderr.len() < LONGEST
            && !run.stderr.contains("panicked")
            && run.stdout.is_empty()
            && work.names() == before;
        let Self { what, want, .. } = self;
        (!good).then(|| format!("{what}: {:?}\nwanted: {want}\n   got: {said}", run.code))
    }
}

/// Asserts that there is nothing to complain about.
fn none(complaints: impl Iterator<Item = Option<String>>) {
    let complaints: Vec<String> = complaints.flatten().collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
