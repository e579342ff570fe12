//! What a phone brings up: once, in order, from its own grid, and never over something that was not seen.

use linli_household::{
    model::{Basis, CareKind, Source},
    register::{DwellingFacts, NewCare},
    rhythm,
    visits::{self, Act, Answer, Entry, Home as Packed, Outcome, Saw, SawPerson, Says, SaysPerson},
};
use linli_kernel::{Timestamp, area::AreaLevel, params};
use linli_testkit::both_engines;

use super::*;

async fn pack(d: &Arc<District>, who: Actor) -> visits::Pack {
    let mut op = op(d, who).await;
    let pack = visits::pack(&mut op, Vec::new()).await.unwrap();
    op.commit().await.unwrap();
    pack
}

async fn packed(d: &Arc<District>, id: DwellingId) -> Packed {
    pack(d, worker()).await.homes.into_iter().find(|h| h.id == id).unwrap()
}

fn saw(home: &Packed) -> Saw {
    let person = |p: &visits::Person| SawPerson {
        id: p.id,
        version: p.version,
        name: p.name.clone(),
        phone: p.phone.as_ref().map(|p| p.tag.clone()).unwrap_or_default(),
        relation: p.relation,
        residence: p.residence,
    };
    Saw { version: home.version, usage: home.usage, people: home.people.iter().map(person).collect() }
}

fn entry(d: &District, n: u128, home: &Packed, act: Act) -> Entry {
    Entry {
        id: Uuid::from_u128(n),
        dwelling: home.id,
        act,
        at: d.clock.now(),
        after: None,
        settles: None,
        note: String::new(),
        photos: Vec::new(),
        saw: (act == Act::Met).then(|| saw(home)),
        says: Says::default(),
    }
}

fn name(home: &Packed, new: &str) -> Says {
    let says = SaysPerson {
        id: home.people[0].id,
        name: Some(new.into()),
        phone: None,
        relation: None,
        residence: None,
    };
    Says { usage: None, people: vec![says] }
}

async fn take(d: &Arc<District>, who: Actor, entry: &Entry) -> Answer {
    visits::take(op(d, who).await, entry).await.unwrap()
}

async fn count(d: &District, sql: &'static str) -> i64 {
    d.db.read().await.unwrap().scalar(sql, vec![]).await.unwrap()
}

async fn lived_in(d: &Arc<District>) -> DwellingId {
    let id = home(d, GRID, "1号楼").await;
    add(d, id, &facts("王小明", "", PHONE)).await;
    d.clock.advance(std::time::Duration::from_hours(24 * 100));
    id
}

both_engines! {
    async fn the_pack_holds_the_own_grid_and_what_a_visit_needs(s) {
        let d = district(&s).await;
        let id = lived_in(&d).await;
        let far = home(&d, NEXT_GRID, "2号楼").await;
        let db = d.db.metered();
        let mut op1 = Op::begin(d.clone(), &db, worker(), "test".into()).await.unwrap();
        let pack = visits::pack(&mut op1, Vec::new()).await.unwrap();
        op1.commit().await.unwrap();
        assert!(db.queries() < 10, "{}", db.queries());
        assert_eq!(pack.homes.iter().map(|h| h.id).collect::<Vec<_>>(), [id], "and not {far}");
        let text = serde_json::to_string(&pack).unwrap();
        assert!(text.contains("王小明") && text.contains("100****0001"), "{text}");
        assert!(!text.contains(PHONE) && !text.contains("id_number"), "{text}");
        assert_eq!((pack.homes[0].due, pack.more), (visits::Due::Stale, false));
        assert!(log(&d).await.contains(&"visit.pack".to_owned()));
        // Who is no grid worker has no grid of their own to carry.
        assert!(self::pack(&d, secretary()).await.homes.is_empty());
    }

    async fn an_entry_is_taken_once_however_often_it_comes(s) {
        let d = district(&s).await;
        let id = lived_in(&d).await;
        let home = packed(&d, id).await;
        let said = Entry { says: name(&home, "王大明"), note: "换了门锁".into(), ..entry(&d, 1, &home, Act::Met) };
        // Ten at once: a phone that heard no answer and tries again, in several tabs.
        let tries = (0..10).map(|_| {
            let (d, said) = (d.clone(), said.clone());
            tokio::spawn(async move { take(&d, worker(), &said).await })
        });
        for each in tries.collect::<Vec<_>>() {
            let answer = each.await.unwrap();
            assert_eq!((answer.outcome, answer.differs.len()), (Outcome::Done, 0));
            assert_eq!(answer.home.unwrap().people[0].name, "王大明");
        }
        assert_eq!(count(&d, "SELECT count(*) FROM visit_entry").await, 1);
        let acts = log(&d).await;
        let times = |action: &str| acts.iter().filter(|a| *a == action).count();
        assert_eq!((times("visit.entry"), times("household.confirm")), (1, 1));
        let now = packed(&d, id).await;
        assert_eq!((now.version, now.people[0].name.as_str()), (home.version + 1, "王大明"));
        // Other words under the same id are a mistake of the phone, not a second visit.
        let other = Entry { note: "别的".into(), ..said.clone() };
        assert_eq!(take(&d, worker(), &other).await.faults[0].key, "error-key-reused");
        let elsewhere = Actor::Account {
            id: AccountId(Uuid::from_u128(6)),
            name: "别人".into(),
            posts: worker().posts().to_vec(),
        };
        assert_eq!(take(&d, elsewhere, &said).await.faults[0].key, "error-key-reused");
        let card = visits::of_dwelling(&mut d.db.read().await.unwrap(), &d.port::<Access>().unwrap(), id).await.unwrap();
        assert_eq!((card.len(), card[0].note.as_deref()), (1, Some("换了门锁")));
        let plain = count(&d, "SELECT count(*) FROM visit_entry WHERE note IS NOT NULL").await;
        assert_eq!(plain, 1);
        let sealed: Vec<u8> = d.db.read().await.unwrap().scalar("SELECT note FROM visit_entry", vec![]).await.unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("门锁"), "notes are sealed");
    }

    async fn what_has_changed_meanwhile_is_told_and_not_overwritten(s) {
        let d = district(&s).await;
        let id = lived_in(&d).await;
        let home = packed(&d, id).await;
        let mine = Entry { says: name(&home, "王大明"), ..entry(&d, 1, &home, Act::Met) };
        d.clock.advance(std::time::Duration::from_mins(10));
        let mut op1 = op(&d, secretary()).await;
        app::correct_resident(&mut op1, home.people[0].id, &facts("王晓明", "", ""), None).await.unwrap();
        app::correct_dwelling(&mut op1, id, &DwellingFacts { usage: Some(Usage::Rent) }, None).await.unwrap();
        op1.commit().await.unwrap();
        for again in 0..2 {
            let answer = take(&d, worker(), &mine).await;
            assert_eq!(answer.outcome, Outcome::Conflict, "try {again}");
            let told: Vec<_> = answer.differs.iter().map(|f| (f.mine.as_str(), f.theirs.as_str())).collect();
            assert_eq!(told, [("own", "rent"), ("王大明", "王晓明")]);
        }
        let now = packed(&d, id).await;
        assert_eq!((now.usage, now.people[0].name.as_str()), (Usage::Rent, "王晓明"), "nothing was overwritten");
        // The worker chooses: their own name, the other's usage.
        let choice = Entry {
            settles: Some(mine.id),
            says: name(&now, "王大明"),
            ..entry(&d, 2, &now, Act::Met)
        };
        let answer = take(&d, worker(), &choice).await;
        assert_eq!(answer.outcome, Outcome::Done, "{answer:?}");
        let after = answer.home.unwrap();
        assert_eq!((after.usage, after.people[0].name.as_str()), (Usage::Rent, "王大明"));
        assert_eq!(take(&d, worker(), &choice).await.outcome, Outcome::Done, "told again, done once");
        assert_eq!(take(&d, worker(), &mine).await.outcome, Outcome::Settled, "the first try is over");
        assert_eq!(count(&d, "SELECT count(*) FROM visit_entry WHERE outcome = 'done'").await, 1);
    }

    async fn a_later_word_of_somebody_else_is_not_outlived_by_an_older_visit(s) {
        let d = district(&s).await;
        let id = lived_in(&d).await;
        let home = packed(&d, id).await;
        let mine = Entry { says: name(&home, "王大明"), ..entry(&d, 1, &home, Act::Met) };
        d.clock.advance(std::time::Duration::from_hours(5));
        let mut op1 = op(&d, secretary()).await;
        app::confirm_dwelling(&mut op1, id, None).await.unwrap();
        op1.commit().await.unwrap();
        let answer = take(&d, worker(), &mine).await;
        assert_eq!(answer.outcome, Outcome::Conflict, "they said the old name again, after the visit");
        // Confirmed as it stands by both: no conflict.
        let same = entry(&d, 2, &home, Act::Met);
        assert_eq!(take(&d, worker(), &same).await.outcome, Outcome::Done);
        // A phone whose clock is a day slow does not lose to the record that it has seen itself.
        let now = packed(&d, id).await;
        let slow = Entry {
            at: d.clock.now().minus(std::time::Duration::from_hours(24)),
            says: name(&now, "王老明"),
            ..entry(&d, 3, &now, Act::Met)
        };
        assert_eq!(take(&d, worker(), &slow).await.home.unwrap().people[0].name, "王老明");
        // One from the future counts as now.
        let now = packed(&d, id).await;
        let ahead = Entry { at: "2099-01-01T00:00:00Z".parse::<Timestamp>().unwrap(), ..entry(&d, 4, &now, Act::Nobody) };
        assert_eq!(take(&d, worker(), &ahead).await.home.unwrap().nobody_at, Some(d.clock.now()));
    }

    async fn a_correction_in_the_very_moment_is_seen(s) {
        let d = district(&s).await;
        let id = lived_in(&d).await;
        let home = packed(&d, id).await;
        let mine = entry(&d, 1, &home, Act::Met);
        let mut op1 = op(&d, secretary()).await;
        app::correct_resident(&mut op1, home.people[0].id, &facts("王晓明", "", ""), None).await.unwrap();
        // It comes up while the other has changed the person and not yet committed.
        let mut coming = tokio::spawn({
            let (d, mine) = (d.clone(), mine.clone());
            async move { take(&d, worker(), &mine).await }
        });
        let early = tokio::time::timeout(std::time::Duration::from_millis(300), &mut coming).await;
        assert!(early.is_err(), "it waits for the other");
        op1.commit().await.unwrap();
        assert_eq!(coming.await.unwrap().outcome, Outcome::Conflict);
        assert_eq!(packed(&d, id).await.people[0].name, "王晓明");
    }

    async fn who_came_or_went_meanwhile_is_told(s) {
        let d = district(&s).await;
        let id = lived_in(&d).await;
        let home = packed(&d, id).await;
        let mine = entry(&d, 1, &home, Act::Met);
        add(&d, id, &facts("李新来", ID, "")).await;
        let answer = take(&d, worker(), &mine).await;
        assert_eq!(answer.outcome, Outcome::Conflict);
        assert_eq!((answer.differs.len(), answer.differs[0].name.as_str()), (1, "李新来"));
    }

    async fn entries_of_a_home_stay_in_their_order(s) {
        let d = district(&s).await;
        let id = lived_in(&d).await;
        let home = packed(&d, id).await;
        let first = entry(&d, 1, &home, Act::Nobody);
        let second = Entry { after: Some(first.id), ..entry(&d, 2, &home, Act::Met) };
        assert_eq!(take(&d, worker(), &second).await.outcome, Outcome::Waits);
        assert_eq!(count(&d, "SELECT count(*) FROM visit_entry").await, 0, "what waits leaves no trace");
        assert_eq!(take(&d, worker(), &first).await.outcome, Outcome::Done);
        assert_eq!(take(&d, worker(), &second).await.outcome, Outcome::Done);
        // A photo that has not come up holds its entry back; one that has is given to it once.
        let photo = Uuid::from_u128(77);
        let shot = Entry { photos: vec![photo], ..entry(&d, 3, &home, Act::Note) };
        assert_eq!(take(&d, worker(), &shot).await.outcome, Outcome::Waits);
        for fresh in [true, false] {
            let mut op1 = op(&d, worker()).await;
            assert_eq!(visits::keep_photo(&mut op1, photo, "full", "small").await.unwrap(), fresh);
            op1.commit().await.unwrap();
        }
        assert_eq!(take(&d, worker(), &shot).await.outcome, Outcome::Done);
        let other = Entry { photos: vec![photo], ..entry(&d, 4, &home, Act::Note) };
        assert_eq!(take(&d, worker(), &other).await.outcome, Outcome::Waits, "it belongs to another entry");
        let mut op1 = op(&d, worker()).await;
        assert_eq!(key(visits::keep_photo(&mut op1, photo, "else", "small").await), "error-key-reused");
        assert_eq!(count(&d, "SELECT count(*) FROM visit_photo").await, 1);
    }

    async fn other_grids_and_other_posts_have_no_such_home(s) {
        let d = district(&s).await;
        let id = lived_in(&d).await;
        let home = packed(&d, id).await;
        let said = Entry { says: name(&home, "坏人"), ..entry(&d, 1, &home, Act::Met) };
        let far = actor(Role::GridWorker, NEXT_GRID);
        for who in [far, secretary(), actor(Role::DistrictCentre, DISTRICT), actor(Role::Auditor, DISTRICT)] {
            assert_eq!(take(&d, who.clone(), &said).await, Answer {
                id: Some(said.id), outcome: Outcome::Gone, home: None, differs: vec![], faults: vec![],
            }, "{who:?}");
        }
        let nowhere = Entry { dwelling: DwellingId(Uuid::from_u128(9)), ..said.clone() };
        assert_eq!(take(&d, worker(), &nowhere).await.outcome, Outcome::Gone);
        assert_eq!(count(&d, "SELECT count(*) FROM visit_entry").await, 0);
        assert_eq!(packed(&d, id).await.people[0].name, "王小明");
    }

    async fn rubbish_is_told_in_its_place_and_leaves_nothing(s) {
        let d = district(&s).await;
        let id = lived_in(&d).await;
        let home = packed(&d, id).await;
        let met = entry(&d, 1, &home, Act::Met);
        let phone = |text: &str| {
            let mut says = name(&home, "王大明");
            says.people[0].phone = Some(text.into());
            says
        };
        let stranger = Says { people: vec![SaysPerson { id: ResidentId(Uuid::from_u128(3)), ..name(&home, "谁").people[0].clone() }], usage: None };
        for (wrong, field) in [
            (Entry { note: "长".repeat(501), ..met.clone() }, "note"),
            (Entry { saw: None, ..met.clone() }, "saw"),
            (Entry { says: phone("12"), ..met.clone() }, "says.people[0].phone"),
            (Entry { says: name(&home, " "), ..met.clone() }, "says.people[0].name"),
            (Entry { says: stranger, ..met.clone() }, "says.people[0].id"),
            (Entry { says: name(&home, "王大明"), ..entry(&d, 1, &home, Act::Nobody) }, "says"),
            (entry(&d, 1, &home, Act::Note), "note"),
            (Entry { photos: (0..7).map(Uuid::from_u128).collect(), ..met.clone() }, "photos"),
        ] {
            let answer = take(&d, worker(), &wrong).await;
            assert_eq!((answer.outcome, answer.faults[0].field.as_str()), (Outcome::Refused, field));
        }
        assert_eq!(count(&d, "SELECT count(*) FROM visit_entry").await, 0);
        // Corrected, it goes under the same id.
        assert_eq!(take(&d, worker(), &met).await.outcome, Outcome::Done);
    }

    async fn a_look_without_signal_is_written_down_for_each_of_them(s) {
        let d = district(&s).await;
        let id = lived_in(&d).await;
        let home = packed(&d, id).await;
        let seen = entry(&d, 1, &home, Act::Seen);
        take(&d, worker(), &seen).await;
        take(&d, worker(), &seen).await;
        let rows: Vec<(String,)> = d.db.read().await.unwrap()
            .all("SELECT subject_id FROM activity WHERE action = 'household.read'", vec![]).await.unwrap();
        assert_eq!(rows, [(home.people[0].id.to_string(),)]);
        assert_eq!(packed(&d, id).await.version, home.version, "a look changes nothing");
    }

    async fn what_is_over_is_destroyed(s) {
        let d = district(&s).await;
        let id = lived_in(&d).await;
        let home = packed(&d, id).await;
        let mut op1 = op(&d, worker()).await;
        visits::keep_photo(&mut op1, Uuid::from_u128(77), "full", "small").await.unwrap();
        op1.commit().await.unwrap();
        let shot = Entry { photos: vec![Uuid::from_u128(77)], ..entry(&d, 3, &home, Act::Note) };
        assert_eq!(take(&d, worker(), &shot).await.outcome, Outcome::Done);
        let now = d.clock.now();
        let mut op1 = op(&d, worker()).await;
        assert_eq!(visits::destroy(&mut op1, now, 100).await.unwrap(), (0, vec![]), "not before its time");
        let later = now.plus(std::time::Duration::from_secs(1));
        let gone = visits::destroy(&mut op1, later, 100).await.unwrap();
        assert_eq!(gone, (1, vec!["full".to_owned(), "small".to_owned()]));
        let left: i64 = op1.tx.scalar("SELECT count(*) FROM visit_entry WHERE id = $1", params![shot.id]).await.unwrap();
        assert_eq!(left, 0);
    }

    async fn what_waits_is_one_number_on_the_phone_and_in_the_figures(s) {
        let d = district(&s).await;
        let house = building(&d, GRID, "1号楼").await;
        let mut homes = Vec::new();
        for n in 1..=5 {
            homes.push(dwelling(&d, house, &format!("{n}01")).await);
        }
        let old = add(&d, homes[0], &facts("王奶奶", "", PHONE)).await.id;
        let mut mark = op(&d, secretary()).await;
        let care = NewCare {
            kind: CareKind::Infant, basis: Basis::Consent, basis_note: "2026".into(), source: Source::Worker, expires_at: None,
        };
        app::add_care(&mut mark, old, &care).await.unwrap();
        mark.commit().await.unwrap();
        let same = |left: Vec<i64>| {
            let d = d.clone();
            async move {
                let scope = scope(&d, &secretary(), "rhythm.read");
                let mut conn = d.db.read().await.unwrap();
                let figures = rhythm::figures(&mut conn, &scope, &area(GRID), AreaLevel::Grid, d.clock.now()).await.unwrap();
                drop(conn);
                let pack = pack(&d, worker()).await;
                let waits: Vec<&Packed> = pack.homes.iter().filter(|h| h.due != visits::Due::Fresh).collect();
                let cared = waits.iter().filter(|h| h.due == visits::Due::Care).count();
                assert_eq!(i64::try_from(waits.len()).unwrap(), figures[0].homes - figures[0].visited);
                assert_eq!(i64::try_from(cared).unwrap(), figures[0].care - figures[0].care_visited);
                let mut all: Vec<i64> = pack.homes.iter().map(|h| h.left).collect();
                all.sort_unstable();
                assert_eq!(all, left);
            }
        };
        // Somebody with an infant is visited twice a quarter; a record that was confirmed lately is not a visit.
        same(vec![1, 1, 1, 1, 2]).await;
        // On the phone: met, met with a correction, nobody there.
        let pack = pack(&d, worker()).await;
        let of = |id: DwellingId| pack.homes.iter().find(|h| h.id == id).unwrap();
        for (n, home, act) in [(1, homes[0], Act::Met), (2, homes[1], Act::Met), (3, homes[2], Act::Nobody)] {
            assert_eq!(take(&d, worker(), &entry(&d, n, of(home), act)).await.outcome, Outcome::Done);
        }
        let usage = Says { usage: Some(linli_household::model::Usage::Rent), people: Vec::new() };
        let changed = Entry { says: usage, ..entry(&d, 4, of(homes[3]), Act::Met) };
        assert_eq!(take(&d, worker(), &changed).await.outcome, Outcome::Done);
        same(vec![0, 0, 1, 1, 1]).await;
        // Online, by whoever confirms at the door; and the next quarter begins anew.
        let mut confirm = op(&d, secretary()).await;
        app::confirm_dwelling(&mut confirm, homes[4], None).await.unwrap();
        confirm.commit().await.unwrap();
        same(vec![0, 0, 0, 1, 1]).await;
        d.clock.advance(std::time::Duration::from_hours(24 * 60));
        same(vec![1, 1, 1, 1, 2]).await;
    }

    async fn a_night_goes_on_while_there_are_photos(s) {
        let d = district(&s).await;
        let mut op = op(&d, worker()).await;
        for n in 1..=5_u128 {
            visits::keep_photo(&mut op, Uuid::from_u128(n), "full", "small").await.unwrap();
        }
        let later = d.clock.now().plus(std::time::Duration::from_secs(1));
        // A step of as many as it may do is not the last, also where no entry goes.
        for (step, files) in [(3, 6), (2, 4), (0, 0)] {
            let (gone, named) = visits::destroy(&mut op, later, 3).await.unwrap();
            assert_eq!((gone, named.len()), (step, files));
        }
    }
}
