//! The weekly meeting: made by the system, written by one at a time, frozen at its end; to-dos that come back.

use std::time::Duration;

use chrono::NaiveDate;
use linli_access::accounts::{self, Founder, NewPost};
use linli_household::rhythm::{
    self, Answer, Month,
    meeting::{
        self, CaseDesk, CaseTold, Change, Heap, LOOK, MeetingId, NewPlan, NewTodo, Person, Point, PointId, PointKind, Post,
        Settled, State, Todo, TodoId, TodoState, Unsettled, Week, Which, Whole, Writing,
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
    _: &'a mut linli_store::Conn,
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
    (linli_household::manifest().handlers)().into_iter().filter(|(kind, _)| kind.starts_with("meeting.")).collect()
}

/// The service works until nothing is due.
async fn work(d: &Arc<District>) {
    while turn(d, &handlers()).await.unwrap() > 0 {}
}

async fn ids(d: &District) -> Vec<MeetingId> {
    let rows: Vec<(MeetingId,)> =
        d.db.read().await.unwrap().all("SELECT id FROM meeting WHERE area = $1 ORDER BY week", params![COMMUNITY]).await.unwrap();
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

fn writing(base: i64, minutes: &str) -> Writing {
    Writing { base, minutes: minutes.into(), todo: None }
}

fn todo(words: &str, to: u128, due: &str) -> NewTodo {
    NewTodo { words: words.into(), responsible: Some(who(to)), due: due.parse().ok() }
}

fn point_of(whole: &Whole, kind: PointKind) -> Point {
    whole.points.iter().find(|p| p.kind == kind).unwrap_or_else(|| panic!("no {kind}: {:?}", whole.points)).clone()
}

/// A to-do of the case's point.
async fn given(d: &Arc<District>, id: MeetingId, due: &str) -> Todo {
    let point = point_of(&whole(d, id).await, PointKind::Overdue);
    let writing = Writing { base: point.version, minutes: "催一催".into(), todo: Some(todo("打电话催路灯", ONE, due)) };
    act!(*d, head(), write_point(id, point.id, &writing)).unwrap();
    whole(d, id).await.todos.pop().unwrap()
}

async fn come(d: &Arc<District>, id: MeetingId) {
    act!(*d, head(), attend(id, &[], &[who(HEAD).to_string(), who(ONE).to_string()])).unwrap();
}

async fn count(d: &District, action: &str) -> usize {
    log(d).await.iter().filter(|a| *a == action).count()
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
        assert_eq!(kinds, [PointKind::Overdue, PointKind::More, PointKind::Coverage, PointKind::Wrong, PointKind::CareNew]);
        assert!(!it.points[4].facts.values().any(|v| v.contains('周') || v.contains("lives")), "neither name nor care");
        assert_eq!(it.points[3].facts["wrong"], "5");
        // What a secretary has struck stays struck, what is over is struck by the system, what is written stays.
        act!(d, head(), strike(id, it.points[3].id, true)).unwrap();
        act!(d, head(), strike(id, it.points[3].id, true)).unwrap();
        assert_eq!(count(&d, "meeting.strike").await, 1);
        act!(d, head(), write_point(id, it.points[2].id, &writing(1, "晚上再走一遍"))).unwrap();
        let mut op1 = op(&d, worker()).await;
        app::confirm_dwelling(&mut op1, with_care, None).await.unwrap();
        let mark: Uuid = op1.tx.scalar("SELECT id FROM care_mark", vec![]).await.unwrap();
        app::end_care(&mut op1, linli_household::model::CareId(mark), "已迁出").await.unwrap();
        op1.commit().await.unwrap();
        let own = act!(d, head(), add_point(id, "换届选举")).unwrap();
        act!(d, head(), refresh(id)).unwrap();
        let now = whole(&d, id).await;
        let standing: Vec<PointKind> = now.standing().map(|p| p.kind).collect();
        assert_eq!(standing, [PointKind::Overdue, PointKind::More, PointKind::Coverage, PointKind::Own]);
        assert!(now.point(it.points[4].id).unwrap().facts.contains_key("over"));
        assert!(!now.point(it.points[3].id).unwrap().facts.contains_key("over"));
        // Order: up and down among what stands, no further than the ends.
        act!(d, head(), shift(id, own, true)).unwrap();
        act!(d, head(), shift(id, it.points[0].id, true)).unwrap();
        let order: Vec<PointId> = whole(&d, id).await.standing().map(|p| p.id).collect();
        assert_eq!(order, [it.points[0].id, it.points[1].id, own, it.points[2].id]);
        assert_eq!(key(act!(d, head(), strike(id, it.points[2].id, true))), "meeting-point-written");
        act!(d, head(), strike(id, it.points[3].id, false)).unwrap();
        assert_eq!(whole(&d, id).await.standing().count(), 5);
        for bad in ["", "  ", &"长".repeat(101)] {
            assert!(matches!(act!(d, head(), add_point(id, bad)), Err(Error::Invalid(_))), "{bad}");
        }
    }

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

    async fn a_to_do_comes_back_until_it_is_done(s) {
        let d = district(&s).await;
        let id = ready(&d).await;
        let it = given(&d, id, "2026-11-26").await;
        assert_eq!((it.subject.as_deref(), it.subject_words.as_str(), it.subject_area.as_str()), (Some(Uuid::from_u128(7).to_string().as_str()), "HC20261123-000007", GRID));
        let mine = |d: Arc<District>, n: u128| async move { meeting::todos_of(&mut d.db.read().await.unwrap(), who(n)).await.unwrap() };
        assert_eq!(mine(d.clone(), ONE).await.len(), 1);
        assert!(mine(d.clone(), TWO).await.is_empty());
        let settle = |d: Arc<District>, by: Actor, what: Settled, said: &'static str| async move { act!(d, by, settle(it.id, what, said)) };
        let it = given_again(&d, it.id).await;
        for (by, answer) in [(two(), "meeting-todo-not-yours"), (account(3, Role::StreetCentre, STREET), "error-forbidden"), (account(8, Role::GridWorker, FAR_GRID), "404")] {
            assert_eq!(key(settle(d.clone(), by, Settled::Done, "").await), answer);
        }
        assert_eq!(key(settle(d.clone(), one(), Settled::Stuck, " ").await), "meeting-todo-why");
        settle(d.clone(), one(), Settled::Stuck, "没人接电话").await.unwrap();
        come(&d, id).await;
        d.clock.advance(DAY * 2);
        act!(d, head(), close(id)).unwrap();
        // Next week it is on the agenda by itself, overdue, with what was said of it.
        d.clock.advance(DAY * 5);
        arm(&d, &handlers()).await.unwrap();
        work(&d).await;
        let next = ids(&d).await[1];
        let again = point_of(&whole(&d, next).await, PointKind::Todo);
        assert_eq!((again.facts["result"].as_str(), again.facts["tied"].as_str()), ("没人接电话", "HC20261123-000007"));
        assert!(mine(d.clone(), ONE).await[0].overdue(d.clock.now()));
        let scope = scope(&d, &head(), "meeting.read");
        let late = |d: Arc<District>, scope: linli_access::Scope| async move {
            let now = d.clock.now();
            meeting::todos(&mut d.db.read().await.unwrap(), &scope, &area(COMMUNITY), Which::Overdue, now, None, 10).await.unwrap().items
        };
        assert_eq!(late(d.clone(), scope.clone()).await.len(), 1);
        // Done, by two taps at once; then it changes no more, and the point is over.
        let (a, b) = tokio::join!(settle(d.clone(), one(), Settled::Done, "灯亮了"), settle(d.clone(), one(), Settled::Done, "灯亮了"));
        assert!(a.is_ok() && b.is_ok());
        assert_eq!(count(&d, "meeting.settle").await, 2);
        assert_eq!(key(settle(d.clone(), one(), Settled::Done, "又说一遍").await), "meeting-todo-settled");
        assert_eq!(key(settle(d.clone(), one(), Settled::Stuck, "不行").await), "meeting-todo-settled");
        act!(d, head(), refresh(next)).unwrap();
        assert!(whole(&d, next).await.point(again.id).unwrap().struck);
        assert!(late(d.clone(), scope).await.is_empty() && mine(d.clone(), ONE).await.is_empty());
        let gone = Change { base: it.version, new: NewTodo::default(), dropped: Some("已拆".into()) };
        assert_eq!(key(act!(d, head(), change(it.id, &gone))), "meeting-todo-settled");
    }

    async fn a_to_do_is_given_on_and_dropped_by_who_holds_the_meeting(s) {
        let d = district(&s).await;
        let id = ready(&d).await;
        let it = given(&d, id, "2026-12-01").await;
        let to = |n: u128, base: i64| Change { base, new: todo("打电话催路灯", n, "2026-12-02"), dropped: None };
        assert_eq!(key(act!(d, one(), change(it.id, &to(TWO, 1)))), "error-forbidden");
        assert_eq!(key(act!(d, account(9, Role::CommunitySecretary, "371002002001"), change(it.id, &to(TWO, 1)))), "404");
        assert_eq!(key(act!(d, head(), change(it.id, &to(8, 1)))), "meeting-todo-who");
        let give = |by: Actor, c: Change| { let d = d.clone(); async move { act!(d, by, change(it.id, &c)) } };
        let it = given_again(&d, it.id).await;
        let (a, b) = tokio::join!(give(head(), to(TWO, 1)), give(steward(), to(HEAD, 1)));
        assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1);
        assert!([a, b].into_iter().any(|r| matches!(r, Err(Error::Conflict("meeting-todo-changed")))));
        let drop = |reason: &str| Change { base: 2, new: NewTodo::default(), dropped: Some(reason.into()) };
        assert_eq!(key(give(head(), drop(" ")).await), "error-required");
        give(head(), drop("小区要整体改造")).await.unwrap();
        let kept = given_again(&d, it.id).await;
        assert_eq!((kept.state, kept.result.as_str()), (TodoState::Dropped, "小区要整体改造"));
    }

    async fn who_looks_sees_their_own_areas(s) {
        let d = district(&s).await;
        let id = ready(&d).await;
        given(&d, id, "2026-11-24").await;
        come(&d, id).await;
        d.clock.advance(DAY * 2);
        act!(d, head(), close(id)).unwrap();
        let atlas = d.port::<AtlasPort>().unwrap().get();
        let week = Week::of(d.clock.now());
        for (by, at, wanted) in [
            (account(3, Role::DistrictCentre, DISTRICT), DISTRICT, vec![(COMMUNITY, true, 1, 1), ("371002002001", false, 0, 0)]),
            (account(3, Role::StreetLeader, STREET), STREET, vec![(COMMUNITY, true, 1, 1)]),
            (account(3, Role::StreetCentre, OTHER_STREET), DISTRICT, vec![("371002002001", false, 0, 0)]),
            (one(), DISTRICT, vec![(COMMUNITY, true, 1, 1)]),
            (account(3, Role::Hotline, DISTRICT), DISTRICT, vec![]),
        ] {
            let scope = scope(&d, &by, "meeting.read");
            let db = d.db.metered();
            let mut conn = db.read().await.unwrap();
            let all = meeting::communities(&mut conn, &atlas, &scope, &area(at), week, d.clock.now()).await.unwrap();
            let told: Vec<_> = all.iter().map(|c| (c.area.as_str(), c.held(), c.open, c.overdue)).collect();
            assert_eq!(told, wanted, "{by:?}");
            assert_eq!(db.queries(), 3);
            let list = meeting::todos(&mut conn, &scope, &area(DISTRICT), Which::Open, d.clock.now(), None, 10).await.unwrap();
            assert_eq!(list.items.len(), usize::try_from(all.iter().map(|c| c.open).sum::<i64>()).unwrap());
        }
        let db = d.db.metered();
        let it = meeting::whole(&mut db.read().await.unwrap(), id).await.unwrap();
        assert_eq!((db.queries(), it.meeting.state), (5, State::Closed));
        let access = d.port::<Access>().unwrap();
        let sees = |by: &Actor| meeting::sees(&access, by, &area(COMMUNITY));
        assert!(sees(&one()) && sees(&head()) && sees(&account(3, Role::StreetLeader, STREET)));
        assert!(!sees(&account(8, Role::GridWorker, FAR_GRID)) && !sees(&account(3, Role::Auditor, DISTRICT)) && !sees(&Actor::Public));
        // Pages continue after the last row.
        let scope = scope(&d, &head(), "meeting.read");
        let mut conn = d.db.read().await.unwrap();
        let page = meeting::of_community(&mut conn, &scope, &area(COMMUNITY), None, 1).await.unwrap();
        assert_eq!((page.items[0].came, page.items[0].expected, page.next), (2, 4, None));
        assert_eq!("2026-11-23".parse::<NaiveDate>().ok(), Some(page.items[0].week().monday()));
    }
}

async fn given_again(d: &District, id: TodoId) -> Todo {
    meeting::todo(&mut d.db.read().await.unwrap(), id).await.unwrap()
}
