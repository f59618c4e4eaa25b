//! Bytes of the fuzzer as choices: which of these, how many, yes or no.

use arbitrary::Unstructured;

/// The choices that an input makes; when it has no more bytes, they are all the first one.
pub(crate) struct Choices<'a>(Unstructured<'a>);

impl<'a> Choices<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self(Unstructured::new(input))
    }

    /// Returns whether nothing is left to choose by.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a number in `0..=most`.
    pub(crate) fn up_to(&mut self, most: u64) -> u64 {
        self.0.int_in_range(0..=most).unwrap_or(0)
    }

    /// Returns a number in `0..=most`.
    pub(crate) fn size_up_to(&mut self, most: usize) -> usize {
        self.0.int_in_range(0..=most).unwrap_or(0)
    }

    /// Returns one of some values.
    pub(crate) fn one<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.size_up_to(values.len() - 1)]
    }

    /// Returns yes or no.
    pub(crate) fn flip(&mut self) -> bool {
        self.up_to(1) == 1
    }

    /// Returns any number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0.arbitrary().unwrap_or(0)
    }
}
