//! Base data from files: looked at, then whole or not at all.

use std::sync::Arc;

use axum::http::StatusCode;
use linli_grid::{
    app, batch,
    geometry::Datum,
    import::{self, Ground, Kind, Upload},
    seed,
};
use linli_kernel::{Error, Role};
use linli_store::District;
use linli_testkit::{Engine, both_engines, scratch};
use linli_web::sheet;
use proptest::prelude::*;

use crate::house::{Pages, atlas, district, op, person, plan, reload, settled};

fn table(kind: Kind, rows: &[Vec<String>], district: &District) -> Vec<u8> {
    let (headers, _) = import::export(kind, &atlas(district));
    sheet::write(&headers, rows).unwrap()
}

fn rows(kind: Kind, district: &District) -> Vec<Vec<String>> {
    import::export(kind, &atlas(district)).1
}

fn batch_of(location: &str) -> &str {
    location.strip_prefix("/admin/import/").unwrap()
}

fn hidden<'t>(text: &'t str, name: &str) -> &'t str {
    text.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap().split('"').next().unwrap()
}

both_engines! {
    async fn what_is_exported_changes_nothing_when_imported(scratch) {
        let district = settled(&scratch).await;
        let now = atlas(&district);
        for kind in [Kind::Areas, Kind::Orgs, Kind::Duties] {
            let bytes = table(kind, &rows(kind, &district), &district);
            let file = Upload { kind, name: "a.xlsx".into(), bytes, datum: Datum::Wgs84 };
            let mut fresh = || uuid::Uuid::nil();
            let plan = import::plan(&file, &mut Ground { atlas: &now, district: &district.area, fresh: &mut fresh }).unwrap();
            assert!(plan.faults.is_empty(), "{:?}", &plan.faults[..3.min(plan.faults.len())]);
            let other: Vec<_> = plan.lines.iter().filter(|l| l.effect != import::Effect::Same).take(3).collect();
            assert!(other.is_empty() && plan.writes.is_empty(), "{other:?}");
        }
    }

    async fn a_file_is_seen_first_and_then_imported(scratch) {
        let district = settled(&scratch).await;
        let pages = Pages::new(&district, person(Role::SystemAdmin, "371002"));
        let csv = "网格编码,网格员,网格员电话\n371002001001001,王小明,13800138000\n371002001001002,李雷,123\n";
        let (gb, _, _) = encoding_rs::GB18030.encode(csv);
        let sent = pages.upload("/admin/import", &[("import_kind", "areas")], "名单.csv", &gb).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        let at = sent.headers["location"].to_str().unwrap().to_owned();
        let page = pages.get(&at).await;
        assert!(page.text.contains("13800138000") && page.text.contains("row-bad") && !page.text.contains("name=\"seen\""), "{}", page.text);
        let wrong = pages.get(&format!("{at}/wrong.xlsx")).await;
        let back = sheet::read(&wrong.bytes, "wrong.xlsx").unwrap();
        assert_eq!(back.rows.len(), 1);
        assert!(back.rows[0][0] == "371002001001002" && back.rows[0][3].contains("11"), "{back:?}");
        assert_eq!(pages.post(&at, &[("seen", "x")]).await.status, StatusCode::CONFLICT);

        let good = csv.replace("123\n", "13800138001\n");
        let sent = pages.upload("/admin/import", &[("import_kind", "areas")], "名单.csv", good.as_bytes()).await;
        let at = sent.headers["location"].to_str().unwrap().to_owned();
        let page = pages.get(&at).await;
        let done = pages.post(&at, &[("seen", hidden(&page.text, "seen"))]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        let now = atlas(&district);
        let worker = |code: &str| now.area(&code.parse().unwrap()).unwrap().worker.clone().unwrap().name;
        assert_eq!((worker("371002001001001").as_str(), worker("371002001001002").as_str()), ("王小明", "李雷"));
        // What the file does not say has stayed.
        assert!(now.area(&"371002001001001".parse().unwrap()).unwrap().residents > 0);
        assert_eq!(pages.post(&at, &[("seen", "x")]).await.status, StatusCode::CONFLICT);
        assert!(batch_of(&at).len() == 36 && pages.get("/admin/import").await.text.contains("名单.csv"));
    }

    async fn a_file_is_planned_while_others_write(scratch) {
        const SOON: std::time::Duration = std::time::Duration::from_secs(20);
        let district = settled(&scratch).await;
        let admin = person(Role::SystemAdmin, "371002");
        let file = |bytes: &[u8], name: &str| {
            Upload { kind: Kind::Areas, name: name.to_owned(), bytes: bytes.to_vec(), datum: Datum::Wgs84 }
        };
        let good = file("编码,网格员\n371002001001001,王小明\n".as_bytes(), "a.csv");
        let mut up = op(&district, admin.clone()).await;
        let id = app::upload(&mut up, good.clone()).await.unwrap();
        up.commit().await.unwrap();
        let mut fresh = || uuid::Uuid::nil();
        let now = atlas(&district);
        let ground = &mut Ground { atlas: &now, district: &district.area, fresh: &mut fresh };
        let seen = import::plan(&good, ground).unwrap().seen();
        district.clock.advance(std::time::Duration::from_secs(1));
        // Somebody writes: SQLite has one writer. Reading the present and planning wait for nobody.
        let mut busy = op(&district, admin.clone()).await;
        busy.tx.execute("UPDATE area SET updated_at = updated_at + 1000 WHERE code = '371002001001002'", vec![]).await.unwrap();
        let mut wrong = op(&district, admin.clone()).await;
        let refused = tokio::time::timeout(SOON, app::upload(&mut wrong, file(b"PK\x03\x04 rubbish", "a.xlsx"))).await;
        assert!(refused.unwrap().is_err());
        drop(wrong);
        let mut other = op(&district, admin.clone()).await;
        let changed = tokio::time::timeout(SOON, app::run(&mut other, id, "another look")).await;
        assert!(matches!(changed.unwrap(), Err(Error::Conflict("grid-error-import-changed"))));
        drop(other);
        // What changed between the plan and the writer's turn is seen: nothing is saved over it.
        let (d, word) = (district.clone(), seen.clone());
        let late = tokio::spawn(async move {
            let mut run = op(&d, person(Role::SystemAdmin, "371002")).await;
            app::run(&mut run, id, &word).await.map(|_| ())
        });
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        busy.commit().await.unwrap();
        assert!(matches!(late.await.unwrap(), Err(Error::Conflict("grid-error-import-changed"))));
        let mut run = op(&district, admin).await;
        app::run(&mut run, id, &seen).await.unwrap();
        run.commit().await.unwrap();
    }

    async fn what_was_changed_since_the_look_is_looked_at_again(scratch) {
        let district = settled(&scratch).await;
        let admin = person(Role::SystemAdmin, "371002");
        let pages = Pages::new(&district, admin.clone());
        let csv = "编码,网格员\n371002001001001,王小明\n";
        let sent = pages.upload("/admin/import", &[("import_kind", "areas")], "a.csv", csv.as_bytes()).await;
        let at = sent.headers["location"].to_str().unwrap().to_owned();
        let seen = hidden(&pages.get(&at).await.text, "seen").to_owned();
        let mut other = op(&district, admin).await;
        let code = "371002001001001".parse().unwrap();
        let mut text = linli_grid::draft::AreaText::from(atlas(&district).area(&code).unwrap());
        "李雷".clone_into(&mut text.worker);
        app::edit_area(&mut other, &code, &text).await.unwrap();
        other.commit().await.unwrap();
        reload(&district).await;
        let again = pages.post(&at, &[("seen", &seen)]).await;
        assert_eq!(again.status, StatusCode::CONFLICT);
        assert!(again.text.contains("李雷") && again.text.contains("王小明"), "{}", again.text);
        let done = pages.post(&at, &[("seen", hidden(&again.text, "seen"))]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER);
    }

    async fn overlaps_and_gaps_are_listed_before_land_is_saved(scratch) {
        let district = settled(&scratch).await;
        let pages = Pages::new(&district, person(Role::SystemAdmin, "371002"));
        let now = atlas(&district);
        let children: Vec<_> = now.children(&"371002001001".parse().unwrap()).cloned().collect();
        let (first, second) = (&children[0], &children[1]);
        // The first grid claims the second's land and leaves its own.
        let feature = |shape: &linli_grid::geometry::Shape| {
            serde_json::json!({ "type": "FeatureCollection", "features": [{ "type": "Feature",
                "properties": { "code": first.code }, "geometry": shape.to_geojson(Datum::Gcj02) }] }).to_string()
        };
        let file = feature(second.shape.as_ref().unwrap());
        let form = [("import_kind", "shapes"), ("datum", "gcj02")];
        let sent = pages.upload("/admin/import", &form, "a.geojson", file.as_bytes()).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        let at = sent.headers["location"].to_str().unwrap().to_owned();
        let page = pages.get(&at).await.text;
        assert!(page.contains("重叠") && page.contains("空白") && page.contains("name=\"looked\""), "{page}");
        let done = pages.post(&at, &[("seen", hidden(&page, "seen")), ("looked", "yes")]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        let moved = atlas(&district).area(&first.code).unwrap().centre.unwrap();
        assert!(moved.metres_to(second.centre.unwrap()) < 1.0);

        let crossed = r#"{"type":"Feature","properties":{"code":"371002001001001"},"geometry":{"type":"Polygon","coordinates":[[[122,37],[122.1,37.1],[122.1,37],[122,37.1],[122,37]]]}}"#;
        let sent = pages.upload("/admin/import", &form, "a.geojson", crossed.as_bytes()).await;
        let page = pages.get(sent.headers["location"].to_str().unwrap()).await.text;
        assert!(page.contains("自己与自己相交"), "{page}");
        let far = r#"{"type":"Feature","properties":{"code":"371002001001001"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[0,1],[1,1],[1,0],[0,0]]]}}"#;
        let sent = pages.upload("/admin/import", &form, "a.geojson", far.as_bytes()).await;
        let page = pages.get(sent.headers["location"].to_str().unwrap()).await.text;
        assert!(page.contains("在本区县范围之外"), "{page}");
        let refused = pages.upload("/admin/import", &form, "a.geojson", b"rubbish").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

/// One slip or change in a cell.
#[derive(Debug, Clone)]
struct Slip {
    row: usize,
    column: usize,
    text: String,
}

fn slips() -> impl Strategy<Value = Vec<Slip>> {
    let texts = ["", "x", "123", "13800138000", "王小明", "basic", "371002001", "否", "900"];
    let slip = (0_usize..400, 0_usize..11, prop::sample::select(texts.to_vec()))
        .prop_map(|(row, column, text)| Slip { row, column, text: text.to_owned() });
    prop::collection::vec(slip, 0..6)
}

/// One street of the synthetic district, so that many files can be tried.
async fn small(scratch: &linli_testkit::Scratch) -> Arc<District> {
    let district = district(scratch).await;
    let mut land = linli_demo::land(&plan());
    let near = |code: &str| code.len() == 6 || code.starts_with("371002012");
    land.areas.retain(|a| near(a.code.as_str()));
    land.orgs.retain(|o| near(o.area.as_str()));
    let mut op = district.op("seed").await.unwrap();
    seed::write(&mut op, &land).await.unwrap();
    op.commit().await.unwrap();
    reload(&district).await;
    district
}

#[test]
fn an_import_happens_whole_or_not_at_all() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (scratch, district) = runtime.block_on(async {
        let scratch = scratch(Engine::Sqlite).await.unwrap();
        let district = small(&scratch).await;
        (scratch, district)
    });
    let config = ProptestConfig { cases: 48, ..ProptestConfig::default() };
    proptest!(config, |(slips in slips(), kind in prop::sample::select(vec![Kind::Areas, Kind::Orgs, Kind::Duties]))| {
        let mut rows = rows(kind, &district);
        for slip in &slips {
            let count = rows.len();
            if let Some(cell) = rows[slip.row % count].get_mut(slip.column) {
                slip.text.clone_into(cell);
            }
        }
        let bytes = table(kind, &rows, &district);
        let file = Upload { kind, name: "a.xlsx".into(), bytes, datum: Datum::Wgs84 };
        let before = atlas(&district);
        let outcome = runtime.block_on(async {
            let mut up = op(&district, person(Role::SystemAdmin, "371002")).await;
            let id = app::upload(&mut up, file.clone()).await.unwrap();
            up.commit().await.unwrap();
            let mut run = op(&district, person(Role::SystemAdmin, "371002")).await;
            let mut fresh = || uuid::Uuid::nil();
            let ground = &mut Ground { atlas: &before, district: &district.area, fresh: &mut fresh };
            let plan = import::plan(&file, ground).unwrap();
            let done = app::run(&mut run, id, &plan.seen()).await;
            if done.is_ok() {
                run.commit().await.unwrap();
            }
            reload(&district).await;
            let open = batch::file(&mut district.db.read().await.unwrap(), id).await.is_ok();
            (plan, done, open)
        });
        let (plan, done, open) = outcome;
        let after = atlas(&district);
        if plan.faults.is_empty() {
            prop_assert!(done.is_ok(), "{done:?}");
            prop_assert!(!open);
            let fresh = &mut || uuid::Uuid::nil();
            let again = import::plan(&file, &mut Ground { atlas: &after, district: &district.area, fresh }).unwrap();
            prop_assert!(again.writes.is_empty(), "{:?}", again.writes);
        } else {
            prop_assert!(matches!(done, Err(Error::Conflict("grid-error-import-faults"))), "{done:?}");
            prop_assert!(open);
            prop_assert!(before.areas().eq(after.areas()));
            prop_assert!(before.orgs().eq(after.orgs()));
            prop_assert!(before.categories().eq(after.categories()));
            let own = |a: &linli_grid::Atlas| a.categories().map(|c| a.own_duty(&c.code).cloned()).collect::<Vec<_>>();
            prop_assert_eq!(own(&before), own(&after));
        }
    });
    drop(scratch);
}
