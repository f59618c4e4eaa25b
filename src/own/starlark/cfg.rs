//! The recipe as a Starlark module has it: a mapping that nobody can change, and that remembers
//! which of its keys were read.

#![expect(
    unsafe_code,
    reason = "the derive of ProvidesStaticType implements an unsafe trait without functions"
)]

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use allocative::Allocative;
use modules::api::Data;
use serde::{Serialize, Serializer};
use starlark::any::ProvidesStaticType;
use starlark::environment::{Methods, MethodsBuilder};
use starlark::values::dict::{DictRef, FrozenDictRef};
use starlark::values::{FrozenHeap, FrozenValue, Heap, StarlarkValue, Value, starlark_value};
use starlark::{methods_static, starlark_module, starlark_simple_value};

use super::value::frozen;

/// The keys that were read.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys(Arc<Mutex<BTreeSet<String>>>);

impl Keys {
    /// Returns them in order.
    pub(super) fn to_vec(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    fn insert(&self, key: &str) {
        let mut keys = self.lock();
        if !keys.contains(key) {
            keys.insert(key.to_owned());
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // A set that is half changed is as good as one that is not.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The argument `cfg`: what can be asked of a dict can be asked of it.
#[derive(Debug, ProvidesStaticType, Allocative)]
pub(super) struct Cfg {
    all: FrozenValue,
    #[allocative(skip)]
    read: Keys,
}

starlark_simple_value!(Cfg);

impl Cfg {
    /// Returns the recipe, whose values are in `heap` from then on.
    pub(super) fn new(recipe: &Data, read: Keys, heap: &FrozenHeap) -> Self {
        Self {
            all: frozen(recipe, heap),
            read,
        }
    }

    /// Returns the dict in it, all of whose keys are read now.
    pub(super) fn to_dict<'v>(&self) -> Value<'v> {
        if let Some(all) = FrozenDictRef::from_frozen_value(self.all) {
            for (key, _) in all.iter() {
                self.mark(key.to_value());
            }
        }
        self.all.to_value()
    }

    fn mark(&self, key: Value<'_>) {
        if let Some(key) = key.unpack_str() {
            self.read.insert(key);
        }
    }
}

impl Display for Cfg {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.to_dict(), f)
    }
}

impl Serialize for Cfg {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_dict().serialize(serializer)
    }
}

#[starlark_value(type = "cfg")]
impl<'v> StarlarkValue<'v> for Cfg {
    fn get_methods() -> Option<&'static Methods> {
        Some(METHODS.methods())
    }

    fn at(&self, index: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        self.mark(index);
        self.all.to_value().at(index, heap)
    }

    fn is_in(&self, key: Value<'v>) -> starlark::Result<bool> {
        self.mark(key);
        self.all.to_value().is_in(key)
    }

    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        self.to_dict().equals(other)
    }

    fn length(&self) -> starlark::Result<i32> {
        self.all.to_value().length()
    }

    fn to_bool(&self) -> bool {
        self.all.to_value().to_bool()
    }

    fn iterate_collect(&self, heap: Heap<'v>) -> starlark::Result<Vec<Value<'v>>> {
        Ok(self.all.to_value().iterate(heap)?.collect())
    }
}

methods_static!(METHODS = methods);

/// What a dict has that changes nothing. Names alone are not what is read: values are.
#[starlark_module]
fn methods(builder: &mut MethodsBuilder) {
    fn get<'v>(
        this: &Cfg,
        #[starlark(require = pos)] key: Value<'v>,
        #[starlark(require = pos)] default: Option<Value<'v>>,
    ) -> starlark::Result<Value<'v>> {
        this.mark(key);
        let all = DictRef::from_value(this.all.to_value());
        let found = all.map(|all| all.get(key)).transpose()?.flatten();
        Ok(found.or(default).unwrap_or_else(Value::new_none))
    }

    fn keys<'v>(this: &Cfg, heap: Heap<'v>) -> starlark::Result<Vec<Value<'v>>> {
        Ok(this.all.to_value().iterate(heap)?.collect())
    }

    fn values<'v>(this: &Cfg) -> starlark::Result<Vec<Value<'v>>> {
        let all = DictRef::from_value(this.to_dict());
        Ok(all.iter().flat_map(|all| all.values()).collect())
    }

    fn items<'v>(this: &Cfg) -> starlark::Result<Vec<(Value<'v>, Value<'v>)>> {
        let all = DictRef::from_value(this.to_dict());
        Ok(all.iter().flat_map(|all| all.iter()).collect())
    }
}
