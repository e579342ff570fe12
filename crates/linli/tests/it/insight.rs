//! What the binary makes of cases and insight together: suggestions, repeats, hot issues, models.

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use linli_cases::{
    app::{self, NewReport, ReporterInput},
    model::{CaseId, Nature, Source},
};
use linli_insight::{Kind, Memory, Models, Settings, hot, train};
use linli_kernel::{
    Actor, AreaCode,
    time::{china_day, china_day_start},
};
use linli_store::{District, Op, worker};
use linli_testkit::both_engines;

use crate::{
    fuzz::encoded,
    house::{House, house, opened},
};

/// Texts of two kinds, each told differently, so that a fifth of them is held back.
fn examples(right: bool) -> Vec<(String, String)> {
    let label = |code: &str| format!("{}/{}/{code}", &code[..2], &code[..4]);
    let two = codes();
    (0..160_u32)
        .map(|n| {
            let (words, code) = if n % 2 == 0 {
                ("路灯坏了晚上很黑", &two.0)
            } else {
                ("邻居深夜唱歌很吵", &two.1)
            };
            let code = if right || n % 4 < 2 { code } else { &two.0 };
            let (one, other) = (char::from_u32(0x4e00 + n).unwrap(), char::from_u32(0x5e00 + n * 3).unwrap());
            (format!("{words}第{one}号{other}"), label(code))
        })
        .collect()
}

/// Two leaves of the shipped tree.
fn codes() -> (String, String) {
    let duties = linli_grid::defaults::duties().unwrap();
    let code = |n: usize| duties[n].code.clone();
    (code(17), code(3))
}

async fn street_grid(d: &District) -> (AreaCode, AreaCode) {
    let mut conn = d.db.read().await.unwrap();
    let grid = |street: &'static str| {
        format!("SELECT min(code) FROM area WHERE length(code) = 15 AND substr(code, 1, 9) = '{street}'")
    };
    let one: String = conn.scalar(&grid("371002001"), vec![]).await.unwrap();
    let other: String = conn.scalar(&grid("371002002"), vec![]).await.unwrap();
    (one.parse().unwrap(), other.parse().unwrap())
}

async fn report(d: &Arc<District>, area: &AreaCode, text: &str, phone: &str) -> CaseId {
    let new = NewReport {
        source: Source::Resident,
        nature: Nature::Complaint,
        title: String::new(),
        text: text.to_owned(),
        category: None,
        point: None,
        area: Some(area.clone()),
        address: String::new(),
        reporter: ReporterInput { phone: Some(phone.to_owned()), ..ReporterInput::default() },
        urgent: false,
        photos: vec![],
        parent: None,
        external: None,
        reported_at: None,
    };
    let mut op = Op::begin(d.clone(), &d.db, Actor::Public, "t".into()).await.unwrap();
    let receipt = app::report(&mut op, new).await.unwrap();
    op.commit().await.unwrap();
    receipt.id
}

/// Carries out what is owed now, and reads what has changed.
async fn turn(d: &Arc<District>) {
    let handlers = linli::wiring::handlers();
    while worker::turn(d, &handlers).await.unwrap() > 0 {}
    linli_insight::catch_up(d).await.unwrap();
}

fn atlas(d: &District) -> Arc<linli_grid::Atlas> {
    d.port::<linli_grid::AtlasPort>().unwrap().get()
}

fn one(house: &House) -> &Arc<District> {
    &house.districts[0]
}

both_engines! {
    async fn the_board_says_what_it_learned_and_how_sure_it_is(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let d = one(&house);
        let (grid, _) = street_grid(d).await;
        train::train(d, Kind::Category, examples(true), None).await.unwrap().unwrap();
        let id = report(d, &grid, "小区东门的路灯坏了，晚上很黑，老人差点被困", "13900000001").await;
        turn(d).await;
        let mut centre = house.as_("a.example", "street001.1").await;
        let page = centre.get(&format!("/desk/triage?case={id}")).await;
        assert_eq!(page.status, StatusCode::OK);
        let name = linli_grid::defaults::duties().unwrap()[17].level3.clone();
        for words in ["把握", "话里提到", "主责清单", "被困", name.as_str()] {
            assert!(page.body.contains(words), "{words} is missing: {}", page.body);
        }
        // Where nothing was learned it keeps silent.
        let reading = d.port::<Models>().unwrap().read(&atlas(d), "请问退休金怎么算", "", &grid);
        assert!(reading.trained && reading.category.is_none(), "{reading:?}");
    }

    async fn a_repeat_is_found_until_it_is_merged_and_only_by_those_who_may(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let d = one(&house);
        let (grid, other) = street_grid(d).await;
        let first = report(d, &grid, "三号楼门前的污水井往外冒水，味道很大", "13900000001").await;
        let far = report(d, &other, "三号楼门前的污水井往外冒水，味道很大", "13900000002").await;
        let again = report(d, &grid, "门口污水井又冒水了，没法走路", "13900000003").await;
        turn(d).await;
        let memory = d.port::<Memory>().unwrap();
        let before = memory.len();
        let mut centre = house.as_("a.example", "street001.1").await;
        let page = centre.get(&format!("/desk/triage?case={again}")).await;
        assert!(page.body.contains(&format!("/desk/cases/{first}\"")), "{}", page.body);
        assert!(page.body.contains("都提到：") && page.body.contains("同一网格"), "{}", page.body);
        assert!(!page.body.contains(&far.to_string()), "another street's case is not shown");
        let merged = centre.post(&format!("/desk/cases/{again}/act/merge"), &format!("into={first}")).await;
        assert_eq!(merged.status, StatusCode::SEE_OTHER, "{}", merged.body);
        turn(d).await;
        assert_eq!(memory.len(), before - 1, "a merged case is no candidate");
    }

    async fn the_memory_survives_a_restart_and_is_made_again_when_damaged(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let known = |d: &District| d.port::<Memory>().unwrap().len();
        let before = {
            let d = one(&house);
            turn(d).await;
            linli_insight::stop(d).await.unwrap();
            known(d)
        };
        assert!(before > 50, "{before}");
        let again = opened(&db, "a", 2, false).await;
        assert_eq!(linli_insight::catch_up(&again).await.unwrap(), 0, "the snapshot had it all");
        assert_eq!(known(&again), before);
        let file = db.folder.path().join("indexes/a/repeats.index");
        let whole = std::fs::read(&file).unwrap();
        std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
        let third = opened(&db, "a", 3, false).await;
        assert!(third.port::<Memory>().unwrap().is_empty());
        assert!(linli_insight::catch_up(&third).await.unwrap() >= before, "all cases are read again");
        assert_eq!(known(&third), before);
    }

    async fn only_a_better_model_replaces_and_one_step_leads_back(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let d = one(&house);
        let category = |d: &District| d.port::<Models>().unwrap().versions().get(&Kind::Category).copied();
        let began = category(d).unwrap_or_default();
        let bad = train::train(d, Kind::Nature, examples(false), None).await.unwrap().unwrap();
        let good = train::train(d, Kind::Nature, examples(true), None).await.unwrap().unwrap();
        let same = train::train(d, Kind::Nature, examples(true), None).await.unwrap().unwrap();
        assert!(good.replaced && good.version.macro_f1 > good.version.before_f1.unwrap());
        assert!(!same.replaced, "an equal one does not replace");
        assert_eq!(good.version.version, bad.version.version + 1);
        assert_eq!(category(d).unwrap_or_default(), began, "the other kinds keep theirs");
        let mut admin = house.as_("a.example", "admin").await;
        let page = admin.get("/admin/models").await;
        assert!(page.body.contains("没有更准，未换上") && page.body.contains("退回上一版"), "{}", page.body);
        let back = admin.post("/admin/models/nature/rollback", "").await;
        assert_eq!(back.location, "/admin/models?done=back");
        linli_insight::catch_up(d).await.unwrap();
        let held = d.port::<Models>().unwrap().versions()[&Kind::Nature];
        assert!(held < good.version.version);
        let logged: i64 = d.db.read().await.unwrap()
            .scalar("SELECT count(*) FROM activity WHERE action = 'model.roll_back'", vec![]).await.unwrap();
        assert_eq!(logged, 1);
        // The threshold is the administrator's, within reason.
        assert_eq!(admin.post("/admin/models", "silence=10").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(admin.post("/admin/models", "silence=90").await.status, StatusCode::SEE_OTHER);
        let set = linli_insight::store::settings(&mut d.db.read().await.unwrap()).await.unwrap();
        assert_eq!(set, Settings { silence: 90, automatic: false });
        let mut centre = house.as_("a.example", "street001.1").await;
        assert_eq!(centre.post("/admin/models/nature/rollback", "").await.status, StatusCode::FORBIDDEN);
    }

    async fn a_place_is_known_by_what_people_call_it(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let d = one(&house);
        let (estate, number, grid): (String, String, AreaCode) = d.db.read().await.unwrap()
            .one("SELECT place, name, area FROM building WHERE place NOT LIKE '%号' AND name LIKE '%号楼' ORDER BY n LIMIT 1", vec![])
            .await.unwrap();
        let community = grid.parent().unwrap();
        let said = format!("{}{estate}", atlas(d).name(&community));
        turn(d).await;
        let read = |text: &str| d.port::<Models>().unwrap().read(&atlas(d), text, "", &d.area).place;
        // The register of homes: down to the house.
        assert_eq!(read(&format!("{said}{number}停水了")), Some((format!("{estate}{number}"), Some(grid.clone()))));
        // What people call it, once somebody has entered it.
        assert_eq!(read("老电影院后面停水了"), None);
        let mut admin = house.as_("a.example", "admin").await;
        let form = |written: &str, place: &str| {
            format!("written={}&place={}", encoded(written), encoded(place))
        };
        let put = admin.post("/admin/places", &form("老电影院", &said)).await;
        assert_eq!(put.location, "/admin/places?done=saved", "{}", put.body);
        turn(d).await;
        let found = read("老电影院后面停水了").unwrap();
        assert_eq!(found.0, "老电影院");
        assert!(community.contains(&found.1.unwrap()), "the estate of that community");
        // A place of its own, by the code of its area.
        assert_eq!(admin.post("/admin/places", &form("老码头", community.as_str())).await.status, StatusCode::SEE_OTHER);
        turn(d).await;
        assert_eq!(read("老码头停水了"), Some(("老码头".to_owned(), Some(community.clone()))));
        // Nothing twice, nothing that means nowhere.
        for bad in [form("老码头", &said), form("新码头", "没有这个地方"), form("码", &said)] {
            assert_eq!(admin.post("/admin/places", &bad).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
        }
        let page = admin.get(&format!("/admin/places?try={}", encoded("老码头漏水"))).await;
        assert!(page.body.contains("人工录入") && page.body.contains("认出“老码头”"), "{}", page.body);
        // Struck out, it is not read any more, until that is taken back.
        let id: String = {
            let sql = "SELECT id FROM insight_alias WHERE alias = '老码头'";
            let (id,): (linli_kernel::export::uuid::Uuid,) = d.db.read().await.unwrap().one(sql, vec![]).await.unwrap();
            id.to_string()
        };
        assert_eq!(admin.post(&format!("/admin/places/{id}/drop"), "").await.location, "/admin/places?done=dropped");
        turn(d).await;
        assert_eq!(read("老码头停水了"), None);
        assert_eq!(admin.post(&format!("/admin/places/{id}/back"), "").await.location, "/admin/places?done=back");
        turn(d).await;
        assert!(read("老码头停水了").is_some());
        let logged: i64 = d.db.read().await.unwrap()
            .scalar("SELECT count(*) FROM activity WHERE action LIKE 'place.%'", vec![]).await.unwrap();
        assert_eq!(logged, 4);
        let mut centre = house.as_("a.example", "street001.1").await;
        assert_eq!(centre.get("/admin/places").await.status, StatusCode::FORBIDDEN);
        // The triage board proposes it for a case that nobody has located.
        let street = community.parent().unwrap();
        let id = report(d, &street, &format!("{estate}{number}楼道灯坏了"), "13900000011").await;
        turn(d).await;
        let mut centre = house.as_("a.example", "centre1").await;
        let page = centre.get(&format!("/desk/triage?case={id}")).await;
        assert!(page.body.contains(atlas(d).name(&grid)), "{}", page.body);
    }

    async fn many_people_one_place_one_problem_is_hot_where_it_may_be_seen(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let d = one(&house);
        let (grid, _) = street_grid(d).await;
        let texts = [
            "望岛花园夜市油烟太大，晚上开不了窗",
            "望岛花园楼下夜市油烟呛人，孩子咳嗽",
            "夜市油烟又来了，望岛花园居民受不了",
            "望岛花园旁边的夜市油烟扰民到半夜",
        ];
        // An hour after midnight in China it is still yesterday in Greenwich.
        let now = d.clock.now();
        let night = china_day_start(china_day(now) + 1).plus(Duration::from_hours(1));
        d.clock.advance(Duration::from_millis(night.millis_since(now).unsigned_abs()));
        for (n, text) in texts.iter().enumerate() {
            report(d, &grid, text, &format!("1390000000{n}")).await;
        }
        turn(d).await;
        hot::find(d).await.unwrap();
        let mut centre = house.as_("a.example", "street001.1").await;
        let list = centre.get("/desk/hot").await;
        assert!(list.body.contains("夜市油烟"), "{}", list.body);
        let path = list.body.split("href=\"/desk/hot/").find_map(|rest| {
            let id = rest.split('"').next()?;
            (id.len() == 36).then(|| format!("/desk/hot/{id}"))
        });
        let path = path.unwrap();
        let issue = centre.get(&path).await;
        assert_eq!(texts.iter().filter(|text| issue.body.contains(&text[..30])).count(), 4, "{}", issue.body);
        // It keeps its address when another case comes.
        report(d, &grid, "望岛花园的夜市油烟还是没人管", "13900000009").await;
        turn(d).await;
        hot::find(d).await.unwrap();
        assert!(centre.get(&path).await.body.contains("还是没人管"));
        let mut other = house.as_("a.example", "street002.1").await;
        assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
        assert!(!other.get("/desk/hot").await.body.contains("夜市油烟"));
        let mut district = house.as_("a.example", "centre1").await;
        assert!(district.get("/desk/hot").await.body.contains("夜市油烟"));
        let told = district.get("/api/v1/hot").await.body;
        assert!(told.contains("heat_parts"));
        let today = night.china_date();
        assert!(told.contains(&format!("\"from\":\"{today}\"")) && told.contains(&format!("\"to\":\"{today}\"")), "{told}");
    }
}
