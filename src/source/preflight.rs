//! What is strange about a root filesystem as a whole, said before it becomes an image.

use fsgen::{NodeId, Tree};
use serde_json::Value;

use super::name::shown;
use crate::architecture;

/// Directories of which every system has several at its root.
const ROOT: [&[u8]; 8] = [
    b"bin", b"boot", b"etc", b"home", b"lib", b"sbin", b"usr", b"var",
];
/// How many of them make a root.
const ENOUGH: usize = 3;

/// Returns what the user should know, one line each.
pub(super) fn warnings(tree: &Tree, image_config: Option<&Value>) -> Vec<String> {
    let mut warnings = Vec::new();
    let entries: Vec<(&[u8], NodeId)> = tree.entries(Tree::ROOT).collect();
    match entries[..] {
        [] => warnings.push("there are no files at all: the image will be empty".to_owned()),
        [(name, id)] if looks_like_root(tree, id) => {
            let name = shown(name);
            warnings.push(format!(
                "all files are in `{name}/`, which looks like the root itself; `strip: 1` takes \
                 `{name}/` off"
            ));
        }
        _ if looks_like_root(tree, Tree::ROOT) && tree.resolve(b"/etc/passwd").is_err() => {
            warnings.push(
                "there is no /etc/passwd, not even of root: is that all of the root filesystem?"
                    .to_owned(),
            );
        }
        _ => {}
    }
    let has = |name: &[u8]| tree.lookup(Tree::ROOT, name).is_some();
    let is_image =
        has(b"oci-layout") || has(b"manifest.json") || has(b"index.json") && has(b"blobs");
    if is_image && !looks_like_root(tree, Tree::ROOT) {
        warnings.push(
            "its files are those of a container image, but not as the OCI layout or `docker save` has \
             them: they are taken for the root filesystem; skopeo makes one of the two of it"
                .to_owned(),
        );
    }
    warnings.extend(architectures(tree, image_config));
    warnings
}

fn looks_like_root(tree: &Tree, directory: NodeId) -> bool {
    let found = ROOT
        .iter()
        .filter(|name| tree.lookup(directory, name).is_some());
    found.count() >= ENOUGH
}

/// Returns whether programs are for another machine than others, or than the image says.
fn architectures(tree: &Tree, image_config: Option<&Value>) -> Option<String> {
    let programs: Vec<(&str, &str)> = architecture::programs(tree).collect();
    let (first, machine) = *programs.first()?;
    if let Some((other, found)) = programs.iter().find(|(_, found)| *found != machine) {
        return Some(format!(
            "{first} is for {machine}, and {other} for {found}: do the sources go together?"
        ));
    }
    let said = image_config?.get("architecture")?.as_str()?;
    let means = architecture::of_image(said);
    (means != machine).then(|| {
        format!("the container image says that it is for {said}, but its {first} is for {machine}")
    })
}

#[cfg(test)]
mod tests {
    use fsgen::{Content, Meta, Timestamp};
    use serde_json::json;

    use super::*;

    const META: Meta = Meta::root(0o755, Timestamp::from_secs(0));

    /// A tree of directories (`/` at the end) and of programs for x86_64, or another machine by its
    /// number after `=`.
    fn tree(paths: &[&str]) -> Tree {
        let mut tree = Tree::new(META);
        for path in paths {
            if path.ends_with('/') {
                tree.make_directories(path.as_bytes(), META).unwrap();
                continue;
            }
            let (path, machine) = path.split_once('=').unwrap_or((path, "62"));
            let (directory, name) = path.rsplit_once('/').unwrap();
            let directory = tree.make_directories(directory.as_bytes(), META).unwrap();
            let mut elf = b"\x7FELF\x02\x01".to_vec();
            elf.resize(18, 0);
            elf.extend([machine.parse().unwrap(), 0]);
            let file = tree.add_file(META, Content::bytes(elf));
            tree.link(directory, name.as_bytes(), file);
        }
        tree
    }

    #[test]
    fn what_is_strange() {
        for (paths, said, want) in [
            (&[][..], None, "there are no files at all"),
            (
                &["rootfs/etc/", "rootfs/usr/", "rootfs/var/"],
                None,
                "`strip: 1` takes `rootfs/` off",
            ),
            (&["app/etc/", "app/usr/"], None, ""),
            (&["etc/", "usr/", "var/"], None, "there is no /etc/passwd"),
            (&["usr/", "/etc/passwd", "var/"], None, ""),
            (&["/etc/motd"], None, ""),
            (&["/bin/sh", "/sbin/init"], Some("amd64"), ""),
            (
                &["/bin/sh", "/sbin/init=183"],
                None,
                "/bin/sh is for x86_64, and /sbin/init for aarch64",
            ),
            (&["/bin/bash=183"], Some("arm64"), ""),
            (
                &["/bin/bash=183"],
                Some("amd64"),
                "is for amd64, but its /bin/bash is for aarch64",
            ),
        ] {
            let config = said.map(|said| json!({"architecture": said}));
            let got = warnings(&tree(paths), config.as_ref());
            match want {
                "" => assert_eq!(got, [""; 0], "{paths:?}"),
                want => assert!(
                    got.len() == 1 && got[0].contains(want),
                    "{paths:?}: {got:?}"
                ),
            }
        }
    }
}
