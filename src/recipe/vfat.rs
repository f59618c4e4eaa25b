//! What a recipe may say about a FAT filesystem; what it leaves out is fsgen's default.

use fsgen::fat::{ClusterSize, FatType, Options, Serial};
use modules::value::{Spanned, ValueError};

/// The options of one filesystem that the recipe gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vfat {
    /// Bits of a FAT entry.
    pub fat_type: Option<FatType>,
    /// Bytes of a cluster.
    pub cluster_size: Option<ClusterSize>,
    /// The serial number, which Linux takes for the UUID of the filesystem.
    pub serial: Option<Serial>,
}

impl Vfat {
    /// Puts what the recipe says in place of the defaults.
    pub fn apply(&self, options: &mut Options) {
        let Self {
            fat_type,
            cluster_size,
            serial,
        } = *self;
        options.fat_type = fat_type.or(options.fat_type);
        options.cluster_size = cluster_size.or(options.cluster_size);
        options.serial = serial.unwrap_or(options.serial);
    }
}

/// Checks `fat:`.
pub(super) fn fat_type(bits: &Spanned<u32>) -> Result<FatType, ValueError> {
    FatType::from_bits(bits.value)
        .ok_or_else(|| bits.error(format!("`fat` is {}; it can be 12, 16 or 32", bits.value)))
}

/// Checks `cluster_size:`.
pub(super) fn cluster_size(bytes: &Spanned<u32>) -> Result<ClusterSize, ValueError> {
    ClusterSize::new(bytes.value).ok_or_else(|| {
        let found = bytes.value;
        bytes.error(format!(
            "`cluster_size` is {found}; it can be 512, 1024, 2048, 4096, 8192, 16384 or 32768"
        ))
    })
}

/// Checks `fs_uuid:`, which is a serial number here.
pub(super) fn serial(text: &Spanned<String>) -> Result<Serial, ValueError> {
    match text.parse() {
        Ok(Serial(0)) => Err(text
            .error("a serial number of zeros says that there is none")
            .help("give another one, or leave it out for one derived from `seed`")),
        Ok(serial) => Ok(serial),
        Err(_) => Err(text
            .error(format!("{:?} is no serial number of vfat", text.value))
            .help("write 8 hexadecimal digits like 1A2B-3C4D")),
    }
}
