//! What goes down to the phone: the worker's own homes in the order of the walk, and their open cases in a line each.

use linli_access::Access;
use linli_kernel::{Actor, AreaCode, Result, Timestamp};
use linli_store::{Conn, District, Entry as Note, Op, Where, worker::Work};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{Home, home, route};

/// More homes than a grid has; what is beyond (somebody who serves several) is seen with signal.
pub const MOST_HOMES: usize = 1_500;
/// Cases in a pack.
const MOST_CASES: usize = 60;

/// A case in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseNote {
    /// Which one.
    pub id: Uuid,
    /// 编号
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Where.
    pub place: String,
    /// The code of its state.
    pub state: String,
    /// Flagged as urgent.
    pub urgent: bool,
    /// When its present clock breaks.
    pub due_at: Option<Timestamp>,
}

/// A port: the open cases of somebody, what breaks next first, at most so many.
#[derive(Clone, Copy)]
pub struct Cases(pub for<'a> fn(&'a mut Conn, &'a District, &'a Actor, usize) -> Work<'a, Vec<CaseNote>>);

/// A grid in the pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its code.
    pub area: AreaCode,
    /// Its name.
    pub name: String,
}

/// All of it.
#[derive(Debug, Clone, Serialize)]
pub struct Pack {
    /// The grids.
    pub places: Vec<Place>,
    /// Homes in the order of the walk.
    pub homes: Vec<Home>,
    /// Whether there are more homes than a pack holds.
    pub more: bool,
    /// Open cases.
    pub cases: Vec<CaseNote>,
}

/// The open cases of whoever asks; read before the pack, which is a transaction.
pub(super) async fn cases(conn: &mut Conn, district: &District, actor: &Actor) -> Result<Vec<CaseNote>> {
    match district.ports.get::<Cases>() {
        Some(port) => (port.0)(conn, district, actor, MOST_CASES).await,
        None => Ok(Vec::new()),
    }
}

/// Makes the pack, and writes down that these homes went down to a phone. The caller commits.
pub async fn pack(op: &mut Op, cases: Vec<CaseNote>) -> Result<Pack> {
    let access = op.district.port::<Access>()?;
    let atlas = op.district.port::<linli_grid::AtlasPort>()?.get();
    let scope = access.policy.scope(&op.actor, "visit.offline");
    let mut rows = Where::new();
    scope.filter(&mut rows, "d.area", "");
    rows.and("d.closed_at IS NULL", vec![]);
    let now = op.now;
    let mut homes = home::homes(&mut op.tx, &access, &rows, now, MOST_HOMES + 1).await?;
    let more = homes.len() > MOST_HOMES;
    homes.truncate(MOST_HOMES);
    route::order(&mut homes);
    let mut places = Vec::new();
    for area in &scope.areas {
        places.push(Place { area: area.clone(), name: atlas.name(area).to_owned() });
        let count = homes.iter().filter(|h| area.contains(&h.area)).count();
        op.log(Note {
            action: "visit.pack",
            subject: "area",
            subject_id: area.to_string(),
            area: area.clone(),
            detail: json!({ "homes": count }),
        })
        .await?;
    }
    Ok(Pack { places, homes, more, cases })
}
