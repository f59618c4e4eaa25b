//! Packages as dpkg itself sees them: it builds them, installs them beside hsb, and looks at what
//! hsb installed.

mod accounts;
mod build;
mod commands;
mod conffiles;
mod debhelper;
mod guards;
mod headers;
mod judged;
mod kernels;
mod refused;
mod rows;
mod scripts;
mod shell;
mod superseded;
mod triggers;
mod whole;

pub(crate) use build::example;
