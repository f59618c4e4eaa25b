//! Streams in the compressed formats that `gzip`, `bzip2`, `xz` and `zstd` read.

mod bzip2;
mod gzip;
mod xz;
mod zstd;

pub(super) use bzip2::Bzip2;
pub(super) use gzip::Gzip;
pub(super) use xz::Xz;
pub(super) use zstd::Zstd;
