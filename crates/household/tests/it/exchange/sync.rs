//! What a peer tells: per row, by the register's rules, and the same again changes nothing.

use linli_household::{
    exchange::sync::{self, Outcome, Reply},
    model::{Field, Mark},
    register::{self, News},
    rules::Verdict,
    store::people,
};
use linli_testkit::both_engines;
use serde_json::{Value, json};

use super::*;

const IN: &[Shared] = &[
    Shared::ResidentName,
    Shared::ResidentIdNumber,
    Shared::ResidentPhone,
    Shared::ResidentSex,
    Shared::ResidentBirth,
    Shared::ResidentRelation,
    Shared::ResidentHome,
];

async fn take(d: &Arc<District>, a: &Agreement, rows: &[Value]) -> Vec<Reply> {
    let mut op = op(d, client(a)).await;
    let replies = sync::take(&mut op, rows).await.unwrap();
    op.commit().await.unwrap();
    replies
}

fn row(id: &str, confirmed: &str, more: Value) -> Value {
    let mut row = json!({ "external_id": id, "confirmed_at": format!("{confirmed}T08:00:00+08:00") });
    for (name, value) in more.as_object().unwrap() {
        row[name] = value.clone();
    }
    row
}

fn outcomes(replies: &[Reply]) -> Vec<Outcome> {
    replies.iter().map(|r| r.outcome).collect()
}

fn faults(reply: &Reply) -> Vec<(&str, &str)> {
    reply.faults.iter().map(|f| (f.field.as_str(), f.key.as_str())).collect()
}

async fn last(d: &District) -> i64 {
    d.db.read()
        .await
        .unwrap()
        .scalar("SELECT coalesce(max(seq), 0) FROM register_feed", vec![])
        .await
        .unwrap()
}

async fn person(d: &District, id: linli_household::model::ResidentId) -> linli_household::model::Person {
    let access = d.port::<Access>().unwrap();
    let row = people::get(&mut d.db.read().await.unwrap(), id).await.unwrap();
    row.person(linli_household::store::Seal::new(&access)).unwrap()
}

const AT_3: &str = "锦绣花园3号楼2单元501";

both_engines! {
    async fn rows_are_answered_one_by_one_and_a_repeat_changes_nothing(s) {
        let d = telling(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        home(&d, FAR_GRID, "5号楼").await;
        let known = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let (a, _) = concluded(&d, &wanted(&d, Direction::In, IN, &[STREET])).await;
        d.clock.advance(Duration::from_hours(48));
        let rows = vec![
            row("H-1", "2026-11-24", json!({ "name": "李小红", "phone": "10000000002", "area": COMMUNITY, "address": AT_3, "relation": "spouse" })),
            row("H-2", "2026-11-24", json!({ "name": "王小明", "id_number": ID, "phone": "10000000003" })),
            row("H-3", "2026-11-24", json!({ "name": "赵无房", "phone": "10000000004" })),
            row("H-4", "2026-11-24", json!({ "name": "钱错号", "id_number": "110105194912310021", "area": COMMUNITY, "address": AT_3 })),
            row("H-5", "2026-11-24", json!({ "name": "孙远方", "phone": "10000000005", "area": FAR_GRID, "address": "锦绣花园5号楼2单元501" })),
            row("H-6", "2026-11-24", json!({ "name": "周多言", "phone": "10000000006", "residence": "floating", "area": COMMUNITY, "address": AT_3 })),
            row("H-7", "2026-12-24", json!({ "name": "吴未来", "area": COMMUNITY, "address": AT_3 })),
            json!({ "external_id": "H-8", "name": 5 }),
        ];
        let replies = take(&d, &a, &rows).await;
        let error = Outcome::Error;
        assert_eq!(outcomes(&replies), [Outcome::Created, Outcome::Conflict, error, error, error, error, error, error]);
        assert_eq!(replies[1].fields[&Field::Phone], Verdict::Unverified, "a worker has checked it");
        assert_eq!(replies[1].id, Some(known));
        assert_eq!(faults(&replies[2]), [("address", "error-required")]);
        assert_eq!(faults(&replies[3]), [("id_number", "household-id-bad")]);
        assert_eq!(faults(&replies[4]), [("address", "exchange-home-unknown")], "another street's home is not told about");
        assert_eq!(faults(&replies[5]), [("residence", "exchange-field-not-agreed")]);
        assert_eq!(faults(&replies[6]), [("confirmed_at", "household-time-ahead")]);
        assert_eq!(faults(&replies[7])[0].1, "error-value");
        assert_eq!(person(&d, known).await.phone.as_deref(), Some(PHONE));

        let seq = last(&d).await;
        let again = take(&d, &a, &rows).await;
        assert_eq!(outcomes(&again)[..2], [Outcome::Unchanged, Outcome::Conflict]);
        assert_eq!(again[0].id, replies[0].id, "by the peer's own number");
        assert_eq!(last(&d).await, seq, "nobody hears of nothing");
        let people: i64 = d.db.read().await.unwrap().scalar("SELECT count(*) FROM resident", vec![]).await.unwrap();
        assert_eq!(people, 2);
    }

    async fn the_newest_wins_and_checked_beats_what_people_filled_in(s) {
        let d = telling(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let new = NewAgreement { trusted: true, ..wanted(&d, Direction::Both, IN, &[STREET]) };
        let (a, _) = concluded(&d, &new).await;
        let mut fill = op(&d, Actor::System).await;
        let mut news = News::new();
        let by = Mark::self_filled(fill.now);
        let put = register::add(&mut fill, &mut news, Home { dwelling: here, household: None }, &facts("王小明", "", PHONE), &by).await.unwrap();
        news.publish(&mut fill).await.unwrap();
        fill.commit().await.unwrap();
        d.clock.advance(Duration::from_hours(24 * 5));
        let phone = |id: &str, at: &str, phone: &str, verified: bool| {
            row(id, at, json!({ "name": "王小明", "phone": phone, "verified": verified }))
        };
        // Older than what the resident said; found by name and phone first.
        let first = take(&d, &a, &[phone("H-1", "2026-11-20", PHONE, false)]).await;
        assert_eq!((first[0].outcome, first[0].id), (Outcome::Unchanged, Some(put.id)));
        let older = take(&d, &a, &[phone("H-1", "2026-11-20", "10000000007", false)]).await;
        assert_eq!((older[0].outcome, older[0].fields[&Field::Phone]), (Outcome::Unchanged, Verdict::Older));
        let newer = take(&d, &a, &[phone("H-1", "2026-11-25", "10000000008", false)]).await;
        assert_eq!((newer[0].outcome, newer[0].fields[&Field::Phone]), (Outcome::Updated, Verdict::Taken));
        // Checked long ago beats what nobody has checked; the peer hears of its own word once and rests.
        let checked = take(&d, &a, &[phone("H-1", "2026-11-19", "10000000009", true)]).await;
        assert_eq!(checked[0].fields[&Field::Phone], Verdict::Taken);
        let unchecked = take(&d, &a, &[phone("H-1", "2026-11-27", "10000000010", false)]).await;
        assert_eq!((unchecked[0].outcome, unchecked[0].fields[&Field::Phone]), (Outcome::Conflict, Verdict::Unverified));
        assert_eq!(person(&d, put.id).await.phone.as_deref(), Some("10000000009"));
    }

    async fn who_moves_and_who_is_somebody_else(s) {
        let d = telling(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let next = home(&d, NEXT_GRID, "6号楼").await;
        let far = home(&d, FAR_GRID, "5号楼").await;
        let away = add(&d, far, &facts("王小明", ID, PHONE)).await.id;
        let (a, _) = concluded(&d, &wanted(&d, Direction::Both, IN, &[STREET])).await;
        d.clock.advance(Duration::from_hours(24 * 5));
        let told = take(&d, &a, &[
            // A worker has checked that he lives elsewhere.
            row("H-1", "2026-11-26", json!({ "name": "王小明", "id_number": ID, "dwelling": here })),
            row("H-2", "2026-11-26", json!({ "name": "王小明", "id_number": ID })),
            row("H-3", "2026-11-26", json!({ "name": "李小红", "id_number": "440524188001010014", "dwelling": here })),
            row("H-3", "2026-11-27", json!({ "dwelling": next })),
            row("H-3", "2026-11-27", json!({ "id_number": "11010519491231002X" })),
        ]).await;
        assert_eq!(outcomes(&told), [Outcome::Conflict, Outcome::Error, Outcome::Created, Outcome::Updated, Outcome::Conflict]);
        assert_eq!((told[0].id, told[1].id), (None, None), "nothing is told of who lives elsewhere");
        assert_eq!(faults(&told[4]), [("id_number", "exchange-other-number")]);
        let id = told[3].id.unwrap();
        let row_of = people::get(&mut d.db.read().await.unwrap(), id).await.unwrap();
        assert_eq!((row_of.dwelling_id, row_of.area.as_str()), (Some(next), NEXT_GRID));
        let left = take(&d, &a, &[row("H-3", "2026-11-28", json!({ "left": "away" }))]).await;
        assert_eq!(left[0].outcome, Outcome::Updated);
        let again = take(&d, &a, &[row("H-3", "2026-11-28", json!({ "left": "away" }))]).await;
        assert_eq!(again[0].outcome, Outcome::Unchanged);
        let gone = people::get(&mut d.db.read().await.unwrap(), id).await.unwrap();
        assert_eq!(gone.dwelling_id, None);
        assert!(people::get(&mut d.db.read().await.unwrap(), away).await.unwrap().dwelling_id.is_some());
        // A number that is somebody else's makes nobody one with them.
        let two = take(&d, &a, &[
            row("H-9", "2026-11-28", json!({ "name": "郑无号", "phone": "10000000031", "dwelling": here })),
            row("H-9", "2026-11-28", json!({ "id_number": ID })),
        ]).await;
        assert_eq!(outcomes(&two), [Outcome::Created, Outcome::Conflict]);
        assert_eq!(faults(&two[1]), [("id_number", "household-person-known")]);
    }

    async fn who_may_not_tell_is_refused(s) {
        let d = telling(&s).await;
        let (out, _) = concluded(&d, &wanted(&d, Direction::Out, IN, &[STREET])).await;
        let mut only_out = op(&d, client(&out)).await;
        assert_eq!(key(sync::take(&mut only_out, &[json!({})]).await), "exchange-no-agreement");
        drop(only_out);
        let (a, _) = concluded(&d, &wanted(&d, Direction::In, IN, &[STREET])).await;
        let mut many = op(&d, client(&a)).await;
        assert_eq!(key(sync::take(&mut many, &vec![json!({}); 201]).await), "exchange-rows");
        assert_eq!(key(sync::take(&mut many, &[]).await), "exchange-rows");
    }
}
