//! Two processes on one PostgreSQL: whole services over the same schema, one of them ended in the middle.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use linli::wiring;
use linli_kernel::{Clock, Ids};
use linli_store::{
    District, Op,
    outbox::Task,
    worker::{self, Handler, Handlers, Work},
};
use linli_testkit::{Engine, scratch};
use tokio::sync::watch;

use crate::house::{self, database};

/// What the world heard, by the id of the message.
static HEARD: OnceLock<Mutex<BTreeMap<String, u32>>> = OnceLock::new();
static SLOW: AtomicU64 = AtomicU64::new(0);

/// Counts in the database, in one transaction with the task's end: exactly once.
fn inside<'a>(op: &'a mut Op, task: &'a Task) -> Work<'a> {
    Box::pin(async move {
        let key = format!("test.count.{}", task.payload);
        op.tx
            .execute(
                "INSERT INTO counter (name, n) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET n = counter.n + 1",
                linli_kernel::params![key],
            )
            .await?;
        Ok(())
    })
}

/// Tells the world; a little slow, so that the end comes while some are under way.
fn outside(_: Arc<District>, task: Task) -> Work<'static> {
    Box::pin(async move {
        tokio::time::sleep(Duration::from_millis(SLOW.load(Ordering::Relaxed))).await;
        let heard = HEARD.get_or_init(Mutex::default);
        *heard.lock().unwrap().entry(task.payload).or_insert(0) += 1;
        Ok(())
    })
}

fn handlers() -> Arc<Handlers> {
    let mut all = wiring::handlers();
    all.insert("test.inside", Handler::Inside(inside));
    all.insert("test.outside", Handler::Outside(outside));
    Arc::new(all)
}

const EVENTS: u32 = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn jobs_and_outbox_are_shared_and_nothing_happens_twice() {
    let Some(s) = scratch(Engine::Postgres).await else { return };
    let first = house::house(&[(&s, "a", 1)], false).await;
    let clock = Clock::fixed("2026-11-23T09:00:00+08:00".parse().unwrap());
    // The second process: its own connections, clock, ids, ports; the same schema, key and folder.
    let mut config =
        linli::config::Config { data: s.folder.path().to_owned(), development: true, ..Default::default() };
    config.access.second_factor = false;
    let settings = linli::config::DistrictConfig {
        name: "a".into(),
        area: "371002".into(),
        prefix: "HC".into(),
        database: database(&s),
        hosts: Vec::new(),
    };
    let second = wiring::open_at(&config, &settings, clock.clone(), Ids::seeded(77)).await.unwrap();
    let one = first.districts[0].clone();
    let handlers = handlers();
    SLOW.store(4, Ordering::Relaxed);

    // Each process owes its half while both work.
    let run = |d: &Arc<District>| {
        let (stop, stopped) = watch::channel(false);
        (stop, tokio::spawn(worker::run(d.clone(), handlers.clone(), stopped)))
    };
    for d in [&one, &second] {
        worker::arm(d, &handlers).await.unwrap();
    }
    let (_kept, dies) = run(&one);
    let (stop, lives) = run(&second);
    let owe = |d: Arc<District>, from: u32| {
        tokio::spawn(async move {
            for n in (from..EVENTS).step_by(2) {
                let mut op = d.op("owe").await.unwrap();
                op.emit("test.inside", &n).await.unwrap();
                op.emit("test.outside", &n).await.unwrap();
                op.commit().await.unwrap();
            }
        })
    };
    let (a, b) = (owe(one.clone(), 0), owe(second.clone(), 1));

    // In the middle the first is gone as if its plug were pulled: its work stops at whatever line it is,
    // and what it has leased stays leased.
    while HEARD.get_or_init(Mutex::default).lock().unwrap().len() < 40 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    dies.abort();
    let _ = dies.await;
    a.await.unwrap();
    b.await.unwrap();

    // Its leases run out; the other takes them over. Clocks are moved, so that the test need not wait.
    let left = async || -> i64 {
        let sql = "SELECT count(*) FROM outbox WHERE kind LIKE 'test.%' AND done_at IS NULL";
        second.db.read().await.unwrap().scalar(sql, vec![]).await.unwrap()
    };
    for _ in 0..600 {
        if left().await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(left().await, 0, "everything was carried out");
    stop.send(true).unwrap();
    lives.await.unwrap();

    let mut conn = second.db.read().await.unwrap();
    let counted: Vec<(String, i64)> =
        conn.all("SELECT name, n FROM counter WHERE name LIKE 'test.count.%'", vec![]).await.unwrap();
    assert_eq!(counted.len(), EVENTS as usize, "each event inside happened");
    assert!(counted.iter().all(|(_, n)| *n == 1), "and exactly once: {counted:?}");
    // To the world at least once; twice only what was under way when the first process ended.
    let heard = HEARD.get().unwrap().lock().unwrap().clone();
    assert_eq!(heard.len(), EVENTS as usize);
    let twice = heard.values().filter(|n| **n > 1).count();
    assert!(twice <= 1, "at most the one message under way came again, not {twice}");
    // The periodic jobs exist once, however many processes there are.
    let armed: i64 = conn
        .scalar("SELECT count(*) - count(DISTINCT once) FROM outbox WHERE once LIKE 'every:%'", vec![])
        .await
        .unwrap();
    assert_eq!(armed, 0);
    drop(conn);
    // Both sealed the log, and the chain is one.
    while linli_store::activity::seal(&second.db).await.unwrap() > 0 {}
    let verdict = linli_store::activity::verify(&second.db).await.unwrap();
    assert!(verdict.faults.is_empty() && verdict.sealed > 0, "{:?}", verdict.faults);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_one_process_hear_of_changes_in_the_other() {
    let Some(s) = scratch(Engine::Postgres).await else { return };
    let other = linli_store::Db::open(&s.target).await.unwrap();
    let mut hears = other.hub().subscribe();
    // The listener connects in the background.
    for _ in 0..100 {
        let mut tx = s.db.begin().await.unwrap();
        tx.announce(linli_store::Topic { kind: "case".into(), area: "371002001".into(), id: "7".into() });
        tx.commit().await.unwrap();
        let heard = tokio::time::timeout(Duration::from_millis(200), hears.recv()).await;
        if let Ok(Ok(topic)) = heard
            && !topic.is_missed()
        {
            assert_eq!((topic.kind.as_str(), topic.id.as_str()), ("case", "7"));
            return;
        }
    }
    panic!("nothing was heard");
}
