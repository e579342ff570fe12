//! Minutes of a weekly meeting: never overwritten unseen, marked by two at once, only added to after the end.

use super::*;

both_engines! {
    async fn who_writes_second_sees_what_was_written(s) {
        let d = district(&s).await;
        let id = ready(&d).await;
        let point = point_of(&whole(&d, id).await, PointKind::Overdue).id;
        let write = |by: Actor, w: Writing| {
            let d = d.clone();
            async move { act!(d, by, write_point(id, point, &w)) }
        };
        let (a, b) = tokio::join!(write(head(), writing(1, "先修再说")), write(steward(), writing(1, "报街道")));
        assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1);
        assert!([a, b].into_iter().any(|r| matches!(r, Err(Error::Conflict("meeting-point-changed")))));
        let kept = whole(&d, id).await.point(point).unwrap().clone();
        assert_eq!(kept.version, 2);
        // The same words again, from whatever base, change nothing; with the new base one writes over.
        let acts = log(&d).await.len();
        write(head(), writing(1, &kept.minutes)).await.unwrap();
        assert_eq!(log(&d).await.len(), acts);
        write(steward(), writing(2, "先修，同时报街道")).await.unwrap();
        assert_eq!(key(write(head(), writing(2, "x")).await), "meeting-point-changed");
        // Wrong people, wrong community, wrong meeting, rubbish.
        assert_eq!(key(write(one(), writing(3, "x")).await), "error-forbidden");
        assert_eq!(key(write(account(3, Role::StreetCentre, STREET), writing(3, "x")).await), "error-forbidden");
        assert_eq!(key(write(account(9, Role::CommunitySecretary, "371002002001"), writing(3, "x")).await), "404");
        assert_eq!(key(write(account(8, Role::GridWorker, FAR_GRID), writing(3, "x")).await), "404");
        assert_eq!(key(act!(d, head(), write_point(MeetingId(Uuid::from_u128(3)), point, &writing(3, "x")))), "404");
        assert_eq!(key(act!(d, head(), write_point(id, PointId(Uuid::from_u128(3)), &writing(3, "x")))), "404");
        assert_eq!(key(write(head(), writing(3, &"长".repeat(2001))).await), "error-too-long");
        for (new, answer) in [
            (todo("  ", ONE, "2026-12-01"), "error-required"),
            (todo("看一看", 8, "2026-12-01"), "meeting-todo-who"),
            (todo("看一看", ONE, "2026-11-22"), "meeting-todo-due"),
            (todo("看一看", ONE, "2036-11-22"), "meeting-todo-due"),
            (NewTodo { words: "看一看".into(), ..NewTodo::default() }, "meeting-todo-who meeting-todo-due"),
        ] {
            let w = Writing { todo: Some(new), ..writing(3, "先修，同时报街道") };
            assert_eq!(key(write(head(), w).await), answer);
        }
        assert_eq!(whole(&d, id).await.point(point).unwrap().minutes, "先修，同时报街道");
        assert!(whole(&d, id).await.todos.is_empty());
    }

    async fn who_came_is_marked_by_two_at_once(s) {
        let d = district(&s).await;
        let id = ready(&d).await;
        let keys: Vec<String> = whole(&d, id).await.people.iter().map(|p: &Person| p.key.clone()).collect();
        // Both forms were made when nobody was marked.
        act!(d, head(), attend(id, &[], &keys[..2])).unwrap();
        act!(d, steward(), attend(id, &[], &keys[2..3])).unwrap();
        let came = |w: &Whole| w.people.iter().filter(|p| p.came).count();
        assert_eq!(came(&whole(&d, id).await), 3);
        act!(d, steward(), attend(id, &keys[..1], &[])).unwrap();
        assert_eq!(came(&whole(&d, id).await), 2);
        act!(d, head(), attend(id, &[], &["nobody".to_owned()])).unwrap();
        act!(d, head(), add_guest(id, "赵物业", "锦绣物业")).unwrap();
        act!(d, head(), add_guest(id, "赵物业", "锦绣物业")).unwrap();
        assert_eq!((came(&whole(&d, id).await), count(&d, "meeting.guest").await), (3, 1));
        assert_eq!(key(act!(d, head(), add_guest(id, "", ""))), "error-required error-required");
        assert_eq!(key(act!(d, one(), attend(id, &[], &keys))), "error-forbidden");
        // Who leaves and did not come is expected no more; who came stays.
        let mut op1 = op(&d, Actor::System).await;
        op1.tx.execute("UPDATE post SET until_at = 1 WHERE account_id = $1 OR account_id = $2", params![who(ONE), who(TWO)]).await.unwrap();
        op1.commit().await.unwrap();
        act!(d, head(), refresh(id)).unwrap();
        let names: Vec<String> = whole(&d, id).await.people.into_iter().map(|p| p.name).collect();
        assert_eq!(names, ["员90", "员91", "员1", "赵物业"]);
    }

    async fn an_ended_meeting_is_only_added_to(s) {
        let d = district(&s).await;
        let id = ready(&d).await;
        let todo = given(&d, id, "2026-12-01").await;
        assert_eq!(key(act!(d, head(), close(id))), "meeting-not-yet");
        assert_eq!(key(act!(d, head(), put_off(id, "2027-02-01".parse().ok(), Some(600), ""))), "meeting-day-far");
        assert_eq!(key(act!(d, head(), put_off(id, None, None, ""))), "meeting-day-far meeting-time-needed");
        act!(d, head(), put_off(id, "2026-11-23".parse().ok(), Some(480), "广场")).unwrap();
        assert_eq!(key(act!(d, head(), close(id))), "meeting-nobody-came");
        assert_eq!(key(act!(d, head(), add_note(id, "补一句"))), "meeting-still-open");
        come(&d, id).await;
        assert_eq!(key(act!(d, two(), close(id))), "error-forbidden");
        let close = |d: Arc<District>, by: Actor| async move { act!(d, by, close(id)) };
        let (a, b) = tokio::join!(close(d.clone(), head()), close(d.clone(), steward()));
        assert!(a.is_ok() && b.is_ok(), "the same end twice");
        assert_eq!(count(&d, "meeting.close").await, 1);
        let ended = whole(&d, id).await;
        let point = ended.points[0].id;
        let refused = [
            key(act!(d, head(), write_point(id, point, &writing(2, "改写")))),
            key(act!(d, head(), add_point(id, "再加"))),
            key(act!(d, head(), strike(id, point, true))),
            key(act!(d, head(), shift(id, point, false))),
            key(act!(d, head(), attend(id, &[], &[]))),
            key(act!(d, head(), add_guest(id, "钱", "业委会"))),
            key(act!(d, head(), put_off(id, "2026-11-24".parse().ok(), Some(480), ""))),
            key(act!(d, head(), refresh(id))),
        ];
        assert!(refused.iter().all(|k| k == "meeting-closed"), "{refused:?}");
        work(&d).await;
        assert_eq!(whole(&d, id).await, ended, "the system does not touch it either");
        act!(d, steward(), add_note(id, "路灯是两盏，不是三盏")).unwrap();
        assert_eq!(key(act!(d, head(), add_note(id, " "))), "error-required");
        assert_eq!(key(act!(d, one(), add_note(id, "x"))), "error-forbidden");
        // A to-do that is given to somebody else leaves its trace there.
        let change = Change { base: todo.version, new: self::todo("打电话催路灯", TWO, "2026-12-03"), dropped: None };
        act!(d, head(), change(todo.id, &change)).unwrap();
        let notes = whole(&d, id).await.notes;
        assert_eq!((notes.len(), notes[0].by_name.as_str()), (2, "员91"));
        assert!(notes[1].words.contains("员1") && notes[1].words.contains("员2") && notes[1].words.contains("2026-12-03"), "{notes:?}");
    }
}
