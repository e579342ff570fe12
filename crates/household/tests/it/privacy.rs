//! The table, the nights and what residents ask.

use std::time::Duration;

use linli_household::{
    claims::Held,
    mine,
    model::{Basis, CareKind, Leaving, ResidentId, Source},
    privacy::{
        self, Rule, export, night,
        request::{self, Kind, State},
    },
    register::{MoveOut, NewCare},
    store::{Seal, forget::NOBODY},
};
use linli_kernel::params;
use linli_store::worker;
use linli_testkit::both_engines;

use super::*;

const DAY: Duration = Duration::from_hours(24);

fn administrator() -> Actor {
    actor(Role::SystemAdmin, DISTRICT)
}

/// A night passes: the clock reaches two in the morning after `days`, and the work is done.
pub(crate) async fn night_after(d: &Arc<District>, days: u32) {
    // It is nine: two in the morning comes seventeen hours later.
    d.clock.advance(DAY * days + Duration::from_hours(17));
    let handlers = (linli_household::manifest().handlers)();
    worker::arm(d, &handlers).await.unwrap();
    while worker::turn(d, &handlers).await.unwrap() > 0 {}
    d.clock.advance(Duration::from_hours(7));
}

async fn leaves(d: &Arc<District>, id: ResidentId) {
    let mut op = op(d, worker()).await;
    let out = MoveOut { reason: Leaving::Away, at: op.now, destination: Some("烟台".into()) };
    app::move_out(&mut op, id, &out).await.unwrap();
    op.commit().await.unwrap();
}

async fn cared(d: &Arc<District>, id: ResidentId, kind: CareKind, basis: Basis, days: u32) {
    let mut op = op(d, secretary()).await;
    let new = NewCare {
        kind,
        basis,
        basis_note: "v1".into(),
        source: Source::Worker,
        expires_at: Some(op.now.plus(DAY * days)),
    };
    app::add_care(&mut op, id, &new).await.unwrap();
    op.commit().await.unwrap();
}

async fn ruled(d: &Arc<District>, fields: &str, basis: Basis, days: i64) -> Result<()> {
    let mut op = op(d, administrator()).await;
    let rule = Rule { fields: fields.into(), purpose: Some("试点".into()), basis, basis_note: None, days };
    privacy::save(&mut op, rule).await?;
    op.commit().await
}

async fn count(d: &District, sql: &str) -> i64 {
    d.db.read().await.unwrap().scalar(sql, vec![]).await.unwrap()
}

both_engines! {
    async fn a_night_destroys_what_is_over_and_says_so(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let gone = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let stays = add(&d, here, &facts("李小红", "", "10000000002")).await.id;
        cared(&d, stays, CareKind::Medication, Basis::Consent, 20).await;
        leaves(&d, gone).await;
        ruled(&d, "phone", Basis::Consent, 30).await.unwrap();
        ruled(&d, "identity", Basis::Duty, 100).await.unwrap();

        night_after(&d, 10).await;
        let mut conn = d.db.read().await.unwrap();
        assert_eq!(night::records(&mut conn, 10).await.unwrap(), vec![], "nothing was over");
        assert!(night::last(&mut conn).await.unwrap().unwrap().1.is_some());
        drop(conn);
        assert_eq!(count(&d, "SELECT count(*) FROM care_mark WHERE ended_at IS NULL").await, 1);

        night_after(&d, 21).await;
        let phones = count(&d, "SELECT count(*) FROM resident WHERE phone IS NOT NULL OR phone_hash IS NOT NULL OR contact_hash IS NOT NULL").await;
        assert_eq!(phones, 1, "who lives here keeps the phone");
        assert_eq!(count(&d, "SELECT count(*) FROM care_mark WHERE ended_at IS NULL").await, 0, "the consent has ended");
        let closed: String = d.db.read().await.unwrap().scalar("SELECT end_reason FROM care_mark", vec![]).await.unwrap();
        assert_eq!(closed, "expired");
        let numbers = count(&d, "SELECT count(*) FROM resident WHERE id_number IS NOT NULL").await;
        assert_eq!(numbers, 1, "the identity is kept longer");

        night_after(&d, 80).await;
        let mut conn = d.db.read().await.unwrap();
        let (name, number, hash): (String, Option<Vec<u8>>, Option<Vec<u8>>) = conn
            .one("SELECT name, id_number, id_hash FROM resident WHERE id = $1", params![gone]).await.unwrap();
        assert_eq!((name.as_str(), number, hash), (NOBODY, None, None));
        let access = d.port::<Access>().unwrap();
        let everything = Scope::everything();
        for typed in ["王小明", ID, PHONE] {
            let question = linli_household::read::Question::new(&access, typed).unwrap();
            let found = linli_household::read::find(&mut conn, &access, &everything, None, &question, 0, 9).await.unwrap();
            assert!(found.people.is_empty(), "{typed}");
        }
        let records = night::records(&mut conn, 10).await.unwrap();
        let told: Vec<(&str, i64)> = records.iter().map(|r| (r.fields.as_str(), r.erased)).collect();
        assert_eq!(told, [("identity", 1), ("phone", 1)]);
        let rule: Rule = serde_json::from_str(&records[1].rule).unwrap();
        assert_eq!((rule.days, rule.purpose.as_deref()), (30, Some("试点")), "the rule as it stood");
        drop(conn);
        let log = log(&d).await;
        assert_eq!(log.iter().filter(|a| *a == "privacy.destroy").count(), 2);
        assert_eq!(log.iter().filter(|a| *a == "privacy.close").count(), 1);
        assert_eq!(log.iter().filter(|a| *a == "privacy.manage").count(), 2);
        assert_eq!(count(&d, "SELECT count(*) FROM privacy_run").await, 3, "one run a day");
    }

    async fn a_slip_in_the_day_destroys_nobody(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let seen = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        // Nobody of ours has seen this one there: since when they live there is not known, only when they were born.
        let mut sheet = op(&d, worker()).await;
        let mut news = linli_household::register::News::new();
        let by = linli_household::model::Mark { source: Source::Import, at: sheet.now, verified: false };
        let listed = facts("李明", "440524188001010014", "10000000002");
        let home = Home { dwelling: here, household: None };
        let listed = linli_household::register::add(&mut sheet, &mut news, home, &listed, &by).await.unwrap().id;
        news.publish(&mut sheet).await.unwrap();
        sheet.commit().await.unwrap();
        let out = |id: ResidentId, reason: Leaving, day: &'static str| {
            let d = d.clone();
            async move {
                let mut op = op(&d, worker()).await;
                let at = format!("{day}T00:00:00+08:00").parse().unwrap();
                app::move_out(&mut op, id, &MoveOut { reason, at, destination: None }).await?;
                op.commit().await
            }
        };
        for reason in [Leaving::Away, Leaving::Deceased] {
            assert_eq!(key(out(seen, reason, "1980-01-01").await), "household-time-before-came");
            assert_eq!(key(out(seen, reason, "2026-11-22").await), "household-time-before-came");
            assert_eq!(key(out(listed, reason, "1879-12-31").await), "household-time-before-birth");
        }
        out(seen, Leaving::Away, "2026-11-23").await.unwrap();
        out(listed, Leaving::Deceased, "1980-01-01").await.unwrap();
        // The night counts from when it was written down.
        ruled(&d, "phone", Basis::Consent, 30).await.unwrap();
        ruled(&d, "identity", Basis::Duty, 30).await.unwrap();
        night_after(&d, 0).await;
        let kept = "SELECT count(*) FROM resident WHERE id_number IS NOT NULL AND phone IS NOT NULL";
        assert_eq!(count(&d, kept).await, 2);
        night_after(&d, 30).await;
        assert_eq!(count(&d, kept).await, 0);
    }

    async fn many_are_destroyed_step_by_step(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let mut op1 = op(&d, worker()).await;
        let mut news = linli_household::register::News::new();
        let by = linli_household::model::Mark::worker(op1.now);
        for n in 0..650 {
            let home = Home { dwelling: here, household: None };
            let put = linli_household::register::add(&mut op1, &mut news, home, &facts("王某", "", &format!("1000000{n:04}")), &by).await.unwrap();
            let out = MoveOut { reason: Leaving::Away, at: op1.now, destination: None };
            linli_household::register::move_out(&mut op1, &mut news, put.id, &out, &by).await.unwrap();
        }
        news.publish(&mut op1).await.unwrap();
        op1.commit().await.unwrap();
        night_after(&d, 200).await;
        let records = night::records(&mut d.db.read().await.unwrap(), 10).await.unwrap();
        assert_eq!(records.iter().map(|r| (r.fields.as_str(), r.erased)).collect::<Vec<_>>(), [("phone", 650)]);
        assert_eq!(linli_store::outbox::depth(&d.db).await.unwrap().1, 0);
    }

    async fn the_table_is_the_administrators(s) {
        let d = district(&s).await;
        for days in [0, 366 * 20] {
            assert_eq!(key(ruled(&d, "phone", Basis::Consent, days).await), "privacy-days-bad");
        }
        assert!(matches!(ruled(&d, "nothing", Basis::Duty, 1).await, Err(Error::NotFound)));
        for who in [worker(), actor(Role::Auditor, DISTRICT), actor(Role::SecurityOfficer, DISTRICT)] {
            let mut op = op(&d, who).await;
            let rule = Rule { fields: "phone".into(), purpose: None, basis: Basis::Duty, basis_note: None, days: 9 };
            assert!(privacy::save(&mut op, rule).await.is_err());
        }
        let rules = privacy::rules(&mut d.db.read().await.unwrap(), &privacy::all(&d)).await.unwrap();
        assert!(rules.iter().all(|r| r.purpose.is_none()), "{rules:?}");
        // What lasts as long as somebody lives here has no days, and its basis is not chosen.
        let lasting: Vec<&str> = rules.iter().filter(|r| r.days == 0).map(|r| r.fields.as_str()).collect();
        assert_eq!(lasting, ["residents", "contacts", "checks"]);
        for group in ["forms", "messages", "identity", "phone", "care", "stays", "sheets", "exchange", "requests"] {
            assert!(rules.iter().any(|r| r.fields == group && r.days > 0), "{group}");
        }
        assert_eq!(key(ruled(&d, "residents", Basis::Duty, 30).await), "privacy-days-bad");
        assert_eq!(key(ruled(&d, "residents", Basis::Consent, 0).await), "privacy-basis-fixed");
        ruled(&d, "residents", Basis::Duty, 0).await.unwrap();
        // Every group has its words.
        let catalog = linli_web::Catalog::new(linli_household::manifest().locales).unwrap();
        for language in [linli_store::op::Language::Chinese, linli_store::op::Language::English] {
            let locale = catalog.locale(language);
            for (rule, part) in rules.iter().flat_map(|r| ["fields", "purpose", "note", "from"].map(|part| (r, part))) {
                let key = format!("privacy-{part}-{}", rule.fields);
                assert_ne!(locale.t(&key), key);
            }
        }
    }

    async fn a_copy_holds_everything_of_one_and_nothing_of_others(s) {
        let d = district(&s).await;
        let (here, next) = (home(&d, GRID, "3号楼").await, home(&d, NEXT_GRID, "6号楼").await);
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        add(&d, here, &facts("李小红", "", "10000000002")).await;
        add(&d, next, &facts("王小明", ID, "")).await;
        cared(&d, id, CareKind::LivesAlone, Basis::Consent, 20).await;
        let mut look = op(&d, worker()).await;
        app::looked(&mut look, here, &area(GRID), &[id]).await.unwrap();
        look.commit().await.unwrap();
        let mut ask = op(&d, secretary()).await;
        assert_eq!(key(request::ask_for(&mut ask, id, Kind::Export, " ").await), "error-required");
        let asked = request::ask_for(&mut ask, id, Kind::Export, "本人到窗口").await.unwrap();
        assert_eq!(key(request::ask_for(&mut ask, id, Kind::Export, "又来").await), "privacy-asked-already");
        ask.commit().await.unwrap();
        let mut fetch = op(&d, secretary()).await;
        let copy = request::fetch(&mut fetch, asked).await.unwrap();
        assert!(request::fetch(&mut fetch, asked).await.is_ok(), "a lost copy is fetched again");
        fetch.commit().await.unwrap();
        let json = serde_json::to_string(&copy).unwrap();
        for own in ["王小明", ID, PHONE, "锦绣花园3号楼2单元501", "锦绣花园6号楼2单元501", "lives_alone", "household.read", "张网格"] {
            assert!(json.contains(own), "{own}: {json}");
        }
        assert!(!json.contains("李小红") && !json.contains("10000000002"), "{json}");
        let catalog = linli_web::Catalog::new(linli_household::manifest().locales).unwrap();
        let access = d.port::<Access>().unwrap();
        let table = copy.table(&catalog.locale(linli_store::op::Language::Chinese), &access);
        let csv = String::from_utf8(export::csv(&table).unwrap()).unwrap();
        assert!(csv.starts_with('\u{feff}') && csv.contains("身份证号") && csv.contains(ID), "{csv}");
        assert!(csv.contains(&d.clock.now().cell()) && !csv.contains('周'), "a table's dates sort: {csv}");
        let line = request::get(&mut d.db.read().await.unwrap(), &scope(&d, &secretary(), "privacy.handle"), asked).await.unwrap();
        assert_eq!((line.request.state, line.name.as_str()), (State::Done, "王小明"));
        let hidden = scope(&d, &actor(Role::CommunitySecretary, "371002002001"), "privacy.handle");
        assert!(matches!(request::get(&mut d.db.read().await.unwrap(), &hidden, asked).await, Err(Error::NotFound)));
    }

    async fn an_erasure_takes_what_stands_on_consent_and_names_what_stays(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        cared(&d, id, CareKind::LivesAlone, Basis::Consent, 20).await;
        cared(&d, id, CareKind::Disabled, Basis::Duty, 20).await;
        let mut ask = op(&d, Actor::Public).await;
        let asked = request::ask(&mut ask, id, Kind::Erasure, "不想再接到电话").await.unwrap();
        ask.commit().await.unwrap();
        let mut far = op(&d, actor(Role::CommunitySecretary, "371002002001")).await;
        assert_eq!(key(request::erase(&mut far, asked).await), "404");
        drop(far);
        let mut erase = op(&d, secretary()).await;
        let outcome = request::erase(&mut erase, asked).await.unwrap();
        assert_eq!(key(request::erase(&mut erase, asked).await), "privacy-over");
        erase.commit().await.unwrap();
        let erased: Vec<(&str, u64)> = outcome.erased.iter().map(|(f, n)| (f.as_str(), *n)).collect();
        let kept: Vec<(&str, Basis)> = outcome.kept.iter().map(|(f, b)| (f.as_str(), *b)).collect();
        assert_eq!(erased, [("forms", 0), ("phone", 1), ("care", 1)]);
        assert_eq!(kept, [("residents", Basis::Duty), ("stays", Basis::Duty)], "they live here: nothing of who left");
        let (name, phone): (String, Option<Vec<u8>>) = d.db.read().await.unwrap()
            .one("SELECT name, phone FROM resident", vec![]).await.unwrap();
        assert_eq!((name.as_str(), phone), ("王小明", None));
        let left: Vec<(String,)> = d.db.read().await.unwrap().all("SELECT kind FROM care_mark", vec![]).await.unwrap();
        assert_eq!(left, [("disabled".to_owned(),)]);
        // Their own page can show what came of it.
        let own = request::of_resident(&mut d.db.read().await.unwrap(), id).await.unwrap();
        assert_eq!((own[0].state, own[0].result(), own[0].note.as_str()), (State::Done, outcome, "不想再接到电话"));

        let mut ask = op(&d, Actor::Public).await;
        let second = request::ask(&mut ask, id, Kind::Export, "").await.unwrap();
        ask.commit().await.unwrap();
        let mut refuse = op(&d, secretary()).await;
        assert_eq!(key(request::refuse(&mut refuse, second, " ").await), "error-required");
        request::refuse(&mut refuse, second, "不是本人").await.unwrap();
        assert_eq!(key(request::fetch(&mut refuse, second).await), "privacy-over");
        refuse.commit().await.unwrap();
    }

    async fn the_phone_of_a_request_goes_some_weeks_after_the_answer(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let mut ask = op(&d, Actor::Public).await;
        let asked = request::ask(&mut ask, id, Kind::Erasure, "").await.unwrap();
        ask.commit().await.unwrap();
        let mut erase = op(&d, secretary()).await;
        request::erase(&mut erase, asked).await.unwrap();
        erase.commit().await.unwrap();
        let hash = Seal::new(&d.port::<Access>().unwrap()).phone_hash(PHONE).unwrap();
        let held = "SELECT count(*) FROM privacy_request WHERE phone_hash IS NOT NULL";
        night_after(&d, 28).await;
        let read = request::of_phone(&mut d.db.read().await.unwrap(), &hash, d.clock.now()).await.unwrap();
        assert_eq!((read.len(), count(&d, held).await), (1, 1));
        night_after(&d, 2).await;
        let read = request::of_phone(&mut d.db.read().await.unwrap(), &hash, d.clock.now()).await.unwrap();
        assert_eq!((read.len(), count(&d, held).await), (0, 0));
        assert_eq!(count(&d, "SELECT count(*) FROM privacy_request").await, 1, "the request itself stays");
    }

    async fn only_ones_own_record_is_asked_to_be_erased_and_once(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let access = d.port::<Access>().unwrap();
        let held = |phone: &str| Held { hash: Seal::new(&access).phone_hash(phone).unwrap(), phone: phone.into(), name: None };
        let mut other = op(&d, Actor::Public).await;
        assert_eq!(key(mine::ask_erasure(&mut other, &held("13900000001"), id, "").await), "404");
        drop(other);
        let mut own = op(&d, Actor::Public).await;
        mine::ask_erasure(&mut own, &held(PHONE), id, "搬走了").await.unwrap();
        own.commit().await.unwrap();
        let mut again = op(&d, Actor::Public).await;
        assert_eq!(key(mine::ask_erasure(&mut again, &held(PHONE), id, "").await), "privacy-asked-already");
        drop(again);
        let seen = mine::people(&mut d.db.read().await.unwrap(), &access, &held(PHONE), d.clock.now()).await.unwrap();
        assert_eq!(seen[0].asked.iter().map(|r| (r.kind, r.state)).collect::<Vec<_>>(), [(Kind::Erasure, State::Open)]);
    }
}
