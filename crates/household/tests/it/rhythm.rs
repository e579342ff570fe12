//! The rhythm of visits: the day's list stays and is settled once; figures agree with their lists.

use std::time::Duration;

use linli_household::{
    model::{Basis, CareKind, Source},
    read::Order,
    register::NewCare,
    rhythm::{self, Figures, Listed, MOST, Met, Reason, Round, RoundId},
};
use linli_kernel::{area::AreaLevel, params};
use linli_testkit::both_engines;

use super::*;

const DAY: Duration = Duration::from_hours(24);

async fn list(d: &Arc<District>) -> Round {
    let mut op = op(d, worker()).await;
    let round = rhythm::ensure(&mut op, &area(GRID)).await.unwrap();
    op.commit().await.unwrap();
    round
}

async fn settle(d: &Arc<District>, by: Actor, round: RoundId, home: DwellingId, met: Met) -> Result<()> {
    let mut op = op(d, by).await;
    rhythm::settle(&mut op, round, home, met).await?;
    op.commit().await
}

async fn care(d: &Arc<District>, home: DwellingId, kind: CareKind) {
    let who = add(d, home, &facts("周奶奶", ID, PHONE)).await.id;
    let mut op = op(d, worker()).await;
    let new = NewCare {
        kind,
        basis: Basis::Duty,
        basis_note: "巡访制度".into(),
        source: Source::Worker,
        expires_at: None,
    };
    app::add_care(&mut op, who, &new).await.unwrap();
    op.commit().await.unwrap();
}

/// Twelve homes of the worker's grid, registered a hundred days ago.
async fn homes(d: &Arc<District>) -> Vec<DwellingId> {
    let house = building(d, GRID, "1号楼").await;
    let mut homes = Vec::new();
    for n in 1..=12 {
        homes.push(dwelling(d, house, &format!("{n}01")).await);
    }
    d.clock.advance(DAY * 100);
    homes
}

async fn confirmed_at(d: &District, home: DwellingId) -> linli_kernel::Timestamp {
    let sql = "SELECT confirmed_at FROM dwelling WHERE id = $1";
    d.db.read().await.unwrap().scalar(sql, params![home]).await.unwrap()
}

async fn settled(d: &District) -> usize {
    log(d).await.iter().filter(|a| *a == "rhythm.settle").count()
}

both_engines! {
    async fn the_days_list_is_made_once_and_stays(s) {
        let d = district(&s).await;
        let homes = homes(&d).await;
        care(&d, homes[11], CareKind::LivesAlone).await;
        let round = list(&d).await;
        assert_eq!(round.homes.len(), MOST);
        let last = round.homes.last().unwrap();
        assert_eq!((last.id, last.reason, last.care, last.days), (homes[11], Reason::Care, Some(CareKind::LivesAlone), None));
        assert_eq!((round.homes[0].reason, round.homes[0].days), (Reason::Stale, Some(100)));
        // Later on the same day it is the same, whatever became known since.
        d.clock.advance(Duration::from_hours(8));
        let mut op1 = op(&d, worker()).await;
        app::confirm_dwelling(&mut op1, round.homes[3].id, None).await.unwrap();
        op1.commit().await.unwrap();
        assert_eq!(list(&d).await, round);
        assert_eq!(log(&d).await.iter().filter(|a| *a == "rhythm.list").count(), 1);
        let db = d.db.metered();
        assert_eq!(rhythm::today(&mut db.read().await.unwrap(), &area(GRID), d.clock.now()).await.unwrap(), Some(round.clone()));
        assert_eq!(db.queries(), 2);
        // The next day has its own.
        d.clock.advance(DAY);
        let next = list(&d).await;
        assert_ne!(next.id, round.id);
        assert!(!next.homes.iter().any(|h| h.id == round.homes[3].id), "confirmed yesterday");
    }

    async fn two_who_ask_at_once_get_one_list(s) {
        let d = district(&s).await;
        homes(&d).await;
        let (one, two) = tokio::join!(list(&d), list(&d));
        assert_eq!(one, two);
        assert_eq!(log(&d).await.iter().filter(|a| *a == "rhythm.list").count(), 1);
    }

    async fn one_tap_settles_once(s) {
        let d = district(&s).await;
        homes(&d).await;
        let round = list(&d).await;
        let now = d.clock.now();
        let [yes, nobody, changed] = [0, 1, 2].map(|n| round.homes[n].id);
        let before = confirmed_at(&d, nobody).await;
        settle(&d, worker(), round.id, yes, Met::Confirmed).await.unwrap();
        settle(&d, worker(), round.id, nobody, Met::Nobody).await.unwrap();
        settle(&d, worker(), round.id, changed, Met::Changed).await.unwrap();
        assert_eq!(confirmed_at(&d, yes).await, now, "a confirmation by the register's own way");
        assert_eq!(confirmed_at(&d, nobody).await, before);
        assert_eq!(list(&d).await.open(), MOST - 3);
        // The same again is the same answer and no second act; another answer is refused.
        let acts = log(&d).await.len();
        settle(&d, worker(), round.id, yes, Met::Confirmed).await.unwrap();
        assert_eq!(key(settle(&d, worker(), round.id, yes, Met::Nobody).await), "rhythm-settled-already");
        assert_eq!(log(&d).await.len(), acts);
        // Two taps at once.
        let home = round.homes[4].id;
        let (one, two) = tokio::join!(
            settle(&d, worker(), round.id, home, Met::Confirmed),
            settle(&d, worker(), round.id, home, Met::Nobody)
        );
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        assert_eq!(settled(&d).await, 4);
        // What was not committed has not happened.
        let mut dropped = op(&d, worker()).await;
        rhythm::settle(&mut dropped, round.id, round.homes[5].id, Met::Confirmed).await.unwrap();
        drop(dropped);
        assert_eq!((list(&d).await.open(), settled(&d).await), (MOST - 4, 4));
        // The list of yesterday is over; what was settled then still answers alike.
        d.clock.advance(DAY);
        assert_eq!(key(settle(&d, worker(), round.id, round.homes[5].id, Met::Confirmed).await), "rhythm-list-over");
        settle(&d, worker(), round.id, yes, Met::Confirmed).await.unwrap();
    }

    async fn only_who_serves_the_grid(s) {
        let d = district(&s).await;
        homes(&d).await;
        let elsewhere = home(&d, NEXT_GRID, "9号楼").await;
        let round = list(&d).await;
        let here = round.homes[0].id;
        for by in [actor(Role::GridWorker, NEXT_GRID), actor(Role::StreetCentre, STREET), Actor::Public] {
            let refused = settle(&d, by.clone(), round.id, here, Met::Confirmed).await.unwrap_err();
            let seen = match refused {
                Error::NotFound => "not found",
                Error::Forbidden(_) => "forbidden",
                Error::Unauthorised => "log in",
                other => panic!("{other:?}"),
            };
            let expected = match &by {
                Actor::Public => "log in",
                by if by.is(Role::GridWorker) => "not found",
                _ => "forbidden",
            };
            assert_eq!(seen, expected, "{by:?}");
            let mut op = op(&d, by).await;
            assert!(rhythm::ensure(&mut op, &area(GRID)).await.is_err());
        }
        assert_eq!(key(settle(&d, worker(), round.id, elsewhere, Met::Confirmed).await), "404", "not on the list");
        assert_eq!(key(settle(&d, worker(), RoundId(Uuid::from_u128(1)), here, Met::Confirmed).await), "404");
        settle(&d, secretary(), round.id, here, Met::Confirmed).await.unwrap();
    }

    async fn the_quarter_counts_who_was_met(s) {
        let d = district(&s).await;
        let homes = homes(&d).await;
        let far = home(&d, FAR_GRID, "7号楼").await;
        care(&d, homes[0], CareKind::Language).await;
        let round = list(&d).await;
        settle(&d, worker(), round.id, homes[0], Met::Confirmed).await.unwrap();
        settle(&d, worker(), round.id, homes[1], Met::Nobody).await.unwrap();
        settle(&d, worker(), round.id, homes[2], Met::Changed).await.unwrap();
        let figures = |d: Arc<District>, who: Actor, level: AreaLevel| async move {
            let db = d.db.metered();
            let scope = scope(&d, &who, "rhythm.read");
            let rows = rhythm::figures(&mut db.read().await.unwrap(), &scope, &area(DISTRICT), level, d.clock.now()).await.unwrap();
            assert_eq!(db.queries(), 3);
            rows
        };
        let counts = |f: &Figures| (f.area.to_string(), f.homes, f.visited, f.care, f.care_visited, f.today, f.settled);
        let centre = actor(Role::DistrictCentre, DISTRICT);
        let rows = figures(d.clone(), centre.clone(), AreaLevel::Street).await;
        // One visit is not yet enough where somebody speaks little Chinese.
        assert_eq!(rows.iter().map(counts).collect::<Vec<_>>(), [
            (STREET.to_owned(), 12, 1, 1, 0, 10, 3),
            (OTHER_STREET.to_owned(), 1, 0, 0, 0, 0, 0),
        ]);
        // Nobody there, then met on the same day; and the second visit of the first.
        let mut op1 = op(&d, worker()).await;
        app::confirm_dwelling(&mut op1, homes[1], None).await.unwrap();
        op1.commit().await.unwrap();
        d.clock.advance(DAY);
        let mut op1 = op(&d, worker()).await;
        app::confirm_dwelling(&mut op1, homes[0], None).await.unwrap();
        op1.commit().await.unwrap();
        let rows = figures(d.clone(), centre.clone(), AreaLevel::Grid).await;
        assert_eq!((rows[0].visited, rows[0].care_visited, rows[0].today), (3, 1, 0));
        assert_eq!(rhythm::sum(&area(DISTRICT), &rows).homes, 13);
        // The list behind each number.
        let list = list(&d).await;
        settle(&d, worker(), list.id, list.homes[0].id, Met::Nobody).await.unwrap();
        let sum = rhythm::sum(&area(DISTRICT), &figures(d.clone(), centre.clone(), AreaLevel::Street).await);
        let all = scope(&d, &centre, "rhythm.read");
        for (which, count) in [
            (Listed::Due, sum.homes - sum.visited),
            (Listed::Visited, sum.visited),
            (Listed::Care, sum.care - sum.care_visited),
            (Listed::Open, sum.today - sum.settled),
            (Listed::Settled, sum.settled),
        ] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = rhythm::listed(&mut d.db.read().await.unwrap(), &all, &area(DISTRICT), (which, Order::Door), d.clock.now(), after, 4).await.unwrap();
                seen.extend(page.items.iter().map(|r| r.id));
                let Some(next) = page.next else { break };
                after = Some(next.parse().unwrap());
            }
            assert_eq!(i64::try_from(seen.len()).unwrap(), count, "{which}");
            assert_eq!(seen.contains(&far), which == Listed::Due);
        }
        // Who serves one grid sees its figures only; the next quarter begins at nought.
        assert_eq!(figures(d.clone(), worker(), AreaLevel::Street).await[0].homes, 12);
        d.clock.advance(DAY * 100);
        assert_eq!(figures(d.clone(), centre, AreaLevel::Street).await[0].visited, 0);
    }

    async fn confirmations_that_came_along_count_as_visits(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let mut op1 = op(&d, Actor::System).await;
        assert_eq!(rhythm::take_over(&mut op1, d.clock.now()).await.unwrap(), 1);
        assert_eq!(rhythm::take_over(&mut op1, d.clock.now()).await.unwrap(), 0);
        op1.commit().await.unwrap();
        let day: i64 = d.db.read().await.unwrap().scalar("SELECT day FROM home_visit WHERE dwelling_id = $1", params![here]).await.unwrap();
        assert_eq!(day, rhythm::china_day(d.clock.now()));
    }
}
