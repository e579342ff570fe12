//! The sweep: exactly once, also when several processes sweep or one dies half-way.

use std::time::Duration;

use linli_cases::{
    jobs,
    model::{Action, CaseState, WhistleLevel},
    read,
};
use linli_store::{activity, outbox};
use linli_testkit::both_engines;

use super::*;

async fn escalations(d: &Arc<District>, id: CaseId) -> usize {
    let mut conn = d.db.read().await.unwrap();
    let detail = read::detail(&mut conn, &scope(d, &centre()), id).await.unwrap();
    detail.timeline.iter().filter(|e| e.action == Action::Escalate).count()
}

both_engines! {
    async fn an_overdue_promise_goes_up_once(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        let handlers = (linli_cases::manifest().handlers)();
        worker::arm(&d, &handlers).await.unwrap();
        worker::arm(&d, &handlers).await.unwrap();
        turn(&d).await;
        assert_eq!(escalations(&d, receipt.id).await, 0);

        // One working day: until the end of Tuesday.
        d.clock.advance(Duration::from_hours(33));
        let (a, b) = tokio::join!(worker::turn(&d, &handlers), worker::turn(&d, &handlers));
        a.unwrap();
        b.unwrap();
        turn(&d).await;
        let mut conn = d.db.read().await.unwrap();
        let detail = read::detail(&mut conn, &scope(&d, &street()), receipt.id).await.unwrap();
        drop(conn);
        assert_eq!((detail.row.whistle, detail.row.state, detail.row.lead), (WhistleLevel::Joint, CaseState::Filed, org(STREET_ORG)));
        assert_eq!(escalations(&d, receipt.id).await, 1);
        for _ in 0..3 {
            d.clock.advance(Duration::from_mins(1));
            turn(&d).await;
        }
        assert_eq!(escalations(&d, receipt.id).await, 1);
    }

    async fn a_sweep_that_dies_leaves_nothing(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        turn(&d).await;
        d.clock.advance(Duration::from_hours(33));
        let before = activity::verify(&d.db).await.unwrap();
        let owed = outbox::depth(&d.db).await.unwrap();
        let mut half = op(&d, Actor::System).await;
        assert_eq!(jobs::sweep(&mut half).await.unwrap(), 1);
        drop(half);
        assert_eq!(escalations(&d, receipt.id).await, 0);
        assert_eq!(activity::verify(&d.db).await.unwrap(), before);
        assert_eq!(outbox::depth(&d.db).await.unwrap(), owed);
        let mut whole = op(&d, Actor::System).await;
        assert_eq!(jobs::sweep(&mut whole).await.unwrap(), 1);
        whole.commit().await.unwrap();
        assert_eq!(escalations(&d, receipt.id).await, 1);
    }

    async fn a_case_that_fails_holds_up_no_other_and_is_looked_at_again(s) {
        let d = district(&s).await;
        let (broken, whole) = (report(&d, well()).await, report(&d, well()).await);
        turn(&d).await;
        let place = async |area: &str| {
            let mut tx = d.db.begin().await.unwrap();
            let sql = "UPDATE case_file SET area = $2 WHERE id = $1";
            tx.execute(sql, linli_kernel::params![broken.id, area.to_owned()]).await.unwrap();
            tx.commit().await.unwrap();
        };
        // Nobody answers for this area: the first of the two cannot go up.
        place("110101001001").await;
        d.clock.advance(Duration::from_hours(33));
        let mut by = op(&d, Actor::System).await;
        assert_eq!(jobs::sweep(&mut by).await.unwrap(), 2);
        by.commit().await.unwrap();
        assert_eq!(escalations(&d, whole.id).await, 1);
        place(GRID).await;
        assert_eq!(escalations(&d, broken.id).await, 0, "what it had begun came to nothing");
        let again = async || {
            let mut by = op(&d, Actor::System).await;
            let seen = jobs::sweep(&mut by).await.unwrap();
            by.commit().await.unwrap();
            seen
        };
        assert_eq!(again().await, 0, "not at once");
        d.clock.advance(Duration::from_mins(61));
        assert_eq!(again().await, 1);
        assert_eq!(escalations(&d, broken.id).await, 1);
    }

    async fn a_dropped_report_leaves_nothing(s) {
        let d = district(&s).await;
        let mut half = op(&d, Actor::Public).await;
        let lost = app::report(&mut half, well()).await.unwrap();
        drop(half);
        let mut conn = d.db.read().await.unwrap();
        not_found(read::track(&mut conn, &lost.token).await.map(|c| c.number));
        drop(conn);
        // On SQLite its number comes again; on PostgreSQL it was counted aside and stays a gap.
        let again = report(&d, well()).await.number == lost.number;
        assert_eq!(again, matches!(d.db.engine(), linli_store::Engine::Sqlite { .. }));
    }
}
