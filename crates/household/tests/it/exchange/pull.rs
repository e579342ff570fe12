//! Following the feed: in order, from where one was, with tombstones.

use linli_household::{model::Leaving, register::MoveOut, store::feed::Subject};
use linli_testkit::both_engines;

use super::*;

const PERSON: &[Shared] = &[Shared::ResidentName, Shared::ResidentPhone, Shared::ResidentHome];

both_engines! {
    async fn a_peer_follows_what_its_agreement_names(s) {
        let d = telling(&s).await;
        let (here, far) = (home(&d, GRID, "3号楼").await, home(&d, FAR_GRID, "5号楼").await);
        let (a, _) = concluded(&d, &wanted(&d, Direction::Out, PERSON, &[STREET])).await;
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        add(&d, far, &facts("李小红", "", "10000000002")).await;

        // What waits is what the agreement names: not the homes, not the people of other streets.
        let waiting = async |most| feed::waiting(&mut d.db.read().await.unwrap(), &a, most).await.unwrap();
        assert_eq!((waiting(1_000).await, waiting(0).await), (1, 1), "and it is counted one further than it is shown");

        let (told, at) = all(&d, &a, 0).await;
        assert_eq!(told.len(), 1, "nobody of another street, no home, no household: {told:?}");
        let fields = told[0].fields.as_ref().unwrap();
        assert_eq!((told[0].id, told[0].kind, told[0].deleted), (id.0, Subject::Resident, false));
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["home", "name", "phone"]);
        assert_eq!((fields["name"].as_str(), fields["phone"].as_str()), (Some("王小明"), Some(PHONE)));
        assert_eq!(fields["home"]["address"], "锦绣花园3号楼2单元501");
        assert_eq!(all(&d, &a, at).await, (vec![], at), "nothing twice without a change");

        // Out of the agreement's area is gone; back again is there.
        add(&d, far, &facts("王小明", ID, "")).await;
        let (told, at) = all(&d, &a, at).await;
        assert_eq!(told.iter().map(|t| (t.id, t.deleted, t.fields.is_none())).collect::<Vec<_>>(), [(id.0, true, true)]);
        add(&d, here, &facts("王小明", ID, "")).await;
        let (told, at) = all(&d, &a, at).await;
        assert_eq!(told.iter().map(|t| (t.id, t.deleted)).collect::<Vec<_>>(), [(id.0, false)]);

        // Out of the district too.
        let mut gone = op(&d, worker()).await;
        let out = MoveOut { reason: Leaving::Away, at: gone.now, destination: None };
        app::move_out(&mut gone, id, &out).await.unwrap();
        gone.commit().await.unwrap();
        let (told, at) = all(&d, &a, at).await;
        assert_eq!(told.iter().map(|t| (t.id, t.deleted)).collect::<Vec<_>>(), [(id.0, true)]);
        assert!(!serde_json::to_string(&told).unwrap().contains("王小明"));
        // Who begins anew hears the last word of each thing.
        let (whole, end) = all(&d, &a, 0).await;
        assert_eq!((whole.len(), whole[0].deleted, end), (1, true, at));
    }

    async fn a_peer_does_not_hear_of_what_its_agreement_does_not_name(s) {
        let d = telling(&s).await;
        let (here, near, far) =
            (home(&d, GRID, "3号楼").await, home(&d, NEXT_GRID, "4号楼").await, home(&d, FAR_GRID, "5号楼").await);
        let (a, _) = concluded(&d, &wanted(&d, Direction::Out, &[Shared::ResidentName], &[STREET])).await;
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let (told, at) = all(&d, &a, 0).await;
        assert_eq!(told.len(), 1);
        let correct = async |id, name: &str, phone: &str| {
            let mut op1 = op(&d, actor(Role::StreetCentre, STREET)).await;
            app::correct_resident(&mut op1, id, &facts(name, "", phone), None).await.unwrap();
            op1.commit().await.unwrap();
        };
        // Another phone, another home within the agreement's areas: nothing of it is named.
        correct(id, "王小明", "10000000077").await;
        let (told, at) = all(&d, &a, at).await;
        assert_eq!(told, []);
        add(&d, near, &facts("王小明", ID, "")).await;
        let (told, at) = all(&d, &a, at).await;
        assert_eq!(told, []);
        correct(id, "王大明", "").await;
        let (told, at) = all(&d, &a, at).await;
        assert_eq!(told.iter().map(|t| t.fields.as_ref().unwrap()["name"].as_str()).collect::<Vec<_>>(), [Some("王大明")]);
        // Out of reach is a tombstone, whatever is named.
        add(&d, far, &facts("王大明", ID, "")).await;
        let (told, at) = all(&d, &a, at).await;
        assert_eq!(told.iter().map(|t| (t.id, t.deleted)).collect::<Vec<_>>(), [(id.0, true)]);

        // Who reads page by page loses nobody of whom something else changes meanwhile, nor does who begins anew.
        let mut people = Vec::new();
        for n in 0..3 {
            people.push(add(&d, here, &facts(&format!("李{}", ["甲", "乙", "丙"][n]), "", &format!("1000000010{n}"))).await.id);
        }
        for start in [at, 0] {
            let (first, next, more) = page(&d, &a, start, 1).await;
            assert!(first.len() == 1 && more);
            correct(people[1], "李乙", if start == 0 { "10000000103" } else { "10000000104" }).await;
            let (rest, _) = all(&d, &a, next).await;
            let heard: Vec<_> = first.iter().chain(&rest).filter(|t| !t.deleted).map(|t| t.id).collect();
            assert_eq!(heard, people.iter().map(|id| id.0).collect::<Vec<_>>());
        }
        // Nothing of anybody lies in the peer's feed.
        let kept: i64 = d.db.read().await.unwrap().scalar("SELECT CAST(max(length(print)) AS BIGINT) FROM exchange_feed", vec![]).await.unwrap();
        assert_eq!(kept, 16);
        let mut over = op(&d, officer()).await;
        agreement::end(&mut over, a.id, "项目结束").await.unwrap();
        over.commit().await.unwrap();
        let left: i64 = d.db.read().await.unwrap().scalar("SELECT count(*) FROM exchange_feed", vec![]).await.unwrap();
        assert_eq!(left, 0);
    }

    async fn a_key_opens_its_own_agreement_while_it_is_in_force(s) {
        let d = telling(&s).await;
        let (a, handed) = concluded(&d, &wanted(&d, Direction::Out, PERSON, &[STREET])).await;
        assert!(handed.key.starts_with("lk_") && handed.secret.is_none());
        let of = async |actor: Actor, way: fn(Direction) -> bool| {
            let mut conn = d.db.read().await.unwrap();
            key_of(agreement::of_client(&mut conn, &actor, d.clock.now(), way).await)
        };
        assert_eq!(of(client(&a), Direction::gives).await, "ok");
        assert_eq!(of(client(&a), Direction::takes).await, "exchange-no-agreement");
        assert_eq!(of(worker(), Direction::gives).await, "exchange-no-agreement");

        // Another key, and the first is worth nothing.
        let mut again = op(&d, officer()).await;
        agreement::new_key(&mut again, a.id).await.unwrap();
        again.commit().await.unwrap();
        assert_eq!(of(client(&a), Direction::gives).await, "exchange-no-agreement");
        let renewed = agreement::get(&mut d.db.read().await.unwrap(), a.id).await.unwrap();
        assert_eq!(of(client(&renewed), Direction::gives).await, "ok");

        let mut over = op(&d, officer()).await;
        assert_eq!(key(agreement::end(&mut over, a.id, " ").await), "error-required");
        agreement::end(&mut over, a.id, "项目结束").await.unwrap();
        over.commit().await.unwrap();
        assert_eq!(of(client(&renewed), Direction::gives).await, "exchange-no-agreement");
        let left: i64 = d.db.read().await.unwrap()
            .scalar("SELECT count(*) FROM api_key WHERE revoked_at IS NULL", vec![]).await.unwrap();
        assert_eq!(left, 0);

        let (short, _) = concluded(&d, &wanted(&d, Direction::Both, &PERSON[..1], &[DISTRICT])).await;
        d.clock.advance(Duration::from_hours(24 * 366));
        assert_eq!(of(client(&short), Direction::gives).await, "exchange-no-agreement", "it has run out");
    }

    async fn an_agreement_names_its_last_day(s) {
        let d = telling(&s).await;
        let day = d.clock.now().china_date() + chrono::Days::new(200);
        let ends_at = linli_kernel::Timestamp::china_midnight(day.succ_opt().unwrap());
        let new = NewAgreement { ends_at, ..wanted(&d, Direction::Out, PERSON, &[STREET]) };
        assert_eq!(concluded(&d, &new).await.0.last_day(), day);
    }

    async fn what_makes_no_agreement_is_told_at_its_place(s) {
        let d = telling(&s).await;
        let good = wanted(&d, Direction::Out, PERSON, &[STREET]);
        let mut op1 = op(&d, officer()).await;
        let over = d.clock.now().plus(Duration::from_hours(24 * 800));
        for (new, expected) in [
            (NewAgreement { purpose: String::new(), ..good.clone() }, "error-required"),
            (NewAgreement { peer: "卫健".into(), ..good.clone() }, "exchange-peer-bad"),
            (NewAgreement { fields: vec![], ..good.clone() }, "error-required"),
            (NewAgreement { areas: vec![area("371003")], ..good.clone() }, "error-area"),
            (NewAgreement { ends_at: over, ..good.clone() }, "exchange-until-bad"),
            (NewAgreement { url: "http://10.0.0.1/x".into(), ..good.clone() }, "exchange-url-bad"),
            (wanted(&d, Direction::In, &[Shared::ResidentCare], &[STREET]), "exchange-field-not-in"),
        ] {
            assert_eq!(key(agreement::conclude(&mut op1, &new).await), expected);
        }
        drop(op1);
        for who in [worker(), actor(Role::SystemAdmin, DISTRICT), actor(Role::SecurityOfficer, STREET)] {
            let mut other = op(&d, who).await;
            assert!(agreement::conclude(&mut other, &good).await.is_err());
        }
    }
}

fn key_of<T>(answer: Result<T>) -> String {
    match answer {
        Ok(_) => "ok".into(),
        Err(Error::Forbidden(key)) => key.into(),
        Err(other) => panic!("{other:?}"),
    }
}
