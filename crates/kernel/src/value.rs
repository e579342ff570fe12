//! A bound SQL parameter that both database engines take alike.
//!
//! An absent value keeps its type, because PostgreSQL refuses a text NULL in a number column.

use uuid::Uuid;

/// One bound parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `BOOLEAN`.
    Bool(Option<bool>),
    /// `BIGINT`; also every instant (milliseconds since 1970) and count.
    Int(Option<i64>),
    /// `DOUBLE`: coordinates and shares.
    Real(Option<f64>),
    /// `TEXT`; also codes of enums and JSON documents.
    Text(Option<String>),
    /// `BYTEA`: sealed fields, hashes, blobs.
    Bytes(Option<Vec<u8>>),
    /// `UUID`.
    Uuid(Option<Uuid>),
}

/// What may stand in an optional parameter: it knows the NULL of its own type.
pub trait Bind: Into<Value> {
    /// The absent value of this type.
    const NULL: Value;
}

impl<T: Bind> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(T::NULL, Into::into)
    }
}

macro_rules! bind {
    ($($from:ty => $variant:ident $(. $how:ident)?),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self { Self::$variant(Some(value$(.$how())?)) }
        }
        impl Bind for $from {
            const NULL: Value = Value::$variant(None);
        }
    )*};
}

bind! {
    bool => Bool, i64 => Int, f64 => Real, String => Text, Vec<u8> => Bytes, Uuid => Uuid,
    i32 => Int.into, u32 => Int.into, u16 => Int.into, &str => Text.to_owned, &[u8] => Bytes.to_vec,
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(Some(value.clone()))
    }
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        Self::Text(value.clone())
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        Self::Text(Some(value.to_string()))
    }
}

/// Collects parameters in the order of `$1, $2, …`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::Value::from($value)),*] };
}
