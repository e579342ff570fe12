//! The wires of the weekly meeting: cases that it must talk about, the house calendar with its holidays, and its to-dos
//! on the page of today.

use linli_access::Scope;
use linli_cases::{
    day::{DayItems, Item},
    model::{CaseState, WhistleLevel},
    read::{self, Filter, Sort},
    settings::Rulebooks,
};
use linli_household::rhythm::meeting::{self, CaseDesk, CaseTold, Heap, MOST, Unsettled, WorkingDays};
use linli_kernel::{AreaCode, Calendar, Result, Timestamp, time::CHINA_MS, time::DAY_MS};
use linli_store::{Conn, District, Ports, worker::Work};
use linli_web::Ctx;

async fn heap(conn: &mut Conn, district: &District, filter: &Filter, sort: Sort) -> Result<Heap> {
    let found = read::found(conn, district, (&Scope::everything(), filter), sort, None, MOST).await?;
    let told = |c: read::CaseRow| CaseTold {
        id: c.id.0,
        number: c.number,
        title: c.title,
        area: c.area,
        due: c.next_due,
    };
    let all = i64::try_from(found.all).unwrap_or(i64::MAX);
    Ok(Heap { cases: found.page.items.into_iter().map(told).collect(), all })
}

/// What is committed of cases, read beside whatever transaction makes the agenda.
fn unsettled<'a>(district: &'a District, area: &'a AreaCode, now: Timestamp) -> Work<'a, Unsettled> {
    Box::pin(async move {
        let conn = &mut district.db.read().await?;
        let here = || Filter { area: Some(area.clone()), ..Filter::default() };
        let running: Vec<CaseState> = CaseState::ALL.iter().copied().filter(|s| !s.is_over()).collect();
        let back = vec![CaseState::Returned, CaseState::Reopened];
        let returned = heap(conn, district, &Filter { states: back, ..here() }, Sort::Newest).await?;
        let overdue = heap(conn, district, &Filter { overdue: Some(now), ..here() }, Sort::NextDue).await?;
        let joint = Filter { states: running, whistle: Some(WhistleLevel::Joint), ..here() };
        let joint = heap(conn, district, &joint, Sort::Newest).await?;
        Ok(Unsettled { returned, overdue, joint })
    })
}

fn working_days<'a>(district: &'a District, conn: &'a mut Conn) -> Work<'a, Calendar> {
    Box::pin(async move { Ok(district.port::<Rulebooks>()?.get(conn).await?.calendar.clone()) })
}

fn today<'a>(ctx: &'a Ctx, conn: &'a mut Conn) -> Work<'a, Vec<Item>> {
    Box::pin(async move {
        let Some(account) = ctx.actor.account() else { return Ok(Vec::new()) };
        let l = &ctx.locale;
        let item = |todo: meeting::Todo| {
            let day = l.time(Timestamp::from_millis(todo.due * DAY_MS - CHINA_MS));
            let day = day.rsplit_once(' ').map_or(day.clone(), |(day, _)| day.to_owned());
            let (word, tone) = if todo.overdue(ctx.now()) {
                ("overdue", "bad")
            } else if todo.result.is_empty() {
                ("open", "info")
            } else {
                ("stuck", "warn")
            };
            Item {
                href: format!("/homes/todos#todo-{}", todo.id),
                meta: l.t_with("meeting-due-by", &[("day", day)]),
                state: l.t(&format!("meeting-todo-{word}")),
                tone,
                settle: format!("/homes/todos/{}", todo.id),
                title: todo.words,
            }
        };
        Ok(meeting::todos_of(conn, account).await?.into_iter().map(item).collect())
    })
}

/// Fills the ports of both sides.
pub(crate) fn wire(ports: Ports) -> Ports {
    ports.with(CaseDesk(unsettled)).with(WorkingDays(working_days)).with(DayItems(today))
}
