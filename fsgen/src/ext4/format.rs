//! The on-disk structures of ext4 and their constants. No behaviour.
//!
//! Field names are those of the kernel's `Documentation/filesystems/ext4` and `fs/ext4/ext4.h`,
//! without their `s_`, `bg_` and `i_` prefixes. All integers are little-endian, except in the
//! journal, which is big-endian.

use zerocopy::byteorder::big_endian;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Bytes from the start of the filesystem to the primary superblock.
pub(super) const SUPERBLOCK_OFFSET: u64 = 1024;
/// `s_magic`.
pub(super) const MAGIC: u16 = 0xEF53;
/// Bytes of one inode: 128 classic, 32 extra, 96 for extended attributes.
pub(super) const INODE_SIZE: u32 = 256;
/// Bytes of one group descriptor with the `64bit` feature.
pub(super) const DESCRIPTOR_SIZE: u32 = 64;

/// `s_feature_compat`: a kernel that does not know the bit may mount read-write.
pub(super) mod compat {
    pub(crate) const HAS_JOURNAL: u32 = 0x4;
    pub(crate) const EXT_ATTR: u32 = 0x8;
    pub(crate) const RESIZE_INODE: u32 = 0x10;
    pub(crate) const DIR_INDEX: u32 = 0x20;
    pub(crate) const ORPHAN_FILE: u32 = 0x1000;
}

/// `s_feature_incompat`: a kernel that does not know the bit must not mount.
pub(super) mod incompat {
    pub(crate) const FILETYPE: u32 = 0x2;
    pub(crate) const EXTENTS: u32 = 0x40;
    pub(crate) const BIT64: u32 = 0x80;
    pub(crate) const FLEX_BG: u32 = 0x200;
    pub(crate) const EA_INODE: u32 = 0x400;
    pub(crate) const CSUM_SEED: u32 = 0x2000;
    pub(crate) const LARGE_DIR: u32 = 0x4000;
}

/// `s_feature_ro_compat`: a kernel that does not know the bit may mount read-only.
pub(super) mod ro_compat {
    pub(crate) const SPARSE_SUPER: u32 = 0x1;
    pub(crate) const LARGE_FILE: u32 = 0x2;
    pub(crate) const HUGE_FILE: u32 = 0x8;
    pub(crate) const DIR_NLINK: u32 = 0x20;
    pub(crate) const EXTRA_ISIZE: u32 = 0x40;
    pub(crate) const METADATA_CSUM: u32 = 0x400;
}

/// `bg_flags`.
pub(super) mod group_flags {
    /// No inode of the group is in use; its bitmap is not there.
    pub(crate) const INODE_UNINIT: u16 = 0x1;
    /// Only the group's own superblock and descriptor copies are in use; its bitmap is not there.
    pub(crate) const BLOCK_UNINIT: u16 = 0x2;
    /// The inode table reads as zero where it is not used: no need for the kernel to wipe it.
    pub(crate) const INODE_ZEROED: u16 = 0x4;
}

/// `i_flags`.
pub(super) mod inode_flags {
    /// The directory has a hash index.
    pub(crate) const INDEX: u32 = 0x1000;
    /// `i_blocks` counts filesystem blocks, not 512-byte sectors.
    pub(crate) const HUGE_FILE: u32 = 0x4_0000;
    /// `i_block` holds an extent tree.
    pub(crate) const EXTENTS: u32 = 0x8_0000;
    /// The inode holds the value of an extended attribute.
    pub(crate) const EA_INODE: u32 = 0x20_0000;
}

/// Inode numbers with a fixed meaning.
pub(super) mod special_inode {
    pub(crate) const ROOT: u32 = 2;
    pub(crate) const RESIZE: u32 = 7;
    pub(crate) const JOURNAL: u32 = 8;
    /// The first that files may use. mke2fs gives it to `lost+found`.
    pub(crate) const FIRST: u32 = 11;
}

/// The superblock, 1,024 bytes.
#[derive(Clone, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct Superblock {
    pub inodes_count: U32,
    pub blocks_count_lo: U32,
    pub r_blocks_count_lo: U32,
    pub free_blocks_count_lo: U32,
    pub free_inodes_count: U32,
    pub first_data_block: U32,
    pub log_block_size: U32,
    pub log_cluster_size: U32,
    pub blocks_per_group: U32,
    pub clusters_per_group: U32,
    pub inodes_per_group: U32,
    pub mtime: U32,
    pub wtime: U32,
    pub mnt_count: U16,
    pub max_mnt_count: U16,
    pub magic: U16,
    pub state: U16,
    pub errors: U16,
    pub minor_rev_level: U16,
    pub lastcheck: U32,
    pub checkinterval: U32,
    pub creator_os: U32,
    pub rev_level: U32,
    pub def_resuid: U16,
    pub def_resgid: U16,
    pub first_ino: U32,
    pub inode_size: U16,
    pub block_group_nr: U16,
    pub feature_compat: U32,
    pub feature_incompat: U32,
    pub feature_ro_compat: U32,
    pub uuid: [u8; 16],
    pub volume_name: [u8; 16],
    pub last_mounted: [u8; 64],
    pub algorithm_usage_bitmap: U32,
    pub prealloc_blocks: u8,
    pub prealloc_dir_blocks: u8,
    pub reserved_gdt_blocks: U16,
    pub journal_uuid: [u8; 16],
    pub journal_inum: U32,
    pub journal_dev: U32,
    pub last_orphan: U32,
    pub hash_seed: [u8; 16],
    pub def_hash_version: u8,
    pub jnl_backup_type: u8,
    pub desc_size: U16,
    pub default_mount_opts: U32,
    pub first_meta_bg: U32,
    pub mkfs_time: U32,
    pub jnl_blocks: [U32; 17],
    pub blocks_count_hi: U32,
    pub r_blocks_count_hi: U32,
    pub free_blocks_count_hi: U32,
    pub min_extra_isize: U16,
    pub want_extra_isize: U16,
    pub flags: U32,
    pub raid_stride: U16,
    pub mmp_update_interval: U16,
    pub mmp_block: U64,
    pub raid_stripe_width: U32,
    pub log_groups_per_flex: u8,
    pub checksum_type: u8,
    pub encryption_level: u8,
    pub reserved_pad: u8,
    pub kbytes_written: U64,
    /// Snapshots, error records, mount options and quota inodes (0x180 to 0x248): all zero.
    pub snapshots_errors_options: [u8; 0xC8],
    pub overhead_clusters: U32,
    /// Backup groups of `sparse_super2`, encryption, project quota (0x24C to 0x270): all zero.
    pub backups_encryption: [u8; 0x24],
    pub checksum_seed: U32,
    pub wtime_hi: u8,
    pub mtime_hi: u8,
    pub mkfs_time_hi: u8,
    pub lastcheck_hi: u8,
    /// Error codes and the encoding of `casefold` (0x278 to 0x280): all zero.
    pub errors_encoding: [u8; 0x8],
    pub orphan_file_inum: U32,
    pub reserved: [u8; 0x178],
    pub checksum: U32,
}
const _: () = assert!(size_of::<Superblock>() == 1024);

/// One block group descriptor, 64 bytes.
#[derive(Clone, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct GroupDescriptor {
    pub block_bitmap_lo: U32,
    pub inode_bitmap_lo: U32,
    pub inode_table_lo: U32,
    pub free_blocks_count_lo: U16,
    pub free_inodes_count_lo: U16,
    pub used_dirs_count_lo: U16,
    pub flags: U16,
    pub exclude_bitmap_lo: U32,
    pub block_bitmap_csum_lo: U16,
    pub inode_bitmap_csum_lo: U16,
    pub itable_unused_lo: U16,
    pub checksum: U16,
    pub block_bitmap_hi: U32,
    pub inode_bitmap_hi: U32,
    pub inode_table_hi: U32,
    pub free_blocks_count_hi: U16,
    pub free_inodes_count_hi: U16,
    pub used_dirs_count_hi: U16,
    pub itable_unused_hi: U16,
    pub exclude_bitmap_hi: U32,
    pub block_bitmap_csum_hi: U16,
    pub inode_bitmap_csum_hi: U16,
    pub reserved: U32,
}
const _: () = assert!(size_of::<GroupDescriptor>() == DESCRIPTOR_SIZE as usize);

/// One inode, 256 bytes.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct Inode {
    pub mode: U16,
    pub uid_lo: U16,
    pub size_lo: U32,
    pub atime: U32,
    pub ctime: U32,
    pub mtime: U32,
    pub dtime: U32,
    pub gid_lo: U16,
    pub links_count: U16,
    pub blocks_lo: U32,
    pub flags: U32,
    pub version_lo: U32,
    pub block: [u8; 60],
    pub generation: U32,
    pub file_acl_lo: U32,
    pub size_high: U32,
    pub obso_faddr: U32,
    pub blocks_high: U16,
    pub file_acl_high: U16,
    pub uid_high: U16,
    pub gid_high: U16,
    pub checksum_lo: U16,
    pub reserved: U16,
    pub extra_isize: U16,
    pub checksum_hi: U16,
    pub ctime_extra: U32,
    pub mtime_extra: U32,
    pub atime_extra: U32,
    pub crtime: U32,
    pub crtime_extra: U32,
    pub version_hi: U32,
    pub projid: U32,
    /// Extended attributes that fit here.
    pub xattrs: [u8; 96],
}
const _: () = assert!(size_of::<Inode>() == INODE_SIZE as usize);

/// The first 12 bytes of every node of an extent tree.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct ExtentHeader {
    pub magic: U16,
    pub entries: U16,
    pub max: U16,
    pub depth: U16,
    pub generation: U32,
}
const _: () = assert!(size_of::<ExtentHeader>() == 12);

/// `eh_magic`.
pub(super) const EXTENT_MAGIC: u16 = 0xF30A;

/// A leaf entry: `len` blocks of the file, from `block` on, lie at `start`.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct ExtentLeaf {
    pub block: U32,
    pub len: U16,
    pub start_hi: U16,
    pub start_lo: U32,
}
const _: () = assert!(size_of::<ExtentLeaf>() == 12);

/// An index entry: all from `block` on is described in the node at `leaf`.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct ExtentIndex {
    pub block: U32,
    pub leaf_lo: U32,
    pub leaf_hi: U16,
    pub unused: U16,
}
const _: () = assert!(size_of::<ExtentIndex>() == 12);

/// The fixed part of a directory entry; the name follows, padded to 4 bytes.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct DirectoryEntry {
    pub inode: U32,
    pub rec_len: U16,
    pub name_len: u8,
    pub file_type: u8,
}
const _: () = assert!(size_of::<DirectoryEntry>() == 8);

/// The last 12 bytes of a directory block: an entry without a name that carries the checksum.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct DirectoryTail {
    pub reserved_zero1: U32,
    pub rec_len: U16,
    pub reserved_zero2: u8,
    pub reserved_file_type: u8,
    pub checksum: U32,
}
const _: () = assert!(size_of::<DirectoryTail>() == 12);

/// `det_reserved_ft`.
pub(super) const DIRECTORY_TAIL_TYPE: u8 = 0xDE;

/// What follows the `.` and `..` entries in the root block of a hashed directory.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct DxRootInfo {
    pub reserved_zero: U32,
    pub hash_version: u8,
    pub info_length: u8,
    pub indirect_levels: u8,
    pub unused_flags: u8,
}
const _: () = assert!(size_of::<DxRootInfo>() == 8);

/// One index entry of a hashed directory. The first of each block holds limit and count (16
/// bits each) where the others hold a hash.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct DxEntry {
    pub hash: U32,
    pub block: U32,
}
const _: () = assert!(size_of::<DxEntry>() == 8);

/// The header of a block of extended attributes.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct XattrHeader {
    pub magic: U32,
    pub refcount: U32,
    pub blocks: U32,
    pub hash: U32,
    pub checksum: U32,
    pub reserved: [U32; 3],
}
const _: () = assert!(size_of::<XattrHeader>() == 32);

/// `h_magic`, in the block's header and before the attributes in an inode.
pub(super) const XATTR_MAGIC: u32 = 0xEA02_0000;

/// The fixed part of an attribute's entry; the name follows, padded to 4 bytes.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct XattrEntry {
    pub name_len: u8,
    pub name_index: u8,
    pub value_offs: U16,
    pub value_inum: U32,
    pub value_size: U32,
    pub hash: U32,
}
const _: () = assert!(size_of::<XattrEntry>() == 16);

/// The last 8 bytes of each block of the orphan file; inode numbers fill the rest.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct OrphanTail {
    pub magic: U32,
    pub checksum: U32,
}
const _: () = assert!(size_of::<OrphanTail>() == 8);

/// `ob_magic`.
pub(super) const ORPHAN_MAGIC: u32 = 0x0B10_CA04;

/// The superblock of the journal (jbd2, version 2), big-endian; the rest of its block is zero.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct JournalSuperblock {
    pub magic: big_endian::U32,
    pub blocktype: big_endian::U32,
    pub header_sequence: big_endian::U32,
    pub blocksize: big_endian::U32,
    pub maxlen: big_endian::U32,
    pub first: big_endian::U32,
    pub sequence: big_endian::U32,
    pub start: big_endian::U32,
    pub errno: big_endian::U32,
    pub feature_compat: big_endian::U32,
    pub feature_incompat: big_endian::U32,
    pub feature_ro_compat: big_endian::U32,
    pub uuid: [u8; 16],
    pub nr_users: big_endian::U32,
}
const _: () = assert!(size_of::<JournalSuperblock>() == 68);

/// `h_magic` of the journal.
pub(super) const JOURNAL_MAGIC: u32 = 0xC03B_3998;
/// `h_blocktype` of a version 2 journal superblock.
pub(super) const JOURNAL_SUPERBLOCK_V2: u32 = 4;
