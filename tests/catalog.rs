//! `hsb modules`, `hsb schema`, `hsb completions`: what people, editors and shells are told.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::kit::{self, Work};

const LANGUAGES: [(&str, &str); 3] = [
    ("python", "greet.py"),
    ("starlark", "greet.star"),
    ("executable", "greet"),
];

#[test]
fn modules_are_listed_and_described() {
    let work = Work::new("catalog");
    work.write("build.yaml", "modules: [greet]\nmodule_path: [more]\n");
    fs::create_dir_all(work.join("more")).unwrap();
    work.write(
        "more/bye.py",
        "MODULE = {'summary': 'says goodbye', 'keys': {'bye': {'type': 'string'}}}\n",
    );
    work.write("more/odd.py", "MODULE = {'summery': 1}\n");
    work.write(
        "more/tea.py",
        "MODULE = {'main': 'tea', 'keys': {\n\
         'tea': {'enum': ['green', 'black'], 'required': True},\n\
         'sugar': {'type': 'integer', 'default': 2},\n\
         'with': {'type': 'array', 'items': {'type': 'string'}}}}\n\
         def modify(name, root, cfg):\n    root.write('/etc/tea', str(sorted(cfg.items())))\n",
    );
    let list = kit::succeed(&mut work.hsb(["modules"]));
    for part in [
        "add_user adds users",
        "bye says goodbye (more/bye.py)",
        "odd more/odd.py: its MODULE: unknown field `summery`",
    ] {
        // How far the second column is to the right depends on the longest name.
        let words: Vec<_> = list.split_whitespace().collect();
        assert!(words.join(" ").contains(part), "no {part:?} in:\n{list}");
    }
    for (name, parts) in [
        (
            "hostname",
            &[
                "It comes with hsb.",
                "hostname: text; required;",
                "modules: [hostname]",
            ][..],
        ),
        (
            "add-user",
            &["add_users: list of (text or mapping)", "    sudo: "],
        ),
        (
            "bye",
            &[
                "bye: says goodbye",
                "It is more/bye.py.",
                "bye: a text; optional",
            ],
        ),
        (
            "tea",
            &[
                "tea: one of green, black; required",
                "sugar: a whole number; default 2",
                "with: a list, each a text; optional",
            ],
        ),
    ] {
        let text = kit::succeed(&mut work.hsb(["modules", name]));
        for part in parts {
            assert!(text.contains(part), "{name}: no {part:?} in:\n{text}");
        }
    }
    let tea = kit::succeed(&mut work.hsb(["modules", "tea"]));
    let (_, example) = tea.split_once("Example:\n\n").unwrap();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/rootfs.tar.gz");
    let example: String = example
        .lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect();
    let recipe = format!("source: {source}\nmodule_path: [more]\n{example}");
    work.write("tea.yaml", recipe);
    let shown = kit::succeed(&mut work.hsb(["plan", "-q", "-f", "tea.yaml", "--show", "/etc/tea"]));
    assert!(
        shown.contains("('sugar', 2), ('tea', 'green'), ('with', ['...'])"),
        "{shown}"
    );
    let message = kit::fail(&mut work.hsb(["modules", "greet"]), 2);
    assert!(message.contains("unknown module `greet`; "), "{message}");
}

#[test]
fn a_new_module_works_as_it_is() {
    for (language, file) in LANGUAGES {
        let work = Work::new("new");
        kit::succeed(&mut work.hsb(["modules", "new", "greet", "--kind", language]));
        let written = fs::read(work.join("modules").join(file)).unwrap();
        for (other, _) in LANGUAGES {
            let again = ["modules", "new", "greet", "--kind", other];
            let message = kit::fail(&mut work.hsb(again), 2);
            let want = format!("modules/{file}: is there already; choose another name");
            assert!(message.contains(&want), "{message}");
        }
        assert_eq!(fs::read(work.join("modules").join(file)).unwrap(), written);
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/rootfs.tar.gz");
        work.write(
            "build.yaml",
            format!("source: {source}\nmodules: [greet]\n"),
        );
        let motd = kit::succeed(&mut work.hsb(["plan", "-q", "--show", "/etc/motd"]));
        assert!(motd.contains("Hello"), "{language}: {motd}");
        let text = kit::succeed(&mut work.hsb(["modules", "greet"]));
        assert!(text.contains(file), "{language}: {text}");
        let schema = kit::succeed(&mut work.hsb(["schema"]));
        let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
        let steps = &schema["properties"]["modules"]["items"]["anyOf"][1]["properties"];
        assert!(steps.get("greet").is_some(), "{language}: {steps}");
        let again = ["modules", "new", "other-name", "--kind", language];
        kit::succeed(&mut work.hsb(again));
        let message = kit::fail(&mut work.hsb(["modules", "new", "other_name"]), 2);
        assert!(message.contains("modules/other-name"), "{message}");
    }
    for name in ["", "-x", "a/b", "a.b", "../a"] {
        let work = Work::new("name");
        let message = kit::fail(&mut work.hsb(["modules", "new", "--", name]), 2);
        assert!(message.contains("is no name for a module"), "{message}");
    }
    for (name, key) in [("boot", "boot"), ("module-path", "module_path")] {
        let work = Work::new("reserved");
        let message = kit::fail(&mut work.hsb(["modules", "new", name]), 2);
        let want = format!("hsb: {name}: every recipe has the key `{key}`; choose another name");
        assert_eq!(message.trim_end(), want);
        assert!(!work.join("modules").exists());
    }
    let work = Work::new("no-recipe");
    for command in ["modules", "schema"] {
        kit::succeed(&mut work.hsb([command]));
        let message = kit::fail(&mut work.hsb([command, "-f", "gone.yaml"]), 2);
        assert!(
            message.starts_with("hsb: the recipe gone.yaml: No such"),
            "{message}"
        );
    }
}

#[test]
fn the_documentation_has_every_operation() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/modules.md");
    let docs = fs::read_to_string(docs).unwrap();
    let (_, listed) = docs.split_once("## Operations").unwrap();
    let listed: Vec<&str> = listed
        .lines()
        .filter(|line| line.starts_with("- "))
        .collect();
    let known = modules::api::OPERATIONS.iter();
    let known: Vec<String> = known
        .map(|op| format!("- `{op}`: {}", op.summary))
        .collect();
    assert_eq!(listed, known);
}

#[test]
fn the_examples_of_executables_run() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/modules.md");
    let docs = fs::read_to_string(docs).unwrap();
    let mut examples = docs.split("\n\n    #!").skip(1).peekable();
    assert!(examples.peek().is_some());
    for example in examples {
        // Up to the next paragraph that is not indented.
        let lines = example.lines();
        let lines = lines.take_while(|line| {
            line.is_empty() || line.starts_with("    ") || line.starts_with('/')
        });
        let lines = lines.map(|line| line.strip_prefix("    ").unwrap_or(line));
        let text = format!("#!{}\n", lines.collect::<Vec<_>>().join("\n"));
        let work = Work::new("example");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/rootfs.tar.gz");
        let recipe = format!("source: {source}\nmodules: [greet]\ngreeting: \"it's me\"\n");
        work.write("build.yaml", recipe);
        fs::create_dir(work.join("modules")).unwrap();
        let file = work.write("modules/greet", &text);
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
        let run = kit::run(&mut work.hsb(["plan", "--show", "/etc/motd"]));
        assert_eq!(run.code, Some(0), "{text}: {run:#?}");
        assert!(
            run.stdout.ends_with("Hello from it's me\n"),
            "{text}: {run:#?}"
        );
        assert!(
            run.stderr.contains("[greet] /etc/motd has "),
            "{text}: {run:#?}"
        );
    }
}

/// Lets an independent validator judge a recipe; returns whether it is one.
fn is_valid(work: &Work, schema: &Path, recipe: &str) -> bool {
    let value: serde_json::Value = serde_saphyr::from_str(recipe).unwrap();
    let instance = work.write("recipe.json", value.to_string());
    let run = kit::run(kit::tool("jsonschema").arg("-i").arg(instance).arg(schema));
    assert!(!run.stderr.contains("Traceback"), "{run:#?}");
    run.code == Some(0)
}

#[test]
fn the_schema_takes_every_recipe_here_and_no_mistake() {
    let work = Work::new("schema");
    let declared = "MODULE = {'keys': {'greeting': {'type': 'string'}}, 'main': 'greeting'}\n";
    fs::create_dir(work.join("modules")).unwrap();
    work.write("modules/greet.py", declared);
    let schema = kit::succeed(&mut work.hsb(["schema"]));
    let schema = work.write("schema.json", schema);
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("build.yaml");
    let mut recipes = vec![fs::read_to_string(sample).unwrap()];
    recipes.extend(
        modules::BUILTINS
            .iter()
            .map(|module| module.example.to_owned()),
    );
    recipes.extend(
        [
            "modules: [add_user]\nadd_users: [harlowja]",
            "modules: [{greet: you}, greet]\ngreeting: me",
            "size: 4G\npartitions: [{mount: /, size: rest, journal: false, reserved_percent: 0.5}]",
            "partitions: [{type: esp, mount: /boot/efi, fs: vfat, size: 67108864}, {mount: /}]",
        ]
        .map(str::to_owned),
    );
    for recipe in &recipes {
        assert!(is_valid(&work, &schema, recipe), "{recipe}");
    }
    for wrong in [
        "sise: 4G",
        "modules: [gret]",
        "modules: [{greet: 5}]",
        "modules: [hostname, {files: 1, hostname: 2}]",
        "partitions: [{mont: /}]",
        "partitions: [{mount: /, bootable: 1}]",
        "hostname: [a]",
        "greeting: 5",
    ] {
        assert!(!is_valid(&work, &schema, wrong), "{wrong}");
    }
}

#[test]
fn bash_completes_calls() {
    let work = Work::new("completions");
    for (words, want) in [
        ("hsb ver", "verify"),
        ("hsb modules n", "new"),
        ("hsb build --no-s", "--no-sync"),
        ("hsb completions fi", "fish"),
    ] {
        // As bash calls it, with the word at the end and the one before.
        let script = format!(
            "set -eu; eval \"$(\"$HSB\" completions bash)\"; COMP_WORDS=({words}); \
             COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _hsb hsb \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        let mut bash = Command::new("bash");
        let said = kit::succeed(
            bash.args(["-c", &script])
                .env("HSB", work.hsb([""; 0]).get_program()),
        );
        assert_eq!(said.trim_end(), want, "{words}");
    }
}
