//! What residents fill in: an entry of the queue, compared, taken field by field.

mod turns;

use std::collections::BTreeSet;

use linli_household::{
    claims::{
        self, CONSENT, Claim, ClaimKind, ClaimState, Conflict, Content, Decision, Held, Kept, Match, Member,
        NewClaim, Taken, Which,
    },
    code::Code,
    model::{CareKind, Field, ResidentId, Source, Usage},
    store::Seal,
};
use linli_testkit::both_engines;

use super::{codes::code_of, people::card, *};

fn held(d: &District, phone: &str) -> Held {
    let access = d.port::<Access>().unwrap();
    Held { hash: Seal::new(&access).phone_hash(phone).unwrap(), phone: phone.into(), name: None }
}

fn member(name: &str, id: &str, phone: &str) -> Member {
    let texts = Texts { name: name.into(), id_number: id.into(), phone: phone.into(), ..Texts::default() };
    Member { texts, ..Member::default() }
}

fn over(id: ResidentId, texts: Texts) -> Member {
    Member { resident: Some(id), texts, ..Member::default() }
}

fn fill(members: Vec<Member>) -> NewClaim {
    NewClaim {
        dwelling: None,
        same: false,
        content: Content { members, ..Content::default() },
        consent: CONSENT.into(),
    }
}

fn unchanged() -> NewClaim {
    NewClaim { same: true, ..fill(vec![]) }
}

async fn send(d: &Arc<District>, code: &Code, new: &NewClaim, by: Option<&Held>) -> Result<Claim> {
    let mut op = op(d, Actor::Public).await;
    let claim = claims::submit(&mut op, code, new, by, None).await?;
    op.commit().await?;
    Ok(claim)
}

async fn withdraw(d: &Arc<District>, own: &Held, claim: &Claim) -> Result<()> {
    let mut op = op(d, Actor::Public).await;
    linli_household::mine::withdraw_form(&mut op, own, claim.id).await?;
    op.commit().await
}

async fn see(d: &Arc<District>, claim: &Claim) -> (Kept, claims::Compared) {
    let access = d.port::<Access>().unwrap();
    let mut conn = d.db.read().await.unwrap();
    let kept = Kept::load(&mut conn, &access, &Scope::everything(), claim.id).await.unwrap();
    let said = kept.content.clone().unwrap_or_default();
    let compared = claims::compare(&mut conn, &access, &kept.claim, &said, d.clock.now()).await.unwrap();
    (kept, compared)
}

async fn decision(d: &Arc<District>, claim: &Claim, taken: Taken) -> Decision {
    let (kept, compared) = see(d, claim).await;
    Decision { version: kept.claim.version, base: compared.base, taken }
}

async fn accept(d: &Arc<District>, claim: &Claim, taken: Taken) -> Result<Claim> {
    accept_as(d, worker(), claim, taken).await
}

async fn accept_as(d: &Arc<District>, who: Actor, claim: &Claim, taken: Taken) -> Result<Claim> {
    let decision = decision(d, claim, taken).await;
    decide(d, who, claim, &decision).await
}

async fn decide(d: &Arc<District>, who: Actor, claim: &Claim, decision: &Decision) -> Result<Claim> {
    let mut op = op(d, who).await;
    let claim = claims::accept(&mut op, claim.id, decision).await?;
    op.commit().await?;
    Ok(claim)
}

fn ticks(all: &[&str]) -> Taken {
    Taken::Some(all.iter().map(|t| (*t).to_owned()).collect::<BTreeSet<_>>())
}

/// Conflicts as the list has them, of entries in the order in which they came.
async fn listed(d: &District) -> Vec<(ClaimKind, String)> {
    let mut conn = d.db.read().await.unwrap();
    let page = claims::queue(&mut conn, &Scope::everything(), &d.area, Which::All, None, 50).await.unwrap();
    page.items.into_iter().map(|r| (r.kind, r.conflicts)).collect()
}

both_engines! {
    async fn who_has_no_number_says_sex_and_birth(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let code = code_of(&d, here).await;
        let mut new = fill(vec![member("玛丽", "", PHONE), member("王小明", ID, "")]);
        new.content.members[0].texts.sex = "2".into();
        new.content.members[0].texts.birth = "1990-02-03".into();
        let claim = send(&d, &code, &new, None).await.unwrap();
        let said = |pair: &claims::PersonPair| -> Vec<(Field, String)> {
            let own = |f: &&claims::FieldPair| matches!(f.field, Field::Sex | Field::Birth);
            pair.fields.iter().filter(own).map(|f| (f.field, f.said.clone())).collect()
        };
        let (_, compared) = see(&d, &claim).await;
        assert_eq!(said(&compared.people[0]), [(Field::Sex, "2".to_owned()), (Field::Birth, "1990-02-03".to_owned())]);
        assert_eq!(said(&compared.people[1]), [], "a number says both");
        accept(&d, &claim, Taken::All).await.unwrap();
        let shown = card(&d, here).await;
        let of = |name: &str| shown.residents().find(|r| r.name == name).map(|r| (r.sex.as_str(), r.birth.clone().unwrap())).unwrap();
        assert_eq!(of("玛丽"), ("2", "1990-02-03".to_owned()));
        assert_eq!(of("王小明"), ("2", "1949-12-31".to_owned()));
        // The form asks for both, as far as no number is typed.
        let label = linli_household::code::Label(code.n).text(&d.port::<Access>().unwrap(), &d.area).unwrap();
        let page = super::pages::Pages::new(&d).get(&format!("/d/{label}/fill?skip=1"), "").await;
        for part in ["name=\"m0.sex\" value=\"9\"", "name=\"m0.birth\"", "data-unless=\"m0.id_number\""] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }

    async fn a_first_form_becomes_a_household(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let code = code_of(&d, here).await;
        let mut new = fill(vec![member("王小明", ID, PHONE), member("李丽", "", "")]);
        new.content.members[0].texts.relation = "head".into();
        new.content.members[0].care = vec![CareKind::VeryOld];
        assert_eq!(key(send(&d, &code, &new, None).await), "door-care-consent-needed", "care is agreed to by itself");
        new.consent = format!("{CONSENT}{}", claims::SEPARATE);
        new.content.usage = Some(Usage::Rent);
        let claim = send(&d, &code, &new, None).await.unwrap();
        assert_eq!((claim.kind, claim.people, claim.proven, claim.version), (ClaimKind::New, 2, false, 1));
        assert!(claim.number.starts_with("HCJ20261123-"), "{}", claim.number);
        assert_eq!(card(&d, here).await.residents().count(), 0, "nothing goes straight into the register");
        // What lies in the database tells nothing.
        let sealed: Vec<u8> = d.db.read().await.unwrap().scalar("SELECT content FROM claim", vec![]).await.unwrap();
        assert!(!sealed.windows(6).any(|w| w == &ID.as_bytes()[..6]));
        d.clock.advance(std::time::Duration::from_hours(24));
        let taken = accept(&d, &claim, Taken::All).await.unwrap();
        assert_eq!(taken.state, ClaimState::Accepted);
        let shown = card(&d, here).await;
        let people: Vec<_> = shown.residents().collect();
        assert_eq!(people.len(), 2);
        let mark = people[0].mark(Field::IdNumber);
        assert!(mark.source == Source::SelfFilled && mark.verified && mark.at == claim.submitted_at, "{mark:?}");
        assert_eq!((people[0].name.as_str(), people[0].care[0].kind), ("王小明", CareKind::VeryOld));
        assert_eq!((shown.usage, shown.confirmed_at.unwrap()), (Usage::Rent, d.clock.now().minus(std::time::Duration::from_hours(24))));
        assert_eq!(shown.households[0].head, Some(people[0].id));
        // Feed and log know of it; nothing is decided twice.
        let log = log(&d).await;
        assert!(log.contains(&"claim.submit".to_owned()) && log.contains(&"claim.accept".to_owned()), "{log:?}");
        let changes = linli_household::store::feed::after(&mut d.db.read().await.unwrap(), 0, 100).await.unwrap();
        assert!(changes.iter().any(|c| c.subject == people[0].id.0));
        assert_eq!(key(accept(&d, &claim, Taken::All).await), "claim-decided-already");
    }

    async fn a_proven_phone_corrects_its_own_household(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let (wang, li) = (add(&d, here, &facts("王小明", ID, PHONE)).await.id, add(&d, here, &facts("李丽", "", "")).await.id);
        let code = code_of(&d, here).await;
        let own = held(&d, PHONE);
        let mut conn = d.db.read().await.unwrap();
        assert_eq!(claims::own(&mut conn, here, Some(&own), d.clock.now()).await.unwrap().len(), 2);
        assert!(claims::own(&mut conn, here, None, d.clock.now()).await.unwrap().is_empty());
        assert!(claims::own(&mut conn, here, Some(&held(&d, "10000000099")), d.clock.now()).await.unwrap().is_empty(), "another phone sees nothing");
        drop(conn);
        d.clock.advance(std::time::Duration::from_hours(1));
        let gone = Member { resident: Some(li), gone: true, ..Member::default() };
        let texts = Texts { phone: "10000000009".into(), name: "王晓明".into(), ..Texts::default() };
        let new = fill(vec![over(wang, texts), gone, member("王小宝", "", "")]);
        // Who has not proven a phone names no records: the form is one of strangers.
        let blind = send(&d, &code, &new, None).await.unwrap();
        assert_eq!((blind.kind, blind.conflicts(), blind.people), (ClaimKind::Changed, vec![Conflict::Stranger], 2));
        let claim = send(&d, &code, &new, Some(&own)).await.unwrap();
        assert_eq!(claim.conflicts(), [Conflict::Rival], "two forms for one home");
        let (_, compared) = see(&d, &claim).await;
        let first = &compared.people[0];
        assert!(matches!(&first.found, Match::Here(r) if r.id == wang));
        let of = |field| first.fields.iter().find(|f| f.field == field).unwrap().clone();
        assert_eq!((of(Field::Phone).said, of(Field::Phone).known), ("100****0009".to_owned(), Some("100****0001".to_owned())));
        // Only the phone and the child are taken; the name stays as it was checked, nobody moves out.
        let taken = accept(&d, &claim, ticks(&["0.phone", "2.name"])).await.unwrap();
        assert_eq!(taken.state, ClaimState::Partly);
        assert_eq!(taken.outcome().unwrap().left, [Field::Name, Field::Home]);
        let shown = card(&d, here).await;
        let names: Vec<&str> = shown.residents().map(|r| r.name.as_str()).collect();
        assert!(names.len() == 3 && names.contains(&"王小明") && names.contains(&"王小宝"), "{names:?}");
        let wang = shown.residents().find(|r| r.id == wang).unwrap();
        assert_eq!(wang.phone.as_ref().unwrap().as_str(), "100****0009");
        assert_eq!((wang.mark(Field::Phone).source, wang.mark(Field::Name).source), (Source::SelfFilled, Source::Worker));
        assert_eq!(listed(&d).await, [(ClaimKind::Changed, "stranger".to_owned())], "the other form has no rival any more");
    }

    async fn nothing_has_changed_is_confirmed_in_bulk(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        add(&d, here, &facts("王小明", ID, PHONE)).await;
        let code = code_of(&d, here).await;
        d.clock.advance(std::time::Duration::from_hours(24 * 100));
        let claim = send(&d, &code, &unchanged(), None).await.unwrap();
        assert_eq!((claim.kind, claim.conflicts().len()), (ClaimKind::Same, 0));
        assert!(!card(&d, here).await.fresh);
        d.clock.advance(std::time::Duration::from_hours(48));
        let mut far = op(&d, actor(Role::GridWorker, NEXT_GRID)).await;
        assert_eq!(key(claims::accept_unchanged(&mut far, &[claim.id]).await), "404");
        drop(far);
        let mut op1 = op(&d, worker()).await;
        assert_eq!(claims::accept_unchanged(&mut op1, &[claim.id, claim.id]).await.unwrap(), 1);
        op1.commit().await.unwrap();
        let shown = card(&d, here).await;
        assert_eq!(shown.confirmed_at, Some(claim.submitted_at), "as of when they said so");
        assert!(shown.residents().next().unwrap().mark(Field::Name).verified, "what was checked stays checked");
        // Somebody who was known nowhere cannot say that nothing has changed at a door that nobody knows.
        let house = building(&d, GRID, "9号楼").await;
        dwelling(&d, house, "101").await;
        let mut op2 = op(&d, worker()).await;
        linli_household::code::issue_missing(&mut op2, house).await.unwrap();
        let states = linli_household::code::of_building(&mut op2.tx, house).await.unwrap();
        let entrance = linli_household::code::by_label(&mut op2.tx, linli_household::code::Label(states[0].n.unwrap())).await.unwrap().unwrap();
        op2.commit().await.unwrap();
        assert_eq!(key(send(&d, &entrance, &unchanged(), None).await), "door-choose");
    }

    async fn nothing_has_changed_waits_once_for_each_home(s) {
        let d = district(&s).await;
        let (here, next) = (home(&d, GRID, "3号楼").await, home(&d, GRID, "4号楼").await);
        add(&d, here, &facts("王小明", ID, PHONE)).await;
        let code = code_of(&d, here).await;
        let first = send(&d, &code, &unchanged(), None).await.unwrap();
        for n in 2..30 {
            d.clock.advance(std::time::Duration::from_secs(1));
            let again = send(&d, &code, &unchanged(), None).await.unwrap();
            assert_eq!((again.id, again.version, again.submitted_at), (first.id, n, d.clock.now()));
        }
        assert_eq!(listed(&d).await.len(), 1);
        // A proven phone says it for itself, another home for itself, and a filled form is another matter.
        let own = send(&d, &code, &unchanged(), Some(&held(&d, PHONE))).await.unwrap();
        let elsewhere = send(&d, &code_of(&d, next).await, &unchanged(), None).await.unwrap();
        let form = send(&d, &code, &fill(vec![member("赵六", "", "")]), None).await.unwrap();
        assert_eq!([own.version, elsewhere.version, form.version], [1, 1, 1]);
        assert_eq!(listed(&d).await.len(), 4);
        // Once it is decided, the next one is new.
        let mut op1 = op(&d, worker()).await;
        assert_eq!(claims::accept_unchanged(&mut op1, &[first.id]).await.unwrap(), 1);
        op1.commit().await.unwrap();
        assert_ne!(send(&d, &code, &unchanged(), None).await.unwrap().id, first.id);
    }

    async fn a_door_that_nobody_knows_is_registered_when_it_is_taken(s) {
        let d = district(&s).await;
        let house = building(&d, GRID, "3号楼").await;
        let other = home(&d, GRID, "4号楼").await;
        let mut op1 = op(&d, worker()).await;
        linli_household::code::issue_missing(&mut op1, house).await.unwrap();
        let states = linli_household::code::of_building(&mut op1.tx, house).await.unwrap();
        let entrance = linli_household::code::by_label(&mut op1.tx, linli_household::code::Label(states[0].n.unwrap())).await.unwrap().unwrap();
        op1.commit().await.unwrap();
        let mut new = fill(vec![member("王小明", "", PHONE)]);
        assert_eq!(key(send(&d, &entrance, &new, None).await), "error-required", "the door is missing");
        // A home of another house does not lie behind this code.
        new.dwelling = Some(other);
        assert_eq!(key(send(&d, &entrance, &new, None).await), "404");
        new.dwelling = None;
        (new.content.unit, new.content.door) = ("2单元".into(), "501".into());
        let claim = send(&d, &entrance, &new, None).await.unwrap();
        assert_eq!((claim.address.as_str(), claim.dwelling_id), ("锦绣花园3号楼2单元501", None));
        let taken = accept(&d, &claim, Taken::All).await.unwrap();
        let shown = card(&d, taken.dwelling_id.unwrap()).await;
        assert_eq!((shown.address.as_str(), shown.residents().count()), ("锦绣花园3号楼2单元501", 1));
    }

    async fn own_entries_are_one_until_they_are_decided(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let wang = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let code = code_of(&d, here).await;
        let own = held(&d, PHONE);
        let say = |phone: &str| fill(vec![over(wang, Texts { phone: phone.into(), ..Texts::default() })]);
        let first = send(&d, &code, &say("10000000008"), Some(&own)).await.unwrap();
        let second = send(&d, &code, &say("10000000009"), Some(&own)).await.unwrap();
        assert_eq!((second.id, second.version, second.conflicts().len()), (first.id, 2, 0));
        // Many through one door within an hour are refused; an hour later they are not.
        for n in 0..7 {
            send(&d, &code, &fill(vec![member("赵六", "", &format!("100000000{n}1"))]), None).await.unwrap();
        }
        assert_eq!(key(send(&d, &code, &say("10000000007"), Some(&own)).await), "door-code-often");
        d.clock.advance(std::time::Duration::from_hours(2));
        send(&d, &code, &say("10000000007"), Some(&own)).await.unwrap();
    }

    async fn what_was_typed_is_destroyed_in_time(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let code = code_of(&d, here).await;
        let claim = send(&d, &code, &fill(vec![member("王小明", ID, PHONE)]), None).await.unwrap();
        let waits = send(&d, &code, &fill(vec![member("李丽", "", "")]), None).await.unwrap();
        accept(&d, &claim, Taken::All).await.unwrap();
        crate::privacy::night_after(&d, 28).await;
        assert!(see(&d, &claim).await.0.content.is_some());
        crate::privacy::night_after(&d, 0).await;
        assert!(see(&d, &claim).await.0.content.is_none(), "gone before the thirty days are over");
        assert!(see(&d, &waits).await.0.content.is_some(), "what waits stays");
        assert_eq!(card(&d, here).await.residents().count(), 1, "the register has what counts");
    }

    async fn the_queue_shows_what_the_policy_permits(s) {
        let d = district(&s).await;
        for (grid, house) in [(GRID, "3号楼"), (FAR_GRID, "5号楼")] {
            let home = home(&d, grid, house).await;
            let code = code_of(&d, home).await;
            send(&d, &code, &fill(vec![member("王小明", "", "")]), None).await.unwrap();
        }
        let access = d.port::<Access>().unwrap();
        for (who, expected, decides) in [
            (worker(), 1, true), (secretary(), 1, true), (actor(Role::StreetCentre, STREET), 1, true),
            (actor(Role::DistrictCentre, DISTRICT), 2, false), (actor(Role::GridWorker, NEXT_GRID), 0, false),
            (actor(Role::Auditor, DISTRICT), 0, false), (actor(Role::SystemAdmin, DISTRICT), 0, false),
        ] {
            let scope = scope(&d, &who, "claim.read");
            let mut conn = d.db.read().await.unwrap();
            let page = claims::queue(&mut conn, &scope, &d.area, Which::All, None, 50).await.unwrap();
            assert_eq!(page.items.len(), expected, "{who:?}");
            assert_eq!(claims::counts(&mut conn, &scope, &d.area).await.unwrap().all, i64::try_from(expected).unwrap());
            if let Some(row) = page.items.first() {
                let kept = Kept::load(&mut conn, &access, &scope, row.id).await.unwrap();
                drop(conn);
                let mut op1 = op(&d, who).await;
                let declined = claims::decline(&mut op1, row.id, kept.claim.version, "不住在这里").await;
                assert_eq!(declined.is_ok(), decides);
            }
        }
    }
}
