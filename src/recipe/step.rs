//! `modules:`, the list of steps; and which module each key of the recipe belongs to.

use modules::value::{Data, Map, Span, Value, ValueError, same_name, unknown_name_help};
use modules::{Cfg, Module};

/// One step of a build.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its place in the list, from 1.
    pub number: usize,
    /// The module that it runs.
    pub module: &'static Module,
    /// What the module sees of the recipe.
    pub cfg: Cfg,
    /// Where the recipe names it.
    pub span: Span,
}

/// How many steps a recipe can have: each holds all of the recipe.
const MOST: usize = 1000;

/// Reads `modules:`; what is wrong goes into `problems`.
pub(super) fn read(
    recipe: &Map,
    known: &'static [Module],
    problems: &mut Vec<ValueError>,
) -> Vec<Step> {
    let Some(list) = recipe.get("modules") else {
        return Vec::new();
    };
    let Some(items) = list.as_list() else {
        problems.push(list.mismatch("a list of modules"));
        return Vec::new();
    };
    if items.len() > MOST {
        let message = format!("{} steps; a recipe can have {MOST}", items.len());
        problems.push(ValueError::new(list.span, message));
        return Vec::new();
    }
    let mut steps = Vec::new();
    for (number, item) in (1..).zip(items) {
        match step(number, item, recipe, known) {
            Ok(step) => steps.push(step),
            Err(error) => problems.push(error),
        }
    }
    steps
}

/// Reads one item: `NAME`, or `NAME: inline options`.
fn step(
    number: usize,
    item: &Value,
    recipe: &Map,
    known: &'static [Module],
) -> Result<Step, ValueError> {
    let (name, span, inline) = match &item.data {
        Data::String(name) => (name, item.span, None),
        Data::Map(map) => {
            let mut entries = map.iter();
            match (entries.next(), entries.next()) {
                (Some((key, value)), None) => (&key.name, key.span, Some(value)),
                (None, _) => return Err(item.mismatch("the name of a module")),
                (Some((first, _)), Some((second, _))) => {
                    let message = format!("`{}` is in the step of `{}`", second.name, first.name);
                    let error = ValueError::new(second.span, message);
                    let help = format!(
                        "indent it if it is an option of `{}`; start it with `- ` if it is a step",
                        first.name
                    );
                    return Err(error.help(help));
                }
            }
        }
        _ => return Err(item.mismatch("the name of a module")),
    };
    let module = known
        .iter()
        .find(|module| same_name(module.name, name))
        .ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|module| module.name).collect();
            let error = ValueError::new(span, format!("unknown module `{name}`"));
            match unknown_name_help(name, &names) {
                Some(help) => error.help(help),
                None => error,
            }
        })?;
    let cfg = Cfg::new(recipe, module, inline, span)?;
    Ok(Step {
        number,
        module,
        cfg,
        span,
    })
}

/// Finds the keys at the top of a recipe that are neither its own nor those of a listed module.
pub(super) fn check_keys(
    recipe: &Map,
    own: &[&str],
    steps: &[Step],
    known: &'static [Module],
    problems: &mut Vec<ValueError>,
) {
    let claims = |module: &Module, key: &str| module.keys.iter().any(|own| same_name(own, key));
    for key in recipe.keys() {
        let name = &key.name;
        if own.iter().any(|own| same_name(own, name))
            || steps.iter().any(|step| claims(step.module, name))
        {
            continue;
        }
        let error = match known.iter().find(|module| claims(module, name)) {
            Some(module) => {
                let message = format!(
                    "key `{name}` belongs to module `{0}`, which is not in `modules:`",
                    module.name
                );
                let help = format!(
                    "add `- {}` to `modules:`, or leave `{name}` out",
                    module.name
                );
                ValueError::new(key.span, message).help(help)
            }
            None => {
                let keys = own
                    .iter()
                    .chain(known.iter().flat_map(|module| module.keys));
                let error = ValueError::new(key.span, format!("unknown key `{name}`"));
                match unknown_name_help(name, &keys.copied().collect::<Vec<_>>()) {
                    Some(help) => error.help(help),
                    None => error,
                }
            }
        };
        problems.push(error);
    }
}
