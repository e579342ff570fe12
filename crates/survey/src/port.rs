//! What this slice asks of the register of homes; the binary puts it in.

use std::{future::Future, pin::Pin};

use linli_kernel::{AreaCode, Result};
use linli_store::Conn;
use uuid::Uuid;

/// A home as a visit names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Its grid.
    pub area: AreaCode,
    /// Its address.
    pub address: String,
}

/// The answer of the register.
pub type Found<'c> = Pin<Box<dyn Future<Output = Result<Vec<(Uuid, Home)>>> + Send + 'c>>;

/// Finds homes by id; ids that are unknown are left out. Without this port, visits name no homes.
#[derive(Debug, Clone, Copy)]
pub struct Homes(pub for<'c> fn(&'c mut Conn, Vec<Uuid>) -> Found<'c>);
