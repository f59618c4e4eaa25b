//! The image as a Starlark module has it: a value with every operation of the table as a method.

#![expect(
    unsafe_code,
    reason = "the derive of ProvidesStaticType implements an unsafe trait without functions"
)]

use std::cell::RefCell;
use std::fmt::{self, Display, Formatter};

use allocative::Allocative;
use anyhow::anyhow;
use modules::api::{self, Data, OPERATIONS, Operation};
use starlark::any::ProvidesStaticType;
use starlark::eval::{Arguments, Evaluator};
use starlark::values::{Heap, NoSerialize, StarlarkValue, Value, starlark_value};
use starlark::{Error, ErrorKind, starlark_simple_value};

use super::value;

/// Does the operations. Fails with one line.
pub(super) trait Image {
    /// Does one operation, with arguments by position and by name.
    fn call(
        &mut self,
        operation: &str,
        args: Vec<Data>,
        named: Vec<(String, Data)>,
    ) -> Result<Data, String>;
}

/// The image that an evaluation works on, where the evaluator keeps it.
#[derive(ProvidesStaticType)]
pub(super) struct Session<'i>(pub(super) RefCell<&'i mut dyn Image>);

/// The argument `root`.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(super) struct Root;

starlark_simple_value!(Root);

impl Display for Root {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("root")
    }
}

#[starlark_value(type = "root")]
impl<'v> StarlarkValue<'v> for Root {
    fn get_attr(&self, name: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        api::find(name).map(|operation| heap.alloc(Method(operation)))
    }

    fn dir_attr(&self) -> Vec<String> {
        OPERATIONS.iter().map(|o| o.name.to_owned()).collect()
    }
}

/// One operation: `root.write`.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
struct Method(#[allocative(skip)] &'static Operation);

starlark_simple_value!(Method);

impl Display for Method {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "root.{}", self.0)
    }
}

#[starlark_value(type = "function")]
impl<'v> StarlarkValue<'v> for Method {
    fn invoke(
        &self,
        _me: Value<'v>,
        args: &Arguments<'v, '_>,
        evaluator: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let Method(operation) = self;
        let heap = evaluator.heap();
        let argument = |place: &str, value: Value<'v>| {
            value::to_data(value)
                .map_err(|error| native(format!("{}: {place}: {error}", operation.name)))
        };
        let mut positional = Vec::new();
        for (place, given) in args.positions(heap)?.enumerate() {
            positional.push(argument(&format!("argument {}", place + 1), given)?);
        }
        let mut named = Vec::new();
        for (name, given) in args.names_map()? {
            let name = name.as_str();
            named.push((name.to_owned(), argument(&format!("`{name}`"), given)?));
        }
        let session = evaluator
            .extra
            .and_then(|extra| extra.downcast_ref::<Session<'_>>());
        let Some(Session(image)) = session else {
            return Err(native(
                "there is no image at the top level of a file".to_owned(),
            ));
        };
        let done = image.borrow_mut().call(operation.name, positional, named);
        let data = done.map_err(native)?;
        Ok(value::of(&data, operation.returns, heap))
    }
}

fn native(message: String) -> Error {
    Error::new_kind(ErrorKind::Native(anyhow!(message)))
}
