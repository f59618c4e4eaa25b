//! The right to become another user where doas is what there is: doas.conf(5).

use crate::root::{Root, RootError};

const FILE: &str = "/etc/doas.conf";

/// Alpine's doas reads all `.conf` files there; others know the one file alone.
const DIRECTORY: &str = "/etc/doas.d";

/// Returns whether the image has doas.
pub(crate) fn is_installed(root: &Root<'_>) -> bool {
    ["/usr/bin/doas", "/bin/doas"]
        .iter()
        .any(|path| root.is_file(path))
}

/// Lets a user run anything, without a password, because most users of an image have none.
pub(crate) fn grant(root: &mut Root<'_>, user: &str) -> Result<(), RootError> {
    let rule = format!("permit nopass {user}");
    let path = if root.is_dir(DIRECTORY) {
        format!("{DIRECTORY}/90-hsb-{user}.conf")
    } else {
        FILE.to_owned()
    };
    let mut text = root.read_if_exists(&path)?.unwrap_or_default();
    let is_new = !root.exists(&path);
    // The last rule that fits counts, so that ours goes behind the others.
    if !text
        .split(|b| *b == b'\n')
        .any(|line| line == rule.as_bytes())
    {
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        text.extend_from_slice(format!("{rule}\n").as_bytes());
        root.write(&path, text)?;
    }
    if is_new {
        root.chmod(&path, 0o400)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Files, NOW, image, read, show};

    #[test]
    fn one_rule_where_doas_looks() {
        for (files, path, text, mode) in [
            (
                &[("/etc/doas.d/", "")][..],
                "/etc/doas.d/90-hsb-a.b.conf",
                "permit nopass a.b\n",
                "0400",
            ),
            (&[], "/etc/doas.conf", "permit nopass a.b\n", "0400"),
            (
                &[("/etc/doas.conf", "# c\npermit persist :wheel")],
                "/etc/doas.conf",
                "# c\npermit persist :wheel\npermit nopass a.b\n",
                "0644",
            ),
        ] {
            let mut tree = image(files);
            let host = Files::default();
            let mut root = Root::new(&mut tree, &host, NOW);
            root.mkdir_all("/etc", 0o755).unwrap();
            grant(&mut root, "a.b").unwrap();
            grant(&mut root, "a.b").unwrap();
            assert_eq!(read(&tree, path), text);
            assert!(show(&mut tree, path)[0].starts_with(mode));
        }
    }
}
