//! The keys of a table, in an order that is the same each time.

use std::cmp::Ordering;

use mlua::{Error, Lua, Table, Value};

use super::bounds::{Beyond, Budget};

/// What a key costs, besides its bytes, whatever the order that Lua has them in.
const PER_KEY: usize = 32;

/// A key: kinds are gone through in the order of their names.
enum Key {
    Boolean(bool),
    Number(Value, f64),
    Text(Vec<u8>),
    /// What is known only by where it lies.
    Placed(Value),
}

impl Key {
    fn kind(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "boolean",
            Self::Number(..) => "number",
            Self::Text(_) => "string",
            Self::Placed(value) => value.type_name(),
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(Value::Integer(a), _), Self::Number(Value::Integer(b), _)) => a.cmp(b),
            // Whole numbers that fit an integer are integers, so only 2^63 is as much as one that
            // is rounded.
            (Self::Number(a, rounded), Self::Number(b, other)) => {
                let order = rounded.total_cmp(other);
                order.then(b.is_integer().cmp(&a.is_integer()))
            }
            _ => self.kind().cmp(other.kind()),
        }
    }
}

/// Returns a list of a table's keys.
pub(super) fn of(lua: &Lua, table: &Table, budget: &Budget) -> Result<Table, Error> {
    let mut keys = Vec::new();
    table.for_each(|key: Value, _: Value| {
        let key = match key {
            Value::Boolean(key) => Key::Boolean(key),
            Value::Integer(number) => Key::Number(key, number as f64),
            Value::Number(number) => Key::Number(key, number),
            Value::String(key) => Key::Text(key.as_bytes().to_vec()),
            key => Key::Placed(key),
        };
        let length = if let Key::Text(key) = &key {
            key.len()
        } else {
            0
        };
        budget.charge(PER_KEY + length)?;
        keys.push(key);
        Ok(())
    })?;
    keys.sort_by(Key::order);
    for pair in keys.windows(2) {
        if matches!(pair[1], Key::Placed(_)) && pair[0].kind() == pair[1].kind() {
            return Err(Beyond::absent(&format!(
                "pairs: keys that are a {}",
                pair[1].kind()
            )));
        }
    }
    let list = lua.create_table()?;
    for key in keys {
        match key {
            Key::Boolean(key) => list.raw_push(key)?,
            Key::Text(key) => list.raw_push(lua.create_string(key)?)?,
            Key::Number(key, _) | Key::Placed(key) => list.raw_push(key)?,
        }
    }
    Ok(list)
}
