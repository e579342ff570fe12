//! The monthly spot check: drawn once, checked by somebody else, closed when it is finished, drawn again by anybody.

use std::time::Duration;

use linli_grid::Contact;
use linli_household::{
    privacy::request::{self, Kind},
    rhythm::{self, Answer, Answers, CheckField, Drawn, Month, SAMPLE, SpotCheck, SpotHome, SpotId},
};
use linli_kernel::{area::AreaLevel, params};
use linli_testkit::both_engines;

use super::*;

fn who(n: u128) -> AccountId {
    AccountId(Uuid::from_u128(n))
}

fn account(n: u128, role: Role, code: &str) -> Actor {
    let post = Post { role, area: area(code), org: OrgId(Uuid::from_u128(1)) };
    Actor::Account { id: who(n), name: format!("员{n}"), posts: vec![post] }
}

/// The worker of the grid, who is not asked; the one of the next grid, who is.
fn own() -> Actor {
    account(1, Role::GridWorker, GRID)
}

fn neighbour() -> Actor {
    account(2, Role::GridWorker, NEXT_GRID)
}

fn head() -> Actor {
    account(9, Role::CommunitySecretary, COMMUNITY)
}

/// A district whose two grids of a community have workers, with fifteen homes in the first.
async fn district(s: &linli_testkit::Scratch) -> (Arc<District>, Vec<DwellingId>) {
    let contact = |n: u128| Some(Contact { account: Some(who(n)), name: format!("员{n}"), phone: None });
    let named = |code: &str, name: &str| Area::named(area(code), name);
    let atlas = Atlas::new(
        vec![
            named(DISTRICT, "环翠区"),
            named(STREET, "环翠楼街道"),
            named(OTHER_STREET, "鲸园街道"),
            named(COMMUNITY, "塔山社区"),
            named("371002002001", "海滨社区"),
            Area { worker: contact(1), ..named(GRID, "第1网格") },
            Area { worker: contact(2), deputy: contact(1), ..named(NEXT_GRID, "第2网格") },
            named(FAR_GRID, "第1网格"),
        ],
        vec![],
        vec![],
        vec![],
    );
    let d = super::district_of(s, atlas).await;
    let house = building(&d, GRID, "1号楼").await;
    let mut homes = Vec::new();
    for n in 1..=15 {
        homes.push(dwelling(&d, house, &format!("{n}01")).await);
    }
    (d, homes)
}

async fn draw(d: &Arc<District>, by: Actor, at: &str) -> Result<Drawn> {
    let mut op = op(d, by).await;
    let drawn = rhythm::draw_month(&mut op, &area(at)).await?;
    op.commit().await?;
    Ok(drawn)
}

async fn check_of(d: &District, grid: &str) -> (SpotCheck, Vec<SpotHome>) {
    let mut conn = d.db.read().await.unwrap();
    let sql = "SELECT id FROM spot_check WHERE area = $1 ORDER BY month DESC LIMIT 1";
    let id: SpotId = conn.scalar(sql, params![area(grid)]).await.unwrap();
    (rhythm::spot(&mut conn, id).await.unwrap(), rhythm::spot_homes(&mut conn, id).await.unwrap())
}

fn all(answer: Answer, fields: &[CheckField]) -> Answers {
    fields.iter().map(|f| (*f, answer)).collect()
}

async fn note(d: &Arc<District>, by: Actor, id: SpotId, home: DwellingId, answers: &Answers) -> Result<()> {
    let mut op = op(d, by).await;
    rhythm::note(&mut op, id, home, answers).await?;
    op.commit().await
}

async fn finish(d: &Arc<District>, by: Actor, id: SpotId) -> Result<()> {
    let mut op = op(d, by).await;
    rhythm::finish(&mut op, id).await?;
    op.commit().await
}

async fn assign(d: &Arc<District>, by: Actor, id: SpotId, to: u128) -> Result<AreaCode> {
    let mut op = op(d, by).await;
    let grid = rhythm::assign(&mut op, id, who(to)).await?;
    op.commit().await?;
    Ok(grid)
}

const EMPTY: &[CheckField] = &[CheckField::Usage, CheckField::People];

both_engines! {
    async fn drawn_once_and_again_the_same(s) {
        let (d, homes) = district(&s).await;
        let far = home(&d, FAR_GRID, "7号楼").await;
        let (one, two) = tokio::join!(draw(&d, head(), COMMUNITY), draw(&d, head(), COMMUNITY));
        let made = one.unwrap().made.len() + two.unwrap().made.len();
        assert_eq!(made, 1, "of two who draw at once one does");
        assert_eq!(draw(&d, head(), GRID).await.unwrap(), Drawn::default(), "what was drawn stays");
        let (check, sample) = check_of(&d, GRID).await;
        assert_eq!((check.checker, check.size, sample.len()), (who(2), 15, SAMPLE));
        assert_eq!(check.drawn_by, "员9");
        assert!(sample.iter().all(|h| homes.contains(&h.id) && h.noted_at.is_none()));
        let log = log(&d).await;
        assert_eq!(log.iter().filter(|a| *a == "rhythm.draw").count(), 1);
        // A grid without anybody else has no check; whoever sees none of it draws none.
        let centre = account(7, Role::StreetCentre, OTHER_STREET);
        assert_eq!(draw(&d, centre.clone(), "371002002001").await.unwrap().without, [area(FAR_GRID)]);
        assert_eq!(key(draw(&d, centre.clone(), OTHER_STREET).await), "rhythm-draw-community");
        assert_eq!(key(draw(&d, centre, COMMUNITY).await), "404");
        assert!(matches!(draw(&d, own(), GRID).await, Err(Error::Forbidden(_))));
        // The auditor draws again, later, when there are more homes and one fewer.
        let later = home(&d, GRID, "2号楼").await;
        let again = |d: Arc<District>| async move {
            let mut conn = d.db.read().await.unwrap();
            let month = rhythm::redraw_month(&mut conn, Month::of(d.clock.now()), None, 10).await.unwrap().items;
            let one = rhythm::redraw(&mut conn, check_of(&d, GRID).await.0.id).await.unwrap();
            assert_eq!(month, std::slice::from_ref(&one.0));
            one
        };
        d.clock.advance(Duration::from_hours(1));
        let (redrawn, omitted, gone) = again(d.clone()).await;
        assert!(redrawn.again.same() && omitted.is_empty() && gone.is_empty(), "{redrawn:?}");
        // Somebody touches the list, the sample, or hides a home from the draw.
        let touch = |d: Arc<District>, sql: &'static str| async move {
            let mut tx = d.db.begin().await.unwrap();
            assert_eq!(tx.execute(sql, vec![]).await.unwrap(), 1);
            tx.commit().await.unwrap();
        };
        touch(d.clone(), "UPDATE dwelling SET created_at = created_at - 1 WHERE address LIKE '%2号楼%'").await;
        let (redrawn, omitted, _) = again(d.clone()).await;
        assert_eq!((redrawn.again.same(), omitted.len()), (true, 1), "{later}");
        touch(d.clone(), "UPDATE spot_check SET frame = '2-15'").await;
        assert!(!again(d.clone()).await.0.again.frame);
        touch(d.clone(), "UPDATE spot_check SET frame = '1-15', seed = 'mine'").await;
        let (redrawn, ..) = again(d.clone()).await;
        assert!(redrawn.again.frame && !redrawn.again.sample, "{redrawn:?} {far}");
    }

    async fn field_by_field_by_somebody_else(s) {
        let (d, homes) = district(&s).await;
        for (n, home) in homes.iter().enumerate() {
            add(&d, *home, &facts("王小明", "", &format!("100000001{n:02}"))).await;
        }
        draw(&d, head(), COMMUNITY).await.unwrap();
        let (check, sample) = check_of(&d, GRID).await;
        let [first, second] = [sample[0].id, sample[1].id];
        // The own worker never, the others not, who is not of the place sees none.
        let plain = all(Answer::Right, CheckField::ALL);
        assert_eq!(key(note(&d, own(), check.id, second, &plain).await), "rhythm-spot-not-yours");
        assert_eq!(key(note(&d, head(), check.id, second, &plain).await), "rhythm-spot-not-yours");
        assert_eq!(key(note(&d, account(3, Role::GridWorker, FAR_GRID), check.id, second, &plain).await), "404");
        // The checker got the grid since: by post, they are its worker now.
        assert_eq!(key(note(&d, account(2, Role::GridWorker, GRID), check.id, second, &plain).await), "rhythm-spot-own-grid");
        assert!(matches!(note(&d, account(2, Role::StreetLeader, STREET), check.id, second, &plain).await, Err(Error::Forbidden(_))));
        // Every field that the home has; homes of the sample only.
        assert_eq!(key(note(&d, neighbour(), check.id, first, &all(Answer::Right, EMPTY)).await), "rhythm-spot-answer-needed rhythm-spot-answer-needed rhythm-spot-answer-needed");
        let outside = homes.iter().find(|h| sample.iter().all(|s| s.id != **h)).unwrap();
        assert_eq!(key(note(&d, neighbour(), check.id, *outside, &plain).await), "404");
        let mut full = all(Answer::Right, CheckField::ALL);
        full.insert(CheckField::Phone, Answer::Wrong);
        note(&d, neighbour(), check.id, first, &full).await.unwrap();
        // The same again is no second act; another answer takes its place while it is open.
        let acts = log(&d).await.len();
        note(&d, neighbour(), check.id, first, &full).await.unwrap();
        assert_eq!(log(&d).await.len(), acts);
        full.insert(CheckField::Identity, Answer::Unknown);
        note(&d, neighbour(), check.id, first, &full).await.unwrap();
        assert_eq!(check_of(&d, GRID).await.1[0].answers, full);
        let mut dropped = op(&d, neighbour()).await;
        rhythm::note(&mut dropped, check.id, second, &plain).await.unwrap();
        drop(dropped);
        assert!(check_of(&d, GRID).await.1[1].noted_at.is_none());
        // Done when all are; then nothing changes.
        assert_eq!(key(finish(&d, neighbour(), check.id).await), "rhythm-spot-homes-open");
        for home in &sample[1..] {
            note(&d, neighbour(), check.id, home.id, &plain).await.unwrap();
        }
        assert_eq!(key(finish(&d, own(), check.id).await), "rhythm-spot-not-yours");
        let (one, two) = tokio::join!(finish(&d, neighbour(), check.id), finish(&d, neighbour(), check.id));
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(log(&d).await.iter().filter(|a| *a == "rhythm.finish").count(), 1);
        assert_eq!(key(note(&d, neighbour(), check.id, second, &all(Answer::Wrong, CheckField::ALL)).await), "rhythm-spot-closed");
        note(&d, neighbour(), check.id, second, &plain).await.unwrap();
        // Three of the first and all five of each other are true, one is not, one could not be told.
        let centre = actor(Role::DistrictCentre, DISTRICT);
        let scope = scope(&d, &centre, "rhythm.read");
        for level in [AreaLevel::Street, AreaLevel::Community, AreaLevel::Grid] {
            let rows = rhythm::figures(&mut d.db.read().await.unwrap(), &scope, &area(DISTRICT), level, d.clock.now()).await.unwrap();
            assert_eq!((rows[0].found.right, rows[0].found.wrong, rows[0].found.unknown), (58, 1, 1));
        }
        let lines = rhythm::spots(&mut d.db.read().await.unwrap(), &scope, &area(STREET), check.month(), None, 1).await.unwrap();
        assert_eq!((lines.items[0].found().wrong, lines.items[0].noted, lines.next), (1, 12, None));
    }

    async fn what_counts_is_the_record_as_drawn(s) {
        let (d, homes) = district(&s).await;
        for (n, home) in homes.iter().enumerate() {
            add(&d, *home, &facts("王小明", "", &format!("100000001{n:02}"))).await;
        }
        draw(&d, head(), COMMUNITY).await.unwrap();
        let (check, sample) = check_of(&d, GRID).await;
        let (mended, other) = (sample[0].id, sample[1].id);
        let access = d.port::<Access>().unwrap();
        let drawn = |home: DwellingId| {
            let (d, access) = (d.clone(), access.clone());
            async move { rhythm::drawn_record(&mut d.db.read().await.unwrap(), &access, check.id, home).await.unwrap() }
        };
        let before = drawn(mended).await.unwrap();
        assert_eq!((before.usage, before.people.len(), before.people[0].name.as_str()), (Usage::Own, 1, "王小明"));
        assert!(before.people[0].phone.as_ref().unwrap().contains("****"), "masked, as on the card");
        // Somebody puts the home in order between the draw and the check.
        let mut mend = op(&d, own()).await;
        let card = super::people::card(&d, mended).await;
        let out = linli_household::register::MoveOut {
            reason: linli_household::model::Leaving::Mistake, at: mend.now, destination: None,
        };
        app::move_out(&mut mend, card.residents().next().unwrap().id, &out).await.unwrap();
        mend.commit().await.unwrap();
        assert_eq!(drawn(mended).await.unwrap(), before);
        assert_ne!(rhythm::Record::of(&super::people::card(&d, mended).await), before);
        // It is checked for whom it had then.
        assert!(key(note(&d, neighbour(), check.id, mended, &all(Answer::Wrong, EMPTY)).await).contains("answer-needed"));
        note(&d, neighbour(), check.id, mended, &all(Answer::Wrong, CheckField::ALL)).await.unwrap();
        for home in &sample[1..] {
            note(&d, neighbour(), check.id, home.id, &all(Answer::Right, CheckField::ALL)).await.unwrap();
        }
        assert!(drawn(other).await.is_some());
        // Not a day longer than the check: finished, or its month over.
        finish(&d, neighbour(), check.id).await.unwrap();
        let kept = "SELECT count(*) FROM spot_home WHERE record IS NOT NULL";
        let count = |d: Arc<District>| async move { d.db.read().await.unwrap().scalar::<i64>(kept, vec![]).await.unwrap() };
        assert_eq!(count(d.clone()).await, 0);
        d.clock.advance(Duration::from_hours(24 * 31));
        draw(&d, head(), COMMUNITY).await.unwrap();
        assert_eq!(count(d.clone()).await, i64::try_from(SAMPLE).unwrap());
        d.clock.advance(Duration::from_hours(24 * 31));
        draw(&d, head(), COMMUNITY).await.unwrap();
        assert_eq!(count(d.clone()).await, i64::try_from(SAMPLE).unwrap(), "those of the month before are gone");
    }

    async fn an_erasure_takes_the_home_out_of_the_check(s) {
        let (d, homes) = district(&s).await;
        let mut people = Vec::new();
        for (n, home) in homes.iter().enumerate() {
            people.push(add(&d, *home, &facts("王小明", "", &format!("100000001{n:02}"))).await.id);
        }
        draw(&d, head(), COMMUNITY).await.unwrap();
        let (check, sample) = check_of(&d, GRID).await;
        let who_lives = |home: DwellingId| people[homes.iter().position(|h| *h == home).unwrap()];
        let erase = |who: linli_household::model::ResidentId| {
            let d = d.clone();
            async move {
                let mut op = op(&d, head()).await;
                let asked = request::ask_for(&mut op, who, Kind::Erasure, "本人到社区提出").await.unwrap();
                let outcome = request::erase(&mut op, asked).await.unwrap();
                op.commit().await.unwrap();
                outcome.erased
            }
        };
        // One that was judged, one that was not, one that was not drawn.
        let (judged, open) = (sample[0].id, sample[1].id);
        note(&d, neighbour(), check.id, judged, &all(Answer::Wrong, CheckField::ALL)).await.unwrap();
        for home in [judged, open] {
            assert!(erase(who_lives(home)).await.contains(&("checks".to_owned(), 1)));
        }
        let other = homes.iter().find(|h| sample.iter().all(|s| s.id != **h)).unwrap();
        assert!(erase(who_lives(*other)).await.iter().all(|(group, _)| group != "checks"));
        let access = d.port::<Access>().unwrap();
        for home in [judged, open] {
            let kept = rhythm::drawn_record(&mut d.db.read().await.unwrap(), &access, check.id, home).await.unwrap();
            assert_eq!(kept, None);
            let again = note(&d, neighbour(), check.id, home, &all(Answer::Right, CheckField::ALL)).await;
            assert_eq!(key(again), "rhythm-spot-erased");
        }
        // The others are checked; that one is not waited for, and what was judged counts.
        assert_eq!(key(finish(&d, neighbour(), check.id).await), "rhythm-spot-homes-open");
        for home in &sample[2..] {
            note(&d, neighbour(), check.id, home.id, &all(Answer::Right, CheckField::ALL)).await.unwrap();
        }
        finish(&d, neighbour(), check.id).await.unwrap();
        let scope = scope(&d, &head(), "rhythm.read");
        let lines = rhythm::spots(&mut d.db.read().await.unwrap(), &scope, &area(GRID), check.month(), None, 9).await.unwrap();
        let drawn = i64::try_from(SAMPLE).unwrap();
        let fields = i64::try_from(CheckField::ALL.len()).unwrap();
        let found = lines.items[0].found();
        assert_eq!((lines.items[0].homes, lines.items[0].noted), (drawn - 1, drawn - 1));
        assert_eq!((found.wrong, found.right), (fields, fields * (drawn - 2)));
        let (redrawn, ..) = rhythm::redraw(&mut d.db.read().await.unwrap(), check.id).await.unwrap();
        assert!(redrawn.again.same(), "the draw itself is as it was");
        assert_eq!(log(&d).await.iter().filter(|a| *a == "rhythm.leave").count(), 2);
    }

    async fn the_own_worker_does_not_see_the_sample_before(s) {
        let (d, _) = district(&s).await;
        draw(&d, head(), COMMUNITY).await.unwrap();
        let (check, sample) = check_of(&d, GRID).await;
        let atlas = d.port::<AtlasPort>().unwrap().get();
        let now = d.clock.now();
        let by_post = account(4, Role::GridWorker, GRID);
        for (who, hidden) in [(own(), true), (by_post, true), (neighbour(), false), (head(), false)] {
            assert_eq!(rhythm::hidden_from(&atlas, &who, &check, now), hidden, "{who:?}");
        }
        for home in &sample {
            note(&d, neighbour(), check.id, home.id, &all(Answer::Right, EMPTY)).await.unwrap();
        }
        let (noted, _) = check_of(&d, GRID).await;
        assert!(rhythm::hidden_from(&atlas, &own(), &noted, now), "not before it is finished");
        finish(&d, neighbour(), check.id).await.unwrap();
        let (done, _) = check_of(&d, GRID).await;
        assert!(!rhythm::hidden_from(&atlas, &own(), &done, now));
    }

    async fn a_deputy_checks_though_they_have_a_post_there(s) {
        let (d, _) = district(&s).await;
        // The card of the next grid names the worker of the first as its deputy.
        home(&d, NEXT_GRID, "5号楼").await;
        draw(&d, head(), COMMUNITY).await.unwrap();
        let (check, sample) = check_of(&d, NEXT_GRID).await;
        assert_eq!(check.checker, who(1));
        let post = |code: &str| Post { role: Role::GridWorker, area: area(code), org: OrgId(Uuid::from_u128(1)) };
        let both = Actor::Account { id: who(1), name: "员1".into(), posts: vec![post(GRID), post(NEXT_GRID)] };
        note(&d, both, check.id, sample[0].id, &all(Answer::Right, EMPTY)).await.unwrap();
    }

    async fn given_to_somebody_else_and_over_with_its_month(s) {
        let (d, _) = district(&s).await;
        draw(&d, head(), COMMUNITY).await.unwrap();
        let (check, sample) = check_of(&d, GRID).await;
        assert_eq!(key(assign(&d, head(), check.id, 1).await), "rhythm-spot-not-checker");
        assert!(matches!(assign(&d, own(), check.id, 2).await, Err(Error::Forbidden(_))));
        assert_eq!(key(assign(&d, account(7, Role::StreetCentre, OTHER_STREET), check.id, 2).await), "404");
        assign(&d, head(), check.id, 9).await.unwrap();
        assign(&d, head(), check.id, 9).await.unwrap();
        assert_eq!(log(&d).await.iter().filter(|a| *a == "rhythm.assign").count(), 1);
        let plain = all(Answer::Right, EMPTY);
        assert_eq!(key(note(&d, neighbour(), check.id, sample[0].id, &plain).await), "404", "no longer theirs");
        // Given away and answered at once: whoever comes first, no answer is of somebody who had it no more.
        let (moved, noted) = tokio::join!(
            assign(&d, head(), check.id, 2),
            note(&d, head(), check.id, sample[0].id, &plain)
        );
        moved.unwrap();
        assert!(noted.is_ok() || key(noted) == "rhythm-spot-not-yours");
        d.clock.advance(Duration::from_hours(24 * 10));
        assert_eq!(key(note(&d, neighbour(), check.id, sample[1].id, &plain).await), "rhythm-spot-closed");
        assert_eq!(key(finish(&d, neighbour(), check.id).await), "rhythm-spot-closed");
        assert_eq!(key(assign(&d, head(), check.id, 9).await), "rhythm-spot-closed");
        assert_eq!(draw(&d, head(), COMMUNITY).await.unwrap().made, [area(GRID)], "a new month, a new sample");
        let mine = rhythm::spots_of(&mut d.db.read().await.unwrap(), who(2)).await.unwrap();
        assert_eq!(mine.len(), 2);
    }
}
