//! What processes on one PostgreSQL tell each other, when the connection that hears is lost.

use linli_store::Topic;
use linli_testkit::{Engine, scratch};

use super::*;

async fn next(hears: &mut tokio::sync::broadcast::Receiver<Topic>) -> Topic {
    tokio::time::timeout(Duration::from_secs(20), hears.recv()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_told_to_whoever_listens() {
    let Some(s) = scratch(Engine::Postgres).await else { return };
    let other = Db::open(&s.target).await.unwrap();
    let mut hears = other.hub().subscribe();
    // Whatever was announced before it was connected was not heard.
    assert!(next(&mut hears).await.is_missed());
    let linli_store::Engine::Postgres { schema, .. } = s.db.engine() else { return };
    let listeners = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                     WHERE query = 'LISTEN \"linli_' || $1 || '\"'";
    let ended: i64 =
        s.db.read().await.unwrap().scalar(listeners, linli_kernel::params![schema.clone()]).await.unwrap();
    assert!(ended > 0);
    assert!(next(&mut hears).await.is_missed());
    let mut tx = s.db.begin().await.unwrap();
    tx.announce(Topic { kind: "case".into(), area: "371002001".into(), id: "7".into() });
    tx.commit().await.unwrap();
    assert_eq!(next(&mut hears).await.id, "7", "and it hears again");
}
