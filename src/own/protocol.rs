//! The conversation with a module's process: JSON lines, one request at a time.
//!
//! `docs/modules.md` has it for people who write modules.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use modules::Root;
use modules::api::{self, Data, ErrorKind};
use serde::Deserialize;
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

/// A line that a module says: a request, or its end.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    call: Option<String>,
    args: Option<Vec<Value>>,
    named: Option<Map<String, Value>>,
    done: Option<Done>,
    fail: Option<Value>,
}

impl Said {
    fn parse(line: &[u8]) -> Result<Self, String> {
        let no_json = |error| {
            let shown = shown(line);
            format!("its standard output is for requests in JSON, one a line ({error}): {shown}")
        };
        match serde_json::from_slice(line) {
            Err(error) if !error.is_data() => Err(no_json(error)),
            // A list of the same values would do for serde.
            _ if !line.trim_ascii_start().starts_with(b"{") => {
                Err(no_request("a request is an object", line))
            }
            Err(error) => Err(no_request(&error.to_string(), line)),
            Ok(said) => Ok(said),
        }
    }
}

/// What is said of a line that is in JSON, but nothing that a module can say.
fn no_request(why: &str, line: &[u8]) -> String {
    format!("it asked for no operation ({why}): {}", shown(line))
}

fn shown(line: &[u8]) -> String {
    one_line(String::from_utf8_lossy(line).trim_end(), LETTERS_OF_REQUEST)
}

/// What a module says when it is done.
#[derive(Deserialize)]
struct Done {
    /// The keys of the recipe that it read, if it knows.
    read: Option<Vec<String>>,
}

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
        Some(Last::Done(read)) => match status {
            // What it said counts, not how Python takes itself down afterwards.
            Some(status) if !status.success() && own.kind == Kind::Executable => {
                let message = format!("it said that it was done, but ended with {status}");
                Err(talk.failure(message))
            }
            _ => Ok(read),
        },
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
            let said = Said::parse(&request)?;
            match said {
                Said {
                    call: None,
                    args: None,
                    named: None,
                    done: Some(done),
                    fail: None,
                } => return Ok(Some(Last::Done(done.read))),
                Said {
                    call: None,
                    args: None,
                    named: None,
                    done: None,
                    fail: Some(fail),
                } => return Ok(Some(Last::Failed(self.failed(&fail)))),
                Said {
                    call: Some(call),
                    args,
                    named,
                    done: None,
                    fail: None,
                } => {
                    let (args, named) = (args.unwrap_or_default(), named.unwrap_or_default());
                    let answer = answer(root, &call, &args, &named);
                    process.send(line(&answer));
                }
                _ => return Err(no_request("`call`, `done` or `fail`, just one", &request)),
            }
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
fn answer(root: &mut Root<'_>, call: &str, args: &[Value], named: &Map<String, Value>) -> Value {
    match done(root, call, args, named) {
        Ok(value) => json!({"ok": json::of(&value)}),
        Err((kind, message)) => json!({"error": {"kind": kind.name(), "message": message}}),
    }
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

fn line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}
