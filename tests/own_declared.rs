//! What modules say of themselves: their keys, and what is wrong with those.

use std::fs;

use super::own_modules::{module, plan, project};

#[test]
fn declared_keys_are_checked_before_any_work() {
    let declaration = r#"{
        "summary": "greets",
        "keys": {
            "greeting": {"type": "string", "required": true, "description": "whom to greet"},
            "often": {"type": "integer"},
            "tones": {"type": "array", "items": {"type": "string", "enum": ["low", "high"]}}
        },
        "main": "greeting",
        "timeout": 1
    }"#;
    for (recipe, code, part) in [
        ("modules: [{greet: you}]", 0, ""),
        (
            "modules: [greet]\ngreeting: you\noften: 2\ntones: [low]",
            0,
            "",
        ),
        (
            "modules: [greet]",
            2,
            "build.yaml:2:11: the key `greeting` is missing",
        ),
        (
            "modules: [sbom]",
            2,
            "help: `hsb modules sbom` shows its options",
        ),
        ("modules: [{greet: 5}]", 2, "build.yaml:2:19"),
        (
            "modules: [{greet: {greeting: a, oftn: 1}}]",
            2,
            "did you mean `often`?",
        ),
        (
            "modules: [greet]\ngreeting: a\ntones: [loud]",
            2,
            "write one of: low, high",
        ),
        (
            "modules: [greet]\ngreeting: a\nsise: 4",
            2,
            "build.yaml:4:1: unknown key `sise`",
        ),
    ] {
        let work = project("declared", recipe);
        module(&work, "greet", "#!/bin/sh\n");
        module(&work, "greet.json", declaration);
        let run = plan(&work, &["-q"]);
        assert_eq!(run.code, Some(code), "{recipe}: {run:#?}");
        assert!(run.stderr.contains(part), "{recipe}: {run:#?}");
    }
}

#[test]
fn a_declaration_is_checked_itself() {
    for (declaration, recipe, part) in [
        (
            r#"{"kees": {}}"#,
            "modules: [greet]",
            "greet.json: unknown field `kees`",
        ),
        (
            r#"{"keys": {"a": {}}, "main": "b"}"#,
            "modules: [greet]",
            "modules/greet: `main`: `b` is none of its `keys`",
        ),
        (
            r#"{"keys": {"a": {}, "a-b": {}, "a_b": {}}}"#,
            "modules: [greet]",
            "modules/greet: `keys`: `a-b` and `a_b` are one name",
        ),
        (
            r#"{"keys": {"module-path": {}}}"#,
            "modules: [greet]",
            "`keys`: every recipe has the key `module_path`",
        ),
        (
            r#"{"keys": {"": {}}}"#,
            "modules: [greet]",
            "modules/greet: `keys`: one has no name",
        ),
        (
            r#"{"keys": {"a": {"type": "integer", "default": "b"}}}"#,
            "modules: [greet]",
            "`keys`: `a`: `default`: \"b\" is not a whole number",
        ),
        (
            r#"{"keys": {"a": {"items": {"enum": ["b"]}, "default": ["b", "c"]}}}"#,
            "modules: [greet]",
            "`keys`: `a`: `default`: [\"b\",\"c\"] is not a list, each one of b",
        ),
        (
            r#"{"keys": {"a": {"type": "integer", "enum": ["b"]}}}"#,
            "modules: [greet]",
            "`keys`: `a`: `enum` is for a `type` of \"string\"",
        ),
        (
            r#"{"keys": {"a": {"type": "object", "items": {}}}}"#,
            "modules: [greet]",
            "`keys`: `a`: `items` is for a `type` of \"array\"",
        ),
        (
            r#"{"keys": {"a": {"items": {"enum": []}}}}"#,
            "modules: [greet]",
            "`keys`: `a`: `items`: `enum` has no values",
        ),
        (
            r#"{"keys": {"a": {}}}"#,
            "modules: [greet: 5]",
            "build.yaml:2:18: expected the module's options, as a mapping, found the number 5",
        ),
        (
            r#"{"keys": {"a": {"enum": ["1", "2"]}}, "main": "a"}"#,
            "modules: [greet: 1]",
            "build.yaml:2:18: expected a text, found the number 1",
        ),
    ] {
        let work = project("declared", recipe);
        module(&work, "greet", "#!/bin/sh\n");
        module(&work, "greet.json", declaration);
        let run = plan(&work, &["-q"]);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stderr.contains(part), "{declaration}: {run:#?}");
    }
}

#[test]
fn keys_arrive_as_their_module_spells_them() {
    let work = project(
        "spelling",
        "modules: [greet: {so-loud: true}]\nwhom-to: you\nof-others: 1",
    );
    module(
        &work,
        "greet.py",
        "MODULE = {'keys': {'so_loud': {}, 'whom_to': {'required': True}}}\n\
         def modify(name, root, cfg):\n    print(cfg['so_loud'], cfg['whom_to'], 'modules' in cfg)\n",
    );
    // Somebody has to claim the third key.
    module(&work, "others", "#!/bin/sh\n");
    module(&work, "others.json", r#"{"keys": {"of_others": {}}}"#);
    let recipe = fs::read_to_string(work.join("build.yaml")).unwrap();
    let recipe = recipe.replace("}]", "}, others]");
    work.write("build.yaml", recipe);
    let run = plan(&work, &[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stderr.contains("[greet] True you True"), "{run:#?}");
}
