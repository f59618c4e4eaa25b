//! `growfs`: a filesystem grows to the end of the disk when the machine boots.
//!
//! What does it is what the image has: systemd-repart and systemd-growfs, cloud-init, or a script
//! of ours that calls sfdisk and resize2fs.

mod repart;

use serde::Deserialize;

use crate::option::{OptionDoc, Shape};
use crate::value::{Span, Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Partition, Root, cloud_config, fstab, installed, units};

const SCRIPT: &str = "/usr/local/sbin/hsb-growfs";
const SCRIPT_TEXT: &str = include_str!("growfs/grow.sh");

/// What the script calls, and the Debian package of each.
const PROGRAMS: [&str; 4] = ["findmnt", "sfdisk", "partx", "resize2fs"];

const UNIT: &str = "hsb-growfs.service";

pub(crate) const MODULE: Module = Module {
    name: "growfs",
    summary: "lets the root filesystem grow to the end of the disk at boot",
    details: "\
The partition has to be the last one. In a GPT, systemd-repart grows it where the image has that, by
`/etc/repart.d/50-hsb-grow.conf` or by a definition of the image's own for that type, and
systemd-growfs the filesystem, by an option in `/etc/fstab`. What else is in the image's repart.d
and takes of the space is named in a warning.
Else cloud-init does both where it is installed with growpart and its lists of modules have growpart
and resizefs; `/etc/cloud/cloud.cfg.d/zz-hsb-growfs.cfg` turns them on. It has to be started at
boot, and runs where it finds a datasource. Else `/usr/local/sbin/hsb-growfs` does, with findmnt,
sfdisk, partx and resize2fs, started by systemd or OpenRC at each boot.",
    keys: &["growfs"],
    options: &[OptionDoc::optional(
        "growfs",
        Shape::Text,
        "the mount point of the filesystem; / if left out",
    )],
    example: "modules: [growfs]\n",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    growfs: Option<Spanned<String>>,
}

/// What makes a partition larger.
enum Grower {
    /// Nothing has to: there is no table.
    None,
    Repart,
    CloudInit,
    Script,
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options { growfs } = cfg.options()?;
    match growfs {
        Some(mount) if !mount.starts_with('/') => {
            Err(mount.error(format!("{:?} is no mount point", *mount)))
        }
        _ => Ok(()),
    }
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { growfs } = cfg.options()?;
    let span = growfs.as_ref().map_or(cfg.span(), |mount| mount.span);
    let mount = growfs.as_ref().map_or("/", |mount| mount.as_str());
    let mount = &*fstab::place(mount);
    let partition = partition(root, mount, span)?;
    let grower = grower(root, partition, span)?;
    if !matches!(grower, Grower::CloudInit) && root.is_file(cloud_config::GROW) && mount == "/" {
        root.remove(cloud_config::GROW)?;
    }
    match grower {
        Grower::None => fstab::add_option(root, partition, fstab::GROWFS)?,
        Grower::Repart => {
            repart::set(root, partition, mount, span)?;
            fstab::add_option(root, partition, fstab::GROWFS)?;
        }
        Grower::CloudInit => match cloud_config::turn_on_growth(root)? {
            None => root.info("cloud-init grows the root filesystem where it finds a datasource"),
            Some(path) => root.warn_at(
                span,
                format!("{path} keeps cloud-init from growing the root filesystem"),
            ),
        },
        Grower::Script => add_script(root, mount, span)?,
    }
    Ok(())
}

/// Returns the partition to grow.
fn partition<'p>(root: &Root<'p>, mount: &str, span: Span) -> Result<&'p Partition, ValueError> {
    let partitions = root.partitions();
    let at = partitions
        .iter()
        .position(|known| known.mount.as_deref() == Some(mount));
    let Some(at) = at else {
        let message = format!("no partition of the image is mounted at {mount}");
        return Err(ValueError::new(span, message));
    };
    let partition = &partitions[at];
    if let Some(behind) = partitions.get(at + 1) {
        let number = behind.number;
        let message = format!("{mount} cannot grow: partition {number} lies behind it");
        let help = format!("put the partition of {mount} last in `partitions`");
        return Err(ValueError::new(span, message).help(help));
    }
    match partition.filesystem.as_deref() {
        Some("ext4") => Ok(partition),
        other => {
            let message = format!("{mount} is {}, which cannot grow", other.unwrap_or("empty"));
            Err(ValueError::new(span, message))
        }
    }
}

/// Decides what does it, from what the image has.
fn grower(root: &Root<'_>, partition: &Partition, span: Span) -> Result<Grower, Error> {
    let folders = ["/usr/lib/systemd", "/lib/systemd"];
    let has_growfs = folders
        .iter()
        .any(|folder| root.is_file(format!("{folder}/systemd-growfs")));
    let is_gpt = partition.partuuid.as_ref().is_some_and(|id| id.len() == 36);
    if has_growfs && partition.partuuid.is_none() {
        return Ok(Grower::None);
    }
    if has_growfs && is_gpt && installed::program(root, "systemd-repart") {
        // Of several with one type, systemd-repart would take the first.
        let kind = partition.kind.as_deref().unwrap_or_default();
        if repart::count(root, kind) == 1 {
            return Ok(Grower::Repart);
        }
    }
    let has_cloud_init =
        root.is_file("/etc/cloud/cloud.cfg") && partition.mount.as_deref() == Some("/");
    let no_growth = match has_cloud_init {
        true => cloud_config::no_growth(root)?,
        false => None,
    };
    if has_cloud_init && no_growth.is_none() {
        return Ok(Grower::CloudInit);
    }
    let missing = PROGRAMS
        .into_iter()
        .filter(|name| !installed::program(root, name));
    let missing: Vec<_> = missing.collect();
    if missing.is_empty() && (installed::systemd(root) || root.is_file("/etc/init.d/local")) {
        return Ok(Grower::Script);
    }
    let error = ValueError::new(span, "nothing in the image can grow a filesystem at boot");
    let mut help = format!(
        "add systemd-repart, cloud-init with growpart, or what is missing of {}: {}",
        PROGRAMS.join(", "),
        missing.join(", ")
    );
    if let Some(why) = no_growth {
        help += &format!("; cloud-init does not: {why}");
    }
    Err(error.help(help).into())
}

/// Writes our script, and what starts it.
fn add_script(root: &mut Root<'_>, mount: &str, span: Span) -> Result<(), Error> {
    root.mkdir_above(SCRIPT)?;
    root.write(SCRIPT, SCRIPT_TEXT)?;
    root.chmod(SCRIPT, 0o755)?;
    let call = format!("{SCRIPT} '{}'", mount.replace('\'', "'\\''"));
    if installed::systemd(root) {
        let file = format!("{}/{UNIT}", units::CONFIG);
        root.mkdir_above(&file)?;
        let text = format!(
            "[Unit]\nDescription=Grow a filesystem to the end of the disk\nAfter=local-fs.target\n\n\
             [Service]\nType=oneshot\nExecStart={}\n\n[Install]\nWantedBy=multi-user.target\n",
            call.replace('%', "%%")
        );
        root.write(&file, text)?;
        let enabled = units::enable(root, UNIT);
        enabled.map_err(|error| ValueError::new(span, error.to_string()))?;
        return Ok(());
    }
    let start = "/etc/local.d/hsb-growfs.start";
    root.mkdir_above(start)?;
    root.write(start, format!("#!/bin/sh\nexec {call}\n"))?;
    root.chmod(start, 0o755)?;
    let link = "/etc/runlevels/default/local";
    if root.lstat(link).is_err() {
        root.mkdir_above(link)?;
        root.symlink("/etc/init.d/local", link, false)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
