//! A person exists once, wherever they are named; moving keeps history.

use linli_household::{
    model::{Field, Leaving, Mark, Relation, ResidentState, Say, Source},
    read,
    register::{self, MoveOut, News, Outcome},
    rules::Verdict,
    store::people,
};
use linli_testkit::both_engines;

use super::*;

both_engines! {
    async fn a_person_is_one_by_number_else_by_phone_and_name(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let first = add(&d, here, &facts("王小明", "", PHONE)).await;
        assert_eq!(first.outcome, Outcome::Created);
        // The same phone under another name is another person, and so is the same name with another phone.
        assert_eq!(add(&d, here, &facts("李丽", "", PHONE)).await.outcome, Outcome::Created);
        assert_eq!(add(&d, here, &facts("王小明", "", "10000000002")).await.outcome, Outcome::Created);
        // Named again, now with a number: the same person, who has one from now on.
        let again = add(&d, here, &facts("王小明", ID, PHONE)).await;
        assert_eq!((again.id, again.outcome), (first.id, Outcome::Known));
        assert!(again.verdicts.contains(&(Field::IdNumber, Verdict::Taken)));
        // With the number, under a new phone and another writing of it.
        let third = add(&d, here, &facts("王小明", "11010519491231002x", "10000000003")).await;
        assert_eq!((third.id, third.outcome), (first.id, Outcome::Known));
        // Without the number: the phone and name still say who it is.
        assert_eq!(add(&d, here, &facts("王小明", "", "10000000003")).await.id, first.id);
        // A second number under the same phone and name is somebody else.
        let other = add(&d, here, &facts("王小明", "440524188001010014", "10000000003")).await;
        assert_eq!(other.outcome, Outcome::Created);
        let card = card(&d, here).await;
        assert_eq!(card.residents().count(), 4);
        assert_eq!(card.households.len(), 1);
    }

    async fn two_at_the_same_moment_do_not_make_two(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let name = |d: Arc<District>| async move {
            let mut op = op(&d, worker()).await;
            let put = app::add_resident(&mut op, Home { dwelling: here, household: None }, &facts("王小明", ID, PHONE), None).await;
            if put.is_ok() { op.commit().await.unwrap() }
            put
        };
        let (a, b) = tokio::join!(tokio::spawn(name(d.clone())), tokio::spawn(name(d.clone())));
        let outcomes = [a.unwrap(), b.unwrap()];
        assert!(outcomes.iter().any(|o| matches!(o, Ok(Named::Here(put)) if put.outcome == Outcome::Created)), "{outcomes:?}");
        let n: i64 = d.db.read().await.unwrap().scalar("SELECT count(*) FROM resident", vec![]).await.unwrap();
        assert_eq!(n, 1);
    }

    async fn moving_keeps_history_and_ends_an_empty_household(s) {
        let d = district(&s).await;
        let (old, new) = (home(&d, GRID, "3号楼").await, home(&d, FAR_GRID, "5号楼").await);
        let id = add(&d, old, &facts("王小明", ID, PHONE)).await.id;
        d.clock.advance(std::time::Duration::from_hours(48));
        // Said by themselves only: a worker has seen them there, so nothing moves and somebody should look.
        let mut quiet = op(&d, Actor::Public).await;
        let mut news = News::new();
        let by = Mark::self_filled(quiet.now);
        let put = register::add(&mut quiet, &mut news, Home { dwelling: new, household: None }, &facts("王小明", ID, ""), &by).await.unwrap();
        assert_eq!((put.outcome, put.verdicts.as_slice()), (Outcome::Elsewhere, [(Field::Home, Verdict::Unverified)].as_slice()));
        assert!(news.is_empty());
        drop(quiet);
        // Seen at the new door: moved.
        let put = add(&d, new, &facts("王小明", ID, "")).await;
        assert_eq!((put.id, put.outcome), (id, Outcome::Moved));
        let (before, after) = (card(&d, old).await, card(&d, new).await);
        assert_eq!((before.residents().count(), before.households.len()), (0, 0));
        assert_eq!(after.residents().next().unwrap().id, id);
        assert_eq!(before.timeline.len(), 3, "in, out, confirmed: {:?}", before.timeline);
        let mut conn = d.db.read().await.unwrap();
        let stays = people::stays(&mut conn, id).await.unwrap();
        assert_eq!((stays.len(), stays[0].dwelling_id, stays[0].reason), (1, old, Leaving::Moved));
        assert_eq!(stays[0].destination.as_deref(), Some("锦绣花园5号楼2单元501"));
        assert_eq!(people::get(&mut conn, id).await.unwrap().area, area(FAR_GRID));
        drop(conn);
        // Out of the district, and back.
        let mut out = op(&d, actor(Role::CommunitySecretary, "371002002001")).await;
        let away = MoveOut { reason: Leaving::Away, at: out.now, destination: Some("青岛".into()) };
        app::move_out(&mut out, id, &away).await.unwrap();
        assert_eq!(key(app::move_out(&mut out, id, &away).await), "household-has-left");
        out.commit().await.unwrap();
        let gone = people::get(&mut d.db.read().await.unwrap(), id).await.unwrap();
        assert_eq!((gone.state, gone.dwelling_id), (ResidentState::Left, None));
        let back = add(&d, old, &facts("王小明", ID, "")).await;
        assert_eq!((back.id, back.outcome), (id, Outcome::Moved));
        assert_eq!(people::stays(&mut d.db.read().await.unwrap(), id).await.unwrap().len(), 2);
    }

    async fn nobody_is_renamed_or_fetched_by_naming_them(s) {
        let d = district(&s).await;
        let (here, next, far) = (home(&d, GRID, "3号楼").await, home(&d, NEXT_GRID, "4号楼").await, home(&d, FAR_GRID, "5号楼").await);
        let id = add(&d, next, &facts("王小明", ID, PHONE)).await.id;
        let name = |who: Actor, at: DwellingId, facts: Facts, from: Option<DwellingId>| {
            let d = d.clone();
            async move {
                let mut op = op(&d, who).await;
                let named = app::add_resident(&mut op, Home { dwelling: at, household: None }, &facts, from).await;
                if named.is_ok() { op.commit().await.unwrap() }
                named
            }
        };
        let lives = |d: Arc<District>| async move {
            let r = people::get(&mut d.db.read().await.unwrap(), id).await.unwrap();
            (r.dwelling_id, r.name, r.version)
        };
        let before = lives(d.clone()).await;
        // Another name is refused at the name, here, in the scope and beyond it.
        for (who, at) in [(worker(), here), (secretary(), here), (secretary(), next)] {
            let refused = name(who, at, facts("李丽", ID, ""), Some(next)).await;
            assert!(matches!(&refused, Err(Error::Invalid(faults)) if faults.iter().any(|f| f.field == "name")), "{refused:?}");
            assert_eq!(key(refused), "household-other-name");
        }
        // Beyond the scope nobody is fetched, whatever is confirmed.
        for from in [None, Some(next)] {
            assert_eq!(key(name(worker(), here, facts("王小明", ID, ""), from).await), "household-lives-beyond");
            assert_eq!(key(name(worker(), here, facts("王小明", "", PHONE), from).await), "household-lives-beyond");
        }
        // Who sees both is asked, and says from where.
        let asked = Named::Lives { home: next, address: "锦绣花园4号楼2单元501".into() };
        for from in [None, Some(here), Some(far)] {
            assert_eq!(name(secretary(), here, facts("王小明", ID, ""), from).await.unwrap(), asked);
        }
        assert_eq!(lives(d.clone()).await, before, "nothing has changed so far");
        assert_eq!(log(&d).await.iter().filter(|a| *a == "household.correct").count(), 0);
        let Named::Here(put) = name(secretary(), here, facts("王小明", ID, ""), Some(next)).await.unwrap() else { panic!() };
        assert_eq!((put.id, put.outcome), (id, Outcome::Moved));
        assert_eq!(lives(d.clone()).await.0, Some(here));
        assert_eq!(people::stays(&mut d.db.read().await.unwrap(), id).await.unwrap()[0].dwelling_id, next);
    }

    async fn a_correction_knows_its_source_and_its_base(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let id = add(&d, here, &facts("王小明", "", PHONE)).await.id;
        let before = card(&d, here).await.residents().next().unwrap().clone();
        assert_eq!(before.mark(Field::Phone).source, Source::Worker);
        let said = Facts { relation: Some(Relation::Head), phone: Say::Is("10000000009".into()), ..Facts::default() };
        // The resident says a new phone; a worker has checked the old one.
        let mut public = op(&d, Actor::Public).await;
        let mut news = News::new();
        let by = Mark::self_filled(public.now);
        let merged = register::correct(&mut public, &mut news, id, &said, &by, Some(before.version)).await.unwrap();
        assert_eq!(merged.disputed().collect::<Vec<_>>(), [Field::Phone, Field::Relation]);
        drop(public);
        // The worker says so too.
        let mut op1 = op(&d, worker()).await;
        let merged = app::correct_resident(&mut op1, id, &said, Some(before.version)).await.unwrap();
        assert_eq!(merged.changed().collect::<Vec<_>>(), [Field::Phone, Field::Relation]);
        op1.commit().await.unwrap();
        let after = card(&d, here).await;
        assert_eq!(after.households[0].head, Some(id), "the head leads the household");
        let resident = after.residents().next().unwrap();
        assert_eq!(resident.phone.as_ref().unwrap().as_str(), "100****0009");
        assert_eq!(resident.version, before.version + 1);
        let mut late = op(&d, worker()).await;
        let stale = app::correct_resident(&mut late, id, &said, Some(before.version)).await;
        assert_eq!(key(stale), "household-changed-meanwhile");
        // Somebody else's number is not taken over.
        drop(late);
        add(&d, here, &facts("李丽", ID, "")).await;
        let mut op2 = op(&d, worker()).await;
        let number = facts("王小明", ID, "");
        assert_eq!(key(app::correct_resident(&mut op2, id, &number, None).await), "household-person-known");
    }

    async fn a_household_has_one_head(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let head = |name: &str, phone: &str| Facts { relation: Some(Relation::Head), ..facts(name, "", phone) };
        let first = add(&d, here, &head("王小明", PHONE)).await.id;
        let named = |facts: Facts| {
            let d = d.clone();
            async move {
                let mut op = op(&d, worker()).await;
                app::add_resident(&mut op, Home { dwelling: here, household: None }, &facts, None).await
            }
        };
        assert_eq!(key(named(head("李丽", "10000000002")).await), "household-second-head");
        assert!(named(head("王小明", PHONE)).await.is_ok(), "the same again is the same head");
        let second = add(&d, here, &facts("李丽", "", "10000000002")).await.id;
        let say = |id: ResidentId, relation: Relation| {
            let d = d.clone();
            async move {
                let mut op = op(&d, worker()).await;
                let said = Facts { relation: Some(relation), ..Facts::default() };
                app::correct_resident(&mut op, id, &said, None).await?;
                op.commit().await
            }
        };
        assert_eq!(key(say(second, Relation::Head).await), "household-second-head");
        // The first says something else before; then the other leads.
        say(first, Relation::Spouse).await.unwrap();
        assert_eq!(card(&d, here).await.households[0].head, None);
        say(second, Relation::Head).await.unwrap();
        assert_eq!(card(&d, here).await.households[0].head, Some(second));
        // Another home's head is none of it.
        let next = home(&d, GRID, "4号楼").await;
        assert_eq!(add(&d, next, &head("赵一", "10000000003")).await.outcome, Outcome::Created);
    }

    async fn confirming_a_home_confirms_everybody_in_it(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        add(&d, here, &facts("王小明", "", PHONE)).await;
        add(&d, here, &facts("李丽", "", "")).await;
        d.clock.advance(std::time::Duration::from_hours(24 * 91));
        assert!(!card(&d, here).await.fresh);
        let mut op = op(&d, worker()).await;
        let now = op.now;
        app::confirm_dwelling(&mut op, here, None).await.unwrap();
        op.commit().await.unwrap();
        let card = card(&d, here).await;
        assert!(card.fresh);
        assert!(card.residents().all(|r| r.confirmed_at == Some(now) && r.mark(Field::Name).at == now));
    }
}

pub(crate) async fn card(d: &Arc<District>, id: DwellingId) -> read::Card {
    let access = d.port::<Access>().unwrap();
    let mut conn = d.db.read().await.unwrap();
    read::card(&mut conn, &access, &Scope::everything(), id, d.clock.now()).await.unwrap()
}
