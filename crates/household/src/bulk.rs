//! Many homes and people at once (批量入库): imports, the synthetic district. The same tables, words and feed
//! as one at a time; sealed on all cores, written by few statements.

use std::{sync::Arc, thread};

use linli_access::Access;
use linli_kernel::{Error, Result, Timestamp};
use linli_store::{Entry, Op};
use serde_json::json;

use crate::{
    model::{BatchId, BuildingId, NewBuilding, UnitId},
    register::News,
    store::{
        Seal, care,
        care::CareMark,
        people::{self, Prepared, ResidentRow},
        places::{self, DwellingRow, HouseholdRow},
    },
};

/// New rows, each referring to rows of the same load or to rows that are there. Nobody in it is known yet:
/// who makes a load has looked.
#[derive(Debug, Clone, Default)]
pub struct Load {
    /// Houses.
    pub buildings: Vec<(BuildingId, NewBuilding)>,
    /// Staircases.
    pub units: Vec<(UnitId, BuildingId, String)>,
    /// Homes.
    pub dwellings: Vec<DwellingRow>,
    /// Households.
    pub households: Vec<HouseholdRow>,
    /// People.
    pub residents: Vec<ResidentRow>,
    /// Marks of care.
    pub care: Vec<CareMark>,
}

impl Load {
    /// How many people.
    pub fn len(&self) -> usize {
        self.residents.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.residents.is_empty()
    }
}

/// A load whose people are sealed: what takes time, and needs no transaction.
#[derive(Debug)]
pub struct Sealed {
    load: Load,
    people: Vec<Prepared>,
}

/// Seals on all cores. Call it before the transaction begins: nobody has to wait for it.
pub async fn seal(
    access: Arc<Access>,
    mut load: Load,
    batch: Option<BatchId>,
    now: Timestamp,
) -> Result<Sealed> {
    let work = move || {
        let residents = std::mem::take(&mut load.residents);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let part = residents.len().div_ceil(cores).max(1);
        let access = &*access;
        let parts: Vec<Result<Vec<Prepared>>> = thread::scope(|scope| {
            let started: Vec<_> = residents
                .chunks(part)
                .map(|rows| {
                    let seal = Seal::new(access);
                    scope.spawn(move || {
                        rows.iter().map(|row| people::prepare(seal, row, batch, now)).collect()
                    })
                })
                .collect();
            let lost = |_| Err(Error::internal("a sealing thread has stopped"));
            started.into_iter().map(|thread| thread.join().unwrap_or_else(lost)).collect()
        });
        let mut sealed = Vec::with_capacity(residents.len());
        for part in parts {
            sealed.extend(part?);
        }
        load.residents = residents;
        Ok(Sealed { load, people: sealed })
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

/// Writes a sealed load in the transaction of `op`, with one activity row for all of it. The feed's numbers
/// are taken last; the caller commits at once.
pub async fn write(op: &mut Op, sealed: Sealed, batch: Option<BatchId>) -> Result<()> {
    let mut news = News::new();
    insert(op, sealed, batch, &mut news).await?;
    news.publish(op).await
}

/// As [`write()`] for a transaction that goes on: the caller publishes the news.
pub async fn insert(op: &mut Op, sealed: Sealed, batch: Option<BatchId>, news: &mut News) -> Result<()> {
    let (load, now) = (&sealed.load, op.now);
    places::add_buildings(&mut op.tx, &load.buildings, batch, now).await?;
    places::add_units(&mut op.tx, &load.units, batch).await?;
    places::add_dwellings(&mut op.tx, &load.dwellings, batch, now).await?;
    places::add_households(&mut op.tx, &load.households, batch, now).await?;
    people::add_prepared(&mut op.tx, sealed.people).await?;
    care::add_many(&mut op.tx, &load.care).await?;
    for dwelling in &load.dwellings {
        news.dwelling(dwelling.id, &dwelling.area);
    }
    for household in &load.households {
        news.household(household.id, &household.area);
    }
    for resident in &load.residents {
        news.resident(resident.id, &resident.area);
    }
    let area = op.district.area.clone();
    op.log(Entry {
        action: "household.import",
        subject: "batch",
        subject_id: batch.map(|id| id.to_string()).unwrap_or_default(),
        area,
        detail: json!({
            "buildings": load.buildings.len(),
            "dwellings": load.dwellings.len(),
            "households": load.households.len(),
            "residents": load.residents.len(),
        }),
    })
    .await
}
