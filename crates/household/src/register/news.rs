//! What a transaction has changed, told once at its end: feed, outbox, open pages.

use linli_kernel::{AreaCode, Result};
use linli_store::Op;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    events::{CHANGED, ChangesWanted},
    model::{DwellingId, EntityId, HouseholdId, ResidentId},
    store::feed::{self, Change, Subject},
};

/// Collects changes; dropped without [`News::publish`], nobody hears of them.
#[derive(Debug, Default)]
#[must_use = "publish the news before the commit"]
pub struct News(Vec<Change>);

/// Payload of the outbox event `household.changed`: the stretch of the feed that a transaction has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Its first number.
    pub first: i64,
    /// Its last number.
    pub last: i64,
}

impl News {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Anything, by kind.
    pub fn add(&mut self, kind: Subject, subject: Uuid, area: &AreaCode) {
        let at = linli_kernel::Timestamp::default();
        self.0.push(Change { seq: 0, kind, subject, area: area.clone(), at });
    }

    /// A person.
    pub fn resident(&mut self, id: ResidentId, area: &AreaCode) {
        self.add(Subject::Resident, id.0, area);
    }

    /// A home.
    pub fn dwelling(&mut self, id: DwellingId, area: &AreaCode) {
        self.add(Subject::Dwelling, id.0, area);
    }

    /// A household.
    pub fn household(&mut self, id: HouseholdId, area: &AreaCode) {
        self.add(Subject::Household, id.0, area);
    }

    /// A legal entity.
    pub fn entity(&mut self, id: EntityId, area: &AreaCode) {
        self.add(Subject::Entity, id.0, area);
    }

    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes the changes into the feed, owes the event and tells open pages. The last thing before the
    /// commit: the feed's numbers are locked from here on.
    pub async fn publish(self, op: &mut Op) -> Result<()> {
        let mut areas: Vec<&AreaCode> = self.0.iter().map(|c| &c.area).collect();
        areas.sort();
        areas.dedup();
        for area in areas {
            op.announce("household", area.as_str(), "");
        }
        if let Some((first, last)) = feed::append(&mut op.tx, &self.0, op.now).await?
            && op.district.ports.get::<ChangesWanted>().is_some()
        {
            op.emit(CHANGED, &Changed { first, last }).await?;
        }
        Ok(())
    }
}
