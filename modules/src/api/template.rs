//! `template`: files made from a text with gaps, in the language of Jinja.

use super::Error;
use super::content::{Dress, GROUP, MODE, OWNER, PARENTS};
use super::operation::{Operation, Type, optional, required};
use crate::jinja;

pub(super) const TEMPLATE: Operation = Operation {
    name: "template",
    summary: "writes a file from a Jinja template; a variable that is not given is an error",
    parameters: &[
        required("path", Type::Path, "the file to write"),
        optional(
            "text",
            Type::Text,
            "the template; the file itself is one if neither is given",
        ),
        optional(
            "source",
            Type::Text,
            "or a file of the project's folder that holds it",
        ),
        optional("vars", Type::Map, "the variables, by name"),
        MODE,
        OWNER,
        GROUP,
        PARENTS,
    ],
    returns: Type::Nothing,
    act: |root, args| {
        let (path, text, source) = (args.bytes(), args.maybe_bytes(), args.maybe_text());
        let vars = args.any();
        let dress = Dress::read(root, args)?;
        let (name, text) = match (text, source) {
            (Some(_), Some(_)) => {
                let error = Error::invalid("template: `text` and `source` are both given");
                return Err(error.help("leave one of them out"));
            }
            (Some(text), None) => ("text".to_owned(), text),
            (None, Some(source)) => {
                let text = root.read_host(&source)?;
                (source, text)
            }
            (None, None) => (crate::root::show(&path), root.read(&path)?),
        };
        let rendered = jinja::render(&name, &text, &vars).map_err(Error::other)?;
        dress.make_way(root, &path)?;
        root.write(&path, rendered)?;
        dress.put_on(root, &path)
    },
};
