//! Identifiers that depend on nothing but a seed and a name.

use uuid::Uuid;

/// What all identifiers of one image are derived from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(Uuid);

/// The namespace under which seeds are made; a new value would change the ids of every image.
const NAMESPACE: Uuid = Uuid::from_u128(0x6873_6200_696d_4167_a168_6f74_7361_7563);

impl Seed {
    /// Returns the seed that a text or digest stands for.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, bytes))
    }

    /// Returns the identifier with this name: a version 5 UUID (RFC 9562, section 5.5).
    pub fn uuid(&self, name: &str) -> Uuid {
        Uuid::new_v5(&self.0, name.as_bytes())
    }
}
