//! The outbox: work that fails, panics, or takes its process with it.

use linli_store::{
    outbox::{MAX_ATTEMPTS, Task},
    settings,
    worker::{self, Handler, Handlers, Work},
};

use super::*;

const EVERY: Duration = Duration::from_secs(20);

fn moody(op: &mut Op) -> Work<'_> {
    Box::pin(async move {
        match settings::get::<i64>(&mut op.tx, "mood").await? {
            Some(0) | None => Ok(()),
            Some(1) => Err(Error::internal("not now")),
            Some(_) => panic!("not at all"),
        }
    })
}

async fn mood(d: &Arc<District>, mood: i64) {
    let mut op = op(d).await;
    let now = op.now;
    settings::put(&mut op.tx, "mood", &mood, now).await.unwrap();
    op.commit().await.unwrap();
}

#[expect(clippy::panic, clippy::unnecessary_wraps, reason = "the point of it; as a handler answers")]
fn judge(task: &Task) -> linli_kernel::Result<()> {
    match task.payload.as_str() {
        "\"bad\"" => panic!("a payload that nobody expected"),
        _ => Ok(()),
    }
}

fn each<'a>(_: &'a mut Op, task: &'a Task) -> Work<'a> {
    Box::pin(async move { judge(task) })
}

fn together<'a>(_: &'a mut Op, tasks: &'a [Task]) -> Work<'a> {
    Box::pin(async move { tasks.iter().try_for_each(judge) })
}

fn outside(_: Arc<District>, task: Task) -> Work<'static> {
    Box::pin(async move { judge(&task) })
}

/// Kind, payload, tries, what went wrong, whether it is set aside: what is not done.
async fn open(d: &Arc<District>) -> Vec<(String, String, i64, Option<String>, bool)> {
    let sql = "SELECT kind, payload, attempts, error, failed_at IS NOT NULL FROM outbox WHERE done_at IS NULL ORDER BY kind, id";
    d.db.read().await.unwrap().all(sql, vec![]).await.unwrap()
}

async fn owe(d: &Arc<District>, kind: &str, payloads: &[&str]) {
    let mut op = op(d).await;
    for payload in payloads {
        op.emit(kind, payload).await.unwrap();
    }
    op.commit().await.unwrap();
}

both_engines! {
    async fn what_comes_every_so_often_is_never_given_up(s) {
        let d = district(&s).await;
        let handlers = Handlers::from([("tick", Handler::Every(EVERY, moody))]);
        worker::arm(&d, &handlers).await.unwrap();
        for bad in [1, 2] {
            mood(&d, bad).await;
            for _ in 0..MAX_ATTEMPTS * 2 {
                // However often it failed, the next try is soon.
                d.clock.advance(Duration::from_mins(1));
                worker::turn(&d, &handlers).await.unwrap();
            }
            let (_, _, attempts, error, aside) = open(&d).await.remove(0);
            assert!(attempts >= MAX_ATTEMPTS * 2 && !aside, "{attempts} {error:?}");
            assert!(error.unwrap().contains(if bad == 1 { "not now" } else { "not at all" }));
            mood(&d, 0).await;
            d.clock.advance(Duration::from_mins(1));
            worker::turn(&d, &handlers).await.unwrap();
            let (_, _, attempts, error, _) = open(&d).await.remove(0);
            assert_eq!((attempts, error), (0, None), "it works again");
        }
        // What was given up before it was so is taken up at the next start.
        let mut by = op(&d).await;
        let given_up = "UPDATE outbox SET failed_at = $1, attempts = 12, run_at = $1";
        let now = by.now;
        by.tx.execute(given_up, linli_kernel::params![now]).await.unwrap();
        by.commit().await.unwrap();
        worker::arm(&d, &handlers).await.unwrap();
        let (_, _, attempts, _, aside) = open(&d).await.remove(0);
        assert_eq!((attempts, aside), (0, false));
    }

    async fn who_panics_is_set_aside_and_takes_nobody_along(s) {
        let d = district(&s).await;
        let handlers = Handlers::from([
            ("each", Handler::Inside(each)),
            ("together", Handler::Together(together)),
            ("outside", Handler::Outside(outside)),
            ("beside", Handler::Beside(outside)),
        ]);
        for kind in handlers.keys() {
            owe(&d, kind, &["good", "bad", "good too"]).await;
        }
        worker::turn(&d, &handlers).await.unwrap();
        let left = open(&d).await;
        assert_eq!(left.len(), 4, "the others are done: {left:?}");
        for (kind, payload, attempts, error, aside) in left {
            assert_eq!((payload.as_str(), attempts, aside), ("\"bad\"", 1, false), "{kind}");
            assert!(error.unwrap().contains("a payload that nobody expected"), "{kind}");
        }
        for _ in 0..4 * MAX_ATTEMPTS {
            d.clock.advance(Duration::from_hours(1));
            worker::turn(&d, &handlers).await.unwrap();
        }
        assert!(open(&d).await.iter().all(|(_, _, attempts, _, aside)| *attempts == MAX_ATTEMPTS && *aside));
        assert_eq!(outbox::depth(&d.db).await.unwrap(), (0, 4));
    }

    async fn who_takes_the_process_along_goes_alone_and_is_set_aside(s) {
        let d = district(&s).await;
        owe(&d, "work", &["a", "b", "kill", "c", "d", "e"]).await;
        let mut deaths = 0;
        for _ in 0..60 {
            d.clock.advance(Duration::from_mins(2));
            let lease = d.ids.uuid(d.clock.now());
            let tasks = outbox::lease(&d.db, lease, d.clock.now(), Duration::from_mins(1), 50, &[]).await.unwrap();
            if tasks.iter().any(|task| task.attempts > MAX_ATTEMPTS) {
                break;
            }
            // All that was leased with it goes down with it.
            if tasks.iter().any(|task| task.payload == "\"kill\"") {
                deaths += 1;
                continue;
            }
            for task in tasks {
                let mut tx = d.db.begin().await.unwrap();
                outbox::finish(&mut tx, &task, d.clock.now()).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
        assert_eq!(deaths, MAX_ATTEMPTS);
        let left: Vec<String> = open(&d).await.into_iter().map(|(_, payload, ..)| payload).collect();
        assert_eq!(left, ["\"kill\""], "the others were done without it");
        // The next worker does not touch it any more.
        d.clock.advance(Duration::from_mins(2));
        worker::turn(&d, &Handlers::from([("work", Handler::Inside(each))])).await.unwrap();
        let (_, _, _, error, aside) = open(&d).await.remove(0);
        assert!(aside && error.unwrap().contains("never came to an end"));
    }

    async fn a_part_comes_to_nothing_alone(s) {
        let d = district(&s).await;
        let mut heard = d.db.hub().subscribe();
        let mut by = op(&d).await;
        by.emit("first", &()).await.unwrap();
        by.announce("first", "371002", "1");
        let part = by.tx.part().await.unwrap();
        by.emit("lost", &()).await.unwrap();
        by.announce("lost", "371002", "2");
        by.log(entry(&d, "lost")).await.unwrap();
        assert!(by.tx.execute("INSERT INTO setting (key) VALUES ('x')", vec![]).await.is_err());
        by.tx.take_back(part).await.unwrap();
        let part = by.tx.part().await.unwrap();
        by.emit("second", &()).await.unwrap();
        by.announce("second", "371002", "3");
        by.tx.keep(part).await.unwrap();
        by.commit().await.unwrap();
        let kinds: Vec<String> = open(&d).await.into_iter().map(|(kind, ..)| kind).collect();
        assert_eq!(kinds, ["first", "second"]);
        let logged: i64 = d.db.read().await.unwrap().scalar("SELECT count(*) FROM activity", vec![]).await.unwrap();
        assert_eq!(logged, 0);
        // On PostgreSQL they come by way of the server, perhaps before this process hears it.
        if matches!(d.db.engine(), linli_store::Engine::Sqlite { .. }) {
            let told = [heard.try_recv().unwrap().kind, heard.try_recv().unwrap().kind];
            assert_eq!(told, ["first", "second"]);
            assert!(heard.try_recv().is_err());
        }
    }
}
