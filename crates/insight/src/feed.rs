//! The port through which this slice hears what cases say; the binary fills it from the slice of cases.

use linli_kernel::{AreaCode, Result, Timestamp};
use linli_store::{Conn, worker::Work};
use uuid::Uuid;

/// A case as this slice needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The case.
    pub id: Uuid,
    /// Its number, for people.
    pub number: String,
    /// One line.
    pub title: String,
    /// In the reporter's words.
    pub body: String,
    /// Where, in words.
    pub address: String,
    /// Where.
    pub area: AreaCode,
    /// Latitude and longitude.
    pub point: Option<(f64, f64)>,
    /// When it was told.
    pub at: Timestamp,
    /// Where it stands, as a code.
    pub state: String,
    /// Whether it stands for itself: not declined, not merged, no task within another case.
    pub listed: bool,
    /// The same for the same reporter, and nothing else.
    pub person: String,
    /// How many others said the same and were merged into it.
    pub supporters: u32,
    /// Category code, as last decided.
    pub category: Option<String>,
    /// What the reporter wants, as a code.
    pub nature: String,
    /// The whistle in the end, as a code.
    pub whistle: String,
}

impl Told {
    /// What a reader of texts reads.
    pub fn said(&self) -> String {
        format!("{} {}", self.title, self.body)
    }
}

/// The port.
#[derive(Clone, Copy)]
pub struct CaseFeed {
    /// These cases, in no order.
    pub by_ids: for<'a> fn(&'a mut Conn, &'a [Uuid]) -> Work<'a, Vec<Told>>,
    /// The ids after this one in their order, to walk over all cases.
    pub ids_after: fn(&mut Conn, Option<Uuid>, i64) -> Work<'_, Vec<Uuid>>,
    /// How many cases there are.
    pub count: fn(&mut Conn) -> Work<'_, i64>,
    /// The newest cases whose labels a dispatcher has settled.
    pub settled: fn(&mut Conn, i64) -> Work<'_, Vec<Told>>,
    /// How many of them there are.
    pub settled_count: fn(&mut Conn) -> Work<'_, i64>,
}

impl CaseFeed {
    /// These cases, at most a thousand at a time.
    pub(crate) async fn told(&self, conn: &mut Conn, ids: &[Uuid]) -> Result<Vec<Told>> {
        let mut all = Vec::with_capacity(ids.len());
        for some in ids.chunks(1000) {
            all.extend((self.by_ids)(conn, some).await?);
        }
        Ok(all)
    }
}

/// A house of the registers, for the names of places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// 小区 or 街路巷 with its number, or a village.
    pub place: String,
    /// The house: 3号楼; empty for one by itself.
    pub house: String,
    /// Its grid.
    pub area: AreaCode,
}

/// The port through which this slice hears of registered places; without it only areas are known by name.
#[derive(Clone, Copy)]
pub struct PlaceFeed {
    /// All of them, in no order.
    pub houses: fn(&mut Conn) -> Work<'_, Vec<Registered>>,
}
