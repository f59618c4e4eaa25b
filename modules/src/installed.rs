//! What software an image has, told by the files that it brings.

use crate::Root;

/// Returns whether the image has a program of that name where programs are.
pub(crate) fn program(root: &Root<'_>, name: &str) -> bool {
    let mut folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].into_iter();
    folders.any(|folder| root.is_file(format!("{folder}/{name}")))
}

/// Returns whether a script of a package finds a program of that name. rpm says itself where programs
/// are; dpkg leaves that to root, who has `/usr/local` as well.
pub(crate) fn command(root: &Root<'_>, name: &str) -> bool {
    let local: &[&str] = match dpkg(root) {
        true => &["/usr/local/sbin", "/usr/local/bin"],
        false => &[],
    };
    let all = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    local.iter().chain(&all).any(|folder| {
        let path = format!("{folder}/{name}");
        let can_run = |node: &fsgen::Node| node.meta.mode & 0o111 != 0;
        root.is_file(&path) && root.stat(&path).is_ok_and(can_run)
    })
}

/// Returns whether systemd starts the machine, or at least could.
pub(crate) fn systemd(root: &Root<'_>) -> bool {
    let mut places = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"].into_iter();
    places.any(|path| root.is_file(path))
}

/// Returns whether dpkg installed the image: Debian, Ubuntu and what is made of them.
pub(crate) fn dpkg(root: &Root<'_>) -> bool {
    root.is_dir("/var/lib/dpkg") || root.is_file("/etc/debian_version")
}

/// Returns whether programs are linked with musl, as on Alpine.
pub(crate) fn musl(root: &Root<'_>) -> bool {
    !root.glob("/lib/ld-musl-*.so.1").is_empty()
}
