//! The numbers on the boards, and the messages that wait for an organisation.

use std::collections::BTreeMap;

use linli_access::Scope;
use linli_kernel::{Result, Timestamp, actor::OrgId};
use linli_store::{Conn, Where};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    model::{CaseId, CaseState, NoticeKind},
    store::ORG_CONDITION,
};

/// How many cases wait where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BoardCounts {
    /// Not over.
    pub open: i64,
    /// New, nobody has looked.
    pub to_triage: i64,
    /// Filed or reopened, waiting for dispatch.
    pub to_dispatch: i64,
    /// Dispatched, not taken up.
    pub to_accept: i64,
    /// In hand.
    pub in_hand: i64,
    /// Declared done or being verified.
    pub to_verify: i64,
    /// Ended, the reporter not yet called.
    pub to_call: i64,
    /// Returns to decide.
    pub returns: i64,
    /// Extensions to decide.
    pub extensions: i64,
    /// Suspensions to decide.
    pub suspensions: i64,
    /// Put aside.
    pub suspended: i64,
    /// Urgency claimed, not decided.
    pub urgent_claimed: i64,
    /// Urgent and open.
    pub urgent: i64,
    /// With a broken promise.
    pub overdue: i64,
    /// Breaking within the next day.
    pub due_soon: i64,
    /// By state.
    pub by_state: BTreeMap<CaseState, i64>,
}

#[derive(sqlx::FromRow)]
struct StateRow {
    state: CaseState,
    n: i64,
    returns: i64,
    extensions: i64,
    suspensions: i64,
    claimed: i64,
    urgent: i64,
    overdue: i64,
    soon: i64,
    uncalled: i64,
}

const DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// The numbers of the boards at `now`, in one query.
pub async fn counts(conn: &mut Conn, scope: &Scope, now: Timestamp) -> Result<BoardCounts> {
    let mut rows = Where::new();
    scope.filter(&mut rows, "c.area", ORG_CONDITION);
    let (now_mark, soon_mark) = (rows.bind(now), rows.bind(now.plus(DAY)));
    let sql = format!(
        "SELECT c.state, count(*) AS n,
             count(CASE WHEN c.ask = 'return' THEN 1 END) AS returns,
             count(CASE WHEN c.ask = 'extension' THEN 1 END) AS extensions,
             count(CASE WHEN c.ask = 'suspension' THEN 1 END) AS suspensions,
             count(CASE WHEN c.urgent AND NOT c.urgent_confirmed THEN 1 END) AS claimed,
             count(CASE WHEN c.urgent THEN 1 END) AS urgent,
             count(CASE WHEN c.next_due < {now_mark} THEN 1 END) AS overdue,
             count(CASE WHEN c.next_due >= {now_mark} AND c.next_due < {soon_mark} THEN 1 END) AS soon,
             count(CASE WHEN c.called_at IS NULL AND c.reachable AND c.parent IS NULL THEN 1 END) AS uncalled
         FROM case_file c{} GROUP BY c.state",
        rows.text()
    );
    let states: Vec<StateRow> = conn.all(&sql, rows.args()).await?;
    let mut all = BoardCounts::default();
    for row in states {
        use CaseState as S;
        all.by_state.insert(row.state, row.n);
        all.returns += row.returns;
        all.extensions += row.extensions;
        all.suspensions += row.suspensions;
        match row.state {
            S::Reported => all.to_triage += row.n,
            S::Filed | S::Reopened => all.to_dispatch += row.n,
            S::Assigned => all.to_accept += row.n,
            S::Accepted | S::OnSite => all.in_hand += row.n,
            S::Resolved | S::Verifying => all.to_verify += row.n,
            S::Suspended => all.suspended += row.n,
            S::Closed | S::Rated => all.to_call += row.uncalled,
            S::Returned | S::Declined | S::Merged => {}
        }
        if !row.state.is_over() {
            all.open += row.n;
            all.urgent += row.urgent;
            all.urgent_claimed += row.claimed;
            all.overdue += row.overdue;
            all.due_soon += row.soon;
        }
    }
    Ok(all)
}

/// A message for those who work for an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct NoticeRow {
    /// Its id.
    pub id: Uuid,
    /// The case.
    pub case_id: CaseId,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// About what.
    pub kind: NoticeKind,
    /// When.
    pub at: Timestamp,
}

/// The newest unseen messages of these organisations.
pub async fn notices(conn: &mut Conn, orgs: &[OrgId], limit: i64) -> Result<Vec<NoticeRow>> {
    if orgs.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Where::new();
    rows.any("n.org_id", orgs).and("n.seen_at IS NULL", vec![]);
    let limit = rows.bind(limit.clamp(1, 200));
    let sql = format!(
        "SELECT n.id, n.case_id, c.number, c.title, n.kind, n.at FROM case_notice n JOIN case_file c ON c.id = n.case_id{}
         ORDER BY n.at DESC, n.id LIMIT {limit}",
        rows.text()
    );
    conn.all(&sql, rows.args()).await
}
