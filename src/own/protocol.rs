//! The conversation with a module's process: JSON lines, one request at a time.
//!
//! `docs/modules.md` has it for people who write modules.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use modules::Root;
use modules::api::{self, Data};
use serde_json::{Value, json};

use super::process::{Event, Process};
use super::{Failure, Kind, Own, Step, json};

/// The version of the protocol.
const VERSION: u32 = 1;
/// How many of the last lines that a module printed are in the message when it fails.
const LINES_OF_FAILURE: usize = 10;
/// How much of each of them, in letters.
const LETTERS_OF_FAILURE: usize = 400;

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
    let program = command.get_program().to_owned();
    let mut process = Process::start(&mut command, limit)
        .map_err(|error| Failure::new(format!("{} cannot be run: {error}", program.display())))?;
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
        None if status.success() && own.kind == Kind::Executable => Ok(None),
        None => Err(talk.failure(format!("it ended with {status}"))),
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
                    return Err(format!(
                        "it ran for more than {seconds} seconds; `timeout` in its declaration allows more"
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
                let shown = String::from_utf8_lossy(&request[..request.len().min(80)]);
                format!(
                    "its standard output is for requests in JSON, one a line ({error}): {}",
                    shown.trim_end().escape_debug()
                )
            })?;
            if let Some(done) = request.get("done") {
                return Ok(Some(Last::Done(keys_read(done))));
            }
            if let Some(fail) = request.get("fail") {
                return Ok(Some(Last::Failed(self.failed(fail))));
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
        let text = |key: &str| fail.get(key).and_then(Value::as_str).map(str::to_owned);
        let message = fail.as_str().map(str::to_owned).or(text("message"));
        Failure {
            message: message.unwrap_or_else(|| "it failed, and did not say why".to_owned()),
            at: text("at").or_else(|| Some(self.own.shown.clone())),
            trace: text("trace"),
        }
    }
}

/// Does what a module asks for and returns the reply.
///
/// # Errors
///
/// Fails on what is no request at all.
fn answer(root: &mut Root<'_>, request: &Value) -> Result<Value, String> {
    let no_request = || format!("it asked for no operation: {request}");
    let call = request.get("call").and_then(Value::as_str);
    let call = call.ok_or_else(no_request)?;
    let positional = match request.get("args") {
        None => Vec::new(),
        Some(Value::Array(values)) => values.iter().map(json::to_data).collect::<Result<_, _>>()?,
        Some(_) => return Err(no_request()),
    };
    let named: Vec<(String, Data)> = match request.get("named") {
        None => Vec::new(),
        Some(Value::Object(values)) => values
            .iter()
            .map(|(name, value)| Ok((name.clone(), json::to_data(value)?)))
            .collect::<Result<_, String>>()?,
        Some(_) => return Err(no_request()),
    };
    Ok(match api::call(root, call, positional, named) {
        Ok(value) => json!({"ok": json::of(&value)}),
        Err(error) => {
            let help = error.help.as_ref().map(|help| format!("; {help}"));
            let message = format!("{error}{}", help.unwrap_or_default());
            json!({"error": {"kind": error.kind.name(), "message": message}})
        }
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
