//! Whether cloud-init grows the root filesystem: whether it is started, and what it is told to do.
//!
//! See the documentation of its modules "Growpart" and "Resizefs".

use super::{DISABLED, IDENTIFY, MAIN, Settings, identify, is_false, is_true};
use crate::yaml::Said;
use crate::{Root, RootError, installed, kernel_cmdline};

/// Turns on what grows the root filesystem.
pub(crate) const GROW: &str = "/etc/cloud/cloud.cfg.d/zz-hsb-growfs.cfg";

/// The services that run growpart, in old and new releases.
const SERVICES: [&str; 3] = [
    "cloud-init.service",
    "cloud-init-main.service",
    "cloud-init-network.service",
];

const TARGET: &str = "cloud-init.target";

/// What has the target started.
const GENERATOR: &str = "systemd/system-generators/cloud-init-generator";

/// Returns what keeps cloud-init from growing the root filesystem, besides settings that are on or
/// off; nothing where nothing does.
pub(crate) fn no_growth(root: &Root<'_>) -> Result<Option<String>, RootError> {
    for program in ["cloud-init", "growpart"] {
        if !installed::program(root, program) {
            return Ok(Some(format!("{program} is not there")));
        }
    }
    let units = SERVICES.iter().chain([&TARGET]);
    let units = units.map(|unit| format!("/etc/systemd/system/{unit}"));
    for path in units.chain([format!("/etc/{GENERATOR}")]) {
        if root.is_masked(&path) {
            return Ok(Some(format!("{path} masks it")));
        }
    }
    if !is_started(root) {
        return Ok(Some("nothing starts it at boot".to_owned()));
    }
    if identify(root)?.is_disabled {
        return Ok(Some(format!("{IDENTIFY} keeps it from running")));
    }
    if kernel_cmdline::has(root, "cloud-init=disabled")? {
        return Ok(Some("the kernel's command line disables it".to_owned()));
    }
    if root.exists(DISABLED) {
        return Ok(Some(format!("{DISABLED} is there")));
    }
    let settings = Settings::read(root)?;
    for module in ["growpart", "resizefs"] {
        if !settings.runs(module) {
            return Ok(Some(format!("{MAIN} does not run {module}")));
        }
    }
    let is_ignored = settings.get_in("growpart", "ignore_growroot_disabled");
    if root.exists("/etc/growroot-disabled") && !is_ignored.is_some_and(|(_, is)| is_true(is)) {
        return Ok(Some("/etc/growroot-disabled is there".to_owned()));
    }
    if let Some((path, Said::List(devices))) = settings.get_in("growpart", "devices")
        && !devices.contains(&Said::Text("/".to_owned()))
    {
        return Ok(Some(format!("{path} has other `devices` of growpart")));
    }
    Ok(None)
}

/// Returns whether a link of systemd or a runlevel of OpenRC has cloud-init started.
fn is_started(root: &Root<'_>) -> bool {
    let folders = ["/etc", "/usr/lib", "/lib"];
    let wanting = |unit: &str| -> Vec<Vec<u8>> {
        let links = folders.map(|folder| format!("{folder}/systemd/system/*.wants/{unit}"));
        links.iter().flat_map(|links| root.glob(links)).collect()
    };
    let mut generators = folders.iter().map(|folder| format!("{folder}/{GENERATOR}"));
    let has_target = generators.any(|path| root.is_file(path)) || !wanting(TARGET).is_empty();
    let by_target = format!("/{TARGET}.wants/");
    let mut links = SERVICES.iter().flat_map(|service| wanting(service));
    links.any(|link| has_target || memchr::memmem::find(&link, by_target.as_bytes()).is_none())
        || !root.glob("/etc/runlevels/*/cloud-init").is_empty()
}

/// Turns on growpart and resizefs. Returns the file that turns one of them off once more, if one
/// is read later.
pub(crate) fn turn_on_growth(root: &mut Root<'_>) -> Result<Option<String>, RootError> {
    root.mkdir_above(GROW)?;
    root.write(GROW, "growpart:\n  mode: auto\nresize_rootfs: true\n")?;
    let settings = Settings::read(root)?;
    let off = [
        settings
            .get_in("growpart", "mode")
            .filter(|(_, mode)| is_false(mode)),
        settings
            .get("resize_rootfs")
            .filter(|(_, size)| !is_true(size) && **size != Said::Text("noblock".to_owned())),
    ];
    Ok(off
        .into_iter()
        .flatten()
        .map(|(path, _)| path.to_owned())
        .next())
}
