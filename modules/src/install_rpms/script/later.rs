//! Scripts that are left for the first boot.

use super::Script;
use crate::Root;
use crate::first_boot::{self, Task};

/// What reads Lua as rpm does; it comes with rpm since 4.17.
const RPMLUA: &str = "/usr/bin/rpmlua";

/// Returns why a script cannot be left for the first boot.
pub(super) fn refusal(root: &Root<'_>, script: &Script<'_>) -> Option<&'static str> {
    if !first_boot::is_possible(root) {
        return Some("the image has no systemd to run it");
    }
    if script.is_expanded {
        return Some("rpm would expand macros in it");
    }
    let is_lua = script
        .program
        .first()
        .is_some_and(|program| program == "<lua>");
    if is_lua && !root.exists(RPMLUA) {
        return Some("the image has no rpmlua, which reads Lua");
    }
    let asks = |name| is_lua && script.text.contains(name);
    if asks("RPM_INSTALL_PREFIX") {
        return Some("rpmlua does not tell it where the package lies");
    }
    asks("next_file").then_some("rpmlua gives it no names of files")
}

/// Returns a script as what is left has it.
pub(super) fn task(script: &Script<'_>) -> Task {
    let mut program = environment(&script.prefixes);
    program.extend(script.program.iter().map(|word| match &**word {
        "<lua>" => RPMLUA.to_owned(),
        word => word.to_owned(),
    }));
    let paths = script.paths.iter().flat_map(|path| [*path, b"\n"]);
    Task {
        name: script.name(),
        program,
        text: script.text.clone(),
        arguments: script.arguments.iter().map(u32::to_string).collect(),
        input: paths.collect::<Vec<_>>().concat(),
    }
}

/// Returns what tells a program where its package lies, as rpm does (its `rpmscript.c`).
fn environment(prefixes: &[String]) -> Vec<String> {
    let Some(first) = prefixes.first() else {
        return Vec::new();
    };
    let numbered = prefixes.iter().enumerate();
    let numbered = numbered.map(|(i, prefix)| format!("RPM_INSTALL_PREFIX{i}={prefix}"));
    ["env".to_owned(), format!("RPM_INSTALL_PREFIX={first}")]
        .into_iter()
        .chain(numbered)
        .collect()
}
