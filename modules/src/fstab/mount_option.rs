//! Mount options: how a line's are told apart, and which of them a filesystem of another type takes.

/// The options of mount(8) and systemd.mount(5) that any filesystem takes, in the forms of [`TAKEN`].
const OF_ANY: &str = "_netdev async atime auto bind comment= context= defaults defcontext= dev diratime \
    dirsync encryption= exec fail fscontext= group helper= iversion lazytime loop loop= loud mand move \
    noatime noauto nodev nodiratime noexec nofail nogroup noiversion nolazytime nomand noowner \
    norelatime nostrictatime nosuid nosymfollow nouser nousers offset= owner private rbind relatime \
    remount ro ro= rootcontext= rprivate rshared rslave runbindable rw rw= shared silent sizelimit= \
    slave strictatime suid symfollow sync uhelper= unbindable user user= users";

/// Filesystems, and options that each of them takes in any image and on any disk: `name` is without a
/// value, `name=` has any, `name=a|b` one of these. See mount(8), ext4(5), btrfs(5), xfs(5), nfs(5),
/// tmpfs(5), and Linux's own documentation.
const TAKEN: [(&[&str], &str); 12] = [
    (
        &["ext2", "ext3", "ext4"],
        "acl barrier barrier=0|1 block_validity bsddf bsdgroups debug discard \
         errors=continue|panic|remount-ro grpid grpquota init_itable init_itable= \
         inode_readahead_blks= max_dir_size_kb= minixdf nobarrier noblock_validity nodiscard \
         nogrpid noinit_itable noquota nouid32 quota resgid= resuid= stripe= sysvgroups user_xattr \
         usrquota",
    ),
    (
        &["ext3", "ext4"],
        "commit= data=journal|ordered|writeback data_err=abort|ignore grpjquota= journal_ioprio= \
         jqfmt=vfsold|vfsv0|vfsv1 max_batch_time= min_batch_time= noload norecovery usrjquota=",
    ),
    (
        &["ext4"],
        "auto_da_alloc auto_da_alloc=0|1 delalloc dioread_lock dioread_nolock journal_checksum \
         noauto_da_alloc nodelalloc nojournal_checksum",
    ),
    (
        &["msdos", "vfat"],
        "allow_utime= check=n|normal|r|relaxed|s|strict codepage= debug discard dmask= \
         errors=continue|panic|remount-ro flush fmask= gid= nfs nfs=nostale_ro|stale_rw quiet rodir \
         showexec sys_immutable time_offset= tz=UTC uid= umask= usefree",
    ),
    (&["msdos"], "dots dotsOK=no|yes nodots"),
    (
        &["vfat"],
        "iocharset= nonumtail nonumtail=0|1 shortname=lower|mixed|win95|winnt uni_xlate utf8 utf8=0|1",
    ),
    (
        &["btrfs"],
        "acl autodefrag barrier clear_cache commit= compress compress= compress-force compress-force= \
         datacow datasum degraded discard discard=async|sync enospc_debug fatal_errors=bug|panic \
         flushoncommit max_inline= metadata_ratio= noacl noautodefrag nobarrier nodatacow nodatasum \
         nodiscard noflushoncommit nossd nossd_spread notreelog rescue= skip_balance \
         space_cache=v2 ssd ssd_spread subvol= subvolid= thread_pool= treelog \
         user_subvol_rm_allowed",
    ),
    (
        &["xfs"],
        "allocsize= bsdgroups discard filestreams gqnoenforce gquota grpid grpquota inode32 inode64 \
         largeio lifetime logbsize= logbufs= noalign nodiscard nogrpid nolargeio noquota nouuid \
         pqnoenforce pquota prjquota qnoenforce quota swalloc sysvgroups uqnoenforce uquota usrquota wsync",
    ),
    (
        &["f2fs"],
        "acl active_logs=2|4|6 alloc_mode=default|reuse background_gc=off|on|sync barrier \
         checkpoint_merge data_flush disable_ext_identify discard extent_cache fastboot flush_merge \
         fsync_mode=nobarrier|posix|strict grpquota inline_data inline_dentry inline_xattr \
         mode=adaptive|lfs noacl nobarrier nocheckpoint_merge nodiscard noextent_cache noflush_merge \
         noinline_data noinline_dentry noinline_xattr noquota nouser_xattr quota reserve_root= resgid= \
         resuid= user_xattr usrquota",
    ),
    (
        &["tmpfs"],
        "gid= huge= inode32 inode64 mode= mpol= nr_blocks= nr_inodes= size= uid=",
    ),
    (
        &["nfs", "nfs4"],
        "ac acdirmax= acdirmin= acl acregmax= acregmin= actimeo= bg clientaddr= cto fg fsc hard intr \
         local_lock= lock lookupcache= max_connect= migration minorversion= namlen= nconnect= noac \
         noacl nocto nofsc nointr nolock nomigration nordirplus noresvport nosharecache port= proto= \
         rdirplus rdma resvport retrans= retry= rsize= sec= sharecache sloppy soft softerr softreval \
         tcp timeo= trunkdiscovery wsize= xprtsec=",
    ),
    (
        &["nfs"],
        "addr= mountaddr= mounthost= mountport= mountproto= mountvers= nfsvers= nofg udp v3 v4 v4.0 \
         v4.1 v4.2 vers=",
    ),
];

/// The options of a line whose filesystem becomes another one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Carried<'o> {
    /// Those that stay.
    pub(super) stays: Vec<&'o str>,
    /// Those that the new one is not known to take.
    pub(super) gone: Vec<&'o str>,
    /// Those of `stays` that it may not take: nothing is known of it.
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

/// Returns whether two types are forms of one filesystem, such as ext3 and ext4.
pub(super) fn is_kin(one: &str, other: &str) -> bool {
    let mut rows = TAKEN.iter().map(|(types, _)| types);
    one == other || rows.any(|types| types.contains(&one) && types.contains(&other))
}

/// Returns what becomes of the options of a line with another type.
pub(super) fn carry<'o>(options: &'o str, old: &str, new: &str) -> Carried<'o> {
    let of_new: Vec<_> = TAKEN
        .iter()
        .filter(|(types, _)| types.contains(&new))
        .map(|(_, forms)| *forms)
        .collect();
    let mut carried = Carried::default();
    for option in each(options).filter(|option| !option.is_empty()) {
        let is_own = ["x-", "X-", "verity."]
            .iter()
            .any(|start| option.starts_with(start));
        let mut forms = of_new
            .iter()
            .chain([&OF_ANY])
            .flat_map(|row| row.split(' '));
        if old == new || is_own || forms.any(|form| is_of(option, form)) {
            carried.stays.push(option);
        } else if of_new.is_empty() {
            carried.stays.push(option);
            carried.odd.push(option);
        } else {
            carried.gone.push(option);
        }
    }
    carried
}

fn is_of(option: &str, form: &str) -> bool {
    match (option.split_once('='), form.split_once('=')) {
        (None, None) => option == form,
        (Some((name, value)), Some((known, values))) => {
            name == known && (values.is_empty() || values.split('|').any(|one| one == value))
        }
        _ => false,
    }
}
