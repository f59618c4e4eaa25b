//! Values of the API as JSON, and back.
//!
//! Text is UTF-8. Bytes that are not are an object `{"base64": "..."}`, in both directions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use modules::api::Data;
use serde_json::{Map, Value};

/// The only key of an object that stands for bytes.
const BYTES: &str = "base64";

/// Returns a value as JSON.
pub(crate) fn of(data: &Data) -> Value {
    match data {
        Data::Null => Value::Null,
        Data::Bool(is_true) => Value::Bool(*is_true),
        Data::Int(number) => Value::from(*number),
        Data::Float(number) => Value::from(*number),
        Data::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::from(text),
            Err(_) => Value::from(Map::from_iter([(
                BYTES.to_owned(),
                STANDARD.encode(bytes).into(),
            )])),
        },
        Data::List(items) => items.iter().map(of).collect(),
        Data::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.clone(), of(value)));
            Value::Object(entries.collect())
        }
    }
}

/// Returns the value that JSON stands for.
///
/// # Errors
///
/// Fails on a whole number of more than 64 bits, and on bytes that are not base64.
pub(super) fn to_data(value: &Value) -> Result<Data, String> {
    Ok(match value {
        Value::Null => Data::Null,
        Value::Bool(is_true) => Data::Bool(*is_true),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Data::Int(number),
            (None, Some(float)) if number.is_f64() => Data::Float(float),
            _ => return Err(format!("{number} is no number of 64 bits")),
        },
        Value::String(text) => Data::Bytes(text.clone().into_bytes()),
        Value::Array(items) => Data::List(items.iter().map(to_data).collect::<Result<_, _>>()?),
        Value::Object(entries) => match bytes(entries) {
            Some(bytes) => Data::Bytes(bytes?),
            None => {
                let entries = entries.iter();
                let entries = entries.map(|(key, value)| Ok((key.clone(), to_data(value)?)));
                Data::Map(entries.collect::<Result<_, String>>()?)
            }
        },
    })
}

fn bytes(entries: &Map<String, Value>) -> Option<Result<Vec<u8>, String>> {
    let mut entries = entries.iter();
    let (Some((key, Value::String(text))), None) = (entries.next(), entries.next()) else {
        return None;
    };
    (key == BYTES).then(|| {
        let decoded = STANDARD.decode(text);
        decoded.map_err(|error| format!("{text:?} is not base64: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn there_and_back() {
        for (data, value) in [
            (Data::Null, json!(null)),
            (Data::Bool(true), json!(true)),
            (Data::Int(i64::MIN), json!(i64::MIN)),
            (Data::Float(0.5), json!(0.5)),
            (Data::Bytes(b"a\n\0".to_vec()), json!("a\n\0")),
            (Data::Bytes("ü".into()), json!("ü")),
            (Data::Bytes(b"\xff".to_vec()), json!({"base64": "/w=="})),
            (Data::List(vec![Data::Null, Data::Int(1)]), json!([null, 1])),
            (
                Data::Map(vec![("b".into(), Data::Int(1)), ("a".into(), Data::Null)]),
                json!({"b": 1, "a": null}),
            ),
        ] {
            assert_eq!(of(&data), value);
            assert_eq!(of(&to_data(&value).unwrap()), value);
        }
        for wrong in [json!(u64::MAX), json!({"base64": "?"})] {
            assert!(to_data(&wrong).is_err(), "{wrong}");
        }
    }
}
