//! The store on both engines: chain, outbox, idempotency, numbers, migrations.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod failing;
mod hearing;
mod turns;
mod work;

use std::{sync::Arc, time::Duration};

use linli_kernel::{Actor, Clock, Error, Ids, Timestamp};
use linli_store::{
    Db, District, Entry, MIGRATIONS, Op, Ports, activity,
    idempotency::{self, Claim},
    migrate::{migrate, pending},
    outbox,
};
use linli_testkit::{Scratch, both_engines};
use tokio::sync::Semaphore;

async fn district(scratch: &Scratch) -> Arc<District> {
    let clock = Clock::fixed("2026-11-23T09:00:00+08:00".parse().unwrap());
    migrate(&scratch.db, MIGRATIONS, clock.now()).await.unwrap();
    Arc::new(District {
        name: "test".into(),
        area: "371002".parse().unwrap(),
        prefix: "HC".into(),
        db: scratch.db.clone(),
        clock,
        ids: Ids::seeded(7),
        ports: Ports::default().with(work::Gate { begun: Semaphore::new(0), may_end: Semaphore::new(0) }),
    })
}

async fn op(d: &Arc<District>) -> Op {
    Op::begin(d.clone(), &d.db, Actor::System, "req".into()).await.unwrap()
}

fn entry(d: &District, what: &str) -> Entry {
    Entry {
        action: "test.act",
        subject: "thing",
        subject_id: what.into(),
        area: d.area.clone(),
        detail: serde_json::json!({ "what": what }),
    }
}

both_engines! {
    async fn migrations_apply_once(s) {
        assert_eq!(pending(&s.db, MIGRATIONS).await.unwrap().len(), MIGRATIONS.len());
        assert_eq!(migrate(&s.db, MIGRATIONS, Timestamp::from_millis(1)).await.unwrap().len(), MIGRATIONS.len());
        assert!(migrate(&s.db, MIGRATIONS, Timestamp::from_millis(2)).await.unwrap().is_empty());
        assert!(pending(&s.db, MIGRATIONS).await.unwrap().is_empty());
        let changed = [linli_store::Migration { name: MIGRATIONS[0].name, sql: "SELECT 1;" }];
        assert!(migrate(&s.db, &changed, Timestamp::from_millis(3)).await.is_err());
    }

    async fn what_is_put_off_is_there_for_whatever_comes_next(s) {
        let d = district(&s).await;
        let put = "INSERT INTO setting (key, value, updated_at) VALUES ($1, $2, 7)";
        let mut tx = d.db.begin().await.unwrap();
        let before = tx.queries();
        for n in 0..3 {
            tx.defer(put, linli_kernel::params![format!("k{n}"), format!("'{n}' $1")]).await.unwrap();
        }
        assert_eq!(tx.queries(), before, "nothing has gone out");
        let all: Vec<(String, String)> =
            tx.all("SELECT key, value FROM setting WHERE updated_at = 7 ORDER BY key", vec![]).await.unwrap();
        assert_eq!(all[2], ("k2".to_owned(), "'2' $1".to_owned()));
        assert_eq!((all.len(), tx.queries() - before), (3, 2), "three rows in one round trip, then the question");
        tx.defer(put, linli_kernel::params!["last", ""]).await.unwrap();
        tx.commit().await.unwrap();
        let n: i64 = d.db.read().await.unwrap().scalar("SELECT count(*) FROM setting WHERE updated_at = 7", vec![]).await.unwrap();
        assert_eq!(n, 4, "the commit sends what still waits");

        // A mistake in it is heard by whatever follows, at the latest by the commit, and nothing remains.
        let mut tx = d.db.begin().await.unwrap();
        tx.defer(put, linli_kernel::params!["fresh", ""]).await.unwrap();
        tx.defer(put, linli_kernel::params!["k0", ""]).await.unwrap();
        assert!(matches!(tx.commit().await, Err(Error::Conflict("error-exists"))));
        let n: i64 = d.db.read().await.unwrap().scalar("SELECT count(*) FROM setting WHERE updated_at = 7", vec![]).await.unwrap();
        assert_eq!(n, 4);
        // Dropped, it has never been.
        let mut tx = d.db.begin().await.unwrap();
        tx.defer(put, linli_kernel::params!["gone", ""]).await.unwrap();
        drop(tx);
        let n: i64 = d.db.read().await.unwrap().scalar("SELECT count(*) FROM setting WHERE updated_at = 7", vec![]).await.unwrap();
        assert_eq!(n, 4);
    }

    async fn the_chain_shows_every_tampering(s) {
        let d = district(&s).await;
        for n in 0..20 {
            let mut op = op(&d).await;
            op.log(entry(&d, &n.to_string())).await.unwrap();
            op.commit().await.unwrap();
        }
        assert_eq!(activity::verify(&d.db).await.unwrap().open, 20);
        assert_eq!(activity::seal(&d.db).await.unwrap(), 20);
        let whole = activity::verify(&d.db).await.unwrap();
        assert_eq!((whole.sealed, whole.open, whole.faults.len()), (20, 0, 0));

        for forbidden in ["UPDATE activity SET actor = 'x'", "UPDATE activity SET seq = 99", "DELETE FROM activity"] {
            let mut tx = d.db.begin().await.unwrap();
            assert!(tx.execute(forbidden, vec![]).await.is_err(), "{forbidden}");
        }
        // Somebody with the database in hand drops the triggers first; the chain still shows it.
        let off = |table: &str| match d.db.engine() {
            linli_store::Engine::Sqlite { .. } => format!("DROP TRIGGER {table}"),
            linli_store::Engine::Postgres { .. } => format!("DROP TRIGGER {table} ON activity"),
        };
        let mut tx = d.db.begin().await.unwrap();
        for trigger in ["activity_content", "activity_sealed", "activity_kept"] {
            tx.execute(&off(trigger), vec![]).await.unwrap();
        }
        tx.execute("UPDATE activity SET detail = '{}' WHERE seq = 7", vec![]).await.unwrap();
        tx.execute("DELETE FROM activity WHERE seq = 12", vec![]).await.unwrap();
        tx.commit().await.unwrap();
        let faults = activity::verify(&d.db).await.unwrap().faults.join("; ");
        assert!(faults.contains("row 7"), "{faults}");
        assert!(faults.contains("rows 12 to 12 are missing"), "{faults}");
    }

    async fn a_dropped_use_case_leaves_nothing(s) {
        let d = district(&s).await;
        let mut half = op(&d).await;
        half.log(entry(&d, "x")).await.unwrap();
        half.emit("never", &1).await.unwrap();
        drop(half);
        assert_eq!(activity::verify(&d.db).await.unwrap().open, 0);
        assert_eq!(outbox::depth(&d.db).await.unwrap(), (0, 0));
    }

    async fn numbers_are_given_once_under_parallel_writers(s) {
        let d = district(&s).await;
        let mut tasks = Vec::new();
        for n in 0..24 {
            let d = d.clone();
            tasks.push(tokio::spawn(async move {
                let mut op = op(&d).await;
                let number = op.next_number("").await.unwrap();
                // Every third use case is given up: on SQLite its number comes again.
                if n % 3 == 0 { None } else { op.commit().await.unwrap(); Some(number) }
            }));
        }
        let mut numbers = Vec::new();
        for task in tasks {
            numbers.extend(task.await.unwrap());
        }
        numbers.sort();
        let last = if matches!(d.db.engine(), linli_store::Engine::Sqlite { .. }) { 16 } else { 24 };
        let given: Vec<String> = (1..=last).map(|n| format!("HC20261123-{n:06}")).collect();
        assert_eq!(numbers.len(), 16);
        assert!(numbers.iter().all(|number| given.contains(number)), "{numbers:?}");
        numbers.dedup();
        assert_eq!(numbers.len(), 16, "none was given twice");
    }

    async fn a_repeat_gets_the_first_answer(s) {
        let d = district(&s).await;
        let now = d.clock.now();
        let mut tx = d.db.begin().await.unwrap();
        assert_eq!(idempotency::claim(&mut tx, "k", "POST /a", now).await.unwrap(), Claim::New);
        idempotency::keep(&mut tx, "k", 201, "made").await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = d.db.begin().await.unwrap();
        assert_eq!(
            idempotency::claim(&mut tx, "k", "POST /a", now).await.unwrap(),
            Claim::Done { status: 201, answer: "made".into() }
        );
        assert!(matches!(idempotency::claim(&mut tx, "k", "POST /b", now).await, Err(Error::Conflict(_))));
    }

    async fn of_several_at_once_one_does_it_and_all_hear_the_same(s) {
        let d = district(&s).await;
        let senders = (0..8).map(|nth: usize| {
            let d = d.clone();
            tokio::spawn(async move {
                let mut op = op(&d).await;
                match idempotency::claim(&mut op.tx, "k", "POST /a", op.now).await.unwrap() {
                    Claim::New => {
                        // Long enough that the others ask meanwhile; the first does not get through.
                        tokio::time::sleep(Duration::from_millis(40)).await;
                        if nth == 0 {
                            return (false, String::new());
                        }
                        op.emit("kept", &0).await.unwrap();
                        idempotency::keep(&mut op.tx, "k", 201, &format!("by {nth}")).await.unwrap();
                        op.commit().await.unwrap();
                        (true, format!("by {nth}"))
                    }
                    Claim::Done { answer, .. } => (false, answer),
                }
            })
        });
        let senders: Vec<_> = senders.collect();
        let mut told = Vec::new();
        for sender in senders {
            told.push(sender.await.unwrap());
        }
        let did: Vec<_> = told.iter().filter(|(did, _)| *did).collect();
        assert_eq!(did.len(), 1, "{told:?}");
        assert!(told[1..].iter().all(|(_, answer)| *answer == did[0].1), "{told:?}");
        assert_eq!(outbox::depth(&d.db).await.unwrap().0, 1);
    }

    async fn a_claim_after_the_first_statement_waits_for_no_other(s) {
        let d = district(&s).await;
        let mut held = op(&d).await;
        assert_eq!(idempotency::claim(&mut held.tx, "k", "", held.now).await.unwrap(), Claim::New);
        // This one holds SQLite's writer: waiting for the key as well would be waiting for each other.
        let mut writes = op(&d).await;
        writes.next_number("").await.unwrap();
        assert_eq!(idempotency::claim(&mut writes.tx, "other", "", writes.now).await.unwrap(), Claim::New);
        writes.commit().await.unwrap();
        held.commit().await.unwrap();
        let mut again = op(&d).await;
        let found = idempotency::claim(&mut again.tx, "k", "", again.now).await.unwrap();
        assert_eq!(found, Claim::Done { status: 0, answer: String::new() });
    }

    async fn announcements_reach_subscribers_after_commit(s) {
        let d = district(&s).await;
        let mut hears = d.db.hub().subscribe();
        // The PostgreSQL listener connects in the background.
        for _ in 0..50 {
            let mut op = op(&d).await;
            op.announce("case", "371002001", 5);
            op.commit().await.unwrap();
            if let Ok(Ok(topic)) = tokio::time::timeout(Duration::from_millis(200), hears.recv()).await {
                assert_eq!((topic.kind.as_str(), topic.area.as_str(), topic.id.as_str()), ("case", "371002001", "5"));
                return;
            }
        }
        panic!("nothing was heard");
    }
}
