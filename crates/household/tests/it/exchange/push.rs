//! Signed news through a peer's absence, a kill in the middle, a refusal.

use axum::http::StatusCode;
use linli_household::{exchange::push, model::ResidentId};
use linli_store::worker;
use linli_testkit::both_engines;
use tokio::task::JoinHandle;

use super::{peer::Peer, *};

const PERSON: &[Shared] = &[Shared::ResidentName, Shared::ResidentPhone];

async fn told_to(d: &Arc<District>, peer: &Peer) -> Agreement {
    told_of(d, peer, PERSON).await
}

async fn told_of(d: &Arc<District>, peer: &Peer, fields: &[Shared]) -> Agreement {
    let url = format!("http://127.0.0.1:{}/news", peer.port);
    let new = NewAgreement { url, ..wanted(d, Direction::Out, fields, &[STREET]) };
    let (a, handed) = concluded(d, &new).await;
    *peer.secret.lock().unwrap() = handed.secret.unwrap();
    a
}

fn handlers() -> worker::Handlers {
    let mut all = (linli_household::manifest().handlers)();
    all.extend(linli_store::housekeeping::handlers());
    all
}

/// As many turns as there is something due.
async fn work(d: &Arc<District>) {
    let handlers = handlers();
    while worker::turn(d, &handlers).await.unwrap() > 0 {}
}

async fn rename(d: &Arc<District>, id: ResidentId, name: &str) {
    let mut op = op(d, worker()).await;
    app::correct_resident(&mut op, id, &facts(name, "", ""), None).await.unwrap();
    op.commit().await.unwrap();
}

both_engines! {
    async fn a_peer_hears_signed_news_of_what_is_agreed(s) {
        let d = telling(&s).await;
        let mut peer = Peer::new();
        let server = peer.listen().await;
        let (here, far) = (home(&d, GRID, "3号楼").await, home(&d, FAR_GRID, "5号楼").await);
        let before = add(&d, here, &facts("张先来", "", "10000000009")).await.id;
        let a = told_to(&d, &peer).await;
        work(&d).await;
        assert_eq!(peer.tries(), 0, "what was there before is fetched, not sent");
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        add(&d, far, &facts("李小红", "", "10000000002")).await;
        work(&d).await;
        assert_eq!(peer.names(), ["王小明"]);
        add(&d, far, &facts("王小明", ID, "")).await;
        rename(&d, before, "张先到").await;
        work(&d).await;
        assert_eq!(peer.names(), ["张先到"], "who moved away is gone from the copy");
        assert!(peer.is_in_order());
        let mut conn = d.db.read().await.unwrap();
        let told = agreement::told_of(&mut conn, &[id]).await.unwrap();
        assert_eq!((told.len(), told[0].agreement_id, told[0].purpose.as_str()), (1, a.id, "疫情流调"));
        let sent = push::deliveries(&mut conn, a.id, None, 50).await.unwrap().items;
        assert!(!sent.is_empty() && sent.iter().all(|one| one.delivered_at.is_some() && one.attempts == 1));
        let log = log(&d).await;
        assert_eq!(log.iter().filter(|action| *action == "exchange.tell").count(), sent.len());
        server.abort();
    }

    async fn nothing_is_sent_of_what_is_not_named(s) {
        let d = telling(&s).await;
        let mut peer = Peer::new();
        let server = peer.listen().await;
        let (here, far) = (home(&d, GRID, "3号楼").await, home(&d, FAR_GRID, "5号楼").await);
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let a = told_of(&d, &peer, &[Shared::ResidentName]).await;
        work(&d).await;
        // Somebody whom the peer has never heard of by a message, and only the phone is another.
        let mut op1 = op(&d, worker()).await;
        app::correct_resident(&mut op1, id, &facts("王小明", "", "10000000077"), None).await.unwrap();
        op1.commit().await.unwrap();
        work(&d).await;
        let sent = push::deliveries(&mut d.db.read().await.unwrap(), a.id, None, 50).await.unwrap().items;
        assert_eq!((peer.tries(), sent.len()), (0, 0));
        let told = agreement::get(&mut d.db.read().await.unwrap(), a.id).await.unwrap();
        assert_eq!(feed::waiting(&mut d.db.read().await.unwrap(), &told, 9).await.unwrap(), 0);
        rename(&d, id, "王大明").await;
        work(&d).await;
        assert_eq!((peer.tries(), peer.names()), (1, vec!["王大明".to_owned()]));
        // Who leaves the agreement's areas is taken out of the peer's copy.
        add(&d, far, &facts("王大明", ID, "")).await;
        work(&d).await;
        assert_eq!((peer.tries(), peer.names()), (2, vec![]));
        server.abort();
    }

    async fn a_peer_that_was_away_ends_with_everything_in_order_and_nothing_twice(s) {
        let d = telling(&s).await;
        let mut peer = Peer::new();
        let server = peer.listen().await;
        let here = home(&d, GRID, "3号楼").await;
        let a = told_to(&d, &peer).await;
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        work(&d).await;
        // Away: nobody listens.
        server.abort();
        let _ = server.await;
        rename(&d, id, "王大明").await;
        work(&d).await;
        for n in 0..4 {
            d.clock.advance(Duration::from_mins(2));
            rename(&d, id, &format!("王明{}", ["甲", "乙", "丙", "丁"][n])).await;
            work(&d).await;
        }
        let away = agreement::get(&mut d.db.read().await.unwrap(), a.id).await.unwrap();
        assert!(away.failures >= 4 && away.stopped_at.is_none() && away.retry_at.is_some(), "{away:?}");
        assert_eq!(peer.names(), ["王小明"]);
        // Back, but not well yet.
        let server = peer.listen().await;
        peer.answers(StatusCode::INTERNAL_SERVER_ERROR);
        d.clock.advance(Duration::from_mins(20));
        work(&d).await;
        assert_eq!(peer.names(), ["王小明"]);
        peer.answers(StatusCode::OK);
        for _ in 0..3 {
            d.clock.advance(Duration::from_mins(20));
            work(&d).await;
        }
        assert_eq!(peer.names(), ["王明丁"]);
        assert!(peer.is_in_order());
        let well = agreement::get(&mut d.db.read().await.unwrap(), a.id).await.unwrap();
        assert_eq!((well.failures, well.retry_at), (0, None));
        assert_eq!(linli_store::outbox::depth(&d.db).await.unwrap().1, 0, "nothing was set aside");
        server.abort();
    }

    async fn a_peer_that_hangs_holds_up_no_other(s) {
        let d = telling(&s).await;
        let (mut hanging, mut well) = (Peer::new(), Peer::new());
        let servers = [hanging.listen().await, well.listen().await];
        let here = home(&d, GRID, "3号楼").await;
        told_to(&d, &hanging).await;
        told_to(&d, &well).await;
        let go_on = Arc::new(tokio::sync::Notify::new());
        *hanging.slow.lock().unwrap() = Some(go_on.clone());
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let worker = tokio::spawn(worker::run(d.clone(), Arc::new(handlers()), stopped));
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let until = async |done: &dyn Fn() -> bool| {
            while !done() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        until(&|| hanging.tries() == 1 && well.names() == ["王小明"]).await;
        // The first message to the one that hangs is still under way.
        rename(&d, id, "王大明").await;
        until(&|| well.names() == ["王大明"]).await;
        assert_eq!(hanging.tries(), 1);
        stop.send(true).unwrap();
        go_on.notify_one();
        worker.await.unwrap();
        servers.iter().for_each(JoinHandle::abort);
    }

    async fn a_kill_between_sending_and_noting_sends_the_same_message_again(s) {
        let d = telling(&s).await;
        let mut peer = Peer::new();
        let server = peer.listen().await;
        let here = home(&d, GRID, "3号楼").await;
        told_to(&d, &peer).await;
        add(&d, here, &facts("王小明", ID, PHONE)).await;
        let go_on = Arc::new(tokio::sync::Notify::new());
        *peer.slow.lock().unwrap() = Some(go_on.clone());
        let killed = {
            let d = d.clone();
            tokio::spawn(async move { worker::turn(&d, &handlers()).await })
        };
        while peer.tries() == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // The peer has it; we do not know that it has.
        killed.abort();
        assert!(killed.await.unwrap_err().is_cancelled());
        *peer.slow.lock().unwrap() = None;
        add(&d, here, &facts("李小红", "", "10000000002")).await;
        for _ in 0..3 {
            d.clock.advance(Duration::from_secs(61));
            work(&d).await;
        }
        assert_eq!(peer.names(), ["李小红", "王小明"]);
        let kept = peer.kept.lock().unwrap();
        assert!(kept.tries.len() >= 3, "{:?}", kept.tries);
        assert_eq!(kept.tries[0].0, kept.tries[1].0, "under the same id");
        drop(kept);
        assert!(peer.is_in_order(), "taken once");
        server.abort();
    }

    async fn a_refusal_stops_the_peer_until_somebody_has_looked(s) {
        let d = telling(&s).await;
        let mut peer = Peer::new();
        let server = peer.listen().await;
        let here = home(&d, GRID, "3号楼").await;
        let a = told_to(&d, &peer).await;
        peer.answers(StatusCode::BAD_REQUEST);
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        work(&d).await;
        rename(&d, id, "王大明").await;
        work(&d).await;
        assert_eq!(peer.tries(), 1);
        let stopped = agreement::get(&mut d.db.read().await.unwrap(), a.id).await.unwrap();
        assert!(stopped.stopped_at.is_some());
        peer.answers(StatusCode::OK);
        let mut go_on = op(&d, officer()).await;
        agreement::resume(&mut go_on, a.id).await.unwrap();
        go_on.commit().await.unwrap();
        work(&d).await;
        assert_eq!(peer.names(), ["王大明"]);
        // Over is over.
        let mut over = op(&d, officer()).await;
        agreement::end(&mut over, a.id, "项目结束").await.unwrap();
        over.commit().await.unwrap();
        rename(&d, id, "王不传").await;
        work(&d).await;
        assert_eq!(peer.names(), ["王大明"]);
        server.abort();
    }

    async fn many_changes_come_page_by_page(s) {
        let d = telling(&s).await;
        let mut peer = Peer::new();
        let server = peer.listen().await;
        let here = home(&d, GRID, "3号楼").await;
        told_to(&d, &peer).await;
        for n in 0..120 {
            let phone = format!("1000000{n:04}");
            add(&d, here, &facts(&format!("王{}", ["甲", "乙", "丙"][n % 3]), "", &phone)).await;
        }
        work(&d).await;
        let kept = peer.kept.lock().unwrap();
        assert_eq!(kept.copy.len(), 120);
        assert_eq!(kept.by_thing.values().map(Vec::len).sum::<usize>(), 120, "each once");
        drop(kept);
        server.abort();
    }
}
