//! Mount options: how a line's are told apart, and which filesystems take which.

/// Those that mount(8), systemd.mount(5) or Linux takes for any filesystem; here and below without
/// their `no` and value.
const OF_ANY: &str = "_netdev async atime auto bind comment context defaults defcontext dev diratime \
    dirsync encryption exec fail fscontext group helper iversion lazytime loop loud mand move offset \
    owner private rbind relatime remount ro rootcontext rprivate rshared rslave runbindable rw shared \
    silent sizelimit slave strictatime suid symfollow sync uhelper unbindable user users";

/// Filesystems that one driver of Linux mounts, and what it takes: mount(8), ext4(5), btrfs(5),
/// nfs(5), tmpfs(5), and Linux's own documentation.
const DRIVERS: [(&[&str], &str); 7] = [
    (
        &["ext2", "ext3", "ext4"],
        "abort acl auto_da_alloc barrier bh block_validity bsddf bsdgroups check commit data data_err \
         dax debug debug_want_extra_isize delalloc dioread_lock dioread_nolock discard errors extents \
         grpid grpjquota grpquota i_version init_itable inlinecrypt inode_readahead_blks jqfmt \
         journal_async_commit journal_checksum journal_dev journal_ioprio journal_path load \
         max_batch_time max_dir_size_kb mb_optimize_scan mbcache mblk_io_submit min_batch_time minixdf \
         oldalloc orlov prefetch_block_bitmaps prjquota quota recovery reservation resgid resuid sb \
         stripe sysvgroups test_dummy_encryption uid32 user_xattr usrjquota usrquota warn_on_error",
    ),
    (
        &["fat", "msdos", "umsdos", "vfat"],
        "allow_utime blocksize case check codepage conv cvf_format cvf_option debug discard dmask \
         dos1xfloppy dots dotsOK errors fat flush fmask gid iocharset nfs numtail posix quiet rodir \
         shortname showexec sys_immutable time_offset tz uid umask uni_xlate usefree utf8",
    ),
    (
        &["btrfs"],
        "acl alloc_start autodefrag barrier check_int check_int_data check_int_print_mask clear_cache \
         commit compress compress-force datacow datasum degraded device discard enospc_debug \
         fatal_errors flushoncommit fragment inode_cache logreplay max_inline metadata_ratio recovery \
         ref_verify rescan_uuid_tree rescue skip_balance space_cache ssd ssd_spread subvol subvolid \
         subvolrootid thread_pool treelog usebackuproot user_subvol_rm_allowed",
    ),
    (
        &["xfs"],
        "align allocsize attr2 barrier bsdgroups dax delaylog discard filestreams gqnoenforce gquota \
         grpid grpquota ikeep inode32 inode64 largeio lifetime logbsize logbufs logdev \
         max_atomic_write osyncisdsync pqnoenforce pquota prjquota qnoenforce quota recovery rtdev \
         sunit swalloc swidth sysvgroups uqnoenforce uquota usrquota uuid wsync",
    ),
    (
        &["f2fs"],
        "acl active_logs age_extent_cache alloc_mode atgc background_gc barrier checkpoint \
         checkpoint_merge compress_algorithm compress_cache compress_chksum compress_extension \
         compress_log_size compress_mode data_flush disable_ext_identify disable_roll_forward discard \
         discard_unit errors extent_cache fastboot fault_injection fault_type flush_merge fsync_mode \
         gc_merge grpjquota grpquota heap inline_data inline_dentry inline_xattr inline_xattr_size \
         inlinecrypt io_bits jqfmt memory mode prjjquota prjquota quota recovery reserve_root resgid \
         resuid test_dummy_encryption user_xattr usrjquota usrquota whint_mode",
    ),
    (
        &["tmpfs"],
        "casefold gid grpquota grpquota_block_hardlimit grpquota_inode_hardlimit huge inode32 inode64 \
         mode mpol nr_blocks nr_inodes quota size strict_encoding swap uid usrquota \
         usrquota_block_hardlimit usrquota_inode_hardlimit",
    ),
    (
        &["nfs", "nfs4"],
        "ac acdirmax acdirmin acl acregmax acregmin actimeo addr bg bsize cert_serial clientaddr cto fg \
         fsc hard intr local_lock lock lookupcache max_connect migration minorversion mountaddr \
         mounthost mountport mountproto mountvers namlen nconnect nfsvers port posix privkey_serial \
         proto rdirplus rdma resvport retrans retry rsize sec sharecache sharetransport sloppy soft \
         softerr softreval tcp timeo trunkdiscovery udp v2 v3 v4 v4.0 v4.1 v4.2 vers write wsize \
         xprtsec",
    ),
];

/// The options of a line whose filesystem becomes another one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Carried<'o> {
    /// Those that stay.
    pub(super) stays: Vec<&'o str>,
    /// Those that only other filesystems take.
    pub(super) gone: Vec<&'o str>,
    /// Those of `stays` that nobody here knows to be for the new one.
    pub(super) odd: Vec<&'o str>,
}

/// Returns the options; a value in quotes may have commas.
pub(super) fn each(options: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    options.split(move |letter| {
        is_quoted ^= letter == '"';
        letter == ',' && !is_quoted
    })
}

/// Returns what comes before the value.
pub(super) fn name(option: &str) -> &str {
    option.split_once('=').map_or(option, |(name, _)| name)
}

/// Returns whether one driver mounts both.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one == other || driver(one).is_some_and(|(types, _)| types.contains(&other))
}

pub(super) fn carry<'o>(options: &'o str, old: &str, new: &str) -> Carried<'o> {
    let takes = |names: &str, option| names.split(' ').any(|known| is_named(option, known));
    let of_new = driver(new);
    let mut carried = Carried::default();
    for option in each(options).filter(|option| !option.is_empty()) {
        let is_own = ["x-", "X-", "verity."]
            .iter()
            .any(|start| option.starts_with(start));
        let is_fit = is_own
            || is_same(old, new)
            || takes(OF_ANY, option)
            || of_new.is_some_and(|(_, names)| takes(names, option));
        let is_known = || DRIVERS.iter().any(|(_, names)| takes(names, option));
        if !is_fit && of_new.is_some() && is_known() {
            carried.gone.push(option);
            continue;
        }
        if !is_fit {
            carried.odd.push(option);
        }
        carried.stays.push(option);
    }
    carried
}

fn driver(kind: &str) -> Option<&'static (&'static [&'static str], &'static str)> {
    DRIVERS.iter().find(|(types, _)| types.contains(&kind))
}

fn is_named(option: &str, known: &str) -> bool {
    let name = name(option);
    name == known || name.strip_prefix("no") == Some(known)
}
