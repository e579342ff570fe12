//! Filling in on line and off line: once each, sealed, with its photos, at its home.

use axum::http::StatusCode;
use linli_testkit::both_engines;
use serde_json::json;

use crate::house::{HOME, Pages, Part, district, number, person, png, published, secretary, worker};
use linli_kernel::Role;

both_engines! {
    async fn a_visit_is_filled_in_without_script(db) {
        let d = district(&db).await;
        let (address, version) = published(&d).await;
        let field = Pages::new(&d, worker());
        let fill = format!("{address}/fill?home={HOME}");
        let page = field.get(&fill).await;
        assert!(page.text.contains("东一街 3 号楼 201") && page.text.contains("家里养宠物吗"), "{}", page.text);
        assert!(!page.text.contains("为什么不养"), "not asked yet");
        let instance = page.text.split("name=\"instance\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let base = [Part("version", None, version.as_bytes()), Part("instance", None, instance.as_bytes())];
        let with = |more: Vec<Part<'static>>| {
            let [a, b] = &base;
            let mut parts = vec![Part(a.0, a.1, a.2), Part(b.0, b.1, b.2)];
            parts.extend(more);
            parts
        };
        // Choosing shows what belongs to the choice; a press adds a pet.
        let yes = field.send(&fill, &with(vec![Part("has", None, b"yes")]), None).await;
        assert!(yes.status == StatusCode::OK && yes.text.contains("添加宠物"), "{}", yes.text);
        let added = field.send(&fill, &with(vec![Part("has", None, b"yes"), Part("pet#count", None, b"0"), Part("do", None, b"add pet")]), None).await;
        assert!(added.text.contains("name=\"pet/0/kind\""), "{}", added.text);
        // Sent with mistakes: each at its field, the photo kept.
        let photo: &'static [u8] = Box::leak(png().into_boxed_slice());
        let wrong = field.send(&fill, &with(vec![
            Part("has", None, b"yes"), Part("pet#count", None, b"1"), Part("pet/0/age", None, b"99"),
            Part("photo", Some("门牌 照片.png"), photo), Part("do", None, b"send"),
        ]), None).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("年龄不对") && wrong.text.contains("请填写") && wrong.text.contains("门牌 照片.png"), "{}", wrong.text);
        let word = wrong.text.split("name=\"photo#photo\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let word: &'static str = Box::leak(word.into_boxed_str());
        let right = || vec![
            Part("has", None, b"yes"), Part("pet#count", None, b"1"), Part("pet/0/age", None, b"3"),
            Part("pet/0/kind", None, "狗".as_bytes()), Part("why", None, "藏着的话".as_bytes()),
            Part("photo#photo", None, word.as_bytes()), Part("do", None, b"send"),
        ];
        let done = field.send(&fill, &with(right()), None).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        assert_eq!(done.location(), format!("/surveys/for?home={HOME}&done=1"));
        // A second press changes nothing.
        assert_eq!(field.send(&fill, &with(right()), None).await.status, StatusCode::SEE_OTHER);
        assert_eq!(number(&d, "SELECT COUNT(*) FROM survey_answer WHERE dwelling IS NOT NULL").await, 1);
        assert_eq!(number(&d, "SELECT COUNT(*) FROM survey_photo").await, 1);
        assert_eq!(number(&d, "SELECT COUNT(*) FROM activity WHERE action = 'survey.fill'").await, 1);
        assert_eq!(number(&d, "SELECT COUNT(*) FROM outbox WHERE kind = 'survey.answered'").await, 1);
        let sealed: Vec<u8> = d.db.read().await.unwrap().scalar("SELECT sealed FROM survey_answer", vec![]).await.unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains('狗'), "sealed at rest");
        // The community sees who and where, the export what; what was not asked is not in it.
        let desk = Pages::new(&d, secretary());
        let shown = desk.get(&address).await;
        assert!(shown.text.contains("网页填写") && shown.text.contains("%E9%97%A8%E7%89%8C"), "{}", shown.text);
        let picture = shown.text.split("<a href=\"/surveys/answers/").nth(1).unwrap().split('"').next().unwrap();
        let picture = desk.get(&format!("/surveys/answers/{picture}")).await;
        assert!(picture.bytes.starts_with(&[0xff, 0xd8]), "rewritten as JPEG");
        let book = desk.get(&format!("{address}/answers.xlsx")).await;
        let read = linli_forms::Workbook::read(&book.bytes).unwrap();
        assert_eq!(read.names, ["data", "pet"]);
        let csv = desk.get(&format!("{address}/answers.csv")).await.text;
        assert!(csv.contains("地址,房屋编号") && csv.contains("东一街 3 号楼 201"), "an address, not only an id: {csv}");
        assert!(csv.contains("门牌 照片.png") && !csv.contains("藏着的话"), "{csv}");
        assert_eq!(number(&d, "SELECT COUNT(*) FROM activity WHERE action = 'survey.export'").await, 2);
    }

    async fn homes_elsewhere_and_old_forms_are_not_answered(db) {
        let d = district(&db).await;
        let (address, version) = published(&d).await;
        let field = Pages::new(&d, worker());
        let nowhere = uuid::Uuid::from_u128(9);
        assert_eq!(field.get(&format!("{address}/fill?home={nowhere}")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(field.get(&format!("{address}/fill?home=x")).await.status, StatusCode::NOT_FOUND);
        // Another grid of the same community does not learn the address.
        let next = Pages::new(&d, person(Role::GridWorker, "371002001001002"));
        assert_eq!(next.get(&format!("{address}/fill?home={HOME}")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(next.get(&format!("{address}/fill")).await.status, StatusCode::OK);
        Pages::new(&d, secretary()).post(&format!("{address}/withdraw")).await;
        let parts = [Part("version", None, version.as_bytes()), Part("instance", None, b"1"), Part("has", None, b"no"), Part("do", None, b"send")];
        assert_eq!(field.send(&format!("{address}/fill"), &parts, None).await.status, StatusCode::NOT_FOUND);
        assert_eq!(number(&d, "SELECT COUNT(*) FROM survey_answer").await, 0);
    }

    async fn what_a_phone_kept_off_line_arrives_once(db) {
        let d = district(&db).await;
        let (address, version) = published(&d).await;
        let field = Pages::new(&d, worker());
        let forms: serde_json::Value = serde_json::from_str(&field.get("/surveys/forms.json").await.text).unwrap();
        assert_eq!(forms[0]["version"], version.as_str());
        assert_eq!(forms[0]["form"]["nodes"][1]["name"], "has");
        let path = format!("{address}/answers.json");
        let sent = json!({"version": version, "instance": "uuid:a", "home": HOME, "answers": {"has": "no", "why": "没空"}});
        let first = field.json(&path, &sent).await;
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
        let second = field.json(&path, &sent).await;
        assert_eq!((second.status, &second.text), (StatusCode::OK, &first.text));
        assert_eq!(number(&d, "SELECT COUNT(*) FROM survey_answer").await, 1);
        // A photo goes ahead of its answers; sent again it is the same.
        let (picture, photos) = (png(), format!("{address}/photos.json"));
        let part = [Part("photo", Some("door.jpg"), &picture)];
        let one = field.send(&photos, &part, None).await;
        let two = field.send(&photos, &part, None).await;
        assert_eq!((one.status, &one.text), (StatusCode::CREATED, &two.text), "{}", one.text);
        let word: serde_json::Value = serde_json::from_str(&one.text).unwrap();
        let seen = json!({"version": version, "instance": "uuid:p", "home": HOME, "photos": [word["word"]],
            "answers": {"has": "yes", "pet": [{"kind": "猫", "age": "3"}], "photo": "door.jpg"}});
        assert_eq!(field.json(&path, &seen).await.status, StatusCode::CREATED);
        assert_eq!(number(&d, "SELECT COUNT(*) FROM survey_photo WHERE name = 'door.jpg'").await, 1);
        let rubbish = field.send(&photos, &[Part("photo", Some("a.jpg"), b"no picture")], None).await;
        assert_eq!(rubbish.status, StatusCode::UNPROCESSABLE_ENTITY);
        let foreign = json!({"version": version, "instance": "uuid:q", "photos": ["../x.y.z"], "answers": {"has": "no"}});
        assert_eq!(field.json(&path, &foreign).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let wrong = json!({"version": version, "instance": "uuid:b", "answers": {"has": "maybe"}});
        let refused = field.json(&path, &wrong).await;
        assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text.contains("has"), "{}", refused.text);
        // What was filled in before the form was withdrawn still counts.
        Pages::new(&d, secretary()).post(&format!("{address}/withdraw")).await;
        let late = json!({"version": version, "instance": "uuid:c", "answers": {"has": "no"}});
        assert_eq!(field.json(&path, &late).await.status, StatusCode::CREATED);
    }
}
