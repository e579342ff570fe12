//! The interface for the hotline's own system and for those who import its files and tell it news.

mod imports;
mod push;
mod webhooks;

use linli_web::api::Operation;
use serde_json::Value;

pub(crate) fn operations() -> Vec<Operation> {
    [push::operations(), imports::operations(), webhooks::operations()].into_iter().flatten().collect()
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    [push::schemas(), imports::schemas(), webhooks::schemas()].into_iter().flatten().collect()
}
