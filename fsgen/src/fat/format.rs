//! The on-disk structures of FAT and their constants. No behaviour.
//!
//! Field names are those of Microsoft's specification without their `BPB_`, `BS_`, `FSI_`,
//! `DIR_` and `LDIR_` prefixes, in the spelling of this language. All integers are
//! little-endian.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Bytes of a sector.
pub(super) const SECTOR: u64 = 512;
/// Bytes of an entry of a directory.
pub(super) const ENTRY_SIZE: u32 = 32;
/// `BPB_Media` of a disk that is not removable; the low byte of the first FAT entry, too.
pub(super) const MEDIA: u8 = 0xF8;
/// The sector of FAT32's [`FsInfo`].
pub(super) const FS_INFO_SECTOR: u16 = 1;
/// The sector of FAT32's copy of the boot sector; a copy of the [`FsInfo`] follows.
pub(super) const BACKUP_SECTOR: u16 = 6;

/// The start of the boot sector, which is the same for all types.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct Bpb {
    pub jmp_boot: [u8; 3],
    pub oem_name: [u8; 8],
    pub byts_per_sec: U16,
    pub sec_per_clus: u8,
    pub rsvd_sec_cnt: U16,
    pub num_fats: u8,
    pub root_ent_cnt: U16,
    pub tot_sec16: U16,
    pub media: u8,
    pub fat_sz16: U16,
    pub sec_per_trk: U16,
    pub num_heads: U16,
    pub hidd_sec: U32,
    pub tot_sec32: U32,
}
const _: () = assert!(size_of::<Bpb>() == 36);

/// What follows the [`Bpb`] on FAT32, before the [`Volume`].
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct Bpb32 {
    pub fat_sz32: U32,
    pub ext_flags: U16,
    pub fs_ver: U16,
    pub root_clus: U32,
    pub fs_info: U16,
    pub bk_boot_sec: U16,
    pub reserved: [u8; 12],
}
const _: () = assert!(size_of::<Bpb32>() == 28);

/// The end of the fields of a boot sector: all that tells one volume from another.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct Volume {
    pub drv_num: u8,
    /// Bit 0 is Linux's mark of a volume that was not unmounted.
    pub reserved1: u8,
    pub boot_sig: u8,
    pub vol_id: U32,
    pub vol_lab: [u8; 11],
    pub fil_sys_type: [u8; 8],
}
const _: () = assert!(size_of::<Volume>() == 26);

/// `BS_BootSig`: serial number, label and type are there.
pub(super) const BOOT_SIG: u8 = 0x29;
/// The last two bytes of a boot sector.
pub(super) const SIGNATURE: [u8; 2] = [0x55, 0xAA];

/// The sector of FAT32 that says how much is free.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct FsInfo {
    pub lead_sig: U32,
    pub reserved1: [u8; 480],
    pub struc_sig: U32,
    pub free_count: U32,
    pub nxt_free: U32,
    pub reserved2: [u8; 12],
    pub trail_sig: U32,
}
const _: () = assert!(size_of::<FsInfo>() as u64 == SECTOR);

/// `FSI_LeadSig`, `FSI_StrucSig` and `FSI_TrailSig`.
pub(super) mod fs_info {
    pub(crate) const LEAD_SIG: u32 = 0x4161_5252;
    pub(crate) const STRUC_SIG: u32 = 0x6141_7272;
    pub(crate) const TRAIL_SIG: u32 = 0xAA55_0000;
    /// `FSI_Nxt_Free` when no cluster is free.
    pub(crate) const UNKNOWN: u32 = 0xFFFF_FFFF;
}

/// An entry of a directory.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct DirEntry {
    pub name: [u8; 11],
    pub attr: u8,
    pub nt_res: u8,
    pub crt_time_tenth: u8,
    pub crt_time: U16,
    pub crt_date: U16,
    pub lst_acc_date: U16,
    pub fst_clus_hi: U16,
    pub wrt_time: U16,
    pub wrt_date: U16,
    pub fst_clus_lo: U16,
    pub file_size: U32,
}
const _: () = assert!(size_of::<DirEntry>() == ENTRY_SIZE as usize);

/// An entry with 13 units of a long name.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct LongEntry {
    pub ord: u8,
    pub name1: [U16; 5],
    pub attr: u8,
    pub entry_type: u8,
    pub chksum: u8,
    pub name2: [U16; 6],
    pub fst_clus_lo: U16,
    pub name3: [U16; 2],
}
const _: () = assert!(size_of::<LongEntry>() == ENTRY_SIZE as usize);

/// `LDIR_Ord` of the entry with the last part of a name, which comes first.
pub(super) const LAST_LONG_ENTRY: u8 = 0x40;

/// `DIR_Attr`.
pub(super) mod attr {
    pub(crate) const VOLUME_ID: u8 = 0x08;
    pub(crate) const DIRECTORY: u8 = 0x10;
    pub(crate) const ARCHIVE: u8 = 0x20;
    /// Read-only, hidden, system and volume label: what no program takes for a file.
    pub(crate) const LONG_NAME: u8 = 0x0F;
}
