//! The feed: numbers in the order of the commits, nothing missed, the last change of each thing.

use linli_household::{
    model::Mark,
    register::{self, News},
    store::feed::{self, Subject},
};
use linli_testkit::both_engines;

use super::*;

both_engines! {
    async fn each_thing_stands_once_at_its_last_change(s) {
        let d = district(&s).await;
        let (here, far) = (home(&d, GRID, "3号楼").await, home(&d, FAR_GRID, "5号楼").await);
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let all = feed::after(&mut d.db.read().await.unwrap(), 0, 100).await.unwrap();
        let kinds: Vec<_> = all.iter().map(|c| (c.seq, c.kind)).collect();
        assert_eq!(kinds[..2], [(1, Subject::Dwelling), (2, Subject::Dwelling)]);
        let cursor = all.last().unwrap().seq;
        add(&d, far, &facts("王小明", ID, "")).await;
        let news = feed::after(&mut d.db.read().await.unwrap(), cursor, 100).await.unwrap();
        let moved: Vec<_> = news.iter().filter(|c| c.subject == id.0).map(|c| c.area.as_str()).collect();
        assert_eq!(moved, [GRID, FAR_GRID], "who reads for the old grid hears that they went");
        assert!(news.iter().all(|c| c.seq > cursor));
        let whole = feed::after(&mut d.db.read().await.unwrap(), 0, 100).await.unwrap();
        assert_eq!(whole.iter().filter(|c| c.subject == id.0 && c.area.as_str() == GRID).count(), 1);
        assert_eq!(feed::after(&mut d.db.read().await.unwrap(), 0, 2).await.unwrap().len(), 2);
    }

    async fn who_reads_while_others_write_misses_nothing(s) {
        let d = district(&s).await;
        let mut homes = Vec::new();
        for n in 1..=6 {
            homes.push(home(&d, GRID, &format!("{n}号楼")).await);
        }
        let mut writers = tokio::task::JoinSet::new();
        for id in homes.clone() {
            let d = d.clone();
            writers.spawn(async move {
                for _ in 0..8 {
                    let mut op = op(&d, worker()).await;
                    let mut news = News::new();
                    let by = Mark::worker(op.now);
                    register::confirm_dwelling(&mut op, &mut news, id, &by, None).await.unwrap();
                    news.publish(&mut op).await.unwrap();
                    tokio::task::yield_now().await;
                    op.commit().await.unwrap();
                }
            });
        }
        let (mut cursor, mut versions) = (0, std::collections::HashMap::new());
        let mut done = false;
        loop {
            let mut conn = d.db.read().await.unwrap();
            let news = feed::after(&mut conn, cursor, 3).await.unwrap();
            for change in &news {
                assert!(change.seq > cursor, "in order");
                cursor = change.seq;
                let version: i64 = conn.scalar("SELECT version FROM dwelling WHERE id = $1", linli_kernel::params![change.subject]).await.unwrap();
                versions.insert(change.subject, version);
            }
            drop(conn);
            if news.is_empty() {
                if done { break }
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                done = writers.is_empty();
                while let Some(ended) = writers.try_join_next() {
                    ended.unwrap();
                }
            }
        }
        // Whoever follows the feed holds every thing as it is at the end.
        assert_eq!(cursor, 6 + 48);
        assert!(homes.iter().all(|id| versions[&id.0] == 9), "{versions:?}");
    }
}
