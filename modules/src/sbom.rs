//! `sbom`: lists the packages of the image, for programs that look for known faults in them.
//!
//! The lists are SPDX 2.3 and CycloneDX 1.5, both as JSON; what is in them depends on the package
//! databases and the time of the build alone.

mod cyclonedx;
mod database;
mod package;
mod spdx;

use fsgen::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::option::{OptionDoc, Shape};
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root, os_release};
use package::Package;

pub(crate) const MODULE: Module = Module {
    name: "sbom",
    summary: "writes lists of the image's packages as SPDX and CycloneDX",
    details: "\
The packages are those that dpkg, rpm, apk and pacman have in their databases at this step, with
versions and package URLs. Of rpm's databases, those of the kinds sqlite, ndb and bdb are read.

Lists beside the image are called as it is with `.spdx.json` or `.cdx.json` behind: `disk.raw` has
`disk.raw.spdx.json`. Like the image they appear whole or not at all, one for each `-o`.",
    keys: &["sbom"],
    options: &[OptionDoc::required(
        "sbom",
        Shape::Map(&[
            OptionDoc::optional("spdx", Shape::Text, "where the list as SPDX 2.3 goes"),
            OptionDoc::optional(
                "cyclonedx",
                Shape::Text,
                "where the list as CycloneDX 1.5 goes",
            ),
            OptionDoc::optional(
                "beside",
                Shape::List(&Shape::OneOf(&["spdx", "cyclonedx"])),
                "the lists that go beside the image",
            ),
        ]),
        "the lists to write, at least one",
    )],
    example: "\
modules: [sbom]
sbom:
  spdx: /usr/share/sbom/image.spdx.json
  cyclonedx: /usr/share/sbom/image.cdx.json
",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    sbom: Spanned<Files>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Files {
    spdx: Option<Spanned<String>>,
    cyclonedx: Option<Spanned<String>>,
    #[serde(default)]
    beside: Vec<Form>,
}

/// A form of the list.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Form {
    Spdx,
    CycloneDx,
}

/// What both lists say.
struct Contents {
    /// What the image is called.
    name: String,
    /// Empty if it does not say.
    version: String,
    packages: Vec<Package>,
    /// The same for the same lists.
    id: Uuid,
    /// When the image was made, as in 2025-06-01T12:00:00Z.
    time: String,
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options { sbom } = cfg.options()?;
    if sbom.spdx.is_none() && sbom.cyclonedx.is_none() && sbom.beside.is_empty() {
        return Err(sbom
            .error("no list is asked for")
            .help("give `spdx`, `cyclonedx` or `beside`"));
    }
    for path in [&sbom.spdx, &sbom.cyclonedx].into_iter().flatten() {
        if path.is_empty() || path.ends_with('/') {
            return Err(path.error(format!("{:?} is no path of a file", **path)));
        }
    }
    if let (Some(spdx), Some(cyclonedx)) = (&sbom.spdx, &sbom.cyclonedx)
        && spdx.trim_start_matches('/') == cyclonedx.trim_start_matches('/')
    {
        return Err(cyclonedx.error(format!("{} is where the other list goes", **cyclonedx)));
    }
    Ok(())
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { sbom } = cfg.options()?;
    let contents = contents(root, &sbom)?;
    for (path, json, form, ending) in [
        (&sbom.spdx, spdx::json(&contents), Form::Spdx, "spdx.json"),
        (
            &sbom.cyclonedx,
            cyclonedx::json(&contents),
            Form::CycloneDx,
            "cdx.json",
        ),
    ] {
        if sbom.beside.contains(&form) {
            root.put_beside(ending, format!("{json:#}\n").into_bytes());
        }
        if let Some(path) = path {
            let failed = crate::error::at(path.span);
            root.mkdir_above(&**path).map_err(&failed)?;
            root.write(&**path, format!("{json:#}\n")).map_err(failed)?;
        }
    }
    Ok(())
}

fn contents(root: &mut Root<'_>, sbom: &Spanned<Files>) -> Result<Contents, Error> {
    let system = os_release::read(root)?;
    let key = |key: &str| -> Option<String> {
        let (_, value) = system.iter().find(|(known, _)| known == key)?;
        Some(String::from_utf8_lossy(value).into_owned())
    };
    let id = key("ID").unwrap_or_else(|| "linux".to_owned());
    let release = key("VERSION_ID").unwrap_or_default();
    let mut packages = database::packages(root, &id, &release)?;
    match database::rpms(root, &id, &release) {
        Ok(rpms) => packages.extend(rpms),
        Err(why) if packages.is_empty() => {
            let error = sbom.error(format!("the packages of the image cannot be read: {why}"));
            let help = "use a program that reads them, such as syft, on the image";
            return Err(error.help(help).into());
        }
        Err(why) => root.warn(format!("the list has no packages of rpm: {why}")),
    }
    packages.sort();
    packages.dedup_by(|a, b| a.purl == b.purl);
    if packages.is_empty() {
        let error = sbom.error("no database of the image has any packages");
        return Err(error.help("dpkg, rpm, apk and pacman have one").into());
    }
    let name = key("IMAGE_ID")
        .filter(|name| !name.is_empty())
        .unwrap_or(id);
    let version = key("IMAGE_VERSION").unwrap_or(release);
    let time = utc(root.time());
    // Lists that differ in anything have different names.
    let mut all = format!("{name}\n{version}\n{time}\n");
    for Package {
        purl,
        supplier,
        license,
        ..
    } in &packages
    {
        all += &format!("{purl}\n{supplier}\n{license}\n");
    }
    Ok(Contents {
        id: Uuid::new_v5(&Uuid::NAMESPACE_URL, all.as_bytes()),
        name,
        version,
        time,
        packages,
    })
}

/// Returns a time as RFC 3339 has it, to the second.
fn utc(time: Timestamp) -> String {
    let (year, month, day) = time.date();
    let second = time.secs.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests;
