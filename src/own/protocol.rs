//! The conversation with a module's process: JSON lines, one request at a time.
//!
//! `docs/modules.md` has it for people who write modules.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use modules::Root;
use modules::api::{self, Data, ErrorKind};
use serde_json::{Map, Value, json};

use super::process::{Event, Process};
use super::{Failure, Kind, Own, Step, json};
use crate::shown::{lines, one_line};

/// The version of the protocol.
const VERSION: u32 = 1;
/// How many of the last lines that a module printed are in the message when it fails.
const LINES_OF_FAILURE: usize = 10;
/// How much of each of them, in letters.
const LETTERS_OF_FAILURE: usize = 400;
/// How much is shown of a message that it gave, and of the way there, in letters.
const LETTERS_OF_MESSAGE: usize = 4000;
const LETTERS_OF_TRACE: usize = 40_000;
/// How much is shown of a request that is none, in letters.
const LETTERS_OF_REQUEST: usize = 80;
/// What a request has.
const PARTS: [&str; 3] = ["call", "args", "named"];

/// Returns what a module gets as `cfg`: the recipe, and what came with the source.
fn cfg(step: &Step<'_>) -> Value {
    let mut cfg = json::of(&step.cfg.to_data());
    if let (Value::Object(keys), Some(config)) = (&mut cfg, step.image_config) {
        keys.entry("image_config").or_insert_with(|| config.clone());
    }
    cfg
}

/// Runs a module to its end and answers all that it asks. Returns the keys that it read.
pub(super) fn converse(
    own: &Own,
    mut command: Command,
    limit: Duration,
    root: &mut Root<'_>,
    step: &Step<'_>,
) -> Result<Option<Vec<String>>, Failure> {
    let epoch = root.time().secs;
    command
        .current_dir(Path::new(".").join(step.folder))
        .env("LANG", "C.UTF-8")
        .env("SOURCE_DATE_EPOCH", epoch.to_string());
    let mut process =
        Process::start(&mut command, limit).map_err(|error| own.not_started(&error))?;
    let start = json!({
        "hsb": VERSION,
        "name": own.name,
        "step": step.number,
        "source_date_epoch": epoch,
        "cfg": cfg(step),
    });
    process.send(line(&start));
    let mut talk = Talk {
        own,
        step,
        last: Vec::new(),
    };
    let end = talk.until_end(&mut process, root);
    let said = match end {
        Ok(said) => said,
        // Its process is ended as it is dropped.
        Err(message) if own.kind == Kind::Python => {
            return Err(talk.failure_where(message, &mut process));
        }
        Err(message) => return Err(talk.failure(message)),
    };
    let (status, printed) = process
        .finish()
        .map_err(|error| Failure::new(format!("it cannot be waited for: {error}")))?;
    for line in &printed {
        talk.printed(line);
    }
    match said {
        Some(Last::Failed(failure)) => Err(failure),
        // What it said counts, not how Python takes itself down afterwards.
        Some(Last::Done(read)) => Ok(read),
        None => match status {
            Some(status) if status.success() && own.kind == Kind::Executable => Ok(None),
            Some(status) => Err(talk.failure(format!("it ended with {status}"))),
            None => {
                let message = "it closed its standard output, and did not end within 5 seconds";
                Err(talk.failure(message.to_owned()))
            }
        },
    }
}

/// A conversation under way.
struct Talk<'t> {
    own: &'t Own,
    step: &'t Step<'t>,
    /// The last lines that it printed.
    last: Vec<String>,
}

/// What a module said at its end.
enum Last {
    /// It is done, and read these keys of the recipe.
    Done(Option<Vec<String>>),
    Failed(Failure),
}

impl Talk<'_> {
    /// Answers until the module says that it is done or failed, or says no more.
    fn until_end(
        &mut self,
        process: &mut Process,
        root: &mut Root<'_>,
    ) -> Result<Option<Last>, String> {
        loop {
            let next = process.next();
            let next = next.map_err(|error| format!("it cannot be waited for: {error}"))?;
            let request = match next {
                None => {
                    let seconds = self.own.time_limit().as_secs();
                    let unended = match process.has_unended_line() {
                        true => " (what it wrote last to standard output has no line end)",
                        false => "",
                    };
                    return Err(format!(
                        "it ran for more than {seconds} seconds{unended}; \
                         `timeout` in its declaration allows more"
                    ));
                }
                Some(Event::Closed) => return Ok(None),
                Some(Event::TooMuch(what)) => return Err(what),
                Some(Event::Printed(line)) => {
                    self.printed(&line);
                    continue;
                }
                Some(Event::Line(line)) => line,
            };
            let request: Value = serde_json::from_slice(&request).map_err(|error| {
                let shown = String::from_utf8_lossy(&request);
                format!(
                    "its standard output is for requests in JSON, one a line ({error}): {}",
                    one_line(shown.trim_end(), LETTERS_OF_REQUEST)
                )
            })?;
            if let Some(fail) = request.get("fail") {
                return Ok(Some(Last::Failed(self.failed(fail))));
            }
            if let Some(done) = request.get("done") {
                return Ok(Some(Last::Done(keys_read(done))));
            }
            process.send(line(&answer(root, &request)?));
        }
    }

    fn printed(&mut self, line: &str) {
        (self.step.log)(&format!("[{}] {line}", self.own.name));
        let shown = line.char_indices().nth(LETTERS_OF_FAILURE);
        self.last.push(match shown {
            Some((end, _)) => format!("{}...", &line[..end]),
            None => line.to_owned(),
        });
        if self.last.len() > LINES_OF_FAILURE {
            self.last.remove(0);
        }
    }

    /// Returns the failure of a module that did not say why.
    fn failure(&self, message: String) -> Failure {
        Failure {
            message,
            at: Some(self.own.shown.clone()),
            trace: (!self.last.is_empty()).then(|| self.last.join("\n")),
        }
    }

    /// As [`Talk::failure`], with the place that the module has come to, if it still can say it.
    fn failure_where(&self, message: String, process: &mut Process) -> Failure {
        process.ask_where();
        let mut failure = self.failure(message);
        // What it was about to say comes first, perhaps cut off, and more that it printed.
        while let Ok(Some(event)) = process.next() {
            let line = match event {
                Event::Line(line) => line,
                Event::Closed => break,
                Event::Printed(_) | Event::TooMuch(_) => continue,
            };
            let said: Value = serde_json::from_slice(&line).unwrap_or_default();
            if let Some(fail) = said.get("fail") {
                let said = self.failed(fail);
                failure.at = said.at;
                failure.trace = said.trace.or(failure.trace);
                break;
            }
        }
        failure
    }

    fn failed(&self, fail: &Value) -> Failure {
        let text = |key: &str| fail.get(key).and_then(Value::as_str);
        let line = |text| one_line(text, LETTERS_OF_MESSAGE);
        let message = fail.as_str().or(text("message")).map(line);
        Failure {
            message: message.unwrap_or_else(|| "it failed, and did not say why".to_owned()),
            at: text("at")
                .map(line)
                .or_else(|| Some(self.own.shown.clone())),
            trace: text("trace").map(|trace| lines(trace, LETTERS_OF_TRACE)),
        }
    }
}

/// Does what a module asks for and returns the reply.
///
/// # Errors
///
/// Fails on what is no request at all.
fn answer(root: &mut Root<'_>, request: &Value) -> Result<Value, String> {
    let no_request = |why: &str| {
        let shown = one_line(&request.to_string(), LETTERS_OF_REQUEST);
        format!("it asked for no operation ({why}): {shown}")
    };
    let keys = request.as_object();
    let keys = keys.ok_or_else(|| no_request("a request is an object"))?;
    if let Some(other) = keys.keys().find(|key| !PARTS.contains(&key.as_str())) {
        let why = format!("{other:?} is none of {}", PARTS.join(", "));
        return Err(no_request(&why));
    }
    let call = keys.get("call").and_then(Value::as_str);
    let call = call.ok_or_else(|| no_request("`call` names one"))?;
    let none = Value::Null;
    let args = match keys.get("args").unwrap_or(&none) {
        Value::Null => &[][..],
        Value::Array(values) => values,
        _ => return Err(no_request("`args` is a list")),
    };
    let no_names = Map::new();
    let named = match keys.get("named").unwrap_or(&none) {
        Value::Null => &no_names,
        Value::Object(values) => values,
        _ => return Err(no_request("`named` is an object")),
    };
    Ok(match done(root, call, args, named) {
        Ok(value) => json!({"ok": json::of(&value)}),
        Err((kind, message)) => json!({"error": {"kind": kind.name(), "message": message}}),
    })
}

/// Does one operation; fails as the module is told.
fn done(
    root: &mut Root<'_>,
    call: &str,
    args: &[Value],
    named: &Map<String, Value>,
) -> Result<Data, (ErrorKind, String)> {
    let data = |place: String, value: &Value| {
        json::to_data(value)
            .map_err(|error| (ErrorKind::Invalid, format!("{call}: {place}: {error}")))
    };
    let args = (1..).zip(args);
    let args = args.map(|(place, value)| data(format!("argument {place}"), value));
    let args = args.collect::<Result<_, _>>()?;
    let named = named.iter();
    let named = named.map(|(name, value)| Ok((name.clone(), data(format!("`{name}`"), value)?)));
    let named = named.collect::<Result<_, _>>()?;
    api::call(root, call, args, named).map_err(|error| {
        let help = error.help.as_ref().map(|help| format!("; {help}"));
        (error.kind, format!("{error}{}", help.unwrap_or_default()))
    })
}

fn keys_read(done: &Value) -> Option<Vec<String>> {
    let keys = done.get("read")?.as_array()?.iter();
    Some(keys.filter_map(Value::as_str).map(str::to_owned).collect())
}

fn line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}
