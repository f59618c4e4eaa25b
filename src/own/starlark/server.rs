//! The process that a module in Starlark runs in: this program once more, as the hidden command
//! `starlark`, at the other end of the protocol.

use std::any::Any;
use std::convert::Infallible;
use std::io::{self, BufRead, BufReader, Stdin, Stdout, Write};
use std::panic;
use std::path::PathBuf;
use std::process::{ExitCode, exit};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use modules::api::Data;
use serde_json::{Value, json};

use super::TOO_MUCH_MEMORY;
use super::evaluate;
use super::root::Image;
use super::source::Source;
use crate::own::{Failure, json};

/// The interpreter's stack, in bytes, of which is taken what is used. The deepest file that
/// [`Source`] lets through is a row of signs, `---...1`, and uses less than half of it.
const STACK: usize = 512 << 20;
/// The most memory that the process may have, in bytes, beside its stack. The limit on values is
/// looked at between steps; this one is for the step that asks for all memory at once.
#[cfg(target_os = "linux")]
const MOST_MEMORY: u64 = 2 << 30;

/// What the interpreter says as it panics for want of memory; the last one of a value of more than
/// 4 GiB.
const OUT_OF_MEMORY: [&str; 3] = ["out of memory", "capacity overflow", "AlignedSize"];

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
    let run = move || -> Infallible {
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
    // What it has to say goes to the build, not to standard error.
    panic::set_hook(Box::new(|_| {}));
    let thread = thread::Builder::new().name("module".to_owned());
    let failure = match thread.stack_size(STACK).spawn(run).map(JoinHandle::join) {
        Ok(Ok(never)) => match never {},
        Ok(Err(panic)) => broken_down(panic.as_ref()),
        Err(error) => format!("the interpreter's thread cannot be started: {error}"),
    };
    let last = json!({"fail": {"message": failure}});
    // Where it cannot be told, nobody is there to hear of it.
    writeln!(io::stdout(), "{last}").ok();
    ExitCode::FAILURE
}

/// Says why the interpreter gave up.
fn broken_down(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    match text.or_else(|| panic.downcast_ref::<String>().cloned()) {
        Some(text) if OUT_OF_MEMORY.iter().any(|reason| text.contains(reason)) => {
            TOO_MUCH_MEMORY.to_owned()
        }
        Some(text) => format!("the interpreter broke down: {text}"),
        None => "the interpreter broke down".to_owned(),
    }
}

fn limit_memory() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let most = Some(MOST_MEMORY + STACK as u64);
        // A dump of a module that asked for all memory is of no use to anybody.
        for (resource, most) in [(Resource::Data, most), (Resource::Core, Some(0))] {
            let limit = Rlimit {
                current: most,
                maximum: most,
            };
            // One that cannot be lowered is lower already.
            setrlimit(resource, limit).ok();
        }
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
