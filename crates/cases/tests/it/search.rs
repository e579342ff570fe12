//! Finding: words, numbers, the hotline's number, a phone, a name, its initials.

use linli_access::Access;
use linli_cases::read::{self, Filter, Sort};
use linli_testkit::both_engines;

use super::*;

/// A report by somebody of this name.
fn called(name: &str, hidden: bool) -> NewReport {
    let (name, phone) = (Some(name.into()), Some("13912345678".into()));
    NewReport { reporter: ReporterInput { name, phone, hidden, anonymous: false }, ..well() }
}

async fn finds(d: &Arc<District>, typed: &str) -> Vec<String> {
    let access = d.port::<Access>().unwrap();
    let filter = Filter::default().find(&access, typed).unwrap();
    let mut conn = d.db.read().await.unwrap();
    let page =
        read::page(&mut conn, d, (&scope(d, &centre()), &filter), Sort::Newest, None, 50).await.unwrap();
    let mut found: Vec<String> = page.items.into_iter().map(|r| r.number).collect();
    found.sort();
    found
}

both_engines! {
    async fn as_people_type(s) {
        let d = district(&s).await;
        let one = report(&d, well()).await.number;
        let lamp = NewReport {
            text: "路灯三天不亮".into(),
            reporter: ReporterInput { phone: Some("0631-5231234".into()), hidden: true, ..ReporterInput::default() },
            ..well()
        };
        let mut pushing = op(&d, Actor::System).await;
        let two = app::report(&mut pushing, NewReport { source: Source::Hotline, external: Some("2026-88".into()), ..lamp }).await.unwrap().number;
        pushing.commit().await.unwrap();

        let none: [String; 0] = [];
        assert_eq!(finds(&d, "污水").await, [one.as_str()]);
        assert_eq!(finds(&d, "水井冒").await, [one.as_str()]);
        assert_eq!(finds(&d, "灯").await, [two.as_str()]);
        assert_eq!(finds(&d, "污水 路面").await, [one.as_str()]);
        assert_eq!(finds(&d, "污水 路灯").await, none);
        assert_eq!(finds(&d, "hc20261123－000002").await, [two.as_str()]);
        assert_eq!(finds(&d, "HC20261123").await, [one.as_str(), two.as_str()]);
        assert_eq!(finds(&d, "2026-88").await, [two.as_str()]);
        assert_eq!(finds(&d, "138-0013-8000").await, [one.as_str()]);
        // A hidden identity is not found by its phone.
        assert_eq!(finds(&d, "06315231234").await, none);
        assert_eq!(finds(&d, "\" OR 1=1 --").await, none);
        assert_eq!(finds(&d, "，。").await, none);
    }

    async fn by_the_name_and_its_initials(s) {
        let d = district(&s).await;
        let one = report(&d, called("欧阳小珍", false)).await.number;
        report(&d, called("欧阳小珍", true)).await;
        let other = report(&d, called("单 雄", false)).await.number;

        let none: [String; 0] = [];
        assert_eq!(finds(&d, "欧阳小珍").await, [one.as_str()], "a hidden identity is not found by its name");
        assert_eq!(finds(&d, "oyxz").await, [one.as_str()]);
        assert_eq!(finds(&d, "OYXZ").await, [one.as_str()]);
        assert_eq!(finds(&d, "单雄").await, [other.as_str()], "spaces in a name mean nothing");
        assert_eq!(finds(&d, "sx").await, [other.as_str()], "a surname has its own sound");
        assert_eq!(finds(&d, "oyx").await, none);

        // Cases from before are made found by the job, a batch at a time.
        let mut tx = d.db.begin().await.unwrap();
        tx.execute("UPDATE case_file SET name_hash = NULL, initials_hash = NULL", vec![]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(finds(&d, "oyxz").await, none);
        let handlers = linli_cases::manifest();
        let handlers = (handlers.handlers)();
        linli_store::worker::arm(&d, &handlers).await.unwrap();
        linli_store::worker::turn(&d, &handlers).await.unwrap();
        assert_eq!(finds(&d, "oyxz").await, [one.as_str()]);
    }

    async fn who_reported_is_forgotten_some_time_after_the_end(s) {
        let d = district(&s).await;
        let over = report(&d, called("欧阳小珍", false)).await;
        let open = report(&d, called("单雄", false)).await;
        let decline = Command::Decline { reason: linli_cases::model::DeclineReason::NoContent, note: "看不出是什么事".into() };
        act(&d, &street(), over.id, decline).await;
        let destroy = async |days: u64| {
            let mut op = op(&d, Actor::System).await;
            let before = op.now.plus(std::time::Duration::from_hours(24 * days));
            let gone = linli_cases::retention::destroy_reporters(&mut op, before, 100).await.unwrap();
            op.commit().await.unwrap();
            gone
        };
        assert_eq!(destroy(0).await, 0, "not before its time");
        assert_eq!(finds(&d, "oyxz").await, [over.number.as_str()]);
        assert_eq!(destroy(1).await, 1, "only what has ended");
        assert_eq!(destroy(1).await, 0);
        assert_eq!(finds(&d, "oyxz").await, [""; 0]);
        assert_eq!(finds(&d, &over.number).await, [over.number.as_str()], "the case stays");
        assert_eq!(finds(&d, "sx").await, [open.number.as_str()]);
        let sql = "SELECT count(*) FROM case_file WHERE reporter_name IS NOT NULL OR reporter_phone IS NOT NULL OR phone_hash IS NOT NULL";
        assert_eq!(d.db.read().await.unwrap().scalar::<i64>(sql, vec![]).await.unwrap(), 1);
    }

    async fn the_same_number_of_another_system_comes_once(s) {
        let d = district(&s).await;
        let push = |external: &str| NewReport { source: Source::Hotline, external: Some(external.into()), ..well() };
        let mut first = op(&d, Actor::System).await;
        app::report(&mut first, push("H1")).await.unwrap();
        first.commit().await.unwrap();
        let mut again = op(&d, Actor::System).await;
        let twice = app::report(&mut again, push("H1")).await;
        assert!(matches!(twice, Err(Error::Conflict("error-exists"))), "{twice:?}");
        drop(again);
        assert_eq!(finds(&d, "H1").await.len(), 1);
    }

    async fn duplicates_and_suggestions_stand_beside_a_new_case(s) {
        let d = district(&s).await;
        let first = report(&d, well()).await;
        let second = report(&d, NewReport { text: "污水井一直往外冒水，味道大".into(), category: None, ..well() }).await;
        report(&d, NewReport { text: "广场舞声音太大".into(), ..well() }).await;
        let mut conn = d.db.read().await.unwrap();
        let alike = read::similar(&mut conn, &d, &scope(&d, &street()), second.id).await.unwrap();
        assert_eq!(alike.iter().map(|a| a.id).collect::<Vec<_>>(), [first.id]);
        let guess = read::suggest_for(&mut conn, &d, &scope(&d, &street()), second.id).await.unwrap();
        assert_eq!((guess.category.as_deref(), guess.lead), (Some(WELL), Some(org(WATER))));
        drop(conn);

        // What the desk decides otherwise is remembered.
        triage(&d, &street(), second.id, TriageDecision { category: Some(LAMP.into()), ..joint(ROADS) }).await;
        let mut conn = d.db.read().await.unwrap();
        let counted = read::corrections(&mut conn, at("2026-11-01T00:00")).await.unwrap();
        assert_eq!(counted, [(Some(WELL.to_owned()), Some(LAMP.to_owned()), 1)]);
    }
}
