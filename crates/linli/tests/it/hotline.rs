//! The hotline's files over HTTP and by the command line: looked at, imported, undone; a process that is killed
//! in the middle leaves nothing half done, and another goes on.

use std::{io::Read, process::Stdio, time::Duration};

use axum::http::StatusCode;
use linli::wiring;
use linli_cases::hotline::batch::BatchState;
use linli_kernel::Clock;
use linli_store::{District, worker};
use linli_testkit::{Scratch, both_engines};
use serde_json::{Value, json};

use crate::{
    call::{Caller, Reply},
    house::{House, database, house},
    program::Program,
};

/// A form with one file, as a browser sends it.
pub(crate) async fn sent(
    caller: &Caller,
    house: &House,
    path: &str,
    fields: &[(&str, &str)],
    name: &str,
    file: &[u8],
) -> Reply {
    let mut body = Vec::new();
    for (field, value) in fields {
        body.extend(
            format!("--cut\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    body.extend(
        format!("--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n")
            .bytes(),
    );
    body.extend_from_slice(file);
    body.extend(b"\r\n--cut--\r\n");
    caller
        .send(house, "POST", path, "multipart/form-data; boundary=cut", body, &[("accept", "text/html")])
        .await
}

async fn work(district: &std::sync::Arc<District>) {
    let handlers = wiring::handlers();
    while worker::turn(district, &handlers).await.unwrap() > 0 {}
}

async fn count(district: &District, sql: &str) -> i64 {
    district.db.read().await.unwrap().scalar(sql, vec![]).await.unwrap()
}

const HEAD: &str = "工单编号,标题,诉求内容,诉求时间,答复意见,答复时间\n";
const IMPORTED: &str = "SELECT count(*) FROM hotline_message WHERE batch_id IS NOT NULL";

fn rows(n: usize) -> String {
    let row = |n: usize| {
        format!("K{n},路灯,第{n}盏路灯不亮了，请来修一修,2026-11-0{} 08:00:{:02},,\n", 1 + n % 9, n % 60)
    };
    HEAD.to_owned() + &(0..n).map(row).collect::<String>()
}

async fn imported(house: &House, caller: &Caller, id: &str) -> Value {
    let begun = caller.post(house, &format!("/api/v1/hotline/imports/{id}/start"), &json!({})).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.text());
    work(&house.districts[0]).await;
    caller.get(house, &format!("/api/v1/hotline/imports/{id}")).await.json()
}

both_engines! {
    async fn a_file_over_the_interface_is_looked_at_imported_and_undone(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let hotline = Caller::person(&house, "hotline1").await;
        let text = format!("{HEAD}K1,噪声,楼下装修,2026-11-20 08:00:00,,\n,坏,没有编号,2026-11-20,,\nK2,供热,家里冷,昨天,,\nK1,噪声,楼上装修,2026-11-21 08:00:00,已劝阻,2026-11-22 09:00:00\n");
        let stage = async |bytes: &[u8]| {
            let staged = sent(&hotline, &house, "/api/v1/hotline/imports", &[], "12345.csv", bytes).await;
            assert_eq!(staged.status, StatusCode::CREATED, "{}", staged.text());
            staged.json()["id"].as_str().unwrap().to_owned()
        };
        // As the hotline's old system saves it.
        let id = stage(&encoding_rs::GB18030.encode(&text).0).await;
        let path = format!("/api/v1/hotline/imports/{id}");
        let survey = hotline.post(&house, &format!("{path}/survey"), &json!({})).await.json();
        assert_eq!((&survey["fresh"], &survey["twins"], &survey["faulty"], &survey["answered"]), (&json!(2), &json!(1), &json!(2), &json!(1)));
        assert_eq!(survey["faults"][0]["errors"][0]["code"], "hotline-number-absent");
        let without = hotline.post(&house, &format!("{path}/survey"), &json!({ "mapping": { "number": "标题" } })).await;
        assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", without.text());
        let done = imported(&house, &hotline, &id).await;
        assert_eq!((&done["state"], &done["added"], &done["faulty"]), (&json!("done"), &json!(2), &json!(2)), "{done}");
        assert_eq!(done["twins"], json!([["K1", "K1-2"]]));
        let wrong = hotline.get(&house, &format!("{path}/faults.xlsx")).await;
        let sheet = linli_web::sheet::read(&wrong.bytes, "a.xlsx").unwrap();
        assert_eq!((sheet.rows.len(), sheet.headers.len()), (2, 7));
        assert!(sheet.rows[1][6].contains("诉求时间") || sheet.rows[1][6].contains("时间"), "{:?}", sheet.rows);
        // The same once more, now as an Excel file, adds nothing.
        let cells: Vec<Vec<String>> = text.lines().skip(1).map(|l| l.split(',').map(str::to_owned).collect()).collect();
        let book = linli_web::sheet::write(&HEAD.trim().split(',').collect::<Vec<_>>(), &cells).unwrap();
        let again = imported(&house, &hotline, &stage(&book).await).await;
        assert_eq!((&again["added"], &again["known"]), (&json!(0), &json!(2)), "{again}");

        // Somebody works on one of them; the undo leaves it and says why.
        let centre = Caller::person(&house, "centre1").await;
        let worked: (linli_kernel::export::uuid::Uuid,) = house.districts[0].db.read().await.unwrap()
            .one("SELECT id FROM case_file WHERE external = 'K1'", vec![]).await.unwrap();
        let filed = centre.post(&house, &format!("/api/v1/cases/{}/actions/file", worked.0), &json!({})).await;
        assert_eq!(filed.status, StatusCode::OK, "the district centre files: {}", filed.text());
        let blank = hotline.post(&house, &format!("{path}/undo"), &json!({ "reason": " " })).await;
        assert_eq!(blank.status, StatusCode::UNPROCESSABLE_ENTITY);
        let undone = hotline.post(&house, &format!("{path}/undo"), &json!({ "reason": "导错了" })).await.json();
        assert_eq!((&undone["removed"], &undone["kept"][0]["why"]), (&json!(1), &json!("work")), "{undone}");
        assert_eq!(count(&house.districts[0], IMPORTED).await, 1);
        let export = hotline.get(&house, "/api/v1/hotline/export?from=2026-11-01&to=2026-11-30&format=csv").await;
        assert!(export.status == StatusCode::OK && export.text().contains("K1"), "{}", export.text());
        // Who may not import sees nothing of it.
        let street = Caller::person(&house, "street001.1").await;
        assert_eq!(street.get(&house, &path).await.status, StatusCode::FORBIDDEN);
    }

    async fn the_same_on_screen(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let hotline = Caller::person(&house, "hotline1").await;
        let odd = "甲,乙,丙\nS1,楼道堆物,2026-11-01\nS2,,2026-11-02\n";
        let staged = sent(&hotline, &house, "/desk/hotline", &[("preset", "")], "odd.csv", odd.as_bytes()).await;
        assert_eq!(staged.status, StatusCode::SEE_OTHER, "{}", staged.text());
        let page = staged.headers["location"].to_str().unwrap().to_owned();
        let looked = hotline.get(&house, &page).await;
        assert!(looked.text().contains("楼道堆物"), "the first rows are shown");
        let form = |pairs: &str| pairs.replace('甲', "%E7%94%B2").replace('乙', "%E4%B9%99").replace('丙', "%E4%B8%99").into_bytes();
        let post = async |path: &str, pairs: &str| {
            let kind = "application/x-www-form-urlencoded";
            hotline.send(&house, "POST", path, kind, form(pairs), &[("accept", "text/html")]).await
        };
        let unsaid = post(&page, "number=甲&do=start").await;
        assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(unsaid.text().contains("aria-invalid"), "told at the field");
        // The wrong rows can be mended before anything is imported.
        let wrong = post(&page, "number=甲&text=乙&at=丙&do=faults").await;
        let sheet = linli_web::sheet::read(&wrong.bytes, "a.xlsx").unwrap();
        assert_eq!((sheet.rows.len(), sheet.rows[0][0].as_str()), (1, "S2"), "{:?}", sheet.rows);
        assert_eq!(count(&house.districts[0], IMPORTED).await, 0);
        let begun = post(&page, "number=甲&text=乙&at=丙&preset=old&do=start").await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text());
        assert!(hotline.get(&house, &page).await.text().contains("<progress"), "it shows how far it is");
        assert_eq!(post(&format!("{page}/discard"), "").await.status, StatusCode::CONFLICT, "what is being read stays");
        work(&house.districts[0]).await;
        let over = hotline.get(&house, &page).await.text();
        assert!(!over.contains("<progress") && over.contains("faults.xlsx"), "{over}");
        let presets = hotline.get(&house, "/api/v1/hotline/presets").await.json();
        assert_eq!(presets["items"], json!([{ "name": "old", "mapping": { "number": "甲", "text": "乙", "at": "丙" } }]));
        let refused = sent(&hotline, &house, "/desk/hotline", &[("preset", "")], "x.csv", b"\x7fELF\0\0").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains("file-err"), "told at the file");
        let second = sent(&hotline, &house, "/desk/hotline", &[("preset", "")], "odd.csv", odd.as_bytes()).await;
        let second = second.headers["location"].to_str().unwrap().to_owned();
        assert_eq!(post(&format!("{second}/discard"), "").await.status, StatusCode::SEE_OTHER);
        assert_eq!(hotline.get(&house, &second).await.status, StatusCode::NOT_FOUND);
        let undone = post(&format!("{page}/undo"), "reason=wrong+file").await;
        assert_eq!(undone.status, StatusCode::SEE_OTHER);
        assert_eq!(count(&house.districts[0], IMPORTED).await, 0);
    }

    async fn unknown_categories_are_named_before_the_import(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let hotline = Caller::person(&house, "hotline1").await;
        let text = "工单编号,诉求内容,诉求时间,分类\nU1,路灯,2026-11-01,外星访客\nU2,噪声,2026-11-02,外星访客\nU3,供热,2026-11-03,0999\n";
        let staged = sent(&hotline, &house, "/desk/hotline", &[("preset", "")], "u.csv", text.as_bytes()).await;
        let page = staged.headers["location"].to_str().unwrap().to_owned();
        let looked = hotline.get(&house, &page).await.text();
        assert!(looked.contains("3 条的分类本区没有：“外星访客”（2 条）、“0999”（1 条）。"), "{looked}");
        let survey = hotline.post(&house, &format!("{}/survey", page.replace("/desk/hotline", "/api/v1/hotline/imports")), &json!({})).await.json();
        assert_eq!(survey["uncategorised"], 3);
        assert_eq!(survey["unknown_categories"][0], json!({ "name": "外星访客", "count": 2 }));
        let file = db.folder.path().join("u.csv");
        std::fs::write(&file, text).unwrap();
        let said = Program::of(&db).run(&["import", "hotline", "--dry-run", file.to_str().unwrap()]).await;
        assert!(said.good && said.text.contains("does not know: “外星访客” (2), “0999” (1)."), "{}", said.text);
    }

    async fn a_preset_for_another_file_is_no_worse_than_none(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let hotline = Caller::person(&house, "hotline1").await;
        let mapping = json!({ "mapping": { "number": "工单号", "text": "内容", "at": "来电时间", "reply": "办理结果" } });
        let preset = "/api/v1/hotline/presets/%E6%97%A7";
        let kept = hotline.send(&house, "PUT", preset, "application/json", mapping.to_string().into_bytes(), &[]).await;
        assert_eq!(kept.status, StatusCode::OK, "{}", kept.text());
        let text = "工单号,内容,诉求时间\nP1,路灯不亮,2026-11-01\n";
        let staged = sent(&hotline, &house, "/desk/hotline", &[("preset", "旧")], "p.csv", text.as_bytes()).await;
        let page = staged.headers["location"].to_str().unwrap().to_owned();
        let looked = hotline.get(&house, &page).await.text();
        assert!(looked.contains("没有“来电时间”这一列，改用了“诉求时间”") && looked.contains("没有“办理结果”这一列，也没认出别的列"), "{looked}");
        assert!(looked.contains("新增 1 件"), "it was read: {looked}");
        let staged = sent(&hotline, &house, "/api/v1/hotline/imports", &[("preset", "旧")], "p.csv", text.as_bytes()).await.json();
        assert_eq!(staged["absent"], json!({ "at": "来电时间", "reply": "办理结果" }), "{staged}");
        assert_eq!(staged["mapping"]["at"], "诉求时间");
        let file = db.folder.path().join("p.csv");
        std::fs::write(&file, text).unwrap();
        let said = Program::of(&db).run(&["import", "hotline", "--dry-run", "--preset", "旧", file.to_str().unwrap()]).await;
        assert!(said.good && said.text.contains("“来电时间” is not in this file") && said.text.contains("1 new"), "{}", said.text);
    }

    async fn a_killed_import_goes_on_where_it_was(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let district = house.districts[0].clone();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("many.csv");
        std::fs::write(&file, rows(3000)).unwrap();
        let told = command(&db, &file, 2);
        let seen = count(&district, IMPORTED).await;
        assert_eq!(seen % 100, 0, "pieces are all or nothing");
        assert!(seen < 3000, "it was killed before its end");
        assert_eq!(count(&district, "SELECT count(*) FROM hotline_batch WHERE state = 'running'").await, 1, "{told}");
        // The command ran by the machine's clock; the house catches up with it.
        let behind = Clock::System.now().millis() - district.clock.now().millis() + 3_600_000;
        district.clock.advance(Duration::from_millis(u64::try_from(behind).unwrap_or_default()));
        work(&district).await;
        let state: BatchState = district.db.read().await.unwrap().scalar("SELECT state FROM hotline_batch", vec![]).await.unwrap();
        assert_eq!(state, BatchState::Done);
        assert_eq!(count(&district, IMPORTED).await, 3000);
        assert_eq!(count(&district, "SELECT count(DISTINCT external) FROM case_file WHERE external LIKE 'K%'").await, 3000);
    }
}

/// Runs `linli import hotline` and kills it hard once it has told of some progress; answers what it told.
fn command(db: &Scratch, file: &std::path::Path, tenths: usize) -> String {
    let settings = file.with_extension("toml");
    let text = format!(
        "data = '{}'\ndevelopment = true\n[[district]]\nname = \"a\"\narea = \"371002\"\nprefix = \"HC\"\ndatabase = {:?}\n",
        db.folder.path().display(),
        database(db)
    );
    std::fs::write(&settings, text).unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_linli"))
        .args(["import", "hotline"])
        .arg(file)
        .arg("--config")
        .arg(&settings)
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut told = child.stderr.take().unwrap();
    let (mut text, mut byte) = (String::new(), [0_u8]);
    while text.matches("rows").count() < tenths {
        assert_eq!(told.read(&mut byte).unwrap(), 1, "it ended by itself: {text}");
        text.push(char::from(byte[0]));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    text
}
