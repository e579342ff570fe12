//! A case from the first word to the last, and what each side sees of it.

use linli_cases::{
    app::{self, NewTask, Photo, Proof},
    model::{Action, Action as A, CaseState, Command, FollowUp, Outcome, Satisfaction},
    read,
};
use linli_store::{Blobs, activity};
use linli_testkit::both_engines;

use super::*;

both_engines! {
    async fn from_report_to_rating(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        assert_eq!(receipt.number, "HC20261123-000001");
        let id = receipt.id;

        assert_eq!(triage(&d, &street(), id, joint(WATER)).await, CaseState::Assigned);
        assert_eq!(act(&d, &water(), id, Command::Accept).await, CaseState::Accepted);
        assert_eq!(act(&d, &water(), id, Command::Arrive { plan: None }).await, CaseState::OnSite);
        act(&d, &water(), id, Command::Note { text: "内部：井盖型号不对".into() }).await;

        // The category demands a photo.
        let refused = try_act(&d, &water(), id, resolution()).await;
        assert!(matches!(&refused, Err(Error::Invalid(fields)) if fields[0].field == "photos"), "{refused:?}");
        let blobs = d.port::<Blobs>().unwrap();
        let picture = linli_web::upload::Picture { full: b"full".to_vec(), thumbnail: b"small".to_vec() };
        let photo = Photo::keep(&d, picture).await.unwrap();
        let mut with_photo = op(&d, water()).await;
        let state = app::act(&mut with_photo, id, resolution(), Proof::Post, vec![photo]).await.unwrap();
        with_photo.commit().await.unwrap();
        assert_eq!(state, CaseState::Resolved);

        act(&d, &street(), id, Command::StartVerification).await;
        act(&d, &street(), id, Command::Close { outcome: Outcome::Solved, note: None }).await;
        let call = FollowUp { reached: true, contacted: Some(true), solved: Some(true), satisfaction: Some(Satisfaction::Satisfied) };
        act(&d, &street(), id, Command::FollowUp(call)).await;
        let rated = by_link(&d, &receipt, Command::Rate { satisfaction: Satisfaction::VerySatisfied, comment: None }).await;
        assert_eq!(rated.unwrap(), CaseState::Rated);

        let mut conn = d.db.read().await.unwrap();
        let detail = read::detail(&mut conn, &scope(&d, &street()), id).await.unwrap();
        assert_eq!(detail.row.title, "3号楼门前污水井冒水，路面都是水");
        assert_eq!(detail.reply(), Some("井已疏通，请放心"));
        let actions: Vec<Action> = detail.timeline.iter().map(|e| e.action).collect();
        assert_eq!(actions, [
            A::Report, A::File, A::BlowJoint, A::Dispatch, A::Accept, A::Arrive, A::Note, A::Resolve,
            A::StartVerification, A::Close, A::FollowUp, A::Rate,
        ]);
        assert_eq!(detail.timeline[4].org, Some(org(WATER)));
        assert_eq!(detail.photos.len(), 1);
        let blob = read::photo(&mut conn, &scope(&d, &street()), id, detail.photos[0].id, true).await.unwrap();
        assert_eq!(blobs.get(&blob).await.unwrap(), b"small");

        let public = read::track(&mut conn, &receipt.token).await.unwrap();
        assert_eq!((public.state, public.lead), (CaseState::Rated, org(WATER)));
        assert_eq!(public.reply.as_deref(), Some("井已疏通，请放心"));
        assert!(!serde_json::to_string(&public).unwrap().contains("内部"), "an internal note is public");
        assert!(!serde_json::to_string(&public).unwrap().contains("department 6"), "a person's name is public");
        assert_eq!(read::track_photo(&mut conn, &receipt.token, detail.photos[0].id, false).await.unwrap().len(), 64);

        let rates = read::rates(&mut conn, &d, &scope(&d, &centre()), at("2026-11-01T00:00"), at("2026-12-01T00:00")).await.unwrap();
        assert_eq!((rates.cases, rates.tally.solution.part, rates.tally.response.part), (1, 1, 1));
        assert_eq!(rates.trend.len(), 30);
        assert_eq!((rates.trend[22].reported, rates.trend[22].ended), (1, 1));
        assert_eq!(rates.by_street[0].key.as_str(), STREET);
        drop(conn);

        // Every line is in the chained log, and every message is owed and kept once.
        turn(&d).await;
        let verdict = activity::verify(&d.db).await.unwrap();
        assert_eq!((verdict.sealed, verdict.faults.len()), (12, 0));
        let mut conn = d.db.read().await.unwrap();
        let waiting = read::notices(&mut conn, &[org(WATER)], 50).await.unwrap();
        assert!(waiting.iter().any(|n| n.number == receipt.number), "{waiting:?}");
        drop(conn);
        let ids: Vec<Uuid> = waiting.iter().map(|n| n.id).collect();
        let mut theirs = op(&d, roads()).await;
        assert_eq!(app::notices_seen(&mut theirs, &ids).await.unwrap(), 0, "another organisation's messages");
        drop(theirs);
        let mut own = op(&d, water()).await;
        assert_eq!(app::notices_seen(&mut own, &ids).await.unwrap(), u64::try_from(ids.len()).unwrap());
        own.commit().await.unwrap();
        let mut conn = d.db.read().await.unwrap();
        assert!(read::notices(&mut conn, &[org(WATER)], 50).await.unwrap().is_empty());
    }

    async fn the_reporter_reopens_with_the_link_alone(s) {
        let d = district(&s).await;
        let (receipt, other) = (report(&d, well()).await, report(&d, well()).await);
        triage(&d, &street(), receipt.id, TriageDecision { category: Some(LAMP.into()), ..joint(WATER) }).await;
        act(&d, &water(), receipt.id, Command::Accept).await;
        act(&d, &water(), receipt.id, Command::Arrive { plan: None }).await;
        act(&d, &water(), receipt.id, resolution()).await;
        act(&d, &street(), receipt.id, Command::StartVerification).await;
        act(&d, &street(), receipt.id, Command::Close { outcome: Outcome::Solved, note: None }).await;

        let again = || Command::Reopen { reason: "又冒了".into() };
        let stolen = linli_cases::app::Receipt { token: other.token.clone(), ..receipt.clone() };
        not_found(by_link(&d, &stolen, again()).await);
        // The link gives nothing that the reporter may not do.
        forbidden(by_link(&d, &receipt, Command::Close { outcome: Outcome::Solved, note: None }).await);
        assert_eq!(by_link(&d, &receipt, again()).await.unwrap(), CaseState::Reopened);
        let mut conn = d.db.read().await.unwrap();
        let public = read::track(&mut conn, &receipt.token).await.unwrap();
        assert_eq!((public.reply, public.outcome), (None, None));
        not_found(read::track(&mut conn, "nonsense").await.map(|c| c.number));
    }

    async fn tasks_hold_the_case_and_stay_inside(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        triage(&d, &street(), receipt.id, TriageDecision { category: Some(LAMP.into()), ..joint(WATER) }).await;
        act(&d, &water(), receipt.id, Command::Accept).await;
        act(&d, &water(), receipt.id, Command::Arrive { plan: None }).await;
        let mut giving = op(&d, street()).await;
        let part = NewTask { title: "恢复路面".into(), text: "井边路面塌陷".into(), lead: org(ROADS) };
        let task = app::add_task(&mut giving, receipt.id, part).await.unwrap();
        giving.commit().await.unwrap();

        let held = try_act(&d, &water(), receipt.id, resolution()).await;
        assert!(matches!(held, Err(Error::Conflict("case-tasks-open"))), "{held:?}");
        let mut conn = d.db.read().await.unwrap();
        let inbox = read::Filter { org: Some(org(ROADS)), ..read::Filter::default() };
        let rows = read::page(&mut conn, &d, (&scope(&d, &roads()), &inbox), read::Sort::Newest, None, 10).await.unwrap();
        assert_eq!(rows.items.iter().map(|r| r.id).collect::<Vec<_>>(), [task.id]);
        not_found(read::detail(&mut conn, &scope(&d, &roads()), receipt.id).await.map(|_| ()));
        let whole = read::detail(&mut conn, &scope(&d, &street()), receipt.id).await.unwrap();
        assert_eq!((whole.tasks.len(), whole.row.open_tasks), (1, 1));
        drop(conn);

        act(&d, &roads(), task.id, Command::Accept).await;
        act(&d, &roads(), task.id, Command::Arrive { plan: None }).await;
        act(&d, &roads(), task.id, resolution()).await;
        act(&d, &street(), task.id, Command::StartVerification).await;
        act(&d, &street(), task.id, Command::Close { outcome: Outcome::Solved, note: None }).await;
        assert_eq!(act(&d, &water(), receipt.id, resolution()).await, CaseState::Resolved);
    }

    async fn a_merged_case_points_to_the_one_that_is_followed(s) {
        let d = district(&s).await;
        let (kept, double, far) = (
            report(&d, well()).await,
            report(&d, well()).await,
            report(&d, NewReport { area: Some(FAR_GRID.parse().unwrap()), ..well() }).await,
        );
        let unseen = try_act(&d, &street(), double.id, Command::Merge { into: far.id }).await;
        assert!(matches!(&unseen, Err(Error::Invalid(f)) if f[0].key == "case-merge-unknown"), "{unseen:?}");
        act(&d, &street(), double.id, Command::Merge { into: kept.id }).await;
        let ring = try_act(&d, &street(), kept.id, Command::Merge { into: double.id }).await;
        assert!(matches!(&ring, Err(Error::Invalid(f)) if f[0].key == "case-merge-over"), "{ring:?}");

        let mut conn = d.db.read().await.unwrap();
        let public = read::track(&mut conn, &double.token).await.unwrap();
        assert_eq!(public.followed, Some((kept.number.clone(), CaseState::Reported)));
        let detail = read::detail(&mut conn, &scope(&d, &street()), kept.id).await.unwrap();
        assert_eq!(detail.merged.iter().map(|m| m.id).collect::<Vec<_>>(), [double.id]);
    }
}
