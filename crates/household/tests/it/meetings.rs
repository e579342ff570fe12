//! The weekly meeting: made by the system, written by one at a time, frozen at its end; to-dos that come back.

use std::time::Duration;

use linli_access::accounts::{self, Founder, NewPost};
use linli_household::rhythm::{
    self, Answer, Month,
    meeting::{
        self, CaseDesk, CaseTold, Change, Heap, LOOK, MeetingId, NewPlan, NewTodo, Person, Point, PointId,
        PointKind, Post, Settled, State, Todo, TodoId, TodoState, Unsettled, Week, Which, Whole, Writing,
    },
};
use linli_kernel::params;
use linli_store::worker::{Handlers, arm, turn};
use linli_testkit::both_engines;

use super::*;

const DAY: Duration = Duration::from_hours(24);
const HEAD: u128 = 90;
const OTHER_HEAD: u128 = 91;
const ONE: u128 = 1;
const TWO: u128 = 2;

fn who(n: u128) -> AccountId {
    AccountId(Uuid::from_u128(n))
}

fn account(n: u128, role: Role, code: &str) -> Actor {
    let post = linli_kernel::actor::Post { role, area: area(code), org: OrgId(Uuid::from_u128(1)) };
    Actor::Account { id: who(n), name: format!("员{n}"), posts: vec![post] }
}

fn head() -> Actor {
    account(HEAD, Role::CommunitySecretary, COMMUNITY)
}

fn steward() -> Actor {
    account(OTHER_HEAD, Role::CommunitySecretary, COMMUNITY)
}

fn one() -> Actor {
    account(ONE, Role::GridWorker, GRID)
}

fn two() -> Actor {
    account(TWO, Role::GridWorker, NEXT_GRID)
}

async fn found(d: &Arc<District>, n: u128, role: Role, code: &str) {
    let mut op = op(d, Actor::System).await;
    let post = NewPost { role, area: area(code), org: OrgId(Uuid::from_u128(1)), from: None, until: None };
    let founder = Founder {
        id: who(n),
        login: format!("login{n}"),
        name: format!("员{n}"),
        area: area(code),
        phone: None,
        posts: vec![post],
    };
    accounts::found(&mut op, &[founder], "x", false).await.unwrap();
    op.commit().await.unwrap();
}

fn cases<'a>(
    _: &'a District,
    at: &'a AreaCode,
    now: linli_kernel::Timestamp,
) -> linli_store::worker::Work<'a, Unsettled> {
    Box::pin(async move {
        let told = |n: u128| CaseTold {
            id: Uuid::from_u128(n),
            number: format!("HC20261123-00000{n}"),
            title: "路灯不亮".into(),
            area: area(GRID),
            due: Some(now),
        };
        let none = at.as_str() != COMMUNITY;
        Ok(if none {
            Unsettled::default()
        } else {
            Unsettled { overdue: Heap { cases: vec![told(7)], all: 3 }, ..Unsettled::default() }
        })
    })
}

/// Two workers, two who hold meetings, one of another community; meetings are on Wednesday at ten.
async fn district(s: &Scratch) -> Arc<District> {
    let d = super::district(s).await;
    let District { name, area: whole, prefix, db, clock, ids, ports } = Arc::into_inner(d).unwrap();
    let ports = ports.with(CaseDesk(cases));
    let d = Arc::new(District { name, area: whole, prefix, db, clock, ids, ports });
    for (n, role, code) in [
        (HEAD, Role::CommunitySecretary, COMMUNITY),
        (OTHER_HEAD, Role::CommunitySecretary, COMMUNITY),
        (ONE, Role::GridWorker, GRID),
        (TWO, Role::GridWorker, NEXT_GRID),
        (8, Role::GridWorker, FAR_GRID),
        (9, Role::CommunitySecretary, "371002002001"),
    ] {
        found(&d, n, role, code).await;
    }
    d
}

fn wednesday() -> NewPlan {
    NewPlan { weekday: Some(2), minute: Some(600), place: "社区会议室".into(), active: true }
}

async fn plan(d: &Arc<District>, by: Actor, base: i64, new: &NewPlan) -> Result<()> {
    let mut op = op(d, by).await;
    meeting::set_plan(&mut op, &area(COMMUNITY), base, new).await?;
    op.commit().await
}

fn handlers() -> Handlers {
    (linli_household::manifest().handlers)()
        .into_iter()
        .filter(|(kind, _)| kind.starts_with("meeting."))
        .collect()
}

/// The service works until nothing is due.
async fn work(d: &Arc<District>) {
    while turn(d, &handlers()).await.unwrap() > 0 {}
}

async fn ids(d: &District) -> Vec<MeetingId> {
    let rows: Vec<(MeetingId,)> =
        d.db.read()
            .await
            .unwrap()
            .all("SELECT id FROM meeting WHERE area = $1 ORDER BY week", params![COMMUNITY])
            .await
            .unwrap();
    rows.into_iter().map(|(id,)| id).collect()
}

async fn whole(d: &District, id: MeetingId) -> Whole {
    meeting::whole(&mut d.db.read().await.unwrap(), id).await.unwrap()
}

/// The meeting of this week, prepared.
async fn ready(d: &Arc<District>) -> MeetingId {
    plan(d, head(), 0, &wednesday()).await.unwrap();
    work(d).await;
    let all = ids(d).await;
    assert_eq!(all.len(), 1);
    all[0]
}

macro_rules! act {
    ($d:expr, $by:expr, $call:ident($($arg:expr),*)) => {{
        let mut op = op(&$d, $by).await;
        let answer = meeting::$call(&mut op, $($arg),*).await;
        match answer {
            Ok(value) => op.commit().await.map(|()| value),
            Err(error) => Err(error),
        }
    }};
}

// After the macro that they use.
mod minutes;
mod todos;

fn writing(base: i64, minutes: &str) -> Writing {
    Writing { base, minutes: minutes.into(), todo: None }
}

fn todo(words: &str, to: u128, due: &str) -> NewTodo {
    NewTodo { words: words.into(), responsible: Some(who(to)), due: due.parse().ok() }
}

fn point_of(whole: &Whole, kind: PointKind) -> Point {
    whole
        .points
        .iter()
        .find(|p| p.kind == kind)
        .unwrap_or_else(|| panic!("no {kind}: {:?}", whole.points))
        .clone()
}

/// A to-do of the case's point.
async fn given(d: &Arc<District>, id: MeetingId, due: &str) -> Todo {
    let point = point_of(&whole(d, id).await, PointKind::Overdue);
    let writing =
        Writing {
            base: point.version, minutes: "催一催".into(), todo: Some(todo("打电话催路灯", ONE, due))
        };
    act!(*d, head(), write_point(id, point.id, &writing)).unwrap();
    whole(d, id).await.todos.pop().unwrap()
}

async fn come(d: &Arc<District>, id: MeetingId) {
    act!(*d, head(), attend(id, &[], &[who(HEAD).to_string(), who(ONE).to_string()])).unwrap();
}

async fn count(d: &District, action: &str) -> usize {
    log(d).await.iter().filter(|a| *a == action).count()
}

async fn given_again(d: &District, id: TodoId) -> Todo {
    meeting::todo(&mut d.db.read().await.unwrap(), id).await.unwrap()
}

both_engines! {
    async fn the_day_is_set_by_who_holds_it(s) {
        let d = district(&s).await;
        for (by, answer) in [
            (one(), "error-forbidden"),
            (account(3, Role::StreetCentre, STREET), "error-forbidden"),
            (account(9, Role::CommunitySecretary, "371002002001"), "404"),
            (account(3, Role::Department, STREET), "error-forbidden"),
            (account(3, Role::Auditor, DISTRICT), "error-forbidden"),
        ] {
            assert_eq!(key(plan(&d, by.clone(), 0, &wednesday()).await), answer, "{by:?}");
        }
        for (new, answer) in [
            (NewPlan { weekday: Some(6), ..wednesday() }, "meeting-weekday-needed"),
            (NewPlan { weekday: None, minute: None, ..wednesday() }, "meeting-weekday-needed meeting-time-needed"),
            (NewPlan { minute: Some(1440), ..wednesday() }, "meeting-time-needed"),
            (NewPlan { place: "长".repeat(61), ..wednesday() }, "error-too-long"),
        ] {
            assert_eq!(key(plan(&d, head(), 0, &new).await), answer);
        }
        let mut op1 = op(&d, head()).await;
        assert_eq!(key(meeting::set_plan(&mut op1, &area(GRID), 0, &wednesday()).await), "404");
        drop(op1);
        // Of two who set the first one at once, one does; the same again is the same.
        let friday = NewPlan { weekday: Some(4), ..wednesday() };
        let wednesday = wednesday();
        let (a, b) = tokio::join!(plan(&d, head(), 0, &wednesday), plan(&d, steward(), 0, &friday));
        assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1, "{a:?} {b:?}");
        assert!([a, b].into_iter().any(|r| matches!(r, Err(Error::Conflict("meeting-plan-changed")))));
        assert_eq!(count(&d, "meeting.plan").await, 1);
        let kept = meeting::plan(&mut d.db.read().await.unwrap(), &area(COMMUNITY)).await.unwrap().unwrap();
        let same = NewPlan { weekday: Some(kept.weekday), minute: Some(600), place: kept.place.clone(), active: true };
        plan(&d, head(), 0, &same).await.unwrap();
        assert_eq!(count(&d, "meeting.plan").await, 1);
        assert_eq!(key(plan(&d, head(), 0, &NewPlan { minute: Some(660), ..same.clone() }).await), "meeting-plan-changed");
        plan(&d, head(), kept.version, &NewPlan { minute: Some(660), ..same }).await.unwrap();
    }

    async fn each_week_has_one_made_by_the_system(s) {
        let d = district(&s).await;
        arm(&d, &handlers()).await.unwrap();
        work(&d).await;
        assert!(ids(&d).await.is_empty(), "nobody has set a day");
        plan(&d, head(), 0, &wednesday()).await.unwrap();
        work(&d).await;
        let first = ids(&d).await[0];
        let it = whole(&d, first).await;
        assert_eq!(it.meeting.starts_at.rfc3339(), "2026-11-25T10:00:00+08:00");
        assert_eq!(it.meeting.place, "社区会议室");
        let people: Vec<(&str, Post, &str)> = it.people.iter().map(|p| (p.name.as_str(), p.post, p.place.as_str())).collect();
        assert_eq!(people, [("员90", Post::Secretary, ""), ("员91", Post::Secretary, ""), ("员1", Post::Worker, "第1网格"), ("员2", Post::Worker, "第2网格")]);
        assert_eq!(it.points.iter().map(|p| p.kind).collect::<Vec<_>>(), [PointKind::Overdue, PointKind::More]);
        assert_eq!(it.points[1].facts["n"], "2");
        // Two processes that prepare at once make one; the day before the figures are asked again, once.
        let prepare = |d: Arc<District>| async move {
            let mut op = op(&d, Actor::System).await;
            meeting::prepare(&mut op, &area(COMMUNITY)).await.unwrap();
            op.commit().await.unwrap();
        };
        tokio::join!(prepare(d.clone()), prepare(d.clone()));
        assert_eq!(ids(&d).await.len(), 1);
        assert_eq!(count(&d, "meeting.make").await, 1);
        let proposed = count(&d, "meeting.propose").await;
        d.clock.advance(DAY + Duration::from_hours(2));
        work(&d).await;
        d.clock.advance(Duration::from_mins(40));
        work(&d).await;
        assert_eq!(count(&d, "meeting.propose").await, proposed + 1);
        assert_eq!(whole(&d, first).await.points.len(), 2, "and nothing stands twice");
        // A week later there is the next one; a stopped plan makes none.
        d.clock.advance(DAY * 7);
        work(&d).await;
        assert_eq!(ids(&d).await.len(), 2);
        plan(&d, head(), 1, &NewPlan { active: false, ..wednesday() }).await.unwrap();
        d.clock.advance(DAY * 7);
        work(&d).await;
        assert_eq!(ids(&d).await.len(), 2);
        assert!(handlers().contains_key(LOOK));
    }

    async fn a_crash_leaves_nothing_half_made(s) {
        let d = district(&s).await;
        plan(&d, head(), 0, &wednesday()).await.unwrap();
        let mut dropped = op(&d, Actor::System).await;
        meeting::prepare(&mut dropped, &area(COMMUNITY)).await.unwrap();
        drop(dropped);
        assert!(ids(&d).await.is_empty());
        work(&d).await;
        let id = ids(&d).await[0];
        let point = point_of(&whole(&d, id).await, PointKind::Overdue);
        let (acts, before) = (log(&d).await.len(), whole(&d, id).await);
        let mut dropped = op(&d, head()).await;
        let text = Writing { base: 1, minutes: "写了一半".into(), todo: Some(todo("去看", ONE, "2026-12-01")) };
        meeting::write_point(&mut dropped, id, point.id, &text).await.unwrap();
        meeting::attend(&mut dropped, id, &[], &[who(ONE).to_string()]).await.unwrap();
        drop(dropped);
        assert_eq!((log(&d).await.len(), whole(&d, id).await), (acts, before));
    }

    async fn the_agenda_follows_the_register(s) {
        let d = district(&s).await;
        // A home with a new mark, a check with a wrong answer, a list that nobody settled.
        let with_care = home(&d, GRID, "1号楼").await;
        let resident = add(&d, with_care, &facts("周奶奶", ID, PHONE)).await.id;
        let mut op1 = op(&d, worker()).await;
        let new = linli_household::register::NewCare {
            kind: linli_household::model::CareKind::LivesAlone,
            basis: linli_household::model::Basis::Duty,
            basis_note: "巡访制度".into(),
            source: linli_household::model::Source::Worker,
            expires_at: None,
        };
        app::add_care(&mut op1, resident, &new).await.unwrap();
        op1.commit().await.unwrap();
        let mut op1 = op(&d, account(HEAD, Role::CommunitySecretary, COMMUNITY)).await;
        rhythm::draw_month(&mut op1, &area(GRID)).await.unwrap();
        op1.commit().await.unwrap();
        let check = rhythm::spots(&mut d.db.read().await.unwrap(), &linli_access::Scope::everything(), &area(GRID), Month::of(d.clock.now()), None, 1).await.unwrap().items.remove(0);
        let mut op1 = op(&d, head()).await;
        let answers = rhythm::fields(1).iter().map(|f| (*f, Answer::Wrong)).collect();
        rhythm::note(&mut op1, check.id, with_care, &answers).await.unwrap();
        op1.commit().await.unwrap();
        let mut op1 = op(&d, worker()).await;
        rhythm::ensure(&mut op1, &area(GRID)).await.unwrap();
        op1.commit().await.unwrap();
        d.clock.advance(DAY);
        let id = ready(&d).await;
        let it = whole(&d, id).await;
        let kinds: Vec<PointKind> = it.points.iter().map(|p| p.kind).collect();
        assert_eq!(kinds, [PointKind::Overdue, PointKind::More, PointKind::Round, PointKind::Coverage, PointKind::Wrong, PointKind::CareNew]);
        assert!(!it.points[5].facts.values().any(|v| v.contains('周') || v.contains("lives")), "neither name nor care");
        assert_eq!(it.points[4].facts["wrong"], "5");
        // What a secretary has struck stays struck, what is over is struck by the system, what is written stays.
        act!(d, head(), strike(id, it.points[4].id, true)).unwrap();
        act!(d, head(), strike(id, it.points[4].id, true)).unwrap();
        assert_eq!(count(&d, "meeting.strike").await, 1);
        act!(d, head(), write_point(id, it.points[3].id, &writing(1, "晚上再走一遍"))).unwrap();
        let mut op1 = op(&d, worker()).await;
        app::confirm_dwelling(&mut op1, with_care, None).await.unwrap();
        app::end_care(&mut op1, resident, linli_household::model::CareKind::LivesAlone, "已迁出").await.unwrap();
        op1.commit().await.unwrap();
        let own = act!(d, head(), add_point(id, "换届选举")).unwrap();
        act!(d, head(), refresh(id)).unwrap();
        let now = whole(&d, id).await;
        let standing: Vec<PointKind> = now.standing().map(|p| p.kind).collect();
        assert_eq!(standing, [PointKind::Overdue, PointKind::More, PointKind::Round, PointKind::Coverage, PointKind::Own]);
        assert!(now.point(it.points[5].id).unwrap().facts.contains_key("over"));
        assert!(!now.point(it.points[4].id).unwrap().facts.contains_key("over"));
        // Order: up and down among what stands, no further than the ends.
        act!(d, head(), shift(id, own, true)).unwrap();
        act!(d, head(), shift(id, it.points[0].id, true)).unwrap();
        let order: Vec<PointId> = whole(&d, id).await.standing().map(|p| p.id).collect();
        assert_eq!(order, [it.points[0].id, it.points[1].id, it.points[2].id, own, it.points[3].id]);
        assert_eq!(key(act!(d, head(), strike(id, it.points[3].id, true))), "meeting-point-written");
        act!(d, head(), strike(id, it.points[4].id, false)).unwrap();
        assert_eq!(whole(&d, id).await.standing().count(), 6);
        for bad in ["", "  ", &"长".repeat(101)] {
            assert!(matches!(act!(d, head(), add_point(id, bad)), Err(Error::Invalid(_))), "{bad}");
        }
    }
}
