//! Changing base data by hand.

use axum::http::StatusCode;
use linli_kernel::Role;
use linli_store::activity;
use linli_testkit::both_engines;

use crate::house::{Pages, atlas, person, settled};

const GRID: &str = "371002001001001";

fn board(phone: &str) -> [(&str, &str); 9] {
    [
        ("name", "第1网格"),
        ("kind", "basic"),
        ("residents", "900"),
        ("households", "300"),
        ("worker", "王小明"),
        ("worker_phone", phone),
        ("deputy", ""),
        ("deputy_phone", ""),
        ("supervision_phone", "0631-5231234"),
    ]
}

both_engines! {
    async fn a_board_is_changed_and_noted(scratch) {
        let district = settled(&scratch).await;
        let pages = Pages::new(&district, person(Role::SystemAdmin, "371002"));
        let path = format!("/admin/areas/{GRID}");
        let form = pages.get(&path).await;
        assert_eq!(form.status, StatusCode::OK, "{}", form.text);
        assert!(form.text.contains("data-map"));

        let refused = pages.post(&path, &board("138")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text.contains("worker_phone-err") && refused.text.contains("王小明"));

        let saved = pages.post(&path, &board("138 0013 8000")).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
        let now = atlas(&district);
        let grid = now.area(&GRID.parse().unwrap()).unwrap();
        let worker = grid.worker.as_ref().unwrap();
        assert_eq!((worker.name.as_str(), worker.phone.as_deref()), ("王小明", Some("13800138000")));
        assert_eq!((grid.residents, grid.deputy.is_none(), grid.shape.is_some()), (900, true, true));

        let rows: Vec<(String, String, String)> = district.db.read().await.unwrap()
            .all("SELECT action, subject_id, detail FROM activity WHERE action = 'area.edit'", vec![]).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert!(rows[0].1 == GRID && rows[0].2.contains("王小明"), "{rows:?}");
        while activity::seal(&district.db).await.unwrap() > 0 {}
        assert!(activity::verify(&district.db).await.unwrap().faults.is_empty());
    }

    async fn only_the_administrator_changes_base_data(scratch) {
        let district = settled(&scratch).await;
        let worker = Pages::new(&district, person(Role::GridWorker, "371002001"));
        assert_eq!(worker.get("/admin/areas").await.status, StatusCode::OK);
        assert_eq!(worker.get(&format!("/admin/areas/{GRID}")).await.status, StatusCode::FORBIDDEN);
        assert_eq!(worker.get("/admin/import").await.status, StatusCode::FORBIDDEN);
        let path = format!("/admin/areas/{GRID}");
        assert_eq!(worker.post(&path, &board("13800138000")).await.status, StatusCode::FORBIDDEN);
        let elsewhere = Pages::new(&district, person(Role::SystemAdmin, "371002002"));
        assert_eq!(elsewhere.get(&path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(elsewhere.post(&path, &board("13800138000")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(elsewhere.post("/admin/categories/01", &[("name", "x")]).await.status, StatusCode::NOT_FOUND);
        assert_ne!(atlas(&district).area(&GRID.parse().unwrap()).unwrap().worker.as_ref().unwrap().name, "王小明");
    }

    async fn new_things_find_their_place(scratch) {
        let district = settled(&scratch).await;
        let pages = Pages::new(&district, person(Role::SystemAdmin, "371002"));
        let before = atlas(&district).children(&"371002001001".parse().unwrap()).count();
        let form = pages.get("/admin/areas/new?at=371002001001").await;
        let code = format!("371002001001{:03}", before + 1);
        assert!(form.text.contains(&format!("value=\"{code}\"")), "{}", form.text);
        let taken = pages.post("/admin/areas/new", &[("code", GRID), ("name", "新网格")]).await;
        assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
        let made = pages.post("/admin/areas/new", &[("code", &code), ("name", "新网格"), ("kind", "dedicated")]).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
        let now = atlas(&district);
        let team = now.org(now.team(&code.parse().unwrap()).unwrap()).unwrap();
        assert_eq!(team.parent, now.team(&"371002001001".parse().unwrap()));

        let org = [("code", "dept-new"), ("name", "某新局"), ("kind", "department"), ("area", "371002"), ("parent", "371002-centre"), ("standing", "否"), ("active", "是")];
        assert_eq!(pages.post("/admin/orgs/new", &org).await.status, StatusCode::SEE_OTHER);
        assert_eq!(pages.post("/admin/categories/new", &[("code", "9901"), ("name", "新"), ("photo", "否"), ("active", "是")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(pages.post("/admin/categories/new", &[("code", "99"), ("name", "新类"), ("photo", "否"), ("active", "是")]).await.status, StatusCode::SEE_OTHER);
        let duty = [("lead", "某新局"), ("assist", "区民政局、区司法局"), ("section", "城市管理办公室"), ("basis", "《某条例》"), ("standard", "当日到场"), ("days", "3")];
        assert_eq!(pages.post("/admin/duties/99", &duty).await.status, StatusCode::SEE_OTHER);
        let now = atlas(&district);
        let duty = now.duty("99").unwrap();
        assert_eq!((now.org_name(duty.lead), duty.assisting.len(), duty.section.as_deref()), ("某新局", 2, Some("city")));
        let missing = pages.post("/admin/duties/99", &[("lead", "没有的局")]).await;
        assert!(missing.status == StatusCode::UNPROCESSABLE_ENTITY && missing.text.contains("没有的局"));
    }

    async fn lists_cost_no_query_per_row(scratch) {
        let district = settled(&scratch).await;
        let pages = Pages::new(&district, person(Role::SystemAdmin, "371002"));
        for path in ["/admin/areas", "/admin/areas?at=371002001", "/admin/areas?q=wg", "/admin/orgs", "/admin/orgs?kind=grid", "/admin/categories", "/admin/duties?q=01"] {
            let page = pages.get(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
            assert_eq!(page.headers["x-query-count"], "0", "{path}");
            assert!(!page.text.contains(">grid-"), "a text is missing: {path}");
        }
        let first = pages.get("/admin/orgs").await.text;
        let next = first.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
        let second = pages.get(&next.replace("&amp;", "&").replace("&#38;", "&")).await;
        assert_eq!(second.text.matches("<tr>").count(), 51);
        let names = |text: &str| text.matches("/admin/orgs/0").count();
        assert!(names(&second.text) > 0 && first != second.text);
    }
}
