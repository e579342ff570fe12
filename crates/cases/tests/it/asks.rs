//! Returns, extensions, waiting and suspension, as far as the database has to carry them.

use linli_cases::{
    model::{CaseState, Command, ReturnReason},
    read::{self, AskKind, Filter, Sort},
};
use linli_testkit::both_engines;

use super::*;

both_engines! {
    async fn a_return_shows_the_case_to_whom_it_names(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        triage(&d, &street(), receipt.id, joint(WATER)).await;
        not_found(try_act(&d, &roads(), receipt.id, Command::ConsentReturn).await);
        let back = Command::RequestReturn { reason: ReturnReason::NotOurDuty, to: org(ROADS), note: "是路面塌陷".into() };
        act(&d, &water(), receipt.id, back).await;

        let mut conn = d.db.read().await.unwrap();
        let asked = Filter { asks: vec![AskKind::Return], ..Filter::default() };
        let rows = read::page(&mut conn, &d, (&scope(&d, &street()), &asked), Sort::Newest, None, 10).await.unwrap();
        assert_eq!(rows.items.len(), 1);
        assert_eq!(read::counts(&mut conn, &d, &scope(&d, &street()), d.clock.now()).await.unwrap().returns, 1);
        drop(conn);

        assert_eq!(act(&d, &roads(), receipt.id, Command::ConsentReturn).await, CaseState::Accepted);
        // Who is no longer in it no longer sees it.
        not_found(try_act(&d, &water(), receipt.id, Command::Note { text: "x".into() }).await);
        let mut conn = d.db.read().await.unwrap();
        let detail = read::detail(&mut conn, &scope(&d, &roads()), receipt.id).await.unwrap();
        assert_eq!((detail.row.lead, detail.row.returns), (org(ROADS), 1));
    }

    async fn clocks_survive_the_way_through_the_database(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        triage(&d, &street(), receipt.id, joint(WATER)).await;
        act(&d, &water(), receipt.id, Command::Accept).await;
        act(&d, &water(), receipt.id, Command::RequestExtension { days: 3, reason: "要等配件".into() }).await;
        let due = |detail: &read::Detail| detail.case.clocks.iter().rfind(|c| c.is_live() && c.extension.is_some()).map(|c| c.due);
        let read = |d: Arc<District>| async move {
            let mut conn = d.db.read().await.unwrap();
            read::detail(&mut conn, &scope(&d, &centre()), receipt.id).await.unwrap()
        };
        assert_eq!(due(&read(d.clone()).await), None);
        act(&d, &centre(), receipt.id, Command::DecideExtension { grant: true, note: None }).await;
        // Five working days from Monday the 23rd, and three more.
        assert_eq!(due(&read(d.clone()).await), Some(at("2026-12-03T17:30")));

        act(&d, &water(), receipt.id, Command::AskReporter { question: "哪个单元？".into() }).await;
        let waiting = read(d.clone()).await;
        assert!(waiting.row.waiting);
        d.clock.advance(std::time::Duration::from_hours(24));
        by_link(&d, &receipt, Command::ReporterAnswered { text: Some("二单元".into()) }).await.unwrap();
        let after = read(d.clone()).await;
        assert_eq!(due(&after), Some(at("2026-12-04T17:30")));
        assert!(!after.row.waiting);
    }

    async fn a_lead_resumes_its_own_suspended_case(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        triage(&d, &street(), receipt.id, joint(WATER)).await;
        act(&d, &water(), receipt.id, Command::Accept).await;
        let review = at("2027-01-04T09:00");
        act(&d, &water(), receipt.id, Command::RequestSuspension { review, reason: "等雨季过去".into() }).await;
        forbidden(try_act(&d, &water(), receipt.id, Command::Suspend { review, reason: "等".into() }).await);
        act(&d, &street(), receipt.id, Command::Suspend { review, reason: "等雨季过去".into() }).await;
        let mut conn = d.db.read().await.unwrap();
        let public = read::track(&mut conn, &receipt.token).await.unwrap();
        assert_eq!((public.state, public.review, public.expected), (CaseState::Suspended, Some(review), None));
        drop(conn);
        assert_eq!(act(&d, &water(), receipt.id, Command::Resume { note: None }).await, CaseState::Accepted);
    }
}
