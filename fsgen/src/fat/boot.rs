//! The boot sector, and FAT32's information sector and copies of both.

use zerocopy::IntoBytes as _;
use zerocopy::little_endian::{U16, U32};

use super::fat_type::FatType;
use super::format::{
    BACKUP_SECTOR, BOOT_SIG, Bpb, Bpb32, FS_INFO_SECTOR, FsInfo, MEDIA, SECTOR, SIGNATURE, Volume,
    fs_info,
};
use super::geometry::Geometry;
use super::label;
use super::layout::{FIRST_CLUSTER, Layout};

/// One sector.
type Sector = [u8; 512];

/// What the specification recommends: some drivers look at this name, and know just this one.
const OEM_NAME: [u8; 8] = *b"MSWIN4.1";
/// Tells a BIOS that jumps here to try the next disk (`int 0x18`), then halts for ever.
const BOOT_CODE: [u8; 5] = [0xCD, 0x18, 0xF4, 0xEB, 0xFD];

/// Returns how many bytes [`sectors`] has.
pub(super) fn bytes(fat_type: FatType) -> u64 {
    if fat_type == FatType::Fat32 {
        4 * SECTOR
    } else {
        SECTOR
    }
}

/// Returns the sectors before the first FAT that are not empty, each with its number.
///
/// `first_lba` is the sector of the disk that the filesystem starts at.
pub(super) fn sectors(layout: &Layout, first_lba: u64) -> Vec<(u64, Sector)> {
    let boot = boot_sector(layout, first_lba);
    if layout.geometry.fat_type != FatType::Fat32 {
        return vec![(0, boot)];
    }
    let info = info_sector(layout);
    let (info_at, backup_at) = (u64::from(FS_INFO_SECTOR), u64::from(BACKUP_SECTOR));
    vec![
        (0, boot),
        (info_at, info),
        (backup_at, boot),
        (backup_at + info_at, info),
    ]
}

fn boot_sector(layout: &Layout, first_lba: u64) -> Sector {
    let geometry = &layout.geometry;
    let is_fat32 = geometry.fat_type == FatType::Fat32;
    let mut parts = bpb(geometry, first_lba).as_bytes().to_vec();
    if is_fat32 {
        let more = Bpb32 {
            fat_sz32: U32::new(geometry.fat_sectors),
            ext_flags: U16::ZERO,
            fs_ver: U16::ZERO,
            root_clus: U32::new(FIRST_CLUSTER),
            fs_info: U16::new(FS_INFO_SECTOR),
            bk_boot_sec: U16::new(BACKUP_SECTOR),
            reserved: [0; 12],
        };
        parts.extend_from_slice(more.as_bytes());
    }
    let volume = Volume {
        drv_num: 0x80,
        reserved1: 0,
        boot_sig: BOOT_SIG,
        vol_id: U32::new(layout.options.serial.0),
        vol_lab: label::encode(&layout.options.label).unwrap_or(label::NONE),
        fil_sys_type: match geometry.fat_type {
            FatType::Fat12 => *b"FAT12   ",
            FatType::Fat16 => *b"FAT16   ",
            FatType::Fat32 => *b"FAT32   ",
        },
    };
    parts.extend_from_slice(volume.as_bytes());
    // A jump over all fields: its distance counts from its own end on.
    let code = parts.len();
    parts[..3].copy_from_slice(&[0xEB, if is_fat32 { 0x58 } else { 0x3C }, 0x90]);
    debug_assert_eq!(code, usize::from(parts[1]) + 2);
    parts.extend_from_slice(&BOOT_CODE);
    let mut sector = [0; 512];
    sector[..parts.len()].copy_from_slice(&parts);
    sector[510..].copy_from_slice(&SIGNATURE);
    sector
}

fn bpb(geometry: &Geometry, first_lba: u64) -> Bpb {
    let is_fat32 = geometry.fat_type == FatType::Fat32;
    let small = |number: u32| U16::new(u16::try_from(number).expect("as the geometry is made"));
    // Where 16 bits do, they are used, and the 32 are zero; FAT32 has just the 32.
    let sectors16 = u16::try_from(geometry.sectors).ok().filter(|_| !is_fat32);
    Bpb {
        jmp_boot: [0; 3],
        oem_name: OEM_NAME,
        byts_per_sec: U16::new(512),
        sec_per_clus: u8::try_from(geometry.cluster_size.sectors()).expect("at most 64"),
        rsvd_sec_cnt: small(geometry.reserved),
        num_fats: 2,
        root_ent_cnt: small(geometry.root_entries),
        tot_sec16: U16::new(sectors16.unwrap_or(0)),
        media: MEDIA,
        fat_sz16: if is_fat32 {
            U16::ZERO
        } else {
            small(geometry.fat_sectors)
        },
        // What every BIOS of the last decades says of a disk.
        sec_per_trk: U16::new(63),
        num_heads: U16::new(255),
        // Only old boot code reads it; it cannot boot what starts beyond 2 TiB.
        hidd_sec: U32::new(u32::try_from(first_lba).unwrap_or(0)),
        tot_sec32: U32::new(if sectors16.is_some() {
            0
        } else {
            geometry.sectors
        }),
    }
}

fn info_sector(layout: &Layout) -> Sector {
    let free = layout.geometry.clusters - layout.used_clusters();
    let next = if free == 0 {
        fs_info::UNKNOWN
    } else {
        layout.chain_entries()
    };
    let info = FsInfo {
        lead_sig: U32::new(fs_info::LEAD_SIG),
        reserved1: [0; 480],
        struc_sig: U32::new(fs_info::STRUC_SIG),
        free_count: U32::new(free),
        nxt_free: U32::new(next),
        reserved2: [0; 12],
        trail_sig: U32::new(fs_info::TRAIL_SIG),
    };
    zerocopy::transmute!(info)
}
