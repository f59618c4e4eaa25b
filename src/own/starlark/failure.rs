//! Why a module in Starlark failed: message, place, and the way there.

use std::fmt::Write as _;

use starlark::codemap::FileSpan;
use starlark::errors::Frame;
use starlark::{Error, ErrorKind};

use crate::own::Failure;

/// How many of the calls that led to an error are shown, first and last ones.
const SHOWN_CALLS: (usize, usize) = (4, 8);
/// How much is shown of a line, in characters.
const LONGEST_LINE: usize = 100;

/// Returns the failure that an error is, of a module that messages call `shown`.
pub(super) fn of(error: &Error, shown: &str) -> Failure {
    let message = match error.kind() {
        // It begins with the space that stands before each of `fail`'s arguments.
        ErrorKind::Fail(cause) => cause.to_string().trim_start().to_owned(),
        _ => error.without_diagnostic().to_string(),
    };
    let frames = &error.call_stack().frames;
    let place = error.span().or_else(|| {
        let mut calls = frames.iter().rev();
        calls.find_map(|frame| frame.location.as_ref())
    });
    let at = match place {
        None => shown.to_owned(),
        Some(place) => {
            let begin = place.resolve_span().begin;
            format!(
                "{}:{}:{}",
                place.filename(),
                begin.line + 1,
                begin.column + 1
            )
        }
    };
    let mut trace = calls(frames);
    if let Some(place) = place {
        trace.push_str(&excerpt(place));
    }
    Failure {
        message,
        at: Some(at),
        trace: (!trace.is_empty()).then_some(trace),
    }
}

/// Shows the calls that led to an error, each with its line.
fn calls(frames: &[Frame]) -> String {
    let (first, last) = SHOWN_CALLS;
    let mut text = String::new();
    let mut caller = "the top level";
    for (place, frame) in frames.iter().enumerate() {
        let left_out = frames.len().saturating_sub(first + last);
        if left_out > 0 && place == first {
            // Writing to a String does not fail; nor does it below.
            let _ = writeln!(text, "  ... and {left_out} calls more");
        }
        if (place < first || place >= first + left_out)
            && let Some(location) = &frame.location
        {
            let line = location.resolve_span().begin.line + 1;
            let _ = writeln!(text, "  {}:{line}: in {caller}", location.filename());
        }
        caller = &frame.name;
    }
    text
}

/// Shows the line of a place, and marks the place in it.
fn excerpt(place: &FileSpan) -> String {
    let span = place.resolve_span();
    let (line, column) = (span.begin.line + 1, span.begin.column);
    let source = place.file.source_line(span.begin.line);
    let text: String = source.chars().take(LONGEST_LINE).collect();
    let width = text.chars().count();
    let end = if span.end.line == span.begin.line {
        span.end.column
    } else {
        width
    };
    if column >= LONGEST_LINE {
        return format!("{line} | {text}\n");
    }
    let marks = "^".repeat(end.min(width).saturating_sub(column).max(1));
    // A tab stays one below itself, so that the marks stand where they should.
    let indent: String = text
        .chars()
        .take(column)
        .map(|c| if c == '\t' { c } else { ' ' })
        .collect();
    let margin = " ".repeat(line.to_string().len());
    format!("{line} | {text}\n{margin} | {indent}{marks}\n")
}
