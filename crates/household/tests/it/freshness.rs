//! The figure and the list behind it agree, at every level, in a constant number of queries.

use axum::{
    body::Body,
    extract::Request,
    http::{StatusCode, header},
};
use linli_household::{
    model::{Basis, CareKind, Source},
    read::{self, Order, Stale},
    register::NewCare,
};
use linli_kernel::area::AreaLevel;
use linli_testkit::both_engines;

use super::{pages::Pages, *};

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
                for (which, count) in [(Stale::All, row.stale()), (Stale::Never, row.never), (Stale::Fresh, row.fresh), (Stale::Every, row.homes)] {
                    let (mut seen, mut after) = (Vec::new(), None);
                    loop {
                        let page = read::stale(&mut db.read().await.unwrap(), &scope, &row.area, (which, Order::Oldest), now, after, 2).await.unwrap();
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

    async fn every_order_is_whole_and_holds_while_somebody_works(s) {
        let d = district(&s).await;
        let mut homes = Vec::new();
        for (house, doors) in [("10号楼", ["201", "1001"]), ("2号楼", ["1101", "201"]), ("1号楼", ["301", "101"])] {
            let building = building(&d, GRID, house).await;
            for door in doors {
                homes.push(dwelling(&d, building, door).await);
                d.clock.advance(std::time::Duration::from_hours(24));
            }
        }
        let old = add(&d, homes[4], &facts("王奶奶", "", PHONE)).await.id;
        let mut mark = op(&d, secretary()).await;
        let care = NewCare {
            kind: CareKind::VeryOld, basis: Basis::Consent, basis_note: "2026".into(), source: Source::Worker, expires_at: None,
        };
        app::add_care(&mut mark, old, &care).await.unwrap();
        mark.commit().await.unwrap();
        let scope = scope(&d, &secretary(), "household.list");
        let page = |order: Order, after: Option<linli_kernel::Cursor>, size: usize| {
            let (d, scope) = (d.clone(), scope.clone());
            async move {
                let mut conn = d.db.read().await.unwrap();
                read::stale(&mut conn, &scope, &area(GRID), (Stale::Every, order), d.clock.now(), after, size).await.unwrap()
            }
        };
        let [a, b, c, e, f, g] = homes[..] else { panic!("six homes") };
        for (order, expected) in [
            (Order::Door, [a, b, c, e, f, g]),
            (Order::Address, [g, f, e, c, a, b]),
            (Order::Oldest, [a, b, c, e, f, g]),
            (Order::Newest, [g, f, e, c, b, a]),
            (Order::Care, [f, a, b, c, e, g]),
        ] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = page(order, after, 2).await;
                seen.extend(page.items.iter().map(|r| r.id));
                let Some(next) = page.next else { break };
                after = Some(next.parse().unwrap());
            }
            assert_eq!(seen, expected, "{order}");
        }
        // The last home of the first page is confirmed before somebody turns it: nothing is left out.
        let first = page(Order::Oldest, None, 2).await;
        let mut visit = op(&d, worker()).await;
        app::confirm_dwelling(&mut visit, first.items[1].id, None).await.unwrap();
        visit.commit().await.unwrap();
        let second = page(Order::Oldest, Some(first.next.unwrap().parse().unwrap()), 2).await;
        assert_eq!(second.items.iter().map(|r| r.id).collect::<Vec<_>>(), [c, e]);
        assert!(page(Order::Care, None, 9).await.items[0].needs_care());
    }

    async fn a_list_goes_out_as_it_is_shown_and_is_written_down(s) {
        let d = district(&s).await;
        let (two, one) = (building(&d, GRID, "2号楼").await, building(&d, GRID, "1号楼").await);
        let id = dwelling(&d, two, "201").await;
        dwelling(&d, one, "101").await;
        let mut odd = op(&d, actor(Role::StreetCentre, STREET)).await;
        app::correct_building(&mut odd, two, "=1+1", "2号楼").await.unwrap();
        odd.commit().await.unwrap();
        home(&d, FAR_GRID, "9号楼").await;
        let pages = Pages::by(&d, &secretary());
        let asked = format!("at={GRID}&which=all&order=address");
        let shown = pages.get(&format!("/homes/list?{asked}"), "").await;
        let at = |text: &str, what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
        assert!(at(&shown, "=1+12号楼") < at(&shown, "锦绣花园1号楼2单元101"), "{shown}");
        for link in ["order=care", "order=oldest", "aria-sort", "/homes/list/export/homes.xlsx?"] {
            assert!(shown.contains(link), "{link}: {shown}");
        }
        let csv = pages.get(&format!("/homes/list/export/homes.csv?{asked}"), "").await;
        let lines: Vec<&str> = csv.lines().collect();
        assert!(lines[0].starts_with("\u{feff}地址,网格,") && lines.len() == 3, "{csv}");
        assert!(lines[1].starts_with("'=1+12号楼2单元201,"), "no cell is a formula: {csv}");
        assert!(lines[2].starts_with("锦绣花园1号楼2单元101,"), "{csv}");
        let csv = pages.get(&format!("/homes/rhythm/list/export/visits.csv?at={GRID}&which=due"), "").await;
        assert!(csv.lines().count() == 3 && csv.contains("应走访"), "{csv}");
        let book = pages.get(&format!("/homes/rhythm/list/export/visits.xlsx?at={GRID}"), "").await;
        assert!(book.starts_with("PK"));
        let done = log(&d).await;
        let count = |act: &str| done.iter().filter(|a| *a == act).count();
        assert_eq!((count("household.list_export"), count("rhythm.list_export")), (1, 2));
        // Not beyond the own area, and not for whoever only looks.
        for (who, path, status) in [
            (secretary(), format!("/homes/list/export/homes.csv?at={FAR_GRID}"), StatusCode::NOT_FOUND),
            (secretary(), format!("/homes/list/export/homes.pdf?at={GRID}"), StatusCode::NOT_FOUND),
            (worker(), format!("/homes/list/export/homes.csv?at={GRID}"), StatusCode::FORBIDDEN),
        ] {
            let request = Request::get(&path).header(header::HOST, "test").body(Body::empty()).unwrap();
            assert_eq!(Pages::by(&d, &who).ask(request).await.0, status, "{path}");
        }
        // The number of registered homes opens them, and nothing else.
        let figures = pages.get(&format!("/homes?at={GRID}"), "").await;
        assert!(figures.contains(&format!("/homes/list?at={GRID}&amp;which=all")) || figures.contains(&format!("/homes/list?at={GRID}&which=all")), "{figures}");
        let all = pages.get(&format!("/homes/list?at={GRID}&which=all"), "").await;
        assert_eq!(all.matches("<tr data-href").count(), 2);
        // Whoever is registered by hand and has no number says sex and birth.
        let card = Pages::by(&d, &worker()).get(&format!("/homes/{id}"), "").await;
        for part in ["id=\"n-sex\"", "id=\"n-birth\"", "data-unless=\"n-id_number\""] {
            assert!(card.contains(part), "{part}: {card}");
        }
    }
}
