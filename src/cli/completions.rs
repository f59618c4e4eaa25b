//! `hsb completions`: what shells complete calls of hsb with.

use anyhow::Result;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Arguments, print};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The shell that reads it
    shell: Shell,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Arguments::command(), "hsb", &mut script);
    print(&String::from_utf8(script)?)
}
