//! Several messages about one thing: whoever told it hears how it ends, and what they add reaches those who work on it.

use std::time::Duration;

use linli_cases::{
    app::unmask,
    hotline::sheets,
    model::{Action, Outcome, ReturnReason},
    read,
};
use linli_kernel::params;
use linli_testkit::both_engines;

use super::*;

fn lamp() -> NewReport {
    NewReport { category: Some(LAMP.into()), text: "路灯不亮".into(), ..well() }
}

fn leader() -> Actor {
    person(8, Role::StreetLeader, STREET, STREET_ORG)
}

async fn closed(d: &Arc<District>, id: CaseId) {
    act(d, &water(), id, Command::Accept).await;
    act(d, &water(), id, Command::Arrive { plan: None }).await;
    act(d, &water(), id, resolution()).await;
    act(d, &street(), id, Command::StartVerification).await;
    act(d, &street(), id, Command::Close { outcome: Outcome::Solved, note: None }).await;
}

async fn tracked(d: &Arc<District>, receipt: &Receipt) -> read::PublicCase {
    read::track(&mut d.db.read().await.unwrap(), &receipt.token).await.unwrap()
}

both_engines! {
    async fn whoever_was_merged_goes_the_whole_way(s) {
        let d = district(&s).await;
        let told = async |external: &str| {
            d.clock.advance(Duration::from_secs(1));
            let external = (!external.is_empty()).then(|| external.to_owned());
            report(&d, NewReport { external, ..lamp() }).await
        };
        let (main, second, third) = (told("").await, told("H-2").await, told("").await);
        for one in [&main, &second, &third] {
            act(&d, &street(), one.id, Command::File).await;
        }
        // In two steps: who followed the second follows the first afterwards.
        act(&d, &street(), third.id, Command::Merge { into: second.id }).await;
        act(&d, &street(), second.id, Command::Merge { into: main.id }).await;
        triage(&d, &street(), main.id, joint(WATER)).await;
        assert_eq!(tracked(&d, &third).await.state, CaseState::Assigned);

        // Words of all three reach those who work on it, and say whose they are.
        d.clock.advance(Duration::from_mins(1));
        by_link(&d, &third, Command::Comment { text: "还没好".into() }).await.unwrap();
        assert!(by_link(&d, &third, Command::Comment { text: " ".into() }).await.is_err());
        let detail = read::detail(&mut d.db.read().await.unwrap(), &scope(&d, &water()), main.id).await.unwrap();
        let words = detail.timeline.iter().rev().find(|e| e.action == Action::Comment).unwrap();
        assert_eq!(words.note.as_deref(), Some(format!("{}：还没好", third.number).as_str()));

        closed(&d, main.id).await;
        for one in [&second, &third] {
            let seen = tracked(&d, one).await;
            assert_eq!((seen.state, seen.reply.as_deref()), (CaseState::Closed, Some("井已疏通，请放心")));
            assert_eq!((seen.number.as_str(), seen.lead), (one.number.as_str(), org(WATER)));
            assert_eq!(seen.followed, Some((main.number.clone(), CaseState::Closed)));
            assert!(seen.can.contains(&Action::Reopen) && !seen.can.contains(&Action::Rate), "{:?}", seen.can);
            assert!(seen.timeline.iter().all(|e| !e.note.as_deref().unwrap_or_default().contains("还没好")), "others' words");
        }
        let answer = sheets::answer(&mut d.db.read().await.unwrap(), second.id).await.unwrap();
        assert_eq!((answer.state, answer.reply().as_deref()), (CaseState::Closed, Some("井已疏通，请放心")));
        assert_eq!((answer.together_with.as_deref(), answer.number.as_str()), (Some(main.number.as_str()), second.number.as_str()));

        // Rating is for whoever told the case itself; that it is not done anybody of them may say.
        let rate = Command::Rate { satisfaction: linli_cases::model::Satisfaction::Satisfied, comment: None };
        assert!(matches!(by_link(&d, &third, rate).await, Err(Error::Conflict("case-state"))));
        assert_eq!(by_link(&d, &third, Command::Reopen { reason: "又不亮了".into() }).await.unwrap(), CaseState::Reopened);
        assert_eq!(tracked(&d, &main).await.state, CaseState::Reopened);
        // What was told before stays to be read, by those who work on it and by those who told it.
        for one in [&main, &second, &third] {
            let seen = tracked(&d, one).await;
            let former: Vec<&str> = seen.former_replies.iter().map(|f| f.text.as_str()).collect();
            assert_eq!((seen.reply.as_deref(), former), (None, vec!["井已疏通，请放心"]));
            assert!(seen.former_replies[0].at <= seen.former_replies[0].reopened_at);
        }
        let detail = read::detail(&mut d.db.read().await.unwrap(), &scope(&d, &water()), main.id).await.unwrap();
        assert_eq!((detail.reply(), detail.former_replies()), (None, tracked(&d, &main).await.former_replies));
        let (desk, own) = (format!("/desk/cases/{}", main.id), format!("/t/{}", third.token));
        for (who, page, words) in [("water", desk, "原答复"), ("", own, "原来的答复")] {
            let page = http::get(&d, who, &page).await.text();
            assert!(page.contains(words) && page.contains("井已疏通，请放心") && page.contains("重新打开"), "{page}");
        }
        // Who is merged only now was never told it.
        let late = told("").await;
        act(&d, &street(), late.id, Command::File).await;
        act(&d, &street(), late.id, Command::Merge { into: main.id }).await;
        assert_eq!(tracked(&d, &late).await.former_replies, []);
        // A link opens its own case and what it was merged with, no other.
        let strange = Receipt { token: third.token.clone(), ..main };
        not_found(by_link(&d, &strange, Command::Comment { text: "x".into() }).await);
    }

    async fn open311_follows_what_is_worked_on(s) {
        let d = district(&s).await;
        let told = async |name: &str| {
            let reporter = ReporterInput { name: Some(name.into()), ..ReporterInput::default() };
            let mut by = op(&d, Actor::System).await;
            let new = NewReport { source: Source::Open311, reporter, ..lamp() };
            let receipt = app::report(&mut by, new).await.unwrap();
            by.commit().await.unwrap();
            d.clock.advance(Duration::from_secs(1));
            receipt
        };
        let (main, second) = (told("欧阳天一").await, told("司马相如").await);
        for one in [&main, &second] {
            act(&d, &street(), one.id, Command::File).await;
        }
        act(&d, &street(), second.id, Command::Merge { into: main.id }).await;
        let seen = async || http::get(&d, "", &format!("/open311/v2/requests/{}.json", second.number)).await.json()[0].clone();
        let listed = async |status: &str| {
            let all = http::get(&d, "", &format!("/open311/v2/requests.json?status={status}")).await.json();
            all.as_array().unwrap().iter().any(|row| row["service_request_id"] == second.number.as_str())
        };
        let one = seen().await;
        assert!(one["status"] == "open" && one["status_notes"].as_str().unwrap().contains(&main.number), "{one}");
        assert!(!one["expected_datetime"].is_null() && listed("open").await && !listed("closed").await, "{one}");

        triage(&d, &street(), main.id, joint(WATER)).await;
        assert_eq!(seen().await["agency_responsible"], http::get(&d, "", &format!("/open311/v2/requests/{}.json", main.number)).await.json()[0]["agency_responsible"]);
        act(&d, &water(), main.id, Command::Accept).await;
        act(&d, &water(), main.id, Command::Arrive { plan: None }).await;
        let Command::Resolve(mut how) = resolution() else { panic!("a resolution") };
        how.reply = "欧阳天一、司马相如：灯已修好，问13800138000".into();
        act(&d, &water(), main.id, Command::Resolve(how)).await;
        act(&d, &street(), main.id, Command::StartVerification).await;
        assert_eq!(seen().await["status"], "open");
        d.clock.advance(Duration::from_mins(1));
        act(&d, &street(), main.id, Command::Close { outcome: Outcome::Solved, note: None }).await;
        let one = seen().await;
        assert_eq!((&one["status"], &one["updated_datetime"]), (&serde_json::json!("closed"), &serde_json::json!(d.clock.now().rfc3339())));
        let notes = one["status_notes"].as_str().unwrap();
        assert!(notes.contains("****、****：灯已修好，问****"), "nobody is named: {notes}");
        assert!(listed("closed").await && !listed("open").await);

        by_link(&d, &second, Command::Reopen { reason: "又不亮了".into() }).await.unwrap();
        let one = seen().await;
        assert!(one["status"] == "open" && !one["status_notes"].as_str().unwrap().contains("灯已修好"), "{one}");
    }

    async fn an_old_board_takes_no_case_from_those_who_have_it(s) {
        let d = district(&s).await;
        let case = report(&d, lamp()).await;
        triage(&d, &street(), case.id, joint(WATER)).await;
        act(&d, &water(), case.id, Command::Accept).await;
        let mut late = op(&d, street()).await;
        let refused = app::triage(&mut late, case.id, joint(ROADS)).await;
        assert!(matches!(refused, Err(Error::Conflict("case-triaged-already"))), "{refused:?}");
        drop(late);
        let sql = "SELECT count(*) FROM case_entry WHERE case_id = $1 AND action = 'dispatch'";
        let dispatched: i64 = d.db.read().await.unwrap().scalar(sql, params![case.id]).await.unwrap();
        assert_eq!(dispatched, 1);
        // Knowingly, on the page of the case, it can still be given to others.
        let other = Command::Dispatch { lead: org(ROADS), assisting: vec![], note: None };
        assert_eq!(act(&d, &street(), case.id, other).await, CaseState::Assigned);
    }

    async fn a_street_leader_does_what_the_policy_names(s) {
        let d = district(&s).await;
        let case = report(&d, lamp()).await;
        act(&d, &street(), case.id, Command::File).await;
        let blow = Command::Blow { whistle: WhistleLevel::Joint, reason: "要几家一起".into() };
        act(&d, &leader(), case.id, blow).await;
        let dispatch = Command::Dispatch { lead: org(WATER), assisting: vec![], note: None };
        forbidden(try_act(&d, &leader(), case.id, dispatch.clone()).await);
        act(&d, &street(), case.id, dispatch).await;
        let back = Command::RequestReturn { reason: ReturnReason::NotOurDuty, to: org(ROADS), note: "归城管".into() };
        act(&d, &water(), case.id, back).await;
        let ruled = Command::DecideReturn { lead: org(ROADS), note: "改由城管局".into() };
        assert_eq!(act(&d, &leader(), case.id, ruled).await, CaseState::Assigned);
        act(&d, &roads(), case.id, Command::Accept).await;
        act(&d, &roads(), case.id, Command::RequestExtension { days: 3, reason: "等材料".into() }).await;
        forbidden(try_act(&d, &leader(), case.id, Command::DecideExtension { grant: true, note: None }).await);
        act(&d, &centre(), case.id, Command::DecideExtension { grant: true, note: None }).await;
        let aside = Command::Suspend { review: at("2026-12-20T09:00"), reason: "入冬不能施工".into() };
        assert_eq!(act(&d, &leader(), case.id, aside).await, CaseState::Suspended);
        let other = person(9, Role::StreetLeader, OTHER_STREET, OTHER_STREET_ORG);
        assert!(try_act(&d, &other, case.id, Command::Resume { note: None }).await.is_err());
    }

    async fn a_reporter_hears_who_saw_their_phone(s) {
        let d = district(&s).await;
        let case = report(&d, well()).await;
        assert_eq!(tracked(&d, &case).await.looks, []);
        let mut look = op(&d, street()).await;
        unmask(&mut look, case.id, "回访办理情况").await.unwrap();
        look.commit().await.unwrap();
        let looks = tracked(&d, &case).await.looks;
        assert_eq!((looks.len(), looks[0].by.as_str(), looks[0].reason.as_str()), (1, street().name(), "回访办理情况"));
    }
}
