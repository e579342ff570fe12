//! Field apps: log-in, form list, form, submissions with Chinese photo names, repeats, and what is refused.

use axum::http::StatusCode;
use linli_access::accounts::{self, NewAccount, NewPost};
use linli_kernel::{Actor, Role, actor::OrgId};
use linli_store::District;
use linli_testkit::both_engines;
use std::sync::Arc;

use crate::house::{
    COMMUNITY, GRID, HOME, Pages, Part, district, number, person, png, published, published_file, secretary,
    workbook,
};

/// A real account with a post in the grid, and its pages.
async fn real_worker(d: &Arc<District>) -> Actor {
    let mut op = d.op("test").await.unwrap();
    let org = OrgId(op.tx.scalar("SELECT id FROM org ORDER BY code LIMIT 1", vec![]).await.unwrap());
    let access = d.port::<linli_access::Access>().unwrap();
    let initial = access.passwords.initial(&d.ids).await.unwrap();
    let new = NewAccount {
        login: "grid.one".to_owned(),
        name: "王网格".to_owned(),
        area: GRID.parse().unwrap(),
        phone: None,
    };
    let id = accounts::create(&mut op, new, &initial).await.unwrap();
    let post = NewPost { role: Role::GridWorker, area: GRID.parse().unwrap(), org, from: None, until: None };
    accounts::grant(&mut op, id, post).await.unwrap();
    op.tx.execute("UPDATE account SET must_change = FALSE", vec![]).await.unwrap();
    op.commit().await.unwrap();
    let mut conn = d.db.read().await.unwrap();
    accounts::acting(&mut conn, id, d.clock.now()).await.unwrap().unwrap()
}

async fn token(d: &Arc<District>) -> String {
    let pages = Pages::new(d, real_worker(d).await);
    let made = pages.send("/surveys/device", &[], None).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    made.text.split("<code id=\"token\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

fn submission(instance: &str, age: &str) -> Vec<u8> {
    format!(
        "<?xml version='1.0' ?><data id=\"pets\" version=\"1\" xmlns:orx=\"http://openrosa.org/xforms\">\
         <has>yes</has><why/><photo>合影 一.jpg</photo>\
         <pet><kind>狗</kind><age>{age}</age><portrait>小狗.jpg</portrait></pet>\
         <pet><kind>猫</kind><age>2</age><portrait/></pet>\
         <orx:meta><orx:instanceID>{instance}</orx:instanceID></orx:meta></data>"
    )
    .into_bytes()
}

both_engines! {
    async fn an_app_loads_the_form_and_sends_it_back(db) {
        let d = district(&db).await;
        let (address, version) = published(&d).await;
        let token = token(&d).await;
        let app = Pages::new(&d, Actor::Public);
        // Without or with a wrong password: 401 as apps expect it.
        for (path, method) in [("/openrosa/formList", "GET"), ("/openrosa/submission", "HEAD")] {
            let closed = app.app(method, path, "wrong").await;
            assert_eq!(closed.status, StatusCode::UNAUTHORIZED);
            assert!(closed.header("www-authenticate").starts_with("Basic"), "{:?}", closed.headers);
        }
        assert_eq!(app.get("/openrosa/formList").await.status, StatusCode::UNAUTHORIZED);
        let list = app.app("GET", "/openrosa/formList", &token).await;
        assert_eq!((list.status, list.header("x-openrosa-version")), (StatusCode::OK, "1.0"), "{}", list.text);
        assert!(list.text.contains("<formID>pets</formID>") && list.text.contains("<name>宠物登记</name>"));
        assert!(app.app("GET", "/openrosa/formList?formID=x", &token).await.text.find("<xform>").is_none());
        let id = address.rsplit('/').next().unwrap();
        let form = app.app("GET", &format!("/openrosa/forms/{id}/{version}"), &token).await;
        assert!(form.text.contains("<data id=\"pets\" version=\"1\">") && form.text.contains("<pet jr:template=\"\">"), "{}", form.text);
        let manifest = app.app("GET", &format!("/openrosa/forms/{id}/{version}/manifest"), &token).await;
        assert!(manifest.status == StatusCode::OK && manifest.text.contains("<manifest"));
        let head = app.app("HEAD", "/openrosa/submission", &token).await;
        assert_eq!(head.status, StatusCode::NO_CONTENT);
        assert!(head.header("x-openrosa-accept-content-length").parse::<u64>().unwrap() > 1_000_000);
        // The answers come with one photo first; the second one follows with the same answers.
        let (xml, photo) = (submission("uuid:1", "3"), png());
        let first = [Part("xml_submission_file", Some("pets.xml"), &xml), Part("合影 一.jpg", Some("合影 一.jpg"), &photo), Part("*isIncomplete*", None, b"yes")];
        let kept = app.send("/openrosa/submission", &first, Some(&token)).await;
        assert_eq!(kept.status, StatusCode::CREATED, "{}", kept.text);
        assert!(kept.text.contains("OpenRosaResponse") && kept.header("x-openrosa-version") == "1.0");
        let second = [Part("xml_submission_file", Some("pets.xml"), &xml), Part("小狗.jpg", Some("%E5%B0%8F%E7%8B%97.jpg"), &photo), Part("x.jpg", Some("没人提到.jpg"), &photo)];
        for _ in 0..2 {
            let again = app.send("/openrosa/submission", &second, Some(&token)).await;
            assert_eq!(again.status, StatusCode::ACCEPTED, "{}", again.text);
        }
        assert_eq!(number(&d, "SELECT COUNT(*) FROM survey_answer").await, 1);
        // Other answers under the same name are refused in words, and what is kept stays.
        let changed = submission("uuid:1", "4");
        let other = app.send("/openrosa/submission", &[Part("xml_submission_file", Some("pets.xml"), &changed)], Some(&token)).await;
        assert_eq!(other.status, StatusCode::CONFLICT, "{}", other.text);
        assert!(other.text.contains("内容不同"), "{}", other.text);
        assert_eq!(number(&d, "SELECT COUNT(*) FROM survey_answer").await, 1);
        let names: Vec<(String,)> = d.db.read().await.unwrap().all("SELECT name FROM survey_photo ORDER BY name", vec![]).await.unwrap();
        let mut names: Vec<String> = names.into_iter().map(|(name,)| name).collect();
        names.sort();
        assert_eq!(names, ["合影 一.jpg", "小狗.jpg"], "only what the answers name");
        let csv = Pages::new(&d, secretary()).get(&format!("{address}/answers.csv")).await.text;
        assert!(csv.contains("王网格") && csv.contains("合影 一.jpg"), "{csv}");
        let (area, source): (String, String) = d.db.read().await.unwrap().one("SELECT area, source FROM survey_answer", vec![]).await.unwrap();
        assert_eq!((area.as_str(), source.as_str()), (GRID, "openrosa"));
    }

    async fn a_home_is_named_by_code_or_address_and_what_nobody_knows_is_placed_by_hand(db) {
        let d = district(&db).await;
        let survey = [
            "type|name|label", "text|dwelling|门牌码或地址", "text|dwelling_place|小区", "text|dwelling_building|楼号",
            "text|dwelling_unit|单元", "text|dwelling_door|户号", "text|said|情况",
        ];
        let file = workbook(&survey, &["list_name|name|label"], &["form_title|form_id|version", "走访|round|1"]);
        let (address, _) = published_file(&d, file).await;
        let token = token(&d).await;
        let app = Pages::new(&d, Actor::Public);
        let mut n = 0;
        let mut send = async |dwelling: &str, parts: &str| {
            n += 1;
            let xml = format!(
                "<data id=\"round\" version=\"1\"><dwelling>{dwelling}</dwelling>{parts}<said>一切正常</said>\
                 <meta><instanceID>uuid:{n}</instanceID></meta></data>"
            );
            let parts = [Part("xml_submission_file", Some("a.xml"), xml.as_bytes())];
            app.send("/openrosa/submission", &parts, Some(&token)).await.status
        };
        // Our own number, the address in one, the address in its parts.
        let parts = "<dwelling_place>东一街</dwelling_place><dwelling_building>3</dwelling_building>\
                     <dwelling_unit>1</dwelling_unit><dwelling_door>201</dwelling_door>";
        for (dwelling, parts) in [(HOME.to_string().as_str(), ""), ("东一街3号楼201", ""), ("", parts)] {
            assert_eq!(send(dwelling, parts).await, StatusCode::CREATED);
        }
        let known = "SELECT COUNT(*) FROM survey_answer WHERE dwelling IS NOT NULL AND named IS NULL";
        assert_eq!(number(&d, known).await, 3);
        // No home is named, which is nothing to look at; and two that nobody knows.
        assert_eq!(send("", "").await, StatusCode::CREATED);
        for unknown in ["不存在的小区9号楼", "0189ffff-0000-7000-8000-000000000009"] {
            assert_eq!(send(unknown, "").await, StatusCode::CREATED, "it is kept, whatever it is called");
        }
        assert_eq!(number(&d, "SELECT COUNT(*) FROM survey_answer").await, 6);
        assert_eq!(number(&d, "SELECT COUNT(*) FROM survey_answer WHERE named IS NOT NULL AND dwelling IS NULL").await, 2);
        let sealed: Vec<(Vec<u8>,)> = d.db.read().await.unwrap()
            .all("SELECT named FROM survey_answer WHERE named IS NOT NULL", vec![]).await.unwrap();
        assert!(sealed.iter().all(|(one,)| !one.windows(6).any(|w| w == "小区".as_bytes())), "an address lies sealed");

        // The worker sees them, and nobody of another grid does.
        let desk = Pages::new(&d, person(Role::GridWorker, GRID));
        assert!(desk.get("/surveys").await.text.contains("份房屋未识别"));
        let page = desk.get(&address).await.text;
        assert!(page.contains("不存在的小区9号楼") && page.contains("未识别的房屋"), "{page}");
        let other = Pages::new(&d, person(Role::GridWorker, "371002001001002"));
        assert!(!other.get(&address).await.text.contains("未识别的房屋"));
        let place = page.split("action=\"/surveys/answers/").nth(1).unwrap().split('"').next().unwrap();
        let place = format!("/surveys/answers/{place}");
        let wrong = desk.form(&place, &[("home", "还是没有的地方")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("还是没有的地方") && wrong.text.contains("找不到这一户"), "{}", wrong.text);
        assert_eq!(other.form(&place, &[("home", "东一街3号楼201")]).await.status, StatusCode::NOT_FOUND);
        assert_eq!(desk.form(&place, &[("home", "东一街3号楼201")]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(desk.form(&place, &[("home", "东一街3号楼201")]).await.status, StatusCode::NOT_FOUND, "it is placed");
        assert_eq!(number(&d, known).await, 4);
        assert_eq!(number(&d, "SELECT COUNT(*) FROM activity WHERE action = 'survey.place'").await, 1);
        assert!(Pages::new(&d, person(Role::CommunitySecretary, COMMUNITY)).get(&address).await.text.contains("未识别的房屋"));
    }

    async fn what_an_app_may_not_send_is_refused(db) {
        let d = district(&db).await;
        published(&d).await;
        let token = token(&d).await;
        let app = Pages::new(&d, Actor::Public);
        let send = async |xml: &[u8]| {
            app.send("/openrosa/submission", &[Part("xml_submission_file", Some("a.xml"), xml)], Some(&token)).await
        };
        let bomb = b"<!DOCTYPE a [<!ENTITY l 'l'>]><data id='pets' version='1'><has>&l;</has></data>";
        for broken in [&b"<data id='pets'"[..], bomb, b"<data id='pets' version='1'><has>no</has></data>", b"\xff"] {
            assert_eq!(send(broken).await.status, StatusCode::BAD_REQUEST, "{}", String::from_utf8_lossy(broken));
        }
        let nothing = app.send("/openrosa/submission", &[Part("other", None, b"x")], Some(&token)).await;
        assert_eq!(nothing.status, StatusCode::BAD_REQUEST);
        let unknown = String::from_utf8(submission("uuid:2", "3")).unwrap();
        for strange in [unknown.replace("\"pets\"", "\"cars\""), unknown.replace("version=\"1\"", "version=\"7\"")] {
            assert_eq!(send(strange.as_bytes()).await.status, StatusCode::NOT_FOUND);
        }
        let wrong = send(&submission("uuid:3", "99")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text.contains("几岁"), "{}", wrong.text);
        // A file beyond the limit, and one that is no picture.
        let large = vec![0_u8; 13 * 1024 * 1024];
        let xml = submission("uuid:4", "3");
        let parts = [Part("xml_submission_file", Some("a.xml"), &xml), Part("p", Some("合影 一.jpg"), &large)];
        assert_eq!(app.send("/openrosa/submission", &parts, Some(&token)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
        let parts = [Part("xml_submission_file", Some("a.xml"), &xml), Part("p", Some("合影 一.jpg"), b"<svg/>")];
        assert_eq!(app.send("/openrosa/submission", &parts, Some(&token)).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(number(&d, "SELECT COUNT(*) FROM survey_answer").await, 0);
        // An ended token opens nothing.
        let own = Pages::new(&d, {
            let mut conn = d.db.read().await.unwrap();
            let id: uuid::Uuid = conn.scalar("SELECT account FROM survey_token", vec![]).await.unwrap();
            accounts::acting(&mut conn, linli_kernel::actor::AccountId(id), d.clock.now()).await.unwrap().unwrap()
        });
        assert_eq!(own.post("/surveys/device/end").await.status, StatusCode::SEE_OTHER);
        assert_eq!(app.app("GET", "/openrosa/formList", &token).await.status, StatusCode::UNAUTHORIZED);
    }

    async fn a_token_ends_with_what_it_stands_for(db) {
        let d = district(&db).await;
        published(&d).await;
        let held = token(&d).await;
        let app = Pages::new(&d, Actor::Public);
        let opens = async |token: &str| app.app("GET", "/openrosa/formList", token).await.status == StatusCode::OK;
        let account = {
            let mut conn = d.db.read().await.unwrap();
            linli_kernel::actor::AccountId(conn.scalar("SELECT account FROM survey_token", vec![]).await.unwrap())
        };
        let acting = async || {
            let mut conn = d.db.read().await.unwrap();
            accounts::acting(&mut conn, account, d.clock.now()).await.unwrap().unwrap()
        };
        let fresh = async || {
            d.clock.advance(std::time::Duration::from_secs(1));
            let mut op = d.op("test").await.unwrap();
            op.actor = acting().await;
            let text = linli_survey::tokens::make(&mut op).await.unwrap();
            op.commit().await.unwrap();
            text
        };
        let page = Pages::new(&d, acting().await);
        assert!(opens(&held).await && page.get("/surveys/device").await.text.contains("有效期到"));
        let access = d.port::<linli_access::Access>().unwrap();
        let initial = access.passwords.initial(&d.ids).await.unwrap();
        d.clock.advance(std::time::Duration::from_secs(1));
        // A new password ends it, and while that is to be changed another one opens nothing either.
        let mut op = d.op("test").await.unwrap();
        accounts::reset_password(&mut op, account, &initial).await.unwrap();
        op.commit().await.unwrap();
        assert!(!opens(&held).await && !page.get("/surveys/device").await.text.contains("有效期到"));
        let early = fresh().await;
        assert!(!opens(&early).await);
        let mut op = d.op("test").await.unwrap();
        op.tx.execute("UPDATE account SET must_change = FALSE", vec![]).await.unwrap();
        op.commit().await.unwrap();
        assert!(opens(&early).await && !opens(&held).await);
        // So do a new second factor, the account's end, and half a year.
        for n in 0..2 {
            let token = fresh().await;
            assert!(opens(&token).await);
            d.clock.advance(std::time::Duration::from_secs(1));
            let mut op = d.op("test").await.unwrap();
            if n == 0 {
                accounts::reset_factor(&mut op, account).await.unwrap();
            } else {
                accounts::set_status(&mut op, account, accounts::Status::Disabled).await.unwrap();
                accounts::set_status(&mut op, account, accounts::Status::Active).await.unwrap();
            }
            op.commit().await.unwrap();
            assert!(!opens(&token).await, "{n}");
        }
        let last = fresh().await;
        d.clock.advance(std::time::Duration::from_hours(24 * 180 - 1));
        assert!(opens(&last).await);
        d.clock.advance(std::time::Duration::from_hours(1));
        assert!(!opens(&last).await);
    }

    async fn a_right_token_is_never_counted_and_guesses_are(db) {
        let d = district(&db).await;
        published(&d).await;
        let token = token(&d).await;
        let app = Pages::new(&d, Actor::Public);
        for n in 0..60 {
            assert_eq!(app.app("GET", "/openrosa/formList", &token).await.status, StatusCode::OK, "request {n}");
        }
        // Guesses are sent away; however slow the machine is, that many come faster than the measure fills.
        let mut answers = Vec::new();
        for n in 0..200 {
            answers.push(app.app("GET", "/openrosa/formList", &format!("lf_{n}")).await.status);
        }
        assert!(answers.contains(&StatusCode::TOO_MANY_REQUESTS) && answers[0] == StatusCode::UNAUTHORIZED, "{answers:?}");
        // Whoever has a right one still comes in behind the same address.
        assert_eq!(app.app("GET", "/openrosa/formList", &token).await.status, StatusCode::OK);
    }
}
