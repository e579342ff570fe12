//! Lists of cases: filtered, searched, paged by keyset.

use std::collections::HashMap;

use linli_access::Scope;
use linli_kernel::{AreaCode, Cursor, Page, Result, Timestamp, actor::OrgId};
use linli_store::{Conn, District, Where};
use serde::Serialize;
use uuid::Uuid;

use super::filter::Filter;
use crate::{
    ledger::Ledger,
    model::{
        Ask, Case, CaseClock, CaseId, CaseState, ClockKind, Level, Nature, Outcome, Satisfaction, Source,
        WhistleLevel,
    },
    settings::{ClockView, Rulebook},
    store::{COLUMNS, CaseRecord},
};

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Last reported first.
    #[default]
    Newest,
    /// What breaks next first; only cases with a running clock.
    NextDue,
}

/// A case in a list.
#[derive(Debug, Clone, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate mark on the row")]
pub struct CaseRow {
    /// Its id.
    pub id: CaseId,
    /// The number to say on the phone.
    pub number: String,
    /// The other system's number.
    pub external: Option<String>,
    /// From where.
    pub source: Source,
    /// What is wanted.
    pub nature: Nature,
    /// One line.
    pub title: String,
    /// The area, as precise as known.
    pub area: AreaCode,
    /// Where, in words.
    pub address: String,
    /// WGS-84.
    pub lat: Option<f64>,
    /// WGS-84.
    pub lng: Option<f64>,
    /// Where it stands.
    pub state: CaseState,
    /// The whistle.
    pub whistle: WhistleLevel,
    /// The responsible level.
    pub level: Level,
    /// Who leads.
    pub lead: OrgId,
    /// Who assists.
    pub assisting: Vec<OrgId>,
    /// Category code.
    pub category: Option<String>,
    /// Somebody says that it cannot wait.
    pub urgent: bool,
    /// A centre agrees.
    pub urgent_confirmed: bool,
    /// No name was given.
    pub anonymous: bool,
    /// The reporter's identity is hidden.
    pub hidden: bool,
    /// The reporter can be called.
    pub reachable: bool,
    /// What waits for a decision.
    pub ask: Option<Ask>,
    /// It waits for the reporter.
    pub waiting: bool,
    /// When a suspended case is looked at again.
    pub review: Option<Timestamp>,
    /// When the next running clock breaks.
    pub next_due: Option<Timestamp>,
    /// All its clocks.
    #[serde(skip)]
    pub clocks: Vec<CaseClock>,
    /// When it was told.
    pub reported_at: Timestamp,
    /// Last changed.
    pub updated_at: Timestamp,
    /// Over since then.
    pub ended_at: Option<Timestamp>,
    /// Until then the reporter may reopen.
    pub reopen_until: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What the reporter says.
    pub satisfaction: Option<Satisfaction>,
    /// Last valid call back.
    pub called_at: Option<Timestamp>,
    /// The case of which this is a task.
    pub parent: Option<CaseId>,
    /// Tasks that are not over.
    pub open_tasks: u32,
    /// How often a lead wanted to return it.
    pub returns: u8,
    /// How often it was reopened.
    pub reopened: u16,
    /// The first photo.
    pub photo: Option<Uuid>,
}

impl CaseRow {
    /// From the record and the case in it.
    pub(crate) fn new(record: CaseRecord, case: Case) -> Self {
        Self {
            id: record.id,
            number: record.number,
            external: record.external,
            source: record.source,
            nature: record.nature,
            title: record.title,
            area: record.area,
            address: record.address,
            lat: record.lat,
            lng: record.lng,
            state: record.state,
            whistle: record.whistle,
            level: record.level,
            lead: record.lead,
            assisting: case.assisting,
            category: record.category,
            urgent: record.urgent,
            urgent_confirmed: record.urgent_confirmed,
            anonymous: record.anonymous,
            hidden: record.hidden,
            reachable: record.reachable,
            ask: case.ask,
            waiting: case.waiting_since.is_some(),
            review: case.suspension.map(|s| s.review),
            next_due: record.next_due,
            clocks: case.clocks,
            reported_at: record.reported_at,
            updated_at: record.updated_at,
            ended_at: record.ended_at,
            reopen_until: case.reopen_until,
            outcome: record.outcome,
            satisfaction: record.satisfaction,
            called_at: record.called_at,
            parent: record.parent,
            open_tasks: case.open_tasks,
            returns: case.returns,
            reopened: case.reopened,
            photo: record.photo,
        }
    }

    /// The clock that a list shows: the running one that breaks first, else the closing one that waits.
    pub fn clock(&self, book: &Rulebook, now: Timestamp) -> Option<ClockView> {
        let running = self.clocks.iter().filter(|c| c.is_running()).min_by_key(|c| c.due);
        let waiting = || self.clocks.iter().rfind(|c| c.is_live() && c.kind == ClockKind::Close);
        running.or_else(waiting).map(|clock| book.view(clock, now))
    }
}

/// A page of a list, and how many cases the whole list holds.
#[derive(Debug)]
pub struct Found {
    /// The rows.
    pub page: Page<CaseRow>,
    /// All that the filter lets through.
    pub all: usize,
}

/// Chooses from the ledger of the district, and reads the rows of the page alone. Who has lost the right to a row
/// since the ledger was read does not see it.
pub async fn found(
    conn: &mut Conn,
    district: &District,
    (scope, filter): (&Scope, &Filter),
    sort: Sort,
    after: Option<Cursor>,
    size: usize,
) -> Result<Found> {
    let size = size.clamp(1, 1000);
    let candidates = filter.candidates(conn).await?;
    let ledger = district.port::<Ledger>()?;
    let picked = ledger
        .read(conn, |table| table.pick(scope, filter, candidates.as_deref(), sort, after, size + 1))
        .await?;
    let places = Page::cut(picked.places, size, |place| *place);
    let ids: Vec<CaseId> = places.items.iter().map(|place| CaseId(place.id)).collect();
    let mut rows = rows(conn, scope, &ids).await?;
    let items = ids.iter().filter_map(|id| rows.remove(id)).collect();
    Ok(Found { page: Page { items, next: places.next }, all: picked.all })
}

async fn rows(conn: &mut Conn, scope: &Scope, ids: &[CaseId]) -> Result<HashMap<CaseId, CaseRow>> {
    let mut rows = Where::new();
    if ids.is_empty() {
        rows.and("1 = 0", vec![]);
    }
    rows.any("c.id", ids);
    let sql = format!("SELECT {COLUMNS} FROM case_file c{}", rows.text());
    let found: Vec<CaseRecord> = conn.all(&sql, rows.args()).await?;
    let mut seen = HashMap::new();
    for record in found {
        let case = record.case()?;
        if record.visible(scope, &case) {
            seen.insert(record.id, CaseRow::new(record, case));
        }
    }
    Ok(seen)
}

/// One page of the list.
pub async fn page(
    conn: &mut Conn,
    district: &District,
    (scope, filter): (&Scope, &Filter),
    sort: Sort,
    after: Option<Cursor>,
    size: usize,
) -> Result<Page<CaseRow>> {
    Ok(found(conn, district, (scope, filter), sort, after, size).await?.page)
}
