//! An inspection as text.

use std::fmt::{self, Display, Formatter};

use super::Inspection;
use super::disk::Summary;
use crate::reader::name::shown;
use crate::report::Size;

impl Display for Inspection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Inspection {
            image,
            format,
            contents,
            ..
        } = self;
        writeln!(f, "{}: {format}", shown(image.as_bytes()))?;
        if let Some(disk) = &self.disk {
            write!(f, "{disk}")?;
        }
        writeln!(
            f,
            "  {} files of {}, {} directories, {} symlinks, {} others",
            contents.files,
            Size(contents.bytes),
            contents.directories,
            contents.symlinks,
            contents.others
        )?;
        if let Some(config) = &self.image_config {
            let config = &config["config"];
            for (key, what) in [
                ("Entrypoint", "entrypoint"),
                ("Cmd", "command"),
                ("User", "user"),
                ("WorkingDir", "folder"),
                ("Env", "environment"),
            ] {
                let value = &config[key];
                if !value.is_null() && value != "" {
                    // JSON has escapes for all that a terminal would act on.
                    writeln!(f, "  {what}: {value}")?;
                }
            }
        }
        let Some(system) = &self.system else {
            return Ok(());
        };
        let release = |key: &str| system.os_release.get(key);
        if let Some(name) = release("PRETTY_NAME").or(release("NAME")) {
            writeln!(f, "  system: {}", shown(name.as_bytes()))?;
        }
        if let Some(architecture) = system.architecture {
            writeln!(f, "  architecture: {architecture}")?;
        }
        if let Some(hostname) = &system.hostname {
            writeln!(f, "  hostname: {hostname}")?;
        }
        match &*system.kernels {
            [] => Ok(()),
            kernels => writeln!(f, "  kernels: {}", kernels.join(", ")),
        }
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let table = self.table.unwrap_or("no partition table");
        writeln!(f, "  {}, {table}", Size(self.bytes))?;
        for slot in &self.partitions {
            write!(f, "  partition {}", slot.number)?;
            if !slot.name.is_empty() {
                write!(f, " \"{}\"", shown(slot.name.as_bytes()))?;
            }
            write!(f, ": {} at {}", Size(slot.bytes), Size(slot.offset))?;
            if let Some(what) = &slot.what {
                write!(f, ", {what}")?;
            }
            write!(
                f,
                ", {}",
                slot.filesystem.unwrap_or("nothing that is known")
            )?;
            if !slot.label.is_empty() {
                write!(f, " \"{}\"", shown(slot.label.as_bytes()))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
