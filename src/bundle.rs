//! Kernel and ramdisk, found in the tree, to go beside the image: what EC2 and OpenStack call
//! aki and ari.

mod candidate;
mod kernel;
mod name;
mod ramdisk;
mod version;

use anyhow::{Context as _, Result, anyhow, bail};
use fsgen::{Content, Kind, NodeId, Tree};

use crate::plan::{self, Plan};
use crate::recipe::Recipe;
use crate::{architecture, report};
use candidate::Candidate;
use kernel::Kernel;
pub(crate) use name::check as check_name;

/// What is put behind the name of an image, and a dash, to name its kernel.
pub(crate) const KERNEL: &str = "vmlinuz";
/// The same for its ramdisk.
pub(crate) const RAMDISK: &str = "initrd";

/// A kernel, and what goes with it.
pub(crate) struct Bundle {
    pub kernel: Content,
    /// Nothing for a kernel that has none in the tree.
    pub ramdisk: Option<Content>,
    /// What is told of them; without the command line.
    boot: report::Boot,
    /// What it is for, where that can be told.
    machine: Option<&'static str>,
    pub warnings: Vec<String>,
}

/// Finds the kernel that a recipe asks for, else the newest one, and its ramdisk.
///
/// # Errors
///
/// Fails when there is none, when it cannot be told which one is meant, and when what is there is
/// no kernel for programs of this tree.
pub(crate) fn find(recipe: &Recipe, tree: &Tree) -> Result<Bundle> {
    let (candidate, content, kernel) = match &recipe.boot.kernel {
        Some(wish) => {
            let candidate = candidate::named(tree, wish).map_err(|error| recipe.error(error))?;
            let (content, kernel) = examine(tree, &candidate).map_err(|error| {
                let there_are = candidate::there_are(tree);
                recipe.error(wish.error(format!("{error:#}")).help(there_are))
            })?;
            (candidate, content, kernel)
        }
        None => {
            let candidate = candidate::newest(tree)?;
            let (content, kernel) = examine(tree, &candidate).map_err(|error| {
                anyhow!("{error:#}; choose another with `boot: {{kernel: ...}}`")
            })?;
            (candidate, content, kernel)
        }
    };
    let path = candidate.shown();
    let mut warnings = Vec::new();
    let ramdisk = ramdisk::find(tree, &candidate)?;
    let content_of_ramdisk = match &ramdisk {
        Some((path, node)) => {
            let content = file(tree, *node).with_context(|| path.clone())?;
            if content.is_empty() {
                bail!("{path}: the ramdisk is empty; make it anew, or remove it");
            }
            if !ramdisk::is_known(content, tree).with_context(|| path.clone())? {
                warnings.push(format!(
                    "{path}: neither a cpio archive nor compressed in a way that Linux knows"
                ));
            }
            Some(content.clone())
        }
        None => {
            let others = ramdisk::others(tree);
            warnings.push(format!(
                "{path}: no ramdisk of its own in the tree{others}; it boots if the drivers of disk \
                 and root filesystem are built in"
            ));
            None
        }
    };
    let version = kernel.version.unwrap_or_else(|| candidate.version());
    Ok(Bundle {
        kernel: content.clone(),
        ramdisk: content_of_ramdisk,
        machine: kernel.machine,
        boot: report::Boot {
            kernel: path,
            version,
            format: kernel.format,
            ramdisk: ramdisk.map(|(path, _)| path),
            command_line: String::new(),
        },
        warnings,
    })
}

/// Returns the file of a kernel, and what it is.
///
/// # Errors
///
/// Fails when it is no kernel for programs of this tree.
fn examine<'t>(tree: &'t Tree, candidate: &Candidate) -> Result<(&'t Content, Kernel)> {
    let path = candidate.shown();
    let content = file(tree, candidate.node(tree)?).with_context(|| path.clone())?;
    let kernel = kernel::recognise(content, tree).with_context(|| path.clone())?;
    if let (Some(machine), Some(programs)) = (kernel.machine, architecture::told(tree))
        && !architecture::runs(machine, programs)
    {
        bail!("{path}: a kernel for {machine}, but the programs of this tree are for {programs}");
    }
    Ok((content, kernel))
}

impl Bundle {
    /// Returns what is told of it, with a command line that boots the planned image.
    pub(crate) fn report(&self, plan: &Plan, tree: &Tree) -> report::Boot {
        let root = plan
            .parts
            .iter()
            .enumerate()
            .find(|(_, part)| part.mount.as_deref() == Some("/"));
        let place = root.map_or_else(String::new, |(index, part)| {
            match (&plan.table, &part.content) {
                // The kernel finds partitions by itself, a filesystem's UUID only with a ramdisk.
                (Some(table), _) => {
                    format!("PARTUUID={}", table.partuuid(&table.entries[index]))
                }
                (None, plan::Content::Ext4 { layout, .. }) if self.ramdisk.is_some() => {
                    format!("UUID={}", layout.uuid())
                }
                (None, _) => "/dev/vda".to_owned(),
            }
        });
        let machine = self.machine.unwrap_or_else(|| architecture::of(tree));
        let console = match machine {
            "aarch64" | "arm" => " console=ttyAMA0",
            "ppc64le" | "ppc64" | "ppc" => " console=hvc0",
            // The default is the right one.
            "s390x" | "s390" => "",
            _ => " console=ttyS0",
        };
        report::Boot {
            command_line: format!("root={place} rw{console}"),
            ..self.boot.clone()
        }
    }
}

/// Returns the content of a regular file.
fn file(tree: &Tree, node: NodeId) -> Result<&Content> {
    match &tree.node(node).kind {
        Kind::File(content) => Ok(content),
        other => bail!("a {}, not a file", other.noun()),
    }
}
