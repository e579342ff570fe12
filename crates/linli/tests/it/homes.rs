//! The code at the door, the form behind it, and the queue of who checks it, over HTTP.

use axum::http::StatusCode;
use linli_access::Access;
use linli_household::{
    claims,
    code::{CodeKind, Label},
    model::DwellingId,
    store::{Seal, people},
};
use linli_kernel::{AreaCode, export::uuid::Uuid, params};
use linli_store::District;
use linli_testkit::both_engines;

use crate::house::{Answer, Browser, House, house};

const HOST: &str = "a.example";

/// A home of the demo with a code at its door: the label, its grid, and a phone that is registered there.
struct Door {
    label: String,
    dwelling: DwellingId,
    area: AreaCode,
    name: String,
    phone: String,
}

async fn doors(d: &District) -> Vec<Door> {
    let access = d.port::<Access>().unwrap();
    let mut conn = d.db.read().await.unwrap();
    let found: Vec<(i64, DwellingId, AreaCode)> = conn
        .all(
            "SELECT c.n, c.thing, c.area FROM door_code c WHERE c.kind = $1 AND c.revoked_at IS NULL
               AND EXISTS (SELECT 1 FROM resident r WHERE r.dwelling_id = c.thing AND r.phone IS NOT NULL) ORDER BY c.n",
            params![CodeKind::Dwelling],
        )
        .await
        .unwrap();
    let mut doors = Vec::new();
    for (n, dwelling, area) in found {
        let living = people::of_dwelling(&mut conn, dwelling).await.unwrap();
        let people: Vec<_> = living.iter().map(|r| r.person(Seal::new(&access)).unwrap()).collect();
        let with = people.iter().find(|p| p.phone.is_some()).unwrap();
        doors.push(Door {
            label: Label(n).text(&access, &d.area).unwrap(),
            dwelling,
            area,
            name: with.name.clone(),
            phone: with.phone.clone().unwrap(),
        });
    }
    assert!(doors.len() > 2, "the demo has codes at doors");
    doors
}

async fn entries(d: &District, dwelling: DwellingId) -> i64 {
    let sql = "SELECT count(*) FROM claim WHERE dwelling_id = $1";
    d.db.read().await.unwrap().scalar(sql, params![dwelling]).await.unwrap()
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}")).1.split_once(end).unwrap().0
}

/// Proves a phone at a door as a person does; the demonstration shows the digits.
async fn prove(browser: &mut Browser<'_>, label: &str, phone: &str) -> Answer {
    let asked = browser.post(&format!("/d/{label}/phone"), &format!("phone={phone}")).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.body);
    let page = browser.get(&asked.location).await;
    let digits = between(&page.body, "id=\"demo-digits\">", "<").to_owned();
    let id = asked.location.rsplit("p=").next().unwrap().to_owned();
    browser.post(&format!("/d/{label}/digits"), &format!("p={id}&digits={digits}")).await
}

const FORM: &str = "consent=1&m0.name=%E7%8E%8B%E5%B0%8F%E6%98%8E&m0.relation=head&m0.id_number=11010519491231002X&idempotency_key=k1";

fn login(area: &AreaCode) -> String {
    format!("grid{}", &area.as_str()[6..])
}

both_engines! {
    async fn a_label_that_we_did_not_make_or_ended_says_what_to_do(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let d = house.districts[0].clone();
        let door = doors(&d).await.remove(0);
        let mut phone = house.visit(HOST);
        let page = phone.get(&format!("/d/{}", door.label)).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("30天内销毁") && !page.body.contains(&door.name), "purpose and retention, and nobody's name");
        // One letter is another.
        let mut tampered = door.label.clone();
        tampered.replace_range(15.., if door.label.ends_with('7') { "8" } else { "7" });
        for (path, form) in [("", ""), ("/fill", FORM), ("/same", ""), ("/phone", "phone=10000000001")] {
            let path = format!("/d/{tampered}{path}");
            let answer = if form.is_empty() { phone.get(&path).await } else { phone.post(&path, form).await };
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
            assert!(answer.body.contains("没有认出"), "{}", answer.body);
        }
        // The worker ends it; the label then says whom to call, and takes nothing.
        let mut worker = house.as_(HOST, &login(&door.area)).await;
        let building: Uuid = d.db.read().await.unwrap()
            .scalar("SELECT building_id FROM dwelling WHERE id = $1", params![door.dwelling]).await.unwrap();
        let codes = worker.get(&format!("/homes/house/{building}/codes")).await;
        let letters = Label::grouped(&door.label);
        assert!(codes.body.contains(&letters), "{}", codes.body);
        let code: Uuid = d.db.read().await.unwrap()
            .scalar("SELECT id FROM door_code WHERE thing = $1", params![door.dwelling]).await.unwrap();
        let end = format!("/homes/codes/{code}/end");
        assert_eq!(worker.post(&end, &format!("house={building}&do=new&reason=")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(worker.post(&end, &format!("house={building}&do=new&reason=lost")).await.status, StatusCode::SEE_OTHER);
        let gone = phone.get(&format!("/d/{}", door.label)).await;
        assert!(gone.status == StatusCode::GONE && gone.body.contains("已经停用") && gone.body.contains("tel:"), "{}", gone.body);
        assert_eq!(phone.post(&format!("/d/{}/fill", door.label), FORM).await.status, StatusCode::GONE);
        let again = worker.get(&format!("/homes/house/{building}/codes")).await;
        assert!(!again.body.contains(&letters), "another code hangs there now");
    }

    async fn nothing_is_shown_before_the_phone_is_proven(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let d = house.districts[0].clone();
        let all = doors(&d).await;
        let (door, other) = (&all[0], &all[1]);
        let mut phone = house.visit(HOST);
        for path in ["", "/same", "/fill?skip=1", "/phone"] {
            let page = phone.get(&format!("/d/{}{path}", door.label)).await;
            assert!(page.status == StatusCode::OK && !page.body.contains(&door.name), "{path}: {}", page.body);
        }
        assert!(phone.get(&format!("/d/{}/fill", door.label)).await.location.contains("/phone"));
        // A stranger's phone and the household's own are answered alike, word for word.
        let mut answers = Vec::new();
        for number in ["10000000001", door.phone.as_str()] {
            let asked = phone.post(&format!("/d/{}/phone", door.label), &format!("phone={number}")).await;
            let page = phone.get(&asked.location).await;
            let id = asked.location.rsplit("p=").next().unwrap();
            let digits = between(&page.body, "id=\"demo-digits\">", "<");
            let once = page.body.replace(id, "").replace(digits, "");
            answers.push((asked.status, page.status, once));
        }
        assert_eq!(answers[0], answers[1]);
        // Proven, a stranger sees a blank form, and one of the household who lives there.
        let mut stranger = house.visit(HOST);
        let to = prove(&mut stranger, &door.label, "10000000002").await.location;
        assert!(!stranger.get(&to).await.body.contains(&door.name));
        let mut own = house.visit(HOST);
        let to = prove(&mut own, &door.label, &door.phone).await.location;
        let form = own.get(&to).await;
        assert!(form.body.contains(&door.name) && !form.body.contains(&door.phone), "names, and numbers masked");
        assert!(own.get(&format!("/d/{}/same", door.label)).await.body.contains(&door.name));
        // The same phone at another door sees nothing there.
        assert!(!own.get(&format!("/d/{}/fill", other.label)).await.body.contains(&other.name));
    }

    async fn a_form_is_taken_once_and_comes_into_the_register_by_the_queue(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let d = house.districts[0].clone();
        let all = doors(&d).await;
        let door = all.last().unwrap();
        // After what the demo has filled in itself.
        d.clock.advance(std::time::Duration::from_mins(1));
        let before = entries(&d, door.dwelling).await;
        let mut phone = house.visit(HOST);
        let path = format!("/d/{}/fill", door.label);
        // What is wrong is said at its field, and what was typed stays.
        let wrong = phone.post(&path, &FORM.replace("002X", "0021").replace("consent=1", "")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("id=\"m0.id_number-err\"") && wrong.body.contains("value=\"110105194912310021\"") && wrong.body.contains("value=\"王小明\""), "{}", wrong.body);
        let sent = phone.post(&path, FORM).await;
        assert!(sent.location.starts_with("/r/"), "{} {}", sent.status, sent.body);
        assert_eq!(phone.post(&path, FORM).await.location, sent.location, "sent twice, taken once");
        assert_eq!(entries(&d, door.dwelling).await, before + 1);
        let receipt = phone.get(&sent.location).await;
        assert!(receipt.body.contains("待核对") && !receipt.body.contains("王小明"), "the receipt names nobody");
        let huge = format!("{FORM}&m1.name={}", "a".repeat(70_000));
        assert_eq!(phone.post(&path, &huge).await.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(phone.post(&path, "%ff%fe=%00").await.status, StatusCode::UNPROCESSABLE_ENTITY);

        let id: Uuid = d.db.read().await.unwrap()
            .scalar("SELECT id FROM claim WHERE dwelling_id = $1 ORDER BY submitted_at DESC, id DESC LIMIT 1", params![door.dwelling]).await.unwrap();
        let look = format!("/homes/queue/{id}");
        // Wrong roles and other grids.
        let own = login(&door.area);
        let far = all.iter().map(|o| login(&o.area)).find(|l| *l != own).unwrap_or_else(|| "grid002001001".into());
        for (who, status) in [("auditor", StatusCode::FORBIDDEN), ("admin", StatusCode::FORBIDDEN), (far.as_str(), StatusCode::NOT_FOUND)] {
            let mut other = house.as_(HOST, who).await;
            assert_eq!(other.get(&look).await.status, status, "{who}");
            assert!(!other.post(&look, "do=all&version=1").await.status.is_success(), "{who}");
        }
        let mut worker = house.as_(HOST, &own).await;
        assert!(worker.get("/homes").await.body.contains("居民自填"), "the overview leads to the queue");
        let badge = worker.get("/homes/queue/count").await;
        assert!(badge.status == StatusCode::OK && badge.body.contains("badge"), "{}", badge.body);
        let queue = worker.get("/homes/queue").await;
        assert!(queue.body.contains(&id.to_string()));
        let page = worker.get(&look).await;
        assert!(page.body.contains("1101**********002X") && !page.body.contains("11010519491231002X"), "masked");
        let hidden = |name: &str| between(&page.body, &format!("name=\"{name}\" value=\""), "\"").to_owned();
        let (version, base) = (hidden("version"), hidden("base"));
        // Asked again with a reason, which the resident sees on the receipt, with a way back to the form.
        let ask = worker.post(&look, &format!("do=ask&version={version}&reason=%E8%AF%B7%E8%A1%A5%E5%A1%AB")).await;
        assert_eq!(ask.status, StatusCode::SEE_OTHER, "{}", ask.body);
        let receipt = phone.get(&sent.location).await;
        assert!(receipt.body.contains("请补填"), "{}", receipt.body);
        let mend = between(&receipt.body, &format!("href=\"/d/{}/fill", door.label), "\"").replace("&amp;", "&").replace("&#38;", "&");
        let form = phone.get(&format!("/d/{}/fill{mend}", door.label)).await;
        assert!(form.body.contains("value=\"王小明\"") && form.body.contains("1101**********002X"), "{}", form.body);
        let again = between(&form.body, "name=\"again\" value=\"", "\"").to_owned();
        let second = FORM.replace("11010519491231002X", "").replace("k1", "k2");
        let resent = phone.post(&path, &format!("{second}&again={again}&m0.phone=10000000005")).await;
        assert_eq!(resent.location, sent.location, "the same receipt: {}", resent.body);
        // The first reviewer's page is old now.
        let stale = worker.post(&look, &format!("do=all&version={version}&base={base}")).await;
        assert!(stale.status == StatusCode::CONFLICT && stale.body.contains("又有改动"), "{}", stale.body);
        let page = worker.get(&look).await;
        let hidden = |name: &str| between(&page.body, &format!("name=\"{name}\" value=\""), "\"").to_owned();
        let form = format!("do=all&version={}&base={}", hidden("version"), hidden("base"));
        assert_eq!(worker.post(&look, &form).await.status, StatusCode::SEE_OTHER);
        let card = worker.get(&format!("/homes/{}", door.dwelling)).await;
        assert!(card.body.contains("王小明") && card.body.contains("1101**********002X") && card.body.contains("居民自填"), "{}", card.body);
        assert!(phone.get(&sent.location).await.body.contains("已登记"));
        let late = worker.post(&look, &form).await;
        assert!(late.status == StatusCode::CONFLICT && late.body.contains("刚刚已经办了"), "{}", late.body);
    }

    async fn two_taps_say_that_nothing_has_changed(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let d = house.districts[0].clone();
        let door = doors(&d).await.pop().unwrap();
        d.clock.advance(std::time::Duration::from_mins(1));
        let mut phone = house.visit(HOST);
        let sent = phone.post(&format!("/d/{}/same", door.label), "idempotency_key=s1").await;
        assert!(sent.location.starts_with("/r/"), "{}", sent.body);
        assert_eq!(phone.post(&format!("/d/{}/same", door.label), "idempotency_key=s1").await.location, sent.location);
        // The table of keys holds no secret of a receipt.
        let secret = sent.location.rsplit('/').next().unwrap();
        let kept: Vec<(String,)> = house.districts[0].db.read().await.unwrap()
            .all("SELECT answer FROM idempotency", vec![]).await.unwrap();
        assert!(!kept.is_empty() && kept.iter().all(|(answer,)| !answer.contains(secret)), "{kept:?}");
        let mut worker = house.as_(HOST, &login(&door.area)).await;
        let id: Uuid = d.db.read().await.unwrap()
            .scalar("SELECT id FROM claim WHERE dwelling_id = $1 AND kind = 'same' ORDER BY submitted_at DESC, id DESC LIMIT 1", params![door.dwelling]).await.unwrap();
        let done = worker.post("/homes/queue/accept", &format!("at={}&id={id}", door.area)).await;
        assert!(done.location.ends_with("done=1"), "{} {}", done.status, done.body);
        let card = worker.get(&format!("/homes/{}", door.dwelling)).await;
        assert!(card.body.contains("今天"), "{}", card.body);
    }

    async fn a_whole_house_behind_one_address_comes_through_and_a_script_does_not(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let d = house.districts[0].clone();
        let door = doors(&d).await.remove(0);
        let building: Uuid = d.db.read().await.unwrap()
            .scalar("SELECT building_id FROM dwelling WHERE id = $1", params![door.dwelling]).await.unwrap();
        let access = d.port::<Access>().unwrap();
        let entrance: i64 = d.db.read().await.unwrap()
            .scalar("SELECT n FROM door_code WHERE thing = $1", params![building]).await.unwrap();
        let entrance = Label(entrance).text(&access, &d.area).unwrap();
        // A hundred and twenty households on the evening when the poster went up, all through one router.
        for n in 0..120 {
            let mut phone = house.visit(HOST);
            assert_eq!(phone.get(&format!("/d/{entrance}")).await.status, StatusCode::OK);
            let proven = prove(&mut phone, &entrance, &format!("100888{n:05}")).await;
            assert_eq!(proven.status, StatusCode::SEE_OTHER, "household {n}");
            assert_eq!(phone.get(&proven.location).await.status, StatusCode::OK);
            let form = format!("consent=1&door={n}&m0.name=%E7%8E%8B&idempotency_key=h{n}");
            let sent = phone.post(&format!("/d/{entrance}/fill"), &form).await;
            assert!(sent.location.starts_with("/r/"), "household {n}: {} {}", sent.status, sent.body);
        }
        // The same address then sends forms through one door as fast as it can: eight an hour.
        let mut script = house.visit(HOST);
        let mut taken = 0;
        for n in 0..30 {
            let form = format!("consent=1&m0.name=%E7%8E%8B&idempotency_key=x{n}");
            let sent = script.post(&format!("/d/{}/fill", door.label), &form).await;
            taken += i64::from(sent.location.starts_with("/r/"));
        }
        assert!(taken <= CodeKind::Dwelling.hourly(), "{taken}");
        // It calls one phone after the other from one door: eight an hour too.
        let mut called = 0;
        for n in 0..30 {
            let asked = script.post(&format!("/d/{}/phone", door.label), &format!("phone=100777{n:05}")).await;
            called += i64::from(asked.status == StatusCode::SEE_OTHER);
        }
        assert_eq!(called, CodeKind::Dwelling.hourly());
        // It guesses labels: it is sent away long before it has tried a hundred.
        let mut guesses = 0;
        while guesses < 100 {
            let answer = script.get(&format!("/d/00000{guesses:03}00000000")).await;
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                assert!(answer.retry_after.is_some());
                break;
            }
            guesses += 1;
        }
        assert!(guesses < 60, "{guesses}");
        assert_eq!(claims::handlers().len(), 2, "messages and the sweep are wired");
    }
}

/// The pages of homes for each role: who may, sees its own part and nothing else.
async fn pages(house: &House) {
    let d = &house.districts[0];
    let all = doors(d).await;
    let door = &all[0];
    let mut worker = house.as_(HOST, &login(&door.area)).await;
    let overview = worker.get("/homes").await;
    assert_eq!(overview.status, StatusCode::OK);
    assert!(
        overview.body.contains("class=\"tabbar") && overview.body.contains("href=\"/homes\""),
        "the worker's tabs"
    );
    assert_eq!(worker.get(&format!("/homes/{}", door.dwelling)).await.status, StatusCode::OK);
    let looks: i64 =
        d.db.read()
            .await
            .unwrap()
            .scalar("SELECT count(*) FROM activity WHERE action = 'household.read'", vec![])
            .await
            .unwrap();
    assert!(looks > 0, "a look is a row of the log");
    assert_eq!(worker.get("/homes?at=371002002").await.status, StatusCode::NOT_FOUND);
    let mut far = house.as_(HOST, "grid002001001").await;
    assert_eq!(far.get(&format!("/homes/{}", door.dwelling)).await.status, StatusCode::NOT_FOUND);
    for login in ["auditor", "admin", "housing"] {
        let mut other = house.as_(HOST, login).await;
        for path in ["/homes", "/homes/queue", "/homes/find"] {
            assert_eq!(other.get(path).await.status, StatusCode::FORBIDDEN, "{login} {path}");
        }
    }
    let mut leader = house.as_(HOST, "leader001").await;
    assert_eq!(leader.get("/homes").await.status, StatusCode::OK);
    assert_eq!(leader.get("/homes/queue").await.status, StatusCode::FORBIDDEN);
    let mut street = house.as_(HOST, "street001.1").await;
    let queue = street.get("/homes/queue").await;
    assert!(
        queue.status == StatusCode::OK && !queue.body.contains("class=\"tabbar"),
        "tabs are for who stands at doors"
    );
}

both_engines! {
    async fn each_role_sees_its_own_homes(db) {
        pages(&house(&[(&db, "a", 1)], false).await).await;
    }
}
