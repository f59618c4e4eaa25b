//! `template`: files made from texts with gaps, which the recipe fills.

use serde::Deserialize;

use crate::api::Data;
use crate::error::at;
use crate::given::{self, GIVEN, Given};
use crate::jinja;
use crate::named::Named;
use crate::option::{OptionDoc, Shape};
use crate::permissions::{self, Mode, Owner};
use crate::root::same_place;
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root};

const ITEM: Shape = Shape::Map(&[
    OptionDoc::required(
        "path",
        Shape::Text,
        "the file to write; missing directories are made",
    ),
    OptionDoc::optional(
        "template",
        GIVEN,
        "the text with gaps; the file of the image itself if left out",
    ),
    OptionDoc::optional(
        "vars",
        Shape::Table(&Shape::Any),
        "what fills the gaps, by name",
    ),
    OptionDoc::optional("mode", Shape::Mode, "its mode; 0644 if it is new"),
    OptionDoc::optional("user", Shape::OWNER, "its user; root if it is new"),
    OptionDoc::optional("group", Shape::OWNER, "its group; root if it is new"),
]);

pub(crate) const MODULE: Module = Module {
    name: "template",
    summary: "writes files from texts with gaps that the recipe fills",
    details: "\
The language is Jinja: `{{ name }}`, `{% if %}`, `{% for %}` and Jinja's own filters, not those that
Ansible adds (`to_json`, `ipaddr`). A name that `vars` does not have is an error. Lines with nothing
but a statement vanish, as with Ansible. A file of the image that is its own template has its gaps
filled once: a `{{` in a value is a gap for the next build from that image.",
    keys: &["templates"],
    options: &[OptionDoc::required(
        "templates",
        Shape::List(&ITEM),
        "the files",
    )],
    example: "\
modules: [template]
templates:
- path: /etc/app.conf
  mode: \"0640\"
  template: |
    listen = {{ port }}
    {% for peer in peers %}
    peer = {{ peer }}
    {% endfor %}
  vars: {port: 8080, peers: [10.0.0.1, 10.0.0.2]}
",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    templates: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    path: Spanned<String>,
    template: Option<Given>,
    #[serde(default)]
    vars: Named<Data>,
    mode: Option<Mode>,
    user: Option<Spanned<Owner>>,
    group: Option<Spanned<Owner>>,
}

impl Item {
    fn render(&self, text: &[u8]) -> Result<String, ValueError> {
        let vars = self.vars.0.iter();
        let vars = vars.map(|(name, value)| (name.value.clone(), value.clone()));
        let vars = Data::Map(vars.collect());
        let rendered = jinja::render(&self.path, text, &vars);
        let span = self
            .template
            .as_ref()
            .map_or(self.path.span, |template| template.span);
        rendered.map_err(|why| ValueError::new(span, why))
    }
}

fn check(cfg: &Cfg, host: &dyn Host) -> Result<(), ValueError> {
    let Options { templates } = cfg.options()?;
    for (at, item) in templates.iter().enumerate() {
        let is_same = |other: &Item| same_place(&other.path, &item.path);
        if templates[..at].iter().any(is_same) {
            return Err(item.path.error(format!("{:?} is listed twice", *item.path)));
        }
        if item.path.is_empty() || item.path.ends_with('/') {
            return Err(item
                .path
                .error(format!("{:?} is no path of a file", *item.path)));
        }
        if let Some(template) = &item.template {
            item.render(&given::load(template, host)?)?;
        }
    }
    Ok(())
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { templates } = cfg.options()?;
    for item in &templates {
        let path = item.path.as_str();
        let failed = at(item.path.span);
        let text = match &item.template {
            Some(template) => given::read(template, root)?,
            None => root.read(path).map_err(&failed)?,
        };
        let text = item.render(&text)?;
        root.mkdir_above(path).map_err(&failed)?;
        root.write(path, text).map_err(&failed)?;
        permissions::set(root, &item.path, item.mode, &item.user, &item.group)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::kit::{Files, image, read, refusal, show, step_with, twice, value};

    #[test]
    fn gaps_are_filled() {
        let item = value!({"templates": [{
            "path": "/etc/a/b.conf", "mode": "0600",
            "template": "{% if on %}\nport={{ port }} {{ names | join(',') }} {{ deep.a }} {{ deep | tojson }}\n{% endif %}\n",
            "vars": {"on": true, "port": 80_i64, "names": ["x", "y"], "deep": {"a": 1.5_f64}},
        }]});
        let (mut tree, _) = twice(&[], "template", &item).unwrap();
        assert_eq!(
            read(&tree, "/etc/a/b.conf"),
            "port=80 x,y 1.5 {\"a\": 1.5}\n"
        );
        assert_eq!(show(&mut tree, "/etc/a/b.conf"), ["0600 0:0 /etc/a/b.conf"]);
    }

    #[test]
    fn the_image_or_the_host_has_the_text() {
        let own = value!({"templates": [{"path": "/etc/x", "vars": {"a": "b"}}]});
        let (tree, _) = twice(&[("/etc/x", "{{ a }}\n")], "template", &own).unwrap();
        assert_eq!(read(&tree, "/etc/x"), "b\n");

        let host = Files([("x.j2", b"{{ a }}!".to_vec())].into());
        let item = value!({"templates": [
            {"path": "/etc/x", "template": {"source": "x.j2"}, "vars": {"a": "b"}},
        ]});
        let mut tree = image(&[]);
        step_with(&mut tree, "template", &item, &host).unwrap();
        assert_eq!(read(&tree, "/etc/x"), "b!");
    }

    #[test]
    fn each_file_once() {
        let items = value!({"templates": [
            {"path": "/x", "template": "a"}, {"path": "//./x", "template": "b"},
        ]});
        let message = "\"//./x\" is listed twice";
        assert_eq!(refusal(&[], "template", &items), message);
    }

    #[test]
    fn refusals() {
        for (item, message) in [
            (
                value!({"path": "/x", "template": "a\n{{ b }}"}),
                "template: /x:2: `b` is undefined",
            ),
            (
                value!({"path": "/x", "template": "{% if a.c.d %}{% endif %}", "vars": {"a": {"b": 1_i64}}}),
                "template: /x:1: `a.c` is undefined",
            ),
            (
                value!({"path": "/x", "template": "{% for %}"}),
                "template: /x:1: syntax error: unexpected end of block, expected in",
            ),
            (value!({"path": "/x"}), "no such file in the image: /x"),
            (
                value!({"path": "/x/", "template": ""}),
                "\"/x/\" is no path of a file",
            ),
            (
                value!({"path": "/x", "template": "", "user": "bob"}),
                "the image's /etc/passwd has no user \"bob\"",
            ),
        ] {
            assert_eq!(
                refusal(&[], "template", &value!({"templates": [item]})),
                message
            );
        }
    }
}
