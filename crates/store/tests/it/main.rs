//! The store on both engines: chain, outbox, idempotency, numbers, migrations.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::{future::Future as _, sync::Arc, task::Poll, time::Duration};

use linli_kernel::{Actor, Clock, Error, Ids, Timestamp};
use linli_store::{
    Db, District, Entry, MIGRATIONS, Op, Ports, activity,
    idempotency::{self, Claim},
    migrate::{migrate, pending},
    outbox,
    worker::{self, Handler, Handlers, Work},
};
use linli_testkit::{Scratch, both_engines};
use tokio::sync::{Semaphore, watch};

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
        ports: Ports::default().with(Gate { begun: Semaphore::new(0), may_end: Semaphore::new(0) }),
    })
}

async fn op(d: &Arc<District>) -> Op {
    Op::begin(d.clone(), &d.db, Actor::System, "req".into()).await.unwrap()
}

/// Long work of a test: says that it has begun, waits until it may end.
struct Gate {
    begun: Semaphore,
    may_end: Semaphore,
}

fn gate(d: &District) -> Arc<Gate> {
    d.ports.get().unwrap()
}

fn long(d: Arc<District>, _: outbox::Task) -> Work<'static> {
    Box::pin(async move {
        let gate = gate(&d);
        gate.begun.add_permits(1);
        gate.may_end.acquire().await.map_err(Error::internal)?.forget();
        Ok(())
    })
}

fn short<'a>(_: &'a mut Op, _: &'a outbox::Task) -> Work<'a> {
    Box::pin(async { Ok(()) })
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

    async fn two_workers_share_the_outbox(s) {
        let d = district(&s).await;
        for n in 0..40 {
            let mut op = op(&d).await;
            op.emit("count", &n).await.unwrap();
            op.commit().await.unwrap();
        }
        let worker = |d: Arc<District>| async move {
            let mut seen = Vec::new();
            loop {
                let lease = d.ids.uuid(d.clock.now());
                let tasks = outbox::lease(&d.db, lease, d.clock.now(), Duration::from_secs(30), 7, &[]).await.unwrap();
                if tasks.is_empty() {
                    return seen;
                }
                for task in tasks {
                    let mut tx = d.db.begin().await.unwrap();
                    outbox::finish(&mut tx, &task, d.clock.now()).await.unwrap();
                    tx.commit().await.unwrap();
                    seen.push(task.payload);
                }
            }
        };
        let (a, b) = tokio::join!(tokio::spawn(worker(d.clone())), tokio::spawn(worker(d.clone())));
        let mut all: Vec<i64> = a.unwrap().iter().chain(&b.unwrap()).map(|p| p.parse().unwrap()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..40).collect::<Vec<_>>());
    }

    async fn a_lost_lease_cannot_finish(s) {
        let d = district(&s).await;
        let mut first = op(&d).await;
        first.emit("slow", &()).await.unwrap();
        first.commit().await.unwrap();
        let lease = |d: Arc<District>| async move {
            outbox::lease(&d.db, d.ids.uuid(d.clock.now()), d.clock.now(), Duration::from_secs(30), 1, &[]).await.unwrap()
        };
        let old = lease(d.clone()).await.remove(0);
        assert!(lease(d.clone()).await.is_empty());
        d.clock.advance(Duration::from_secs(31));
        let new = lease(d.clone()).await.remove(0);
        let mut tx = d.db.begin().await.unwrap();
        assert!(matches!(outbox::finish(&mut tx, &old, d.clock.now()).await, Err(Error::Conflict(_))));
        outbox::finish(&mut tx, &new, d.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(outbox::depth(&d.db).await.unwrap(), (0, 0));
    }

    async fn a_lease_is_kept_by_who_holds_it(s) {
        let d = district(&s).await;
        let mut first = op(&d).await;
        first.emit("slow", &()).await.unwrap();
        first.commit().await.unwrap();
        let lease = |d: Arc<District>| async move {
            outbox::lease(&d.db, d.ids.uuid(d.clock.now()), d.clock.now(), Duration::from_secs(30), 1, &[]).await.unwrap()
        };
        let held = lease(d.clone()).await.remove(0);
        let keep = async |task: &outbox::Task| {
            let mut tx = d.db.begin().await.unwrap();
            let kept = outbox::keep(&mut tx, task, d.clock.now().plus(Duration::from_secs(30))).await;
            tx.commit().await.unwrap();
            kept
        };
        d.clock.advance(Duration::from_secs(29));
        keep(&held).await.unwrap();
        d.clock.advance(Duration::from_secs(29));
        assert!(lease(d.clone()).await.is_empty(), "still held");
        d.clock.advance(Duration::from_secs(2));
        let taken = lease(d.clone()).await.remove(0);
        assert!(matches!(keep(&held).await, Err(Error::Conflict(_))));
        keep(&taken).await.unwrap();
    }

    async fn long_work_holds_up_nobody(s) {
        let d = district(&s).await;
        let handlers = Arc::new(Handlers::from([("long", Handler::Outside(long)), ("short", Handler::Inside(short))]));
        let owe = async |kind: &'static str| {
            let mut op = op(&d).await;
            op.emit(kind, &()).await.unwrap();
            op.commit().await.unwrap();
        };
        // Two of the long kind are owed: the second waits for the first, nobody else for either.
        owe("long").await;
        owe("long").await;
        let (stop, stopped) = watch::channel(false);
        let worker = tokio::spawn(worker::run(d.clone(), handlers, stopped));
        let gate = gate(&d);
        gate.begun.acquire().await.unwrap().forget();
        owe("short").await;
        let open = async || -> i64 {
            let sql = "SELECT count(*) FROM outbox WHERE done_at IS NULL";
            d.db.read().await.unwrap().scalar(sql, vec![]).await.unwrap()
        };
        while open().await > 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(gate.begun.available_permits(), 0, "one at a time of each kind");
        gate.may_end.add_permits(2);
        gate.begun.acquire().await.unwrap().forget();
        while open().await > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.send(true).unwrap();
        worker.await.unwrap();
    }

    async fn one_turn_carries_long_work_out(s) {
        let d = district(&s).await;
        let handlers = Handlers::from([("long", Handler::Outside(long))]);
        let mut op = op(&d).await;
        op.emit("long", &()).await.unwrap();
        op.commit().await.unwrap();
        gate(&d).may_end.add_permits(1);
        assert_eq!(worker::turn(&d, &handlers).await.unwrap(), 1);
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

    async fn writers_who_go_away_leave_the_others_whole(s) {
        let d = district(&s).await;
        let mut tasks = Vec::new();
        for n in 0..60_u64 {
            let d = d.clone();
            tasks.push(tokio::spawn(async move {
                let work = async {
                    let mut op = op(&d).await;
                    op.emit("kept", &n).await.unwrap();
                    if n % 5 == 0 {
                        // A statement that fails, and a use case that is given up after it.
                        assert!(op.tx.execute("INSERT INTO setting (key) VALUES ('x')", vec![]).await.is_err());
                        return false;
                    }
                    op.commit().await.unwrap();
                    true
                };
                // Every seventh caller hangs up somewhere in the middle.
                let patience = if n % 7 == 0 { Duration::from_micros(n * 40) } else { Duration::from_secs(30) };
                tokio::time::timeout(patience, work).await
            }));
        }
        let mut promised = 0;
        let mut hung_up = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(true) => promised += 1,
                Ok(false) => {}
                Err(_) => hung_up += 1,
            }
        }
        // Who goes away while a group is being opened leaves it to nobody, which would keep other processes out.
        let mut leaver = op(&d).await;
        let mut read = Box::pin(leaver.tx.scalar::<i64>("SELECT count(*) FROM outbox", vec![]));
        std::future::poll_fn(|cx| {
            assert!(read.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(read);
        drop(leaver);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let other = Db::open(&s.target).await.unwrap();
        other.begin().await.unwrap().execute("DELETE FROM setting WHERE key = 'nobody'", vec![]).await.unwrap();
        other.close().await;
        let (kept, _) = outbox::depth(&d.db).await.unwrap();
        assert!(kept >= promised && kept <= promised + hung_up, "{kept} kept, {promised} promised, {hung_up} hung up");
        let mut last = op(&d).await;
        last.emit("kept", &0).await.unwrap();
        last.commit().await.unwrap();
        assert!(outbox::depth(&d.db).await.unwrap().0 > kept);
    }

    async fn the_first_statement_of_a_turn_tells_its_own_rows_and_can_fail_alone(s) {
        let d = district(&s).await;
        let mut one = op(&d).await;
        one.tx.execute("CREATE TABLE thing (n INTEGER PRIMARY KEY)", vec![]).await.unwrap();
        let three = one.tx.execute("INSERT INTO thing (n) VALUES (1), (2), (3)", vec![]).await.unwrap();
        assert_eq!(three, 3);
        one.commit().await.unwrap();
        // Each is the first of its turn, right after another change.
        let mut two = op(&d).await;
        assert_eq!(two.tx.execute("DELETE FROM thing WHERE n = 1", vec![]).await.unwrap(), 1);
        two.commit().await.unwrap();
        let mut three = op(&d).await;
        assert_eq!(three.tx.execute("DELETE FROM thing WHERE n = 9", vec![]).await.unwrap(), 0);
        drop(three);
        let mut wrong = op(&d).await;
        assert!(wrong.tx.execute("INSERT INTO thing (n) VALUES (2)", vec![]).await.is_err());
        drop(wrong);
        // Nothing was asked of this one.
        drop(op(&d).await);
        let mut last = op(&d).await;
        assert_eq!(last.tx.execute("UPDATE thing SET n = n + 10", vec![]).await.unwrap(), 2);
        last.commit().await.unwrap();
        let left: i64 = d.db.read().await.unwrap().scalar("SELECT sum(n) FROM thing", vec![]).await.unwrap();
        assert_eq!(left, 25);
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

    async fn what_is_looked_up_before_needs_no_turn(s) {
        let d = district(&s).await;
        let mut first = op(&d).await;
        first.next_number("").await.unwrap();
        let mut second = op(&d).await;
        let look = async {
            let mut before = second.tx.before().await.unwrap();
            before.scalar::<i64>("SELECT count(*) FROM counter", vec![]).await.unwrap()
        };
        let seen = tokio::time::timeout(Duration::from_secs(5), look).await.unwrap();
        assert!(seen <= 1);
        first.commit().await.unwrap();
        second.next_number("").await.unwrap();
        let within = second.tx.before().await.unwrap().scalar::<i64>("SELECT count(*) FROM counter", vec![]).await;
        assert_eq!(within.unwrap(), 1);
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
