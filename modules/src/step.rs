//! One step of a build: a module at work on a layer of its own.

use fsgen::tree::layer::{Change, ChangeKind};
use fsgen::{Timestamp, Tree};

use crate::{Companion, Host, Root, Warning};

/// What a step told of its work. What it changed is the last layer of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What the user should know, oldest first.
    pub warnings: Vec<Warning>,
    /// What it told of its work, oldest first.
    pub notes: Vec<String>,
    /// What goes beside the image, oldest first.
    pub companions: Vec<Companion>,
}

/// Lets `modify` change the tree, on a layer called `label`.
///
/// What it makes gets the time `now`. When it fails, the tree is as it was before.
///
/// # Errors
///
/// Fails when `modify` does.
///
/// # Panics
///
/// Panics when the tree has an open layer.
pub fn run<E>(
    tree: &mut Tree,
    label: &str,
    host: &dyn Host,
    now: Timestamp,
    modify: impl FnOnce(&mut Root<'_>) -> Result<(), E>,
) -> Result<Outcome, E> {
    tree.begin(label);
    let mut root = Root::new(tree, host, now);
    let done = modify(&mut root);
    let notes = root.take_notes();
    let companions = root.take_companions();
    let mut warnings = root.into_warnings();
    if let Err(error) = done {
        tree.rollback();
        return Err(error);
    }
    tree.commit();
    warnings.extend(unlabelled(tree));
    Ok(Outcome {
        warnings,
        notes,
        companions,
    })
}

/// Warns of new files without an SELinux label in an image whose files have one: an enforcing
/// system may not be able to open them.
fn unlabelled(tree: &Tree) -> Option<Warning> {
    const LABEL: &[u8] = b"security.selinux";
    tree.node(Tree::ROOT).xattrs.get(LABEL)?;
    let is_bare = |change: &&Change| {
        change.kind == ChangeKind::Added
            && tree
                .resolve_link(&change.path)
                .is_ok_and(|id| !tree.node(id).xattrs.contains_key(LABEL))
    };
    let first = tree.layers().last()?.changes.iter().find(is_bare)?;
    let message = format!(
        "the image is labelled for SELinux, but new paths such as {} have no label; add an empty \
         /.autorelabel to have them labelled at the first boot",
        first.path.escape_ascii()
    );
    Some(Warning {
        message,
        span: None,
    })
}

#[cfg(test)]
mod tests {
    use crate::kit::{image, show, step, value};

    #[test]
    fn a_failed_step_leaves_nothing_behind() {
        let mut tree = image(&[("/etc/hostname", "old\n")]);
        let before = show(&mut tree, "/");
        let recipe = value!({
            "directories": [{"path": "/new"}],
            "files": [{"path": "/etc/hostname/x", "content": ""}],
        });
        let error = step(&mut tree, "files", &recipe).unwrap_err();
        assert!(error.span().is_some());
        assert_eq!(show(&mut tree, "/"), before);
        assert_eq!(tree.layers().len(), 0);
    }

    #[test]
    fn files_without_a_label_are_told_of() {
        for (label, warned) in [(false, false), (true, true)] {
            let mut tree = image(&[("/etc/motd", "")]);
            if label {
                let xattrs = [(b"security.selinux"[..].into(), b"x"[..].into())];
                tree.set_xattrs(fsgen::Tree::ROOT, xattrs.into());
            }
            let warnings = step(&mut tree, "hostname", &value!({"hostname": "a"}))
                .unwrap()
                .warnings;
            assert_eq!(!warnings.is_empty(), warned);
            assert!(
                warnings
                    .iter()
                    .all(|w| w.message.contains("such as /etc/hostname have no label"))
            );
        }
    }
}
