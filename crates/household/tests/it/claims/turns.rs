//! Entries that meet: conflicts, decisions over what has changed, several at once.

use super::*;

both_engines! {
    async fn conflicts_are_seen_from_both_sides(s) {
        let d = district(&s).await;
        let (here, there) = (home(&d, GRID, "3号楼").await, home(&d, FAR_GRID, "5号楼").await);
        let wang = add(&d, there, &facts("王小明", ID, PHONE)).await.id;
        let (one, two) = (code_of(&d, here).await, code_of(&d, there).await);
        d.clock.advance(std::time::Duration::from_hours(1));
        let claim = send(&d, &one, &fill(vec![member("王小明", ID, "")]), None).await.unwrap();
        assert_eq!((claim.kind, claim.conflicts()), (ClaimKind::New, vec![Conflict::Elsewhere]));
        // The same number in a form of another home, and another person at the first home.
        d.clock.advance(std::time::Duration::from_secs(1));
        send(&d, &two, &fill(vec![member("王小明", ID, "")]), None).await.unwrap();
        d.clock.advance(std::time::Duration::from_secs(1));
        send(&d, &one, &fill(vec![member("赵六", "", "10000000066")]), None).await.unwrap();
        let all = listed(&d).await;
        assert_eq!(all[0], (ClaimKind::New, "elsewhere,twice,rival".to_owned()));
        assert_eq!(all[1].1, "twice");
        assert_eq!(all[2].1, "rival");
        let mut conn = d.db.read().await.unwrap();
        let counts = claims::counts(&mut conn, &Scope::everything(), &d.area).await.unwrap();
        assert_eq!((counts.all, counts.conflict, counts.new), (3, 3, 0));
        drop(conn);
        // Anybody may have filled it in: who has no say where the person lives does not fetch them.
        assert_eq!(key(accept(&d, &claim, Taken::All).await), "claim-lives-beyond");
        assert_eq!(card(&d, there).await.residents().count(), 1);
        // Taken by who sees both: the person moves, though a worker had seen them there; the others are told apart again.
        accept_as(&d, actor(Role::StreetCentre, DISTRICT), &claim, Taken::All).await.unwrap();
        assert_eq!(card(&d, here).await.residents().next().unwrap().id, wang);
        assert_eq!(card(&d, there).await.residents().count(), 0);
        assert_eq!(listed(&d).await.into_iter().map(|(_, c)| c).collect::<Vec<_>>(), ["", ""]);
    }

    async fn who_lives_beyond_comes_by_their_own_phone_and_keeps_it(s) {
        let d = district(&s).await;
        let (here, there) = (home(&d, GRID, "3号楼").await, home(&d, FAR_GRID, "5号楼").await);
        let wang = add(&d, there, &facts("王小明", ID, PHONE)).await.id;
        let code = code_of(&d, here).await;
        d.clock.advance(std::time::Duration::from_hours(1));
        let other = fill(vec![member("王小明", ID, "10000000099")]);
        let stranger = send(&d, &code, &other, Some(&held(&d, "10000000099"))).await.unwrap();
        assert_eq!(key(accept(&d, &stranger, Taken::All).await), "claim-lives-beyond", "a proven phone, but not theirs");
        let own = send(&d, &code, &other, Some(&held(&d, PHONE))).await.unwrap();
        accept(&d, &own, Taken::All).await.unwrap();
        let shown = card(&d, here).await;
        let moved = shown.residents().next().unwrap();
        assert_eq!(moved.id, wang);
        let access = d.port::<Access>().unwrap();
        let sql = "SELECT phone_hash FROM resident WHERE id = $1";
        let hash: Vec<u8> = d.db.read().await.unwrap().scalar(sql, linli_kernel::params![wang]).await.unwrap();
        assert_eq!(hash, Seal::new(&access).phone_hash(PHONE).unwrap(), "what proves them stays");
    }

    async fn a_second_form_and_a_decision_do_not_undo_each_other(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let code = code_of(&d, here).await;
        let own = held(&d, PHONE);
        for round in 0..6 {
            d.clock.advance(std::time::Duration::from_hours(1));
            let first = send(&d, &code, &fill(vec![member("王小明", ID, PHONE)]), Some(&own)).await.unwrap();
            let next = fill(vec![member("王小明", ID, PHONE), member("王小宝", "", "")]);
            let seen = decision(&d, &first, Taken::All).await;
            let (again, decided) =
                tokio::join!(send(&d, &code, &next, Some(&own)), decide(&d, worker(), &first, &seen));
            let again = again.unwrap();
            match decided {
                // Decided before the second came: it is an entry of its own, and the first stays decided.
                Ok(_) if again.id != first.id => {
                    assert_eq!(see(&d, &first).await.0.claim.state, ClaimState::Accepted, "round {round}");
                }
                Ok(_) => panic!("round {round}: what was decided is open again"),
                Err(_) => assert_eq!((again.id, again.state), (first.id, ClaimState::Waiting), "round {round}"),
            }
            let (back, taken) = tokio::join!(withdraw(&d, &own, &again), accept(&d, &again, Taken::All));
            let left = see(&d, &again).await.0.claim.state;
            match (back, taken) {
                (Ok(()), Err(_)) => assert_eq!(left, ClaimState::Withdrawn, "round {round}"),
                (Err(_), Ok(_)) => assert_eq!(left, ClaimState::Accepted, "round {round}"),
                both => panic!("round {round}: {both:?}"),
            }
        }
    }

    async fn asked_again_it_is_the_same_entry(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let code = code_of(&d, here).await;
        let claim = send(&d, &code, &fill(vec![member("王小明", "", PHONE)]), None).await.unwrap();
        let mut op1 = op(&d, worker()).await;
        assert_eq!(key(claims::ask_again(&mut op1, claim.id, 1, "  ").await), "error-required");
        let asked = claims::ask_again(&mut op1, claim.id, 1, "请补填身份证号").await.unwrap();
        op1.commit().await.unwrap();
        assert_eq!((asked.state, asked.version, asked.reason.as_deref()), (ClaimState::Asked, 2, Some("请补填身份证号")));
        let access = d.port::<Access>().unwrap();
        let secret = claims::Receipt::of(&access, claim.id).unwrap().secret;
        let seen = claims::receipt(&mut d.db.read().await.unwrap(), &access, &secret).await.unwrap();
        assert_eq!(seen.claim.reason.as_deref(), Some("请补填身份证号"), "they see why");
        let mut wrong = secret.clone();
        wrong.replace_range(39.., if secret.ends_with('0') { "1" } else { "0" });
        assert_eq!(key(claims::receipt(&mut d.db.read().await.unwrap(), &access, &wrong).await), "404");
        let mut again = op(&d, Actor::Public).await;
        let second = claims::submit(&mut again, &code, &fill(vec![member("王小明", ID, PHONE)]), None, Some(claim.id)).await.unwrap();
        again.commit().await.unwrap();
        assert_eq!((second.id, second.number, second.state, second.version), (claim.id, claim.number.clone(), ClaimState::Waiting, 3));
        // A reviewer who still has the first version before them is told so.
        let mut late = op(&d, worker()).await;
        assert_eq!(key(claims::decline(&mut late, claim.id, 1, "看的是旧的").await), "claim-changed-meanwhile");
        drop(late);
        let mut last = op(&d, worker()).await;
        let declined = claims::decline(&mut last, claim.id, 3, "不住在这里").await.unwrap();
        last.commit().await.unwrap();
        assert_eq!(declined.state, ClaimState::Declined);
        let mut over = op(&d, Actor::Public).await;
        let more = claims::submit(&mut over, &code, &fill(vec![member("王小明", ID, PHONE)]), None, Some(claim.id)).await;
        assert_eq!(key(more), "claim-decided-already");
    }

    async fn two_reviewers_and_a_changed_register(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let wang = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let code = code_of(&d, here).await;
        d.clock.advance(std::time::Duration::from_hours(1));
        let new = fill(vec![over(wang, Texts { phone: "10000000009".into(), ..Texts::default() })]);
        let claim = send(&d, &code, &new, Some(&held(&d, PHONE))).await.unwrap();
        let first = decision(&d, &claim, Taken::All).await;
        // Meanwhile the worker corrects the same phone at the door.
        d.clock.advance(std::time::Duration::from_hours(1));
        let mut fix = op(&d, worker()).await;
        app::correct_resident(&mut fix, wang, &facts("王小明", "", "10000000007"), None).await.unwrap();
        fix.commit().await.unwrap();
        let mut op1 = op(&d, worker()).await;
        assert_eq!(key(claims::accept(&mut op1, claim.id, &first).await), "claim-changed-meanwhile");
        drop(op1);
        // Two look at it now, and both take it.
        let second = decision(&d, &claim, Taken::All).await;
        let take = |d: Arc<District>, decision: Decision, id| async move {
            let mut op = op(&d, worker()).await;
            let taken = claims::accept(&mut op, id, &decision).await;
            if taken.is_ok() { op.commit().await.unwrap() }
            taken
        };
        let (a, b) = tokio::join!(
            tokio::spawn(take(d.clone(), second.clone(), claim.id)),
            tokio::spawn(take(d.clone(), second, claim.id))
        );
        let mut outcomes = [a.unwrap(), b.unwrap()];
        outcomes.sort_by_key(Result::is_err);
        assert!(outcomes[0].is_ok(), "{outcomes:?}");
        let [_, late] = outcomes;
        assert_eq!(key(late), "claim-decided-already");
        let shown = card(&d, here).await;
        assert_eq!(shown.residents().next().unwrap().phone.as_ref().unwrap().as_str(), "100****0009", "who decides has seen both");
    }
}
