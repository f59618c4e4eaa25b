//! The descriptions, held to what the modules decode.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::kit::Files;
use crate::value::{Data, Key, Map, Span, Value, ValueError};
use crate::{BUILTINS, Cfg, Module};

/// How a mapping deep in the options is put in its place.
type Place<'p> = &'p dyn Fn(Value) -> Map;

#[test]
fn modules_have_exactly_the_options_that_they_describe() {
    for module in BUILTINS {
        let names: Vec<_> = module.options.iter().map(|option| option.name).collect();
        assert_eq!(names, module.keys);
        let whole = |value: Value| value.as_map().unwrap().clone();
        check_map(module, module.options, &whole);
    }
}

#[test]
fn shapes_have_names() {
    for (shape, want) in [
        (Shape::OWNER, "text or number"),
        (Shape::List(&Shape::Text), "list of text"),
        (
            Shape::List(&Shape::AnyOf(&[Shape::Text, Shape::Map(&[])])),
            "list of (text or mapping)",
        ),
        (Shape::Mode, "mode, as in \"0644\""),
        (Shape::Bool, "true or false"),
        (Shape::OneOf(&["a", "b"]), "a or b"),
        (
            Shape::Table(&Shape::OWNER),
            "mapping of names to (text or number)",
        ),
    ] {
        assert_eq!(shape.to_string(), want);
    }
}

/// Checks one mapping, and those in it. `place` makes a recipe of it.
fn check_map(module: &Module, options: &[OptionDoc], place: Place<'_>) {
    // What deserialises it says itself which keys there are.
    let error = decode(module, place(mapping([("no-such-key", true.into())]))).unwrap_err();
    assert!(error.message.starts_with("unknown key"), "{error}");
    let help = error.help.unwrap_or_default();
    let known: BTreeSet<_> = help.split('`').skip(1).step_by(2).collect();
    let described: BTreeSet<_> = options.iter().map(|option| option.name).collect();
    assert_eq!(described, known, "{}", module.name);

    for option in options {
        let name = option.name;
        let line = option.summary;
        assert!(
            !line.is_empty() && !line.contains('\n') && !line.ends_with('.'),
            "{name}"
        );
        let with = |value: Value| place(mapping(others(options, name).chain([(name, value)])));
        let missing = decode(module, place(mapping(others(options, name))));
        let is_missing =
            missing.is_err_and(|e| e.message == format!("the key `{name}` is missing"));
        assert_eq!(is_missing, option.presence == Presence::Required, "{name}");
        for sample in samples(option.shape) {
            let found = decode(module, with(sample.clone()));
            let fits = found.as_ref().map_err(|error| &error.message);
            let refused = |message: &&String| {
                ["unknown key", "expected ", "the key "]
                    .iter()
                    .any(|start| message.starts_with(start))
            };
            assert!(
                !fits.is_err_and(|message| refused(&message)),
                "{name}: {sample}: {found:?}"
            );
        }
        // No option is a fraction.
        let error = decode(module, with(0.5.into())).unwrap_err();
        assert!(
            error.message.contains("found the number 0.5"),
            "{name}: {error}"
        );
        check_inner(module, option.shape, &with);
    }
}

/// Checks the mappings that a value may hold.
fn check_inner(module: &Module, shape: Shape, place: Place<'_>) {
    match shape {
        Shape::Map(options) => check_map(module, options, place),
        Shape::List(item) => {
            check_inner(module, *item, &|value| place(Value::from(vec![value])));
        }
        Shape::Table(item) => {
            check_inner(module, *item, &|value| place(mapping([("a", value)])));
        }
        Shape::AnyOf(shapes) => {
            for shape in shapes {
                check_inner(module, *shape, place);
            }
        }
        Shape::Bool
        | Shape::Int { .. }
        | Shape::Number
        | Shape::Text
        | Shape::OneOf(_)
        | Shape::Any
        | Shape::Mode => {}
    }
}

/// Returns values of a shape, the ends of its range among them.
fn samples(shape: Shape) -> Vec<Value> {
    match shape {
        Shape::Bool => vec![true.into(), false.into()],
        Shape::Int { min, max } => vec![min.into(), max.into()],
        Shape::Number => vec![Value {
            span: Span::default(),
            data: Data::Float(0.5),
        }],
        Shape::Text => vec!["a".into()],
        Shape::OneOf(texts) => texts.iter().map(|text| (*text).into()).collect(),
        Shape::Mode => vec!["0".into(), "7777".into()],
        Shape::Any => vec![1_i64.into(), "a".into(), mapping([])],
        Shape::List(item) => {
            let lists = samples(*item).into_iter().map(|item| vec![item].into());
            lists.chain([Vec::new().into()]).collect()
        }
        Shape::Table(item) => {
            let maps = samples(*item).into_iter();
            maps.map(|item| mapping([("a", item)])).collect()
        }
        Shape::Map(options) => vec![mapping(others(options, ""))],
        Shape::AnyOf(shapes) => shapes.iter().flat_map(|shape| samples(*shape)).collect(),
    }
}

/// Returns a sample of each required key but `name`.
fn others<'o>(
    options: &'o [OptionDoc],
    name: &'o str,
) -> impl Iterator<Item = (&'static str, Value)> + 'o {
    let required = options
        .iter()
        .filter(|option| option.presence == Presence::Required);
    let others = required.filter(move |option| option.name != name);
    others.map(|option| (option.name, samples(option.shape).remove(0)))
}

fn mapping(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let mut map = Map::new();
    for (name, value) in entries {
        let key = Key {
            name: name.to_owned(),
            span: Span::default(),
        };
        map.insert(key, value).unwrap();
    }
    map.into()
}

/// Lets the module check a recipe of its options alone; they are inline, so that it sees keys that
/// are not its own.
fn decode(module: &Module, options: Map) -> Result<(), ValueError> {
    let inline = Value::from(options);
    let cfg = Cfg::new(
        &Arc::new(Map::new()),
        module.keys,
        Some(&inline),
        Span::default(),
    )?;
    (module.check)(&cfg, &Files::default())
}
