//! The outbox: leases, lanes, and work that takes as long as it takes.

use linli_store::worker::{self, Handler, Handlers, Work};
use tokio::sync::watch;

use super::*;

/// Long work of a test: says that it has begun, waits until it may end.
pub(super) struct Gate {
    pub(super) begun: Semaphore,
    pub(super) may_end: Semaphore,
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

both_engines! {
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

    async fn work_beside_has_a_few_lanes_and_holds_no_lease_that_it_does_not_work_on(s) {
        let d = district(&s).await;
        let handlers = Arc::new(Handlers::from([("long", Handler::Beside(long)), ("short", Handler::Inside(short))]));
        let owe = async |kind: &'static str| {
            let mut op = op(&d).await;
            op.emit(kind, &()).await.unwrap();
            op.commit().await.unwrap();
        };
        let count = async |which: &str| -> i64 {
            let sql = format!("SELECT count(*) FROM outbox WHERE done_at IS NULL AND {which}");
            d.db.read().await.unwrap().scalar(&sql, vec![]).await.unwrap()
        };
        let (stop, stopped) = watch::channel(false);
        let worker = tokio::spawn(worker::run(d.clone(), handlers, stopped));
        let gate = gate(&d);
        let mut lanes = 0;
        loop {
            owe("long").await;
            owe("short").await;
            while count("kind = 'short'").await > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            if count("kind = 'long' AND lease IS NULL").await > 0 {
                break;
            }
            gate.begun.acquire().await.unwrap().forget();
            lanes += 1;
        }
        assert!((2..20).contains(&lanes), "{lanes} abreast");
        gate.may_end.add_permits(lanes + 1);
        while count("kind = 'long'").await > 0 {
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
}
