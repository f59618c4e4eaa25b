//! `modules:`, the list of steps; and which module each key of the recipe belongs to.

use std::sync::Arc;

use modules::value::{
    Data, Key, Map, Span, Value, ValueError, nearest, same_name, unknown_name_help,
};
use modules::{Cfg, Warning};

use crate::library::{Library, Missing};
use crate::module::Module;

/// One step of a build.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its place in the list, from 1.
    pub number: usize,
    /// The module that it runs.
    pub module: Module,
    /// What the module sees of the recipe.
    pub cfg: Cfg,
    /// Where the recipe names it.
    pub span: Span,
    /// What there is to say of the choice of the module.
    pub remark: Option<Warning>,
}

/// How many steps a recipe can have.
const MOST: usize = 1000;

/// Reads `modules:`; what is wrong goes into `problems`.
pub(super) fn read(
    recipe: &Arc<Map>,
    library: &Library,
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
        match step(number, item, recipe, library) {
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
    recipe: &Arc<Map>,
    library: &Library,
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
    let module = library
        .find(name)
        .map_err(|Missing { message, help }| ValueError {
            span,
            message,
            help,
        })?;
    let inline = inline.map(|value| module.inline(value)).transpose()?;
    let cfg = Cfg::new(recipe, &module.keys(), inline.as_ref(), span)?;
    let remark = library.remark(&module);
    Ok(Step {
        number,
        remark: remark.map(|message| Warning {
            message,
            span: Some(span),
        }),
        module,
        cfg,
        span,
    })
}

/// Finds the keys at the top of a recipe that are neither its own nor those of a listed module, and
/// those that no step reads, because each has them inline.
///
/// Where a listed module may read any key, they are returned, each with what it could have been
/// meant to be; else they are problems.
pub(super) fn check_keys(
    recipe: &Map,
    own: &[&str],
    steps: &[Step],
    library: &Library,
    problems: &mut Vec<ValueError>,
) -> Vec<(Key, Option<String>)> {
    let mut unclaimed = Vec::new();
    for key in recipe.keys() {
        let name = &key.name;
        let is_own = own.iter().any(|own| same_name(own, name));
        let claiming: Vec<_> = steps
            .iter()
            .filter(|step| step.module.claims(name))
            .collect();
        if !is_own && claiming.is_empty() {
            unclaimed.push(key.clone());
        }
        // A module of the user's may read all of the recipe.
        let is_read = claiming.is_empty() || claiming.iter().any(|step| !step.cfg.is_inline(name));
        if !is_read
            && steps
                .iter()
                .all(|step| matches!(step.module, Module::BuiltIn(_)))
        {
            let first = claiming[0].span.line;
            let message = format!("key `{name}` counts nowhere: each step has its own inline");
            let help = format!("leave it out here, or in the step at line {first}");
            problems.push(ValueError::new(key.span, message).help(help));
        }
    }
    let known: Vec<&str> = own.iter().copied().chain(library.keys()).collect();
    if steps.iter().any(|step| step.module.is_undeclared()) {
        let with_help = |key: Key| {
            let meant = nearest(&key.name, known.iter().copied()).map(str::to_owned);
            (key, meant)
        };
        return unclaimed.into_iter().map(with_help).collect();
    }
    problems.extend(unclaimed.iter().map(|key| unknown(key, &known, library)));
    Vec::new()
}

/// Returns what is wrong with a key that nobody claims.
fn unknown(key: &Key, known: &[&str], library: &Library) -> ValueError {
    let name = &key.name;
    match library.with_key(name) {
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
        None => ValueError {
            span: key.span,
            message: format!("unknown key `{name}`"),
            help: unknown_name_help(name, known),
        },
    }
}
