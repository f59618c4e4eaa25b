//! Packages as dpkg itself sees them: it builds them, installs them beside hsb, and looks at what
//! hsb installed.

mod build;
mod debhelper;
mod refused;
mod scripts;
mod whole;

pub(crate) use build::example;
