//! Typed identifiers: UUIDv7 newtypes that cannot be mistaken for each other.

use std::sync::Mutex;

use rand::{Rng, SeedableRng, rngs::StdRng};
use uuid::{Builder, Uuid};

use crate::Timestamp;

/// Makes ids and random bytes from an injected source, so that a test can repeat a day exactly.
#[derive(Debug)]
pub struct Ids(Mutex<StdRng>);

impl Ids {
    /// Seeds from the operating system.
    pub fn from_os() -> Self {
        Self(Mutex::new(StdRng::from_os_rng()))
    }

    /// A repeatable source for tests and demo data.
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// A UUIDv7 for the instant `at`.
    pub fn uuid(&self, at: Timestamp) -> Uuid {
        let bytes: [u8; 10] = self.bytes();
        let millis = u64::try_from(at.millis()).unwrap_or_default();
        Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    /// Random bytes: tokens, keys, nonces.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.with(|rng| rng.fill(&mut bytes[..]));
        bytes
    }

    /// Draws with the source itself (samples, shuffles).
    pub fn with<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        // A poisoned lock only means that another thread panicked between two draws.
        draw(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// Declares typed ids: `typed_id! { /// A case. CaseId; /// A grid. GridId }`.
#[macro_export]
macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident);+ $(;)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            $crate::export::serde::Serialize, $crate::export::serde::Deserialize)]
        #[serde(transparent, crate = "::linli_kernel::export::serde")]
        pub struct $name(pub $crate::export::uuid::Uuid);

        impl $name {
            /// A new id for the instant `at`.
            pub fn new(ids: &$crate::Ids, at: $crate::Timestamp) -> Self { Self(ids.uuid(at)) }
        }
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result { self.0.fmt(f) }
        }
        impl ::std::str::FromStr for $name {
            type Err = $crate::export::uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> { text.parse().map(Self) }
        }
        impl From<$name> for $crate::Value {
            fn from(id: $name) -> Self { Self::Uuid(Some(id.0)) }
        }
        impl $crate::value::Bind for $name {
            const NULL: $crate::Value = $crate::Value::Uuid(None);
        }
        impl<DB: $crate::export::sqlx::Database> $crate::export::sqlx::Type<DB> for $name
        where $crate::export::uuid::Uuid: $crate::export::sqlx::Type<DB> {
            fn type_info() -> DB::TypeInfo {
                <$crate::export::uuid::Uuid as $crate::export::sqlx::Type<DB>>::type_info()
            }
            fn compatible(ty: &DB::TypeInfo) -> bool {
                <$crate::export::uuid::Uuid as $crate::export::sqlx::Type<DB>>::compatible(ty)
            }
        }
        impl<'r, DB: $crate::export::sqlx::Database> $crate::export::sqlx::Decode<'r, DB> for $name
        where $crate::export::uuid::Uuid: $crate::export::sqlx::Decode<'r, DB> {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, $crate::export::sqlx::error::BoxDynError> {
                $crate::export::uuid::Uuid::decode(value).map(Self)
            }
        }
    )+};
}
