//! The process that a module in Starlark runs in: this program once more, as the hidden command
//! `starlark`, at the other end of the protocol.

use std::io::{self, BufRead, BufReader, Stdin, Stdout, Write};
use std::path::PathBuf;
use std::process::{ExitCode, exit};
use std::thread;
use std::time::Duration;

use modules::api::Data;
use serde_json::{Value, json};

use super::evaluate;
use super::root::Image;
use super::source::Source;
use crate::own::{Failure, json};

/// The interpreter's stack, in bytes. It is taken as it is used: the deepest that
/// [`Source`] lets through, parentheses alone, needs about half of it.
const STACK: usize = 1 << 30;
/// The most memory that the process may have, in bytes, beside its stack. The limit on values is
/// looked at between steps; this one is for the step that asks for all memory at once.
#[cfg(target_os = "linux")]
const MOST_MEMORY: u64 = 2 << 30;

/// What to run.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// The module
    file: PathBuf,
    /// The module as messages call it
    #[arg(long)]
    shown: String,
    /// How many seconds it may run
    #[arg(long)]
    seconds: u64,
    /// Tell its MODULE, and do not run it
    #[arg(long)]
    declare: bool,
}

/// Runs a module for the process that started this one.
pub(crate) fn serve(arguments: Arguments) -> ExitCode {
    limit_memory();
    let run = move || {
        let mut pipe = Pipe {
            input: BufReader::new(io::stdin()),
            output: io::stdout(),
        };
        let last = match serve_on(&mut pipe, &arguments) {
            Ok(done) => json!({ "done": done }),
            Err(Failure { message, at, trace }) => {
                json!({"fail": {"message": message, "at": at, "trace": trace}})
            }
        };
        let told = pipe.tell(&last);
        // What is in memory need not be taken apart first.
        exit(i32::from(told.is_err()));
    };
    let thread = thread::Builder::new().name("module".to_owned());
    match thread
        .stack_size(STACK)
        .spawn(run)
        .map(thread::JoinHandle::join)
    {
        Ok(Ok(())) => ExitCode::SUCCESS,
        // It has said why.
        Ok(Err(_)) => ExitCode::FAILURE,
        Err(error) => {
            crate::progress::say(format_args!(
                "the interpreter's thread cannot be started: {error}"
            ));
            ExitCode::FAILURE
        }
    }
}

fn limit_memory() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = Some(MOST_MEMORY + STACK as u64);
        let limit = Rlimit {
            current: limit,
            maximum: limit,
        };
        // Where it cannot be lowered, it is lower already.
        setrlimit(Resource::Data, limit).ok();
    }
}

fn serve_on(pipe: &mut Pipe, arguments: &Arguments) -> Result<Value, Failure> {
    let limit = Duration::from_secs(arguments.seconds);
    let source = Source::read(&arguments.file, &arguments.shown)?;
    if arguments.declare {
        let declared = evaluate::declared(source, limit)?;
        return Ok(json::of(&declared));
    }
    let start = pipe.next().map_err(Failure::new)?;
    let name = start
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let recipe = match start.get("cfg") {
        None => Data::Map(Vec::new()),
        Some(recipe) => json::to_data(recipe).map_err(Failure::new)?,
    };
    let read = evaluate::modify(source, name, &recipe, pipe, limit)?;
    Ok(json!({ "read": read }))
}

/// The way to the process that has the image.
struct Pipe {
    input: BufReader<Stdin>,
    output: Stdout,
}

impl Pipe {
    fn tell(&mut self, message: &Value) -> io::Result<()> {
        let mut line = message.to_string();
        line.push('\n');
        let mut output = self.output.lock();
        output.write_all(line.as_bytes())?;
        output.flush()
    }

    fn next(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        match self.input.read_line(&mut line) {
            Ok(0) => Err("the build has ended".to_owned()),
            Ok(_) => serde_json::from_str(&line).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Image for Pipe {
    fn call(
        &mut self,
        operation: &str,
        args: Vec<Data>,
        named: Vec<(String, Data)>,
    ) -> Result<Data, String> {
        let mut request = json!({"call": operation});
        if !args.is_empty() {
            request["args"] = args.iter().map(json::of).collect();
        }
        if !named.is_empty() {
            request["named"] = json::of(&Data::Map(named));
        }
        self.tell(&request).map_err(|error| error.to_string())?;
        let reply = self.next()?;
        match (reply.get("ok"), reply.pointer("/error/message")) {
            (Some(value), _) => json::to_data(value),
            (None, Some(Value::String(message))) => Err(message.clone()),
            _ => Err("the build does not answer".to_owned()),
        }
    }
}
