//! The wire between the phone of a grid worker and the desk of cases: their open cases, a line each.

use linli_access::Access;
use linli_cases::{
    model::CaseState,
    read::{self, Filter, Sort},
};
use linli_household::visits::CaseNote;
use linli_kernel::Actor;
use linli_store::{Conn, District, worker::Work};

/// What breaks next first, as on the page of today.
pub(crate) fn cases<'a>(
    conn: &'a mut Conn,
    district: &'a District,
    actor: &'a Actor,
    most: usize,
) -> Work<'a, Vec<CaseNote>> {
    Box::pin(async move {
        let scope = district.port::<Access>()?.policy.scope(actor, "case.read");
        let states = CaseState::ALL.iter().copied().filter(|s| !s.is_over()).collect();
        let filter = Filter { states, ..Filter::default() };
        let page = read::page(conn, district, (&scope, &filter), Sort::NextDue, None, most).await?;
        let note = |row: read::CaseRow| CaseNote {
            id: row.id.0,
            number: row.number,
            title: row.title,
            place: row.address,
            state: row.state.to_string(),
            urgent: row.urgent,
            due_at: row.next_due,
        };
        Ok(page.items.into_iter().map(note).collect())
    })
}
