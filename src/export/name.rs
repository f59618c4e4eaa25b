//! What a container image that is made may be called.

use anyhow::{Result, anyhow, ensure};

use super::Form;
use crate::source::Reference;

/// Returns the name of an image as its form has it: for docker with a tag, `latest` where there is
/// none.
///
/// # Errors
///
/// Fails when those who read the form refuse such a name (OCI image-spec, "Pre-Defined Annotation
/// Keys"; for docker, as a name in a registry).
pub(crate) fn checked(form: Form, name: &str) -> Result<String> {
    match form {
        Form::Oci => {
            ensure!(
                is_ref_name(name),
                "--name {name:?}: letters and digits, with one of `-._:@+/` between them, as in 1.0"
            );
            Ok(name.to_owned())
        }
        Form::Docker => {
            let parsed = name.parse::<Reference>();
            parsed.map_err(|wrong| anyhow!("--name {name:?}: {wrong}"))?;
            ensure!(
                !name.contains('@'),
                "--name {name:?}: has a digest, which follows from what is in the image"
            );
            let last = name.rsplit('/').next().unwrap_or_default();
            Ok(match last.contains(':') {
                true => name.to_owned(),
                false => format!("{name}:latest"),
            })
        }
    }
}

/// Returns whether a text is a value of `org.opencontainers.image.ref.name`.
fn is_ref_name(text: &str) -> bool {
    let is_component = |component: &str| {
        let words = component.replace("--", "-");
        let mut words = words.split(['-', '.', '_', ':', '@', '+']);
        words.all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    text.split('/').all(is_component)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_others_take() {
        for (form, name, want) in [
            (Form::Oci, "1.0", Some("1.0")),
            (Form::Oci, "v1.0--rc_1", Some("v1.0--rc_1")),
            (Form::Oci, "me/web:1.0", Some("me/web:1.0")),
            (Form::Oci, "", None),
            (Form::Oci, "bad tag", None),
            (Form::Oci, "1.0-", None),
            (Form::Oci, "a---b", None),
            (Form::Oci, "a//b", None),
            (Form::Docker, "me/web:1.0", Some("me/web:1.0")),
            (Form::Docker, "web", Some("web:latest")),
            (
                Form::Docker,
                "h.example:5000/web",
                Some("h.example:5000/web:latest"),
            ),
            (Form::Docker, "", None),
            (Form::Docker, "BAD NAME", None),
            (Form::Docker, "A/b", None),
            (Form::Docker, "a__b--c.d", Some("a__b--c.d:latest")),
            (Form::Docker, "a___b", None),
            (Form::Docker, "a._b", None),
            (Form::Docker, "x:y:z", None),
            (Form::Docker, "x@sha256:aa", None),
        ] {
            assert_eq!(checked(form, name).ok().as_deref(), want, "{form:?} {name}");
        }
    }
}
