//! Values of the API as Starlark has them, and back.
//!
//! A text is a string. What is not UTF-8 is `bytes` in its place, and so is what an operation
//! gives back as bytes whatever they are; every operation takes either. So a name that is no text
//! goes from `walk` into any other call as it is.

use modules::api::{Data, Type};
use starlark::values::bytes::StarlarkBytes;
use starlark::values::dict::{AllocDict, DictRef};
use starlark::values::float::UnpackFloat;
use starlark::values::list::{AllocList, ListRef};
use starlark::values::tuple::TupleRef;
use starlark::values::{FrozenHeap, FrozenValue, Heap, UnpackValue, Value};

use super::cfg::Cfg;

/// How deep lists and mappings may lie in one another: a list may be an item of itself.
const DEEPEST: usize = 100;

/// Returns what an operation gave back as a value of Starlark's.
pub(super) fn of<'v>(data: &Data, kind: Type, heap: Heap<'v>) -> Value<'v> {
    match (data, kind) {
        (_, Type::Maybe(kind)) if *data != Data::Null => of(data, *kind, heap),
        (Data::Null, _) => Value::new_none(),
        (Data::Bool(is_true), _) => Value::new_bool(*is_true),
        (Data::Int(number), _) => heap.alloc(*number),
        (Data::Float(number), _) => heap.alloc(*number),
        (Data::Bytes(bytes), Type::Bytes) => heap.alloc(bytes.as_slice()),
        (Data::Bytes(bytes), _) => match std::str::from_utf8(bytes) {
            Ok(text) => heap.alloc(text),
            Err(_) => heap.alloc(bytes.as_slice()),
        },
        (Data::List(items), kind) => {
            let kind = match kind {
                Type::List(item) => *item,
                _ => Type::Text,
            };
            heap.alloc(AllocList(items.iter().map(|item| of(item, kind, heap))))
        }
        (Data::Map(entries), _) => {
            let entries = entries.iter();
            heap.alloc(AllocDict(
                entries.map(|(key, value)| (key.as_str(), of(value, Type::Text, heap))),
            ))
        }
    }
}

/// Returns what the recipe says as a value that nobody can change.
pub(super) fn frozen(data: &Data, heap: &FrozenHeap) -> FrozenValue {
    match data {
        Data::Null => FrozenValue::new_none(),
        Data::Bool(is_true) => FrozenValue::new_bool(*is_true),
        Data::Int(number) => heap.alloc(*number),
        Data::Float(number) => heap.alloc(*number),
        Data::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => heap.alloc(text),
            Err(_) => heap.alloc(bytes.as_slice()),
        },
        Data::List(items) => heap.alloc(AllocList(items.iter().map(|item| frozen(item, heap)))),
        Data::Map(entries) => {
            let entries = entries.iter();
            heap.alloc(AllocDict(
                entries.map(|(key, value)| (key.as_str(), frozen(value, heap))),
            ))
        }
    }
}

/// Returns a value of Starlark's as data.
///
/// # Errors
///
/// Fails on what is no data, on numbers of more than 64 bits, on keys that are no strings, and on
/// lists or mappings that lie too deep in one another.
pub(super) fn to_data(value: Value<'_>) -> Result<Data, String> {
    to_data_at(value, 0)
}

fn to_data_at(value: Value<'_>, depth: usize) -> Result<Data, String> {
    if depth == DEEPEST {
        return Err(format!(
            "lists and mappings lie more than {DEEPEST} deep in one another"
        ));
    }
    let list = |items: &[Value<'_>]| {
        let items = items.iter().map(|item| to_data_at(*item, depth + 1));
        items.collect::<Result<_, _>>().map(Data::List)
    };
    if value.is_none() {
        Ok(Data::Null)
    } else if let Some(is_true) = value.unpack_bool() {
        Ok(Data::Bool(is_true))
    } else if let Some(text) = value.unpack_str() {
        Ok(Data::from(text))
    } else if let Some(bytes) = StarlarkBytes::from_value(value) {
        Ok(Data::from(bytes.as_bytes()))
    } else if value.get_type() == "int" {
        match i64::unpack_value(value) {
            Ok(Some(number)) => Ok(Data::Int(number)),
            _ => Err(format!("{value} is no number of 64 bits")),
        }
    } else if let Ok(Some(UnpackFloat(number))) = UnpackFloat::unpack_value(value) {
        Ok(Data::Float(number))
    } else if let Some(cfg) = Cfg::from_value(value) {
        to_data_at(cfg.to_dict(), depth)
    } else if let Some(items) = ListRef::from_value(value) {
        list(items.content())
    } else if let Some(items) = TupleRef::from_value(value) {
        list(items.content())
    } else if let Some(entries) = DictRef::from_value(value) {
        let entries = entries.iter().map(|(key, value)| match key.unpack_str() {
            Some(key) => Ok((key.to_owned(), to_data_at(value, depth + 1)?)),
            None => Err(format!("the key {} is no string", key.to_repr())),
        });
        entries.collect::<Result<_, String>>().map(Data::Map)
    } else {
        Err(format!(
            "a value of the type {} is no data",
            value.get_type()
        ))
    }
}
