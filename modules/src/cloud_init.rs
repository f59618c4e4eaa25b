//! `cloud_init`: where cloud-init looks for data, and data that the image brings along.
//!
//! See the documentation of cloud-init: "Datasources", "NoCloud", "User-data formats".

use serde::Deserialize;

mod data;

use crate::cloud_config::{self, DISABLED, GROW, IDENTIFY, Settings};
use crate::given::{self, GIVEN, Given};
use crate::option::{OptionDoc, Shape};
use crate::value::{Spanned, ValueError, unknown_name_help};
use crate::yaml::{self, Said};
use crate::{Cfg, Error, Host, Module, Root, RootError};

/// Read after the files of distributions, packages and installers, which begin with digits or
/// `curtin`. cloud-init's generator knows no YAML: it finds a list on one line only.
const LIST: &str = "/etc/cloud/cloud.cfg.d/zz-hsb-datasource.cfg";

/// Settings of the recipe, after those of packages.
const CONFIG: &str = "/etc/cloud/cloud.cfg.d/zz-hsb.cfg";

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
Writes the list to `/etc/cloud/cloud.cfg.d/zz-hsb-datasource.cfg`, settings to
`/etc/cloud/cloud.cfg.d/zz-hsb.cfg`, and the data to `/var/lib/cloud/seed/nocloud`, where the
datasource NoCloud finds it; a list must then have NoCloud in it. A file that is read later and says
something else is named in a warning. YAML that cloud-init could not read is an error, as are keys
that are there twice or of another type than cloud-init takes, and an image without cloud-init. Keys
of user data that cloud-init does not know are told of.",
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
    cloud_init: Spanned<Wanted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
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
    let Options { cloud_init } = cfg.options()?;
    let Wanted {
        datasources,
        seed,
        config,
        clean,
        disable,
    } = &*cloud_init;
    if datasources.is_none() && seed.is_none() && config.is_none() && !clean && !disable {
        return Err(cloud_init.error("the step has nothing to do"));
    }
    if let Some(list) = datasources {
        check_list(list, seed.is_some())?;
    }
    if let Some(seed) = seed {
        for given in [&seed.user_data, &seed.vendor_data].into_iter().flatten() {
            data::check_user_data(given, &given::load(given, host)?)?;
        }
        if let Some(given) = &seed.meta_data {
            data::check_meta_data(given, &given::load(given, host)?)?;
        }
        if let Some(given) = &seed.network_config {
            data::check_network(given, &given::load(given, host)?)?;
        }
    }
    if let Some(config) = config {
        let text = given::load(config, host)?;
        data::check_config(config, &text)?;
        if datasources.is_some() && data::mapping(config, &text)?.contains_key("datasource_list") {
            let error = config.error("it has `datasource_list`, which counts before `datasources`");
            return Err(error.help("have the list in one of them"));
        }
    }
    Ok(())
}

fn check_list(list: &Spanned<Vec<Spanned<String>>>, has_seed: bool) -> Result<(), ValueError> {
    if list.is_empty() {
        return Err(list
            .error("the list is empty")
            .help("`[None]` looks nowhere"));
    }
    for (at, name) in list.iter().enumerate() {
        if list[..at].iter().any(|other| **other == **name) {
            return Err(name.error(format!("{} is in the list twice", **name)));
        }
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

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { cloud_init } = cfg.options()?;
    // Settings alone stay behind when the package is removed.
    if !crate::installed::program(root, "cloud-init") {
        let error = cloud_init.error("the image does not have cloud-init");
        return Err(error.help("install cloud-init in the source").into());
    }
    if cloud_init.clean {
        clean(root)?;
    }
    if let Some(list) = &cloud_init.datasources {
        let names: Vec<_> = list.iter().map(|name| name.as_str()).collect();
        root.mkdir_above(LIST)?;
        let line = format!("datasource_list: [ {} ]", names.join(", "));
        yaml::set_top(root, LIST, "datasource_list", &line, list.span)?;
    }
    if let Some(config) = &cloud_init.config {
        let text = given::read(config, root)?;
        root.mkdir_above(CONFIG)?;
        root.write(CONFIG, text)?;
    }
    if let Some(seed) = &cloud_init.seed {
        for given in [&seed.user_data, &seed.vendor_data].into_iter().flatten() {
            for told in data::unknown_keys(given, &given::read(given, root)?)? {
                root.warn_at(given.span, told);
            }
        }
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
    if !cloud_init.disable {
        warn_of_later(root, &cloud_init)?;
    } else {
        root.mkdir_above(DISABLED)?;
        root.write(DISABLED, "")?;
        if root.is_file(GROW) {
            root.warn_at(
                cloud_init.span,
                "cloud-init was to grow the root filesystem: put `growfs` behind this step",
            );
        }
    }
    Ok(())
}

/// Warns of files that are read after ours and say something else.
fn warn_of_later(root: &mut Root<'_>, wanted: &Wanted) -> Result<(), Error> {
    let settings = Settings::read(root)?;
    let text = |name: &Spanned<String>| Said::Text(name.value.clone());
    let has_no_cloud = |said: &Said| match said {
        Said::List(items) => items.contains(&Said::Text("NoCloud".to_owned())),
        _ => false,
    };
    let mut warnings = Vec::new();
    match (&wanted.datasources, settings.get("datasource_list")) {
        (Some(own), Some((path, said))) if *said != Said::List(own.iter().map(text).collect()) => {
            let message = format!("{path} sets `datasource_list`, and is read later");
            warnings.push((own.span, message));
        }
        (None, Some((path, said))) if !has_no_cloud(said) => {
            if let Some(seed) = &wanted.seed {
                let message = format!(
                    "nothing reads the seed: NoCloud is not in `datasource_list` of {path}"
                );
                warnings.push((seed.span, message));
            }
        }
        _ => {}
    }
    if let Some(config) = &wanted.config {
        for (key, path) in settings.overruled(CONFIG) {
            let message = format!("{path} sets `{key}` to another value, and is read later");
            warnings.push((config.span, message));
        }
    }
    // Beside the one that it looks at, None is always in the list.
    let places = match (&wanted.datasources, &wanted.seed) {
        (Some(list), _) => {
            let names = list.iter().map(|name| name.as_str());
            Some((list.span, names.filter(|name| *name != "None").collect()))
        }
        (None, Some(seed)) => Some((seed.span, vec!["NoCloud"])),
        (None, None) => None,
    };
    if let Some((span, names)) = places {
        let identify = cloud_config::identify(root)?;
        if let Some(name) = identify.datasource
            && names != [name.as_str()]
        {
            let message =
                format!("{IDENTIFY} has cloud-init look at {name} only, whatever lists say");
            warnings.push((span, message));
        }
        if identify.is_disabled {
            warnings.push((span, format!("{IDENTIFY} keeps cloud-init from running")));
        }
    }
    for (span, message) in warnings {
        root.warn_at(span, message);
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
mod tests;
