//! The one writer: who goes away, who fails, and what needs no turn.

use std::{future::Future as _, task::Poll};

use super::*;

both_engines! {
    async fn two_who_wait_for_each_other_are_told_to_try_again(s) {
        let d = district(&s).await;
        let lock = async |op: &mut linli_store::Op, key: &str| {
            let sql = "INSERT INTO setting (key, value, updated_at) VALUES ($1, 'null', 0) ON CONFLICT (key) DO UPDATE SET updated_at = 1";
            op.tx.execute(sql, linli_kernel::params![key]).await
        };
        let (mut one, mut two) = (op(&d).await, op(&d).await);
        lock(&mut one, "a").await.unwrap();
        // SQLite has one writer: the second begins when the first is done.
        if one.tx.dialect("sqlite", "postgres") == "sqlite" {
            lock(&mut one, "b").await.unwrap();
            return one.commit().await.unwrap();
        }
        lock(&mut two, "b").await.unwrap();
        let (first, second) = tokio::join!(lock(&mut one, "b"), lock(&mut two, "a"));
        let answers = [first, second];
        assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1, "{answers:?}");
        assert!(answers.iter().any(|a| matches!(a, Err(Error::Unavailable("error-busy")))), "{answers:?}");
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
            // Only SQLite has a group to open; a quick server has answered by now.
            let left = read.as_mut().poll(cx).is_pending();
            assert!(left || !matches!(d.db.engine(), linli_store::Engine::Sqlite { .. }));
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
}
