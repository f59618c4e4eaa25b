//! What a user has on disk: home, mailbox, and the keys that open the account.

use super::defaults::Defaults;
use super::ssh_key::{self, SshKey};
use crate::root::{Root, RootError, join};

/// Makes a home as a copy of `/etc/skel`; one that is there already is left alone.
pub(crate) fn make(
    root: &mut Root<'_>,
    defaults: &Defaults,
    home: &[u8],
    uid: u32,
    gid: u32,
) -> Result<(), RootError> {
    if root.is_dir(home) {
        return Ok(());
    }
    // Makes what is above as well, which belongs to root.
    root.mkdir_all(home, defaults.home_mode())?;
    let skel = defaults.skel();
    if root.is_dir(skel) {
        for name in root.list(skel)? {
            root.copy(join(skel.as_bytes(), &name), join(home, &name))?;
        }
    }
    root.chown_all(home, uid, gid)
}

/// Makes an empty mailbox, which the group `mail` may write to where there is one. Nothing
/// happens when it is there already or the image has no place for mailboxes.
pub(crate) fn make_mailbox(
    root: &mut Root<'_>,
    spool: &str,
    user: &str,
    uid: u32,
    mail: Option<u32>,
) -> Result<(), RootError> {
    let path = join(spool.as_bytes(), user.as_bytes());
    let Some(gid) = mail.filter(|_| root.is_dir(spool) && !root.exists(&path)) else {
        return Ok(());
    };
    root.write(&path, "")?;
    root.chmod(&path, 0o660)?;
    root.chown(&path, uid, gid)
}

/// Adds keys to `~/.ssh/authorized_keys`. What is made has the modes that sshd insists on; what
/// is there keeps owner and mode.
pub(crate) fn add_keys(
    root: &mut Root<'_>,
    home: &[u8],
    uid: u32,
    gid: u32,
    keys: &[SshKey<'_>],
) -> Result<(), RootError> {
    let directory = join(home, b".ssh");
    if !root.exists(&directory) {
        root.mkdir(&directory, 0o700)?;
        root.chown(&directory, uid, gid)?;
    }
    let file = join(&directory, b"authorized_keys");
    let before = root.read_if_exists(&file)?;
    let after = ssh_key::add(before.as_deref().unwrap_or_default(), keys);
    root.write(&file, after)?;
    if before.is_none() {
        root.chmod(&file, 0o600)?;
        root.chown(&file, uid, gid)?;
    }
    Ok(())
}
