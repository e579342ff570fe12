//! What this slice asks of the register of homes; the binary puts it in.

use std::{future::Future, pin::Pin};

use linli_kernel::{AreaCode, Result};
use linli_store::{Conn, District};
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

/// What answers call the home at which they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Our id, the letters of the code at its door, the address that the code leads to, or its address in one.
    pub text: String,
    /// The community, by name or code.
    pub community: String,
    /// Estate, or street and number.
    pub place: String,
    /// The house.
    pub building: String,
    /// The staircase.
    pub unit: String,
    /// The door.
    pub door: String,
}

impl Named {
    /// As a person reads it; empty where nothing was said.
    pub fn words(&self) -> String {
        let parts = [&self.community, &self.text, &self.place, &self.building, &self.unit, &self.door];
        parts
            .into_iter()
            .map(|part| part.trim())
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Whether a home is named at all: a community alone is none.
    pub fn is_said(&self) -> bool {
        [&self.text, &self.place, &self.building, &self.unit, &self.door]
            .iter()
            .any(|part| !part.trim().is_empty())
    }
}

/// Finds the one home within an area that is called so; none where none or several may be meant.
#[derive(Debug, Clone, Copy)]
pub struct Called(pub for<'c> fn(&'c District, &'c mut Conn, &'c AreaCode, &'c Named) -> Found<'c>);
