//! One binary for all integration tests: whole builds, judged by other people's programs.
//!
//! - `kit`: a folder to work in, the `hsb` command, the judges
//! - `accounts`: what `add_user` writes, judged by pwck, grpck and visudo
//! - `beside`: an image and a folder with the same files
//! - `bundle`: kernel and ramdisk beside the image, as uploaders want them
//! - `catalog`: what people and editors are told of modules and recipes
//! - `default_modules`: the documentation of those that come with hsb is made of their code
//! - `certificates`: a store of certificates beside the one of update-ca-certificates
//! - `edge`: every limit of ext4 and tar at once, as the kernel shows it
//! - `examples`: what `hsb modules` shows of the built-in ones works, on every distribution
//! - `exporting`: tarballs and container images made of images
//! - `ext4`: trees at the limits of the format, judged by e2fsck and debugfs
//! - `faults`: signals, full disks, calls that fail, a source that changes, two builds at once
//! - `fat`: trees and sizes at the limits of FAT, judged by fsck.fat, mtools and fatfs
//! - `formats`: what an image can be stored in, judged by qemu-img and by what unpacks it
//! - `hostile`: archives and recipes that were made to do harm
//! - `images`: disk images as sources, made and judged by other programs
//! - `install_debs`: packages beside what dpkg installs, and as it sees ours
//! - `install_rpms`: packages beside what rpm installs, and as it sees ours
//! - `looking`: lists, files, exports and differences beside what other programs see
//! - `looking_damage`: what is damaged, or cannot be read
//! - `looking_images`: the same in disk images
//! - `mounted`: what the kernel shows of an image, where it may be mounted
//! - `networks`: settings of the network as netplan and ifquery see them
//! - `random`: random trees in random filesystems, judged by e2fsck and read back
//! - `own_2012`: modules as people wrote them for mounted images
//! - `own_declared`: what modules say of their keys
//! - `own_failing`: every way to fail, in modules of every kind
//! - `own_large`: files that modules do not hold in memory
//! - `own_modules`: people's own modules: found, run, failing
//! - `own_plans`: what a plan answers of a path
//! - `own_python`: modules in Python, beside what Python does in a folder
//! - `own_starlark`: modules in Starlark: what they can do, and how they fail
//! - `readback`: reads a whole filesystem back through other people's programs
//! - `rebuild`: images compared with what their recipe makes
//! - `recipes`: builds from build.yaml: the sample, several partitions
//! - `registry`: images from a real registry, and files by http(s)
//! - `reject`: calls, recipes and archives that must fail, and how
//! - `reproducible`: the same bytes wherever, by whomever, whenever; and as they were before
//! - `rootless`: a build in a sandbox that kills privileged calls
//! - `same_edits`: the same edits by modules of every kind
//! - `sbom`: lists of packages beside images
//! - `shared`: images that share what the cache has, on XFS and btrfs
//! - `sources`: folders, and several sources laid on each other
//! - `sshd`: settings of the server for ssh, judged by itself
//! - `sudoers`: rules of sudo, judged by visudo
//! - `sysusers`: accounts of drop-ins beside those of systemd-sysusers
//! - `table`: partition tables, judged by sfdisk and sgdisk
//! - `tmpfiles`: files of drop-ins beside those of systemd-tmpfiles
//! - `verify`: our checker beside other people's, on right and on damaged images
//! - `worn`: images after hard use, and as GRUB reads them
//! - `units`: what enables units of systemd, judged by systemctl
//! - `useradd`: users beside those of useradd in a chroot, every file

// A test that panics has failed: that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]
// What a failing test was at is in what it printed.
#![allow(clippy::print_stdout)]

mod kit;

mod accounts;
mod beside;
mod bundle;
mod cache;
mod catalog;
mod certificates;
mod default_modules;
#[path = "../modules/src/kit/distributions.rs"]
mod distributions;
mod edge;
mod edited;
mod examples;
mod exporting;
mod ext4;
mod fat;
mod faults;
mod formats;
mod grub_scripts;
mod hostile;
mod images;
mod install_debs;
mod install_rpms;
mod looking;
mod looking_damage;
mod looking_images;
mod mount_options;
mod mounted;
mod networks;
mod own_2012;
mod own_declared;
mod own_failing;
mod own_large;
mod own_modules;
mod own_open;
mod own_plans;
mod own_python;
#[cfg(feature = "starlark")]
mod own_starlark;
mod random;
mod readback;
mod rebuild;
mod recipes;
#[cfg(feature = "net")]
mod registry;
mod reject;
mod reproducible;
mod rootless;
mod same_edits;
mod sbom;
mod shared;
mod sources;
mod sshd;
mod sudoers;
mod sysusers;
mod table;
mod tmpfiles;
mod units;
mod useradd;
mod verify;
mod worn;
