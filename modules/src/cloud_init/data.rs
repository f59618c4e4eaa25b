//! What a recipe gives to cloud-init, checked as far as that can be done without cloud-init.
//!
//! See the documentation of cloud-init: "User-data formats", "NoCloud", "Network configuration",
//! and its schema of cloud-config.

use std::collections::BTreeMap;

use crate::given::Given;
use crate::value::{ValueError, nearest};
use crate::yaml::{self, Said};

/// What user data starts with, in any case: cloud-init passes over anything else, with a line in
/// its log.
const STARTS: &[&str] = &[
    "#cloud-config",
    "#!",
    "#include",
    "#cloud-boothook",
    "#part-handler",
    "## template:",
];

/// How much of MIME is looked at for the line that tells it.
const MIME: usize = 4096;

/// What the keys of cloud-config are, of those that users write most.
const KEYS: &[(&str, &[Kind])] = &[
    ("apt", &[Kind::Map]),
    ("bootcmd", &[Kind::List]),
    ("ca_certs", &[Kind::Map]),
    ("chpasswd", &[Kind::Map]),
    ("datasource_list", &[Kind::List]),
    ("disable_root", &[Kind::Bool]),
    ("disk_setup", &[Kind::Map]),
    ("final_message", &[Kind::Text]),
    ("fqdn", &[Kind::Text]),
    ("fs_setup", &[Kind::List]),
    ("groups", &[Kind::Text, Kind::List, Kind::Map]),
    ("growpart", &[Kind::Map]),
    ("hostname", &[Kind::Text]),
    ("locale", &[Kind::Text, Kind::Bool]),
    ("manage_etc_hosts", &[Kind::Bool, Kind::Text]),
    ("mounts", &[Kind::List]),
    ("ntp", &[Kind::Map]),
    ("package_reboot_if_required", &[Kind::Bool]),
    ("package_update", &[Kind::Bool]),
    ("package_upgrade", &[Kind::Bool]),
    ("packages", &[Kind::List]),
    ("power_state", &[Kind::Map]),
    ("preserve_hostname", &[Kind::Bool]),
    ("resize_rootfs", &[Kind::Bool, Kind::Text]),
    ("runcmd", &[Kind::List]),
    ("ssh_authorized_keys", &[Kind::List]),
    ("ssh_keys", &[Kind::Map]),
    ("ssh_pwauth", &[Kind::Bool, Kind::Text]),
    ("swap", &[Kind::Map]),
    ("timezone", &[Kind::Text]),
    ("users", &[Kind::Text, Kind::List, Kind::Map]),
    ("write_files", &[Kind::List]),
];

/// All keys that its schema has for user data, and those of older ones that it reads.
///
/// Source: `schema-cloud-config-v1.json` of cloud-init 22.4 and of 2025; `cc_apt_configure.py`,
/// `cc_rsyslog.py`, `modules.py` and `stages.py` of 22.4.
const KNOWN: &str = "\
    add_apt_repo_match allow_public_ssh_keys ansible apk_repos apt apt_custom_sources_list \
    apt_ftp_proxy apt_http_proxy apt_https_proxy apt_mirror apt_mirror_search \
    apt_mirror_search_dns apt_pipelining apt_preserve_sources_list apt_proxy \
    apt_reboot_if_required apt_sources apt_update apt_upgrade authkey_hash autoinstall bootcmd \
    byobu_by_default ca-certs ca_certs chef chpasswd cloud_config_modules cloud_final_modules \
    cloud_init_modules create_hostname_file device_aliases disable_ec2_metadata disable_piwiz \
    disable_root disable_root_opts disk_setup drivers enable_rpi_connect fan final_message fqdn \
    fs_setup groups growpart grub-dpkg grub_dpkg hostname keyboard landscape launch-index locale \
    locale_configfile lxd manage_etc_hosts manage_resolv_conf manual_cache_clean mcollective \
    merge_how merge_type migrate mount_default_fields mounts no_ssh_fingerprints ntp output \
    package_reboot_if_required package_update package_upgrade packages password phone_home \
    power_state prefer_fqdn_over_hostname preserve_hostname puppet random_seed reporting \
    resize_rootfs resolv_conf rh_subscription rpi rpi_interfaces rpi_userconf rsyslog \
    rsyslog_dir rsyslog_filename runcmd salt_minion snap spacewalk ssh ssh_authorized_keys \
    ssh_deletekeys ssh_fp_console_blacklist ssh_genkeytypes ssh_import_id \
    ssh_key_console_blacklist ssh_keys ssh_publish_hostkeys ssh_pwauth ssh_quiet_keygen swap \
    system_info timezone ubuntu-advantage ubuntu_advantage ubuntu_pro unverified_modules updates \
    user users vendor_data vendor_data2 version wireguard write_files yum_repo_dir yum_repos \
    zypper";

/// What a network configuration of version 2 has at its top: that of netplan.
const NETPLAN: &[&str] = &[
    "version",
    "renderer",
    "ethernets",
    "wifis",
    "modems",
    "bonds",
    "bridges",
    "vlans",
    "vrfs",
    "tunnels",
    "dummy-devices",
    "virtual-ethernets",
    "nm-devices",
    "openvswitch",
];

/// A type of value.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Bool,
    Text,
    List,
    Map,
}

impl Kind {
    fn has(self, said: &Said) -> bool {
        match said {
            Said::Bool(_) => self == Kind::Bool,
            Said::Text(text) => {
                let switches = ["yes", "no", "on", "off", "true", "false", "1", "0"];
                self == Kind::Text
                    || self == Kind::Bool && switches.contains(&&*text.to_ascii_lowercase())
            }
            Said::List(_) => self == Kind::List,
            Said::Map(_) => self == Kind::Map,
            Said::Int(number) => self == Kind::Bool && matches!(number, 0 | 1),
            // Nothing at all, mostly.
            Said::Other(_) => true,
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Kind::Bool => "true or false",
            Kind::Text => "text",
            Kind::List => "list",
            Kind::Map => "mapping",
        }
    }
}

/// Reads YAML: cloud-init goes on without a text that it cannot read.
pub(super) fn mapping(given: &Given, text: &[u8]) -> Result<BTreeMap<String, Said>, ValueError> {
    yaml::mapping(text).map_err(|why| given.error(format!("cloud-init could not read it: {why}")))
}

/// Checks settings, as they are in cloud.cfg and in user data.
pub(super) fn check_config(given: &Given, text: &[u8]) -> Result<(), ValueError> {
    let settings = mapping(given, text)?;
    for (key, kinds) in KEYS {
        if let Some(said) = settings.get(*key)
            && !kinds.iter().any(|kind| kind.has(said))
        {
            let nouns: Vec<_> = kinds.iter().map(|kind| kind.noun()).collect();
            return Err(wrong(given, key, said, &nouns.join(" or ")));
        }
    }
    Ok(())
}

fn wrong(given: &Given, key: &str, said: &Said, wanted: &str) -> ValueError {
    given.error(format!(
        "`{key}` is {said}; cloud-init takes {wanted} there"
    ))
}

/// Checks user data or vendor data of any format.
pub(super) fn check_user_data(given: &Given, data: &[u8]) -> Result<(), ValueError> {
    let head = data[..data.len().min(MIME)].to_ascii_lowercase();
    let is_mime = head.windows(13).any(|window| window == b"mime-version:");
    if data.is_empty() || data.starts_with(&[0x1f, 0x8b]) || is_mime {
        return Ok(());
    }
    let start = head.trim_ascii_start();
    if !STARTS
        .iter()
        .any(|known| start.starts_with(known.as_bytes()))
    {
        let first = data.trim_ascii_start().split(|b| *b == b'\n').next();
        let first = first.unwrap_or_default();
        let first = String::from_utf8_lossy(&first[..first.len().min(40)]).into_owned();
        let message = format!("cloud-init does not know data that starts with {first:?}");
        let error = given.error(message);
        return Err(error.help("YAML needs `#cloud-config` as its first line, a script `#!`"));
    }
    match is_config(data) {
        true => check_config(given, data),
        false => Ok(()),
    }
}

/// Returns whether user data is settings.
fn is_config(data: &[u8]) -> bool {
    let start = data[..data.len().min(MIME)].to_ascii_lowercase();
    let rest = start.trim_ascii_start().strip_prefix(b"#cloud-config");
    rest.is_some_and(|rest| !rest.starts_with(b"-"))
}

/// Returns what to tell of keys in user data that cloud-init passes over.
pub(super) fn unknown_keys(given: &Given, data: &[u8]) -> Result<Vec<String>, ValueError> {
    if !is_config(data) {
        return Ok(Vec::new());
    }
    let said = mapping(given, data)?;
    let unknown = said
        .keys()
        .filter(|key| KNOWN.split(' ').all(|known| known != *key));
    let told = unknown.map(|key| {
        let meant = nearest(key, KNOWN.split(' '));
        let meant = meant.map(|meant| format!("; did you mean `{meant}`?"));
        format!(
            "cloud-init knows no `{key}` in user data{}",
            meant.unwrap_or_default()
        )
    });
    Ok(told.collect())
}

/// Checks what NoCloud reads of the instance.
pub(super) fn check_meta_data(given: &Given, text: &[u8]) -> Result<(), ValueError> {
    let said = mapping(given, text)?;
    for (key, wanted) in [("local-hostname", "text"), ("instance-id", "text")] {
        match said.get(key) {
            None => {}
            Some(Said::Text(text)) if !text.trim().is_empty() => {}
            Some(Said::Int(_)) if key == "instance-id" => {}
            Some(said) => return Err(wrong(given, key, said, wanted)),
        }
    }
    Ok(())
}

/// Checks a network configuration, which may be below `network`.
pub(super) fn check_network(given: &Given, text: &[u8]) -> Result<(), ValueError> {
    let mut said = mapping(given, text)?;
    if let Some(Said::Map(inner)) = said.remove("network") {
        said = inner;
    }
    if said.get("config") == Some(&Said::Text("disabled".to_owned())) {
        return Ok(());
    }
    match said.get("version") {
        None if said.is_empty() => Ok(()),
        None => Err(given
            .error("the network configuration has no `version`")
            .help("write `version: 2` for that of netplan, or `version: 1`")),
        Some(Said::Int(1)) => match said.get("config") {
            Some(Said::List(_)) => Ok(()),
            Some(other) => Err(wrong(given, "config", other, "list")),
            None => Err(given.error("the network configuration of version 1 has no `config`")),
        },
        Some(Said::Int(2)) => match said.keys().find(|key| !NETPLAN.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let message = format!("`{key}` is no key of a network configuration of version 2");
                let help = format!("known are {}", NETPLAN.join(", "));
                Err(given.error(message).help(help))
            }
        },
        Some(other) => Err(wrong(given, "version", other, "1 or 2")),
    }
}
