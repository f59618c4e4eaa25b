//! What is wrong with a recipe, shown at its place in the text.

use std::fmt;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use modules::value::{Span, ValueError};

use crate::shown::one_line;

/// How many problems are shown. Each takes a look at the whole text.
const MOST: usize = 10;
/// How much is shown of a message, in characters: it may quote a value of any length.
const LONGEST: usize = 500;

/// The recipe as it was written, which messages quote.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// The name that messages use for it.
    pub(super) file: PathBuf,
    /// All of its text.
    pub(super) text: String,
}

impl Document {
    /// Returns the problems as one error, those that stand first in the text first.
    pub(super) fn error(&self, mut problems: Vec<ValueError>) -> Problems {
        problems.sort_by_key(|problem| problem.span.start);
        Problems {
            document: self.clone(),
            problems,
        }
    }
}

/// All that is wrong with a recipe; at least one thing.
///
/// Shown as text, each is a line that starts with `FILE:LINE:COLUMN: `, the lines of the recipe
/// that it is about, and what to do.
#[derive(Debug, Clone)]
pub struct Problems {
    document: Document,
    problems: Vec<ValueError>,
}

impl Problems {
    /// Returns the text for a terminal that has colours.
    pub fn coloured(&self) -> String {
        self.render(&Renderer::styled())
    }

    fn render(&self, renderer: &Renderer) -> String {
        // The same advice, which may be a long list, is given once.
        let mut helps = Vec::new();
        let first = self.problems.iter().take(MOST).map(|problem| {
            let help = problem.help.as_ref().filter(|help| !helps.contains(help));
            helps.extend(help);
            self.one(problem, help, renderer)
        });
        let mut shown: Vec<String> = first.collect();
        let more = self.problems.len() - shown.len();
        if more > 0 {
            shown.push(format!("and {more} more problems"));
        }
        shown.join("\n\n")
    }

    fn one(&self, problem: &ValueError, help: Option<&String>, renderer: &Renderer) -> String {
        let Document { file, text } = &self.document;
        let Span {
            start,
            end,
            line,
            column,
        } = problem.span;
        let message = one_line(&problem.message, LONGEST);
        if line == 0 {
            // Not about anything that the recipe says.
            let help = help.map(|help| one_line(help, LONGEST));
            return [message]
                .into_iter()
                .chain(help)
                .collect::<Vec<_>>()
                .join("; ");
        }
        let title = format!("{}:{line}:{column}: {message}", file.display());
        // A list or a text of many lines is shown by its first.
        let rest = text.get(start..end).unwrap_or_default();
        let end = start + rest.lines().next().unwrap_or_default().len();
        let mark = AnnotationKind::Primary.span(start..end);
        let shown = modules::without_secrets(text);
        let mut excerpt =
            Group::with_level(Level::ERROR).element(Snippet::source(shown).annotation(mark));
        if let Some(help) = help {
            excerpt = excerpt.element(Level::HELP.message(one_line(help, LONGEST)));
        }
        format!("{title}\n{}", renderer.render(&[excerpt]))
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Renderer::plain()))
    }
}

impl std::error::Error for Problems {}

/// Returns the error of a file that is no text.
pub(super) fn not_utf8(file: &Path, error: &FromUtf8Error) -> Problems {
    let start = error.utf8_error().valid_up_to();
    // What is wrong is replaced, what comes before it stays where it is.
    let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
    let before = &text[..start];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let span = Span {
        start,
        end: start + char::REPLACEMENT_CHARACTER.len_utf8(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    };
    let problem = ValueError::new(span, "this is not UTF-8 text");
    let help = "save the recipe as UTF-8; put the bytes of binary files into files of their own";
    let document = Document {
        file: file.to_owned(),
        text,
    };
    document.error(vec![problem.help(help)])
}
