//! The numbers on the boards, and the messages that wait for an organisation.

use std::collections::BTreeMap;

use linli_access::Scope;
use linli_kernel::{Result, Timestamp, actor::OrgId};
use linli_store::{Conn, District, Where};
use serde::Serialize;
use uuid::Uuid;

use super::filter::AskKind;
use crate::{
    ledger::{Ledger, Mark, Table},
    model::{CaseId, CaseState, NoticeKind},
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

const DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// The numbers of the boards at `now`, in one query.
pub async fn counts(
    conn: &mut Conn,
    district: &District,
    scope: &Scope,
    now: Timestamp,
) -> Result<BoardCounts> {
    district.port::<Ledger>()?.read(conn, |table| counted(table, scope, now)).await
}

/// The same of a ledger that is read already.
pub(crate) fn counted(table: &Table, scope: &Scope, now: Timestamp) -> BoardCounts {
    let mut all = BoardCounts::default();
    let mut states = vec![0; CaseState::ALL.len()];
    for fact in table.within(scope) {
        states[fact.state as usize] += 1;
        match fact.ask {
            Some(AskKind::Return) => all.returns += 1,
            Some(AskKind::Extension) => all.extensions += 1,
            Some(AskKind::Suspension) => all.suspensions += 1,
            None => {}
        }
        let uncalled = !fact.is(Mark::Called) && fact.is(Mark::Reachable) && !fact.is(Mark::Task);
        all.to_call += i64::from(uncalled && matches!(fact.state, CaseState::Closed | CaseState::Rated));
        if !fact.state.is_over() {
            let overdue = fact.breaks_before(now);
            all.urgent += i64::from(fact.is(Mark::Urgent));
            all.urgent_claimed += i64::from(fact.is(Mark::Urgent) && !fact.is(Mark::UrgentConfirmed));
            all.overdue += i64::from(overdue);
            all.due_soon += i64::from(!overdue && fact.breaks_before(now.plus(DAY)));
        }
    }
    for (state, n) in CaseState::ALL.iter().copied().zip(states).filter(|(_, n)| *n > 0) {
        use CaseState as S;
        all.by_state.insert(state, n);
        match state {
            S::Reported => all.to_triage += n,
            S::Filed | S::Reopened => all.to_dispatch += n,
            S::Assigned => all.to_accept += n,
            S::Accepted | S::OnSite => all.in_hand += n,
            S::Resolved | S::Verifying => all.to_verify += n,
            S::Suspended => all.suspended += n,
            S::Returned | S::Declined | S::Merged | S::Closed | S::Rated => {}
        }
        if !state.is_over() {
            all.open += n;
        }
    }
    all
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
