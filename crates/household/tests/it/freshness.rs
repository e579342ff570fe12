//! The figure and the list behind it agree, at every level, in a constant number of queries.

use linli_household::read::{self, Stale};
use linli_kernel::area::AreaLevel;
use linli_testkit::both_engines;

use super::*;

both_engines! {
    async fn a_door_that_was_only_written_down_is_not_fresh(s) {
        let d = district(&s).await;
        let house = building(&d, GRID, "1号楼").await;
        let register = |door: &'static str, seen: bool| {
            let d = d.clone();
            async move {
                let mut op = op(&d, worker()).await;
                let new = NewDwelling { building: house, unit: None, floor: None, door: door.into(), usage: Usage::Empty, seen };
                let id = app::add_dwelling(&mut op, &new).await.unwrap();
                op.commit().await.unwrap();
                id
            }
        };
        let written = register("101", false).await;
        register("102", true).await;
        let own = super::scope(&d, &worker(), "household.list");
        let figure = |d: Arc<District>, own: Scope| async move {
            let rows = read::freshness(&mut d.db.read().await.unwrap(), &own, &area(GRID), AreaLevel::Grid, d.clock.now()).await.unwrap();
            (rows[0].homes, rows[0].fresh, rows[0].never)
        };
        assert_eq!(figure(d.clone(), own.clone()).await, (2, 1, 1));
        let card = super::people::card(&d, written).await;
        assert_eq!(card.confirmed_at, None);
        assert!(!card.marks.of(linli_household::model::Field::Usage).verified);
        // Visited, it counts.
        let mut visit = op(&d, worker()).await;
        app::confirm_dwelling(&mut visit, written, None).await.unwrap();
        visit.commit().await.unwrap();
        assert_eq!(figure(d.clone(), own).await, (2, 2, 0));
    }

    async fn the_list_is_what_the_number_counts(s) {
        let d = district(&s).await;
        let mut homes = Vec::new();
        for (grid, house) in [(GRID, "1号楼"), (GRID, "2号楼"), (NEXT_GRID, "3号楼"), (FAR_GRID, "4号楼")] {
            let building = building(&d, grid, house).await;
            for door in ["101", "102", "201"] {
                homes.push(dwelling(&d, building, door).await);
            }
        }
        d.clock.advance(std::time::Duration::from_hours(24 * 100));
        for id in [homes[0], homes[1], homes[6]] {
            let mut op1 = op(&d, actor(Role::StreetCentre, STREET)).await;
            app::confirm_dwelling(&mut op1, id, None).await.unwrap();
            op1.commit().await.unwrap();
        }
        let mut tx = d.db.begin().await.unwrap();
        tx.execute("UPDATE dwelling SET confirmed_at = NULL WHERE id = $1", linli_kernel::params![homes[2]]).await.unwrap();
        tx.commit().await.unwrap();

        let centre = actor(Role::DistrictCentre, DISTRICT);
        let scope = scope(&d, &centre, "household.list");
        let now = d.clock.now();
        let (whole, street) = (area(DISTRICT), area(STREET));
        for (within, level, expected) in [
            (&whole, AreaLevel::Street, vec![(STREET, 9, 3, 1), (OTHER_STREET, 3, 0, 0)]),
            (&street, AreaLevel::Community, vec![(COMMUNITY, 9, 3, 1)]),
            (&street, AreaLevel::Grid, vec![(GRID, 6, 2, 1), (NEXT_GRID, 3, 1, 0)]),
        ] {
            let db = d.db.metered();
            let rows = read::freshness(&mut db.read().await.unwrap(), &scope, within, level, now).await.unwrap();
            assert_eq!(db.queries(), 1);
            let seen: Vec<_> = rows.iter().map(|f| (f.area.as_str(), f.homes, f.fresh, f.never)).collect();
            assert_eq!(seen, expected);
            for row in &rows {
                for (which, count) in [(Stale::All, row.stale()), (Stale::Never, row.never), (Stale::Fresh, row.fresh)] {
                    let (mut seen, mut after) = (Vec::new(), None);
                    loop {
                        let page = read::stale(&mut db.read().await.unwrap(), &scope, &row.area, which, now, after, 2).await.unwrap();
                        seen.extend(page.items.iter().map(|r| r.id));
                        let Some(next) = page.next else { break };
                        after = Some(next.parse().unwrap());
                    }
                    seen.sort();
                    seen.dedup();
                    assert_eq!(i64::try_from(seen.len()).unwrap(), count, "{which} in {}", row.area);
                }
            }
        }
        let sum = read::freshness_of(&whole, &read::freshness(&mut d.db.read().await.unwrap(), &scope, &whole, AreaLevel::Street, now).await.unwrap());
        assert_eq!((sum.homes, sum.fresh, sum.share()), (12, 3, Some(0.25)));
        // Who serves one grid sees its figure only.
        let own = super::scope(&d, &worker(), "household.list");
        let rows = read::freshness(&mut d.db.read().await.unwrap(), &own, &whole, AreaLevel::Street, now).await.unwrap();
        assert_eq!((rows.len(), rows[0].homes), (1, 6));
    }
}
