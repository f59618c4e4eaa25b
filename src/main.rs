//! The `hsb` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    hsb::cli::run()
}
