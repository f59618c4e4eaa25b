//! `cloud_init`: where cloud-init looks for data, and data that the image brings along.
//!
//! See the documentation of cloud-init: "Datasources", "NoCloud", "User-data formats".

use serde::Deserialize;

use crate::cloud_config::{DISABLED, GROW};
use crate::given::{self, GIVEN, Given};
use crate::option::{OptionDoc, Shape};
use crate::value::{Spanned, ValueError, unknown_name_help};
use crate::yaml;
use crate::{Cfg, Error, Host, Module, Root, RootError};

/// Read after the files of distributions and packages. cloud-init's generator knows no YAML: it
/// finds a list on one line only.
const LIST: &str = "/etc/cloud/cloud.cfg.d/99-hsb-datasource.cfg";

/// Settings of the recipe, after those of packages.
const CONFIG: &str = "/etc/cloud/cloud.cfg.d/99-hsb.cfg";

const SEED: &str = "/var/lib/cloud/seed/nocloud";

/// The datasources that cloud-init has.
const DATASOURCES: &[&str] = &[
    "Akamai",
    "AliYun",
    "AltCloud",
    "Azure",
    "Bigstep",
    "CloudCIX",
    "CloudSigma",
    "CloudStack",
    "ConfigDrive",
    "DigitalOcean",
    "Ec2",
    "Exoscale",
    "GCE",
    "Hetzner",
    "IBMCloud",
    "LXD",
    "MAAS",
    "NoCloud",
    "None",
    "NWCS",
    "OpenNebula",
    "OpenStack",
    "Oracle",
    "OVF",
    "RbxCloud",
    "Scaleway",
    "SmartOS",
    "UpCloud",
    "VMware",
    "Vultr",
    "WSL",
];

/// What user data starts with: cloud-init passes over anything else, with a line in its log.
const STARTS: &[&str] = &[
    "#cloud-config",
    "#!",
    "#include",
    "#cloud-boothook",
    "#part-handler",
    "## template:",
    "#upstart-job",
    "Content-Type:",
    "MIME-Version:",
    "\u{1f}",
];

/// What the first line of YAML in user data says.
const CLOUD_CONFIG: &[u8] = b"#cloud-config";

const SEED_DOCS: Shape = Shape::Map(&[
    OptionDoc::optional(
        "user_data",
        GIVEN,
        "#cloud-config or any other format; empty if left out",
    ),
    OptionDoc::optional(
        "meta_data",
        GIVEN,
        "YAML with instance-id and local-hostname",
    ),
    OptionDoc::optional(
        "network_config",
        GIVEN,
        "YAML of version 1 or 2, as netplan has it",
    ),
    OptionDoc::optional("vendor_data", GIVEN, "as user data, which goes before it"),
]);

pub(crate) const MODULE: Module = Module {
    name: "cloud_init",
    summary: "says where cloud-init gets its data, and brings data along",
    details: "\
Writes the list to `/etc/cloud/cloud.cfg.d/99-hsb-datasource.cfg`, settings to
`/etc/cloud/cloud.cfg.d/99-hsb.cfg`, and the data to `/var/lib/cloud/seed/nocloud`, where the
datasource NoCloud finds it; a list must then have NoCloud in it. YAML that cloud-init could not
read is an error, and so is an image without cloud-init.",
    keys: &["cloud_init"],
    options: &[OptionDoc::required(
        "cloud_init",
        Shape::Map(&[
            OptionDoc::optional(
                "datasources",
                Shape::List(&Shape::OneOf(DATASOURCES)),
                "where to look, in this order and nowhere else",
            ),
            OptionDoc::optional("seed", SEED_DOCS, "data for the datasource NoCloud"),
            OptionDoc::optional(
                "config",
                GIVEN,
                "settings as in /etc/cloud/cloud.cfg, as YAML",
            ),
            OptionDoc::flag(
                "clean",
                "remove what cloud-init knows of earlier boots, and its logs",
            ),
            OptionDoc::flag("disable", "keep cloud-init from running at all"),
        ]),
        "what to set",
    )],
    example: "\
modules: [cloud_init]
cloud_init:
  datasources: [NoCloud, None]
  seed:
    user_data: |
      #cloud-config
      users: [default]
    meta_data: |
      instance-id: web1
  clean: true
",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    cloud_init: Spanned<Settings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    datasources: Option<Spanned<Vec<Spanned<String>>>>,
    seed: Option<Spanned<Seed>>,
    config: Option<Given>,
    #[serde(default)]
    clean: bool,
    #[serde(default)]
    disable: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    user_data: Option<Given>,
    meta_data: Option<Given>,
    network_config: Option<Given>,
    vendor_data: Option<Given>,
}

fn check(cfg: &Cfg, host: &dyn Host) -> Result<(), ValueError> {
    let Options {
        cloud_init: settings,
    } = cfg.options()?;
    let Settings {
        datasources,
        seed,
        config,
        clean,
        disable,
    } = &*settings;
    if datasources.is_none() && seed.is_none() && config.is_none() && !clean && !disable {
        return Err(settings.error("the step has nothing to do"));
    }
    if let Some(list) = datasources {
        check_list(list, seed.is_some())?;
    }
    if let Some(seed) = seed {
        for data in [&seed.user_data, &seed.vendor_data].into_iter().flatten() {
            let text = given::load(data, host)?;
            check_start(data, &text)?;
            let first = text.split(|b| *b == b'\n').next().unwrap_or_default();
            if first.trim_ascii_end() == CLOUD_CONFIG {
                check_yaml(data, &text)?;
            }
        }
        for data in [&seed.meta_data, &seed.network_config]
            .into_iter()
            .flatten()
        {
            check_yaml(data, &given::load(data, host)?)?;
        }
    }
    if let Some(config) = config {
        check_yaml(config, &given::load(config, host)?)?;
    }
    Ok(())
}

/// cloud-init goes on without a text that it cannot read.
fn check_yaml(given: &Given, text: &[u8]) -> Result<(), ValueError> {
    yaml::check_mapping(text)
        .map_err(|why| given.error(format!("cloud-init could not read it: {why}")))
}

fn check_list(list: &Spanned<Vec<Spanned<String>>>, has_seed: bool) -> Result<(), ValueError> {
    if list.is_empty() {
        return Err(list
            .error("the list is empty")
            .help("`[None]` looks nowhere"));
    }
    for name in list.iter() {
        if !DATASOURCES.contains(&name.as_str()) {
            let error = name.error(format!("cloud-init has no datasource {:?}", **name));
            return Err(match unknown_name_help(name, DATASOURCES) {
                Some(help) => error.help(help),
                None => error,
            });
        }
    }
    if has_seed && !list.iter().any(|name| name.as_str() == "NoCloud") {
        let error = list.error("nothing reads the seed: NoCloud is not among the datasources");
        return Err(error.help("add `NoCloud`"));
    }
    Ok(())
}

fn check_start(given: &Given, data: &[u8]) -> Result<(), ValueError> {
    if data.is_empty()
        || STARTS
            .iter()
            .any(|start| data.starts_with(start.as_bytes()))
    {
        return Ok(());
    }
    let first = data.split(|b| *b == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(&first[..first.len().min(40)]).into_owned();
    let error = given.error(format!(
        "cloud-init does not know data that starts with {first:?}"
    ));
    Err(error.help("YAML needs `#cloud-config` as its first line, a script `#!`"))
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options {
        cloud_init: settings,
    } = cfg.options()?;
    // Settings alone stay behind when the package is removed.
    if !crate::installed::program(root, "cloud-init") {
        let error = settings.error("the image does not have cloud-init");
        return Err(error.help("install cloud-init in the source").into());
    }
    if settings.clean {
        clean(root)?;
    }
    if let Some(list) = &settings.datasources {
        let names: Vec<_> = list.iter().map(|name| name.as_str()).collect();
        root.mkdir_above(LIST)?;
        let line = format!("datasource_list: [ {} ]", names.join(", "));
        yaml::set_top(root, LIST, "datasource_list", &line, list.span)?;
    }
    if let Some(config) = &settings.config {
        let text = given::read(config, root)?;
        root.mkdir_above(CONFIG)?;
        root.write(CONFIG, text)?;
    }
    if let Some(seed) = &settings.seed {
        root.mkdir_all(SEED, 0o700)?;
        // Without the first two the datasource takes the folder for none of its own.
        for (name, data, is_needed) in [
            ("user-data", &seed.user_data, true),
            ("meta-data", &seed.meta_data, true),
            ("network-config", &seed.network_config, false),
            ("vendor-data", &seed.vendor_data, false),
        ] {
            let text = match data {
                Some(given) => given::read(given, root)?,
                None if is_needed => Vec::new(),
                None => continue,
            };
            let path = format!("{SEED}/{name}");
            root.write(&path, text)?;
            // User data may have passwords in it.
            root.chmod(&path, 0o600)?;
        }
    }
    if settings.disable {
        root.mkdir_above(DISABLED)?;
        root.write(DISABLED, "")?;
        if root.is_file(GROW) {
            root.warn_at(
                settings.span,
                "cloud-init was to grow the root filesystem: put `growfs` behind this step",
            );
        }
    }
    Ok(())
}

/// Does what `cloud-init clean --logs` does.
fn clean(root: &mut Root<'_>) -> Result<(), RootError> {
    for path in root.glob("/var/lib/cloud/*") {
        if path != b"/var/lib/cloud/seed" {
            root.remove_all(path)?;
        }
    }
    for path in root.glob("/var/log/cloud-init*.log") {
        root.remove(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{read, refusal, show, twice, value};
    use crate::value::Value;

    const THERE: (&str, &str) = ("/usr/bin/cloud-init", "");

    fn recipe(settings: Value) -> Value {
        value!({"cloud_init": settings})
    }

    #[test]
    fn settings() {
        let all = recipe(value!({
            "datasources": ["NoCloud", "None"],
            "seed": {"user_data": "#cloud-config\n{}\n", "network_config": "version: 2\n"},
            "config": "ssh_pwauth: false\n",
            "clean": true,
            "disable": true,
        }));
        let files = [
            THERE,
            ("/var/lib/cloud/instances/i-1/x", ""),
            ("/var/lib/cloud/instance@", "instances/i-1"),
            ("/var/log/cloud-init-output.log", "x"),
        ];
        let (mut tree, done) = twice(&files, "cloud_init", &all).unwrap();
        assert_eq!(done.warnings, [""; 0]);
        assert_eq!(read(&tree, LIST), "datasource_list: [ NoCloud, None ]\n");
        assert_eq!(read(&tree, CONFIG), "ssh_pwauth: false\n");
        assert_eq!(read(&tree, DISABLED), "");
        assert_eq!(
            show(&mut tree, "/var/lib/cloud"),
            [
                "0755 0:0 /var/lib/cloud",
                "0755 0:0 /var/lib/cloud/seed",
                "0700 0:0 /var/lib/cloud/seed/nocloud",
                "0600 0:0 /var/lib/cloud/seed/nocloud/meta-data",
                "0600 0:0 /var/lib/cloud/seed/nocloud/network-config",
                "0600 0:0 /var/lib/cloud/seed/nocloud/user-data",
            ]
        );
        assert_eq!(show(&mut tree, "/var/log"), ["0755 0:0 /var/log"]);
    }

    #[test]
    fn warnings() {
        let off = value!({"disable": true});
        for (file, settings, warning) in [(
            (GROW, ""),
            off,
            "cloud-init was to grow the root filesystem: put `growfs` behind this step",
        )] {
            let (_, done) = twice(&[THERE, file], "cloud_init", &recipe(settings)).unwrap();
            assert_eq!(done.warnings, [warning], "{file:?}");
        }
    }

    #[test]
    fn refusals() {
        let seed = |text: &str| recipe(value!({"seed": {"user_data": text}}));
        for (files, recipe, message) in [
            (
                &[][..],
                recipe(value!({"disable": true})),
                "the image does not have cloud-init",
            ),
            (
                &[
                    ("/etc/cloud/cloud.cfg.d/", ""),
                    ("/etc/cloud/cloud.cfg", ""),
                ],
                recipe(value!({"disable": true})),
                "the image does not have cloud-init",
            ),
            (&[THERE], recipe(value!({})), "the step has nothing to do"),
            (
                &[THERE],
                recipe(value!({"datasources": []})),
                "the list is empty",
            ),
            (
                &[THERE],
                recipe(value!({"datasources": ["nocloud"]})),
                "cloud-init has no datasource \"nocloud\"",
            ),
            (
                &[THERE],
                recipe(value!({"datasources": ["Ec2"], "seed": {}})),
                "nothing reads the seed: NoCloud is not among the datasources",
            ),
            (
                &[THERE],
                seed("users: []\n"),
                "cloud-init does not know data that starts with \"users: []\"",
            ),
            (
                &[THERE],
                recipe(value!({"config": "[a"})),
                "cloud-init could not read it: ",
            ),
            (
                &[THERE],
                seed("#cloud-config\n- users\n"),
                "cloud-init could not read it: ",
            ),
            (
                &[THERE],
                seed("#cloud-config \r\n- users\r\n"),
                "cloud-init could not read it: ",
            ),
            (
                &[THERE],
                recipe(value!({"seed": {"meta_data": "web1"}})),
                "cloud-init could not read it: ",
            ),
            (
                &[THERE, (LIST, "{datasource_list: [Ec2]}\n")],
                recipe(value!({"datasources": ["Ec2"]})),
                "/etc/cloud/cloud.cfg.d/99-hsb-datasource.cfg: `datasource_list` cannot be set by a line: ",
            ),
            (
                &[THERE],
                seed(" #cloud-config"),
                "cloud-init does not know data that starts with \" #cloud-config\"",
            ),
        ] {
            let found = refusal(files, "cloud_init", &recipe);
            match message.strip_suffix(": ") {
                Some(_) => assert!(found.starts_with(message), "{found}"),
                None => assert_eq!(found, message),
            }
        }
    }
}
