//! `fstab`: what is mounted at boot, from the partitions of the recipe.
//!
//! A line that exists for a mount point gets the right device and type; its options and the order
//! of the file stay. Comments and other lines are left alone. See fstab(5).

mod doc;
mod kind;
mod mount_option;
mod options;
mod table;

use crate::value::{Spanned, ValueError, nearest};
use crate::{Cfg, Error, Host, Module, Partition, Root, RootError};
use options::{By, Fstab, Mount, Options};
use table::{Changed, Entry, Table};

const FILE: &str = "/etc/fstab";

/// The option that has a filesystem grow at boot (systemd.mount(5)): `growfs` adds it.
pub(crate) const GROWFS: &str = "x-systemd.growfs";

pub(crate) const MODULE: Module = Module {
    name: "fstab",
    summary: "has the partitions of the image mounted at boot",
    details: "\
Writes a line of `/etc/fstab` for each partition with a `mount` and for swap. A line that is there
for the same mount point gets the device and type of the partition, and keeps its options where the
recipe names none. Where the type changes, options stay that any filesystem takes, or that the new
type is known to take; a warning names the others. What is mounted on is made: a directory, or a
file for the bind mount of a file. All else in the file stays; a warning tells of lines whose device
is not one of the image, and of a `type` that neither Linux has nor a program of the image mounts.",
    keys: &["fstab"],
    options: doc::OPTIONS,
    example: doc::EXAMPLE,
    check,
    modify,
};

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    cfg.options::<Options>()?.fstab.check()
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { fstab } = cfg.options()?;
    let partitions = root.partitions();
    let mut entries = Vec::new();
    for partition in partitions {
        entries.extend(of_partition(partition, &fstab, cfg)?);
    }
    for mount in &fstab.mounts {
        match &mount.device {
            Some(device) => {
                let place = mount.place();
                let is_at = |known: &&Partition| known.mount.as_ref() == Some(&place);
                if let Some(known) = partitions.iter().find(is_at) {
                    let number = known.number;
                    let message = format!("{place} is the mount point of partition {number}");
                    return Err(mount.mount.error(message).help("leave `device` out").into());
                }
                entries.push(of_device(mount, device));
            }
            None => check_is_partition(mount, partitions)?,
        }
    }
    // A filesystem is mounted after the one that its mount point is in; swap comes last.
    entries.sort_by(|a, b| (a.is_swap(), &a.mount).cmp(&(b.is_swap(), &b.mount)));
    let mut table = Table::parse(&root.read_if_exists(FILE)?.unwrap_or_default());
    for entry in &entries {
        let Changed {
            filesystem,
            gone,
            odd,
        } = table.set(entry);
        let mount = &entry.mount;
        let all = [
            (gone, "loses the options", ""),
            (odd, "keeps the options", ", which it may not take"),
        ];
        for (options, fate, why) in all.iter().filter(|(options, ..)| !options.is_empty()) {
            let options = options.join(",");
            root.warn(format!(
                "{mount} is {filesystem} now, and its line in {FILE} {fate} {options}{why}; give \
                 `options` for it to have others"
            ));
        }
    }
    for line in table.foreign(&entries) {
        root.warn(format!(
            "{FILE} mounts {line}, which is no partition of the image: the system may wait for it"
        ));
    }
    root.mkdir_above(FILE)?;
    root.write(FILE, table.print())?;
    for mount in fstab.mounts.iter().filter(|mount| mount.device.is_some()) {
        if mount.mount.starts_with('/') {
            let made = make_place(root, mount, table.is_bind(&mount.place()));
            made.map_err(|error| mount.mount.error(error.to_string()))?;
        }
        if let Some(kind) = &mount.filesystem
            && let Some(why) = kind::unknown(root, kind)
        {
            root.warn_at(kind.span, why);
        }
    }
    Ok(())
}

/// Makes what is mounted on: a file for a file, and a directory for anything else.
fn make_place(root: &mut Root<'_>, mount: &Mount, is_bind: bool) -> Result<(), RootError> {
    let place = mount.place();
    let is_file = |path: &String| path.starts_with('/') && root.is_file(path);
    let of_file = is_bind && mount.device.as_deref().is_some_and(is_file);
    match of_file {
        true if root.is_file(&place) => Ok(()),
        true => {
            root.mkdir_above(&place)?;
            root.write(&place, "")
        }
        false => root.mkdir_all(&place, 0o755),
    }
}

/// Returns a mount point in the one way to write it: `/boot` for `/boot/` and `//boot`.
pub(crate) fn place(mount: &str) -> String {
    let names = mount.split('/').filter(|name| !name.is_empty());
    format!("/{}", names.collect::<Vec<_>>().join("/"))
}

/// Adds a mount option to the line of a partition that has a mount point, which gets a line if it
/// has none.
pub(crate) fn add_option(
    root: &mut Root<'_>,
    partition: &Partition,
    option: &str,
) -> Result<(), RootError> {
    let mut table = Table::parse(&root.read_if_exists(FILE)?.unwrap_or_default());
    let mount = partition.mount.as_deref().unwrap_or_default();
    if !table.add_option(mount, option) {
        let id = partition.uuid.as_deref().unwrap_or_default();
        table.set(&Entry {
            device: format!("UUID={id}"),
            mount: mount.to_owned(),
            filesystem: partition.filesystem.clone(),
            usual: format!("defaults,{option}"),
            options: None,
            pass: if mount == "/" { 1 } else { 2 },
            is_partition: true,
        });
    }
    root.mkdir_above(FILE)?;
    root.write(FILE, table.print())
}

/// Returns the line of a partition, where it needs one.
fn of_partition(
    partition: &Partition,
    fstab: &Fstab,
    cfg: &Cfg,
) -> Result<Option<Entry>, ValueError> {
    let is_swap = partition.filesystem.as_deref() == Some("swap");
    let (mount, filesystem) = match (&partition.mount, &partition.filesystem) {
        (Some(mount), Some(filesystem)) => (mount.as_str(), filesystem),
        (None, Some(filesystem)) if is_swap => ("none", filesystem),
        _ => return Ok(None),
    };
    let by = fstab.by.as_ref().map_or(By::Uuid, |by| by.value);
    let (tag, id) = match by {
        By::Uuid => ("UUID", &partition.uuid),
        By::Partuuid => ("PARTUUID", &partition.partuuid),
        By::Label => ("LABEL", &partition.label),
    };
    let Some(id) = id else {
        let span = fstab.by.as_ref().map_or(cfg.span(), |by| by.span);
        let number = partition.number;
        let message = format!("partition {number} ({mount}) has no {tag} to be found by");
        let help = match by {
            By::Label => format!("give partition {number} a `label`, or use `by: uuid`"),
            _ => "use `by: uuid`".to_owned(),
        };
        return Err(ValueError::new(span, message).help(help));
    };
    // What is said of a device of its own is not said of a partition.
    let mut mounts = fstab.mounts.iter().filter(|named| named.device.is_none());
    let named = mounts.find(|named| named.place() == mount);
    let usual = match filesystem.as_str() {
        // What is on it is for firmware and root.
        "vfat" => "umask=0077",
        _ => "defaults",
    };
    let options = named.and_then(|named| named.options.as_ref());
    Ok(Some(Entry {
        device: format!("{tag}={}", table::escape(id)),
        mount: mount.to_owned(),
        filesystem: Some(filesystem.clone()),
        usual: usual.to_owned(),
        options: options.map(|options| options.value.clone()),
        pass: match mount {
            _ if is_swap => 0,
            "/" => 1,
            _ => 2,
        },
        is_partition: true,
    }))
}

/// Returns the line of something that the recipe names itself.
fn of_device(mount: &Mount, device: &Spanned<String>) -> Entry {
    let filesystem = mount.filesystem.as_deref().cloned();
    let place = mount.place();
    let is_swap = place == "none";
    // The device of a filesystem that has none is its name.
    let of_itself = || Some(device.value.clone()).filter(|name| kind::has_no_device(name));
    Entry {
        device: table::escape(device),
        mount: place,
        filesystem: filesystem
            .or_else(|| is_swap.then(|| "swap".to_owned()))
            .or_else(of_itself),
        usual: "defaults".to_owned(),
        options: mount.options.as_ref().map(|options| options.value.clone()),
        pass: 0,
        is_partition: false,
    }
}

fn check_is_partition(mount: &Mount, partitions: &[Partition]) -> Result<(), ValueError> {
    let place = mount.place();
    let known: Vec<_> = partitions
        .iter()
        .filter_map(|known| known.mount.as_deref())
        .collect();
    if known.contains(&place.as_str()) {
        return Ok(());
    }
    let message = format!("no partition of the image is mounted at {place}");
    Err(mount
        .mount
        .error(message)
        .help(match nearest(&place, known) {
            Some(meant) => format!("did you mean {meant}?"),
            None => "give its `device`, or a partition with this `mount`".to_owned(),
        }))
}

#[cfg(test)]
mod tests;
