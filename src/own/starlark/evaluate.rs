//! Runs one module in Starlark, within its limits.
//!
//! It sees its arguments, `print`, and files of `lib/` beside it that it loads: no clock, no
//! chance, no other file.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use modules::api::Data;
use starlark::environment::{Globals, LibraryExtension, Module};
use starlark::eval::Evaluator;
use starlark::syntax::{AstModule, Dialect, DialectTypes};
use starlark::{Error, ErrorKind, PrintHandler};

use super::cfg::{Cfg, Keys};
use super::failure;
use super::load::Loader;
use super::root::{Image, Root, Session};
use super::source::Source;
use super::value;
use crate::own::Failure;
use crate::own::process::{MOST_OUTPUT, later};

/// The most steps, each a call or a round of a loop: some ten seconds.
const MOST_TICKS: u64 = 100_000_000;
/// How many steps are taken between two looks at the limits, in this version of the interpreter.
const TICKS_BETWEEN_CHECKS: u64 = 1000;
/// The most memory for values, in bytes.
const MOST_HEAP: usize = 512 << 20;
/// The most calls in one another.
const MOST_CALLS: usize = 1000;

/// What a module calls `modify(name, root, cfg)`.
const ENTRY: &str = "modify";

/// Runs the module's `modify`. Returns the keys of the recipe that it read.
pub(super) fn modify(
    source: Source,
    name: &str,
    recipe: &Data,
    image: &mut dyn Image,
    limit: Duration,
) -> Result<Vec<String>, Failure> {
    let read = Keys::default();
    let shown = source.shown.clone();
    let run = Run::new(limit);
    let session = Session(RefCell::new(image));
    let done = Module::with_temp_heap(|module| {
        let loader = Loader::new(&source, &run);
        let mut evaluator = run.evaluator(&module)?;
        evaluator.set_loader(&loader);
        evaluator.extra = Some(&session);
        run.top_level(&mut evaluator, source.clone())?;
        let Some(entry) = module.get(ENTRY) else {
            let message = anyhow!("it has no function `modify(name, root, cfg)`");
            return Err(Error::new_kind(ErrorKind::Scope(message)));
        };
        let heap = module.heap();
        let cfg = Cfg::new(recipe, read.clone(), module.frozen_heap());
        let arguments = [heap.alloc(name), heap.alloc(Root), heap.alloc(cfg)];
        let done = evaluator.eval_function(entry, &arguments, &[]);
        done.map_err(|error| run.explain(error))?;
        Ok(())
    });
    done.map_err(|error| failure::of(&error, &shown))?;
    Ok(read.to_vec())
}

/// Returns the value of `MODULE` at the module's top level.
pub(super) fn declared(source: Source, limit: Duration) -> Result<Data, Failure> {
    let shown = source.shown.clone();
    let run = Run::new(limit);
    let done = Module::with_temp_heap(|module| {
        let loader = Loader::new(&source, &run);
        let mut evaluator = run.evaluator(&module)?;
        evaluator.set_loader(&loader);
        run.top_level(&mut evaluator, source.clone())?;
        let Some(found) = module.get("MODULE") else {
            return Ok(Data::Null);
        };
        if found.is_none() {
            return Err(Error::new_other(anyhow!("its MODULE is None, not a dict")));
        }
        value::to_data(found).map_err(|error| Error::new_other(anyhow!("its MODULE: {error}")))
    });
    done.map_err(|error| failure::of(&error, &shown))
}

/// What all files of one run have in common.
pub(super) struct Run {
    globals: Globals,
    limit: Duration,
    deadline: Instant,
    printer: Printer,
    ticks: Cell<u64>,
    passed: Cell<Option<Limit>>,
}

/// A limit that a run can go past at any step.
#[derive(Clone, Copy)]
enum Limit {
    Ticks,
    Heap,
    Time,
}

impl Run {
    fn new(limit: Duration) -> Self {
        use LibraryExtension::{Filter, Json, Map, Partial, Print, SetType, StructType};
        let extensions = [Filter, Json, Map, Partial, Print, SetType, StructType];
        Self {
            globals: Globals::extended_by(&extensions),
            limit,
            deadline: later(limit),
            printer: Printer::default(),
            ticks: Cell::new(0),
            passed: Cell::new(None),
        }
    }

    /// Returns an evaluator with the limits.
    ///
    /// It has limits of its own on ticks and memory, but looks at them once more after an error,
    /// and then forgets where that was. So they are looked at here, and passed once.
    pub(super) fn evaluator<'v, 'a, 'e: 'a>(
        &'a self,
        module: &'a Module<'v>,
    ) -> starlark::Result<Evaluator<'v, 'a, 'e>> {
        let mut evaluator = Evaluator::new(module);
        evaluator.set_max_callstack_size(MOST_CALLS)?;
        evaluator.set_check_cancelled(Box::new(|| {
            if self.passed.get().is_some() {
                return false;
            }
            self.ticks.set(self.ticks.get() + TICKS_BETWEEN_CHECKS);
            let heap = module.heap().allocated_bytes() + module.frozen_heap().allocated_bytes();
            self.passed.set(if self.ticks.get() > MOST_TICKS {
                Some(Limit::Ticks)
            } else if heap > MOST_HEAP {
                Some(Limit::Heap)
            } else if Instant::now() > self.deadline {
                Some(Limit::Time)
            } else {
                None
            });
            self.passed.get().is_some()
        }));
        evaluator.set_print_handler(&self.printer);
        Ok(evaluator)
    }

    /// Runs the statements of a file.
    pub(super) fn top_level(
        &self,
        evaluator: &mut Evaluator<'_, '_, '_>,
        source: Source,
    ) -> starlark::Result<()> {
        let dialect = Dialect {
            enable_keyword_only_arguments: true,
            enable_types: DialectTypes::Disable,
            enable_load_reexport: false,
            enable_top_level_stmt: true,
            enable_f_strings: true,
            ..Dialect::Standard
        };
        let syntax = AstModule::parse(&source.shown, source.text, &dialect)?;
        let done = evaluator.eval_module(syntax, &self.globals);
        done.map_err(|error| self.explain(error))?;
        Ok(())
    }

    /// Says of an error by which limit it came, if it did by one.
    fn explain(&self, error: Error) -> Error {
        let overflow = matches!(error.kind(), ErrorKind::StackOverflow(_));
        let message = match self.passed.get() {
            _ if overflow => format!(
                "more than {MOST_CALLS} calls in one another: a function calls itself without end"
            ),
            Some(Limit::Ticks) => {
                format!("it took more than {MOST_TICKS} steps, each a call or a round of a loop")
            }
            Some(Limit::Heap) => {
                let most = MOST_HEAP >> 20;
                format!("its values take more than {most} MiB of memory")
            }
            Some(Limit::Time) => {
                let seconds = self.limit.as_secs();
                format!("it ran for more than {seconds} seconds; `timeout` in MODULE allows more")
            }
            None => return error,
        };
        let kind = ErrorKind::Other(anyhow!(message));
        let mut explained = match error.span() {
            None => Error::new_kind(kind),
            Some(span) => Error::new_spanned(kind, span.span, &span.file),
        };
        explained.set_call_stack(|| error.call_stack().clone());
        explained
    }
}

/// `print`: a line on standard error, which the build shows with the module's name.
#[derive(Default)]
struct Printer {
    /// How much it was already, in bytes.
    printed: Cell<u64>,
}

impl PrintHandler for Printer {
    fn println(&self, text: &str) -> starlark::Result<()> {
        // The build ends a process that prints more, but here it is known where that happens.
        let printed = self.printed.get() + text.len() as u64 + 1;
        if printed > MOST_OUTPUT {
            return Err(anyhow!("it printed more than {MOST_OUTPUT} bytes").into());
        }
        self.printed.set(printed);
        crate::progress::say(text);
        Ok(())
    }
}
