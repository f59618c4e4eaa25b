//! An inspection as text.

use std::fmt::{self, Display, Formatter};

use super::Inspection;
use super::disk::Summary;
use crate::reader::name::shown;
use crate::report::Size;
use crate::volume::Description;

impl Display for Inspection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Inspection { image, format, .. } = self;
        writeln!(f, "{}: {format}", shown(image.as_bytes()))?;
        if let Some(disk) = &self.disk {
            write!(f, "{disk}")?;
        }
        if let Some(contents) = &self.contents {
            writeln!(
                f,
                "  {} files of {}, {} directories, {} symlinks, {} others",
                contents.files,
                Size(contents.bytes),
                contents.directories,
                contents.symlinks,
                contents.others
            )?;
        }
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
        let (bytes, file) = (Size(self.bytes), Size(self.file_bytes));
        write!(f, "  {bytes}, stored as {} in {file}", self.stored)?;
        match (self.table, &self.id) {
            (Some(table), Some(id)) => writeln!(f, ", {table} {id}")?,
            _ => writeln!(f, ", no partition table")?,
        }
        for slot in &self.partitions {
            write!(f, "  partition {}", slot.number)?;
            if !slot.name.is_empty() {
                write!(f, " \"{}\"", shown(slot.name.as_bytes()))?;
            }
            write!(f, ": {} at {}", Size(slot.bytes), Size(slot.offset))?;
            if let Some(what) = &slot.what {
                write!(f, ", {what}")?;
            }
            if !slot.partuuid.is_empty() {
                write!(f, ", PARTUUID={}", slot.partuuid)?;
            }
            writeln!(f)?;
            match &slot.filesystem {
                Some(filesystem) => write!(f, "{filesystem}")?,
                None => writeln!(f, "    nothing that is known")?,
            }
        }
        match &self.filesystem {
            Some(filesystem) => write!(f, "{filesystem}"),
            None => Ok(()),
        }
    }
}

impl Display for Description {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "    {}", self.kind)?;
        if !self.label.is_empty() {
            write!(f, " \"{}\"", shown(self.label.as_bytes()))?;
        }
        if !self.uuid.is_empty() {
            write!(f, ", UUID={}", self.uuid)?;
        }
        if let Some(bytes) = self.bytes {
            write!(f, ", {}", Size(bytes))?;
            if let Some(free) = self.free {
                let used = Size(bytes.saturating_sub(free));
                write!(f, ": {used} used, {} free", Size(free))?;
            }
        }
        if let Some(block_size) = self.block_size {
            write!(f, ", blocks of {block_size}")?;
        }
        if let (Some(inodes), Some(free)) = (self.inodes, self.free_inodes) {
            write!(f, ", {} of {inodes} inodes", inodes.saturating_sub(free))?;
        }
        writeln!(f)?;
        match &*self.features {
            [] => Ok(()),
            features => writeln!(f, "    features: {}", features.join(" ")),
        }
    }
}
