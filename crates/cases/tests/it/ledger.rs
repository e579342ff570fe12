//! What the ledger counts and chooses is what the plain queries over the rows would, for random cases, random
//! people and random filters, at every moment and whoever wrote.

mod random;

use std::collections::BTreeMap;

use linli_access::Access;
use linli_cases::{
    model::{Command, DeclineReason},
    read::{self, Filter, Sort},
};
use linli_kernel::Value;
use linli_store::{Conn, Where};
use linli_testkit::both_engines;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, TestRunner},
};

use super::*;
use random::{anybody, choose, commands, filters, reports};

const TAKES_PART: &str = "EXISTS (SELECT 1 FROM case_org o WHERE o.case_id = c.id AND o.org_id IN {orgs})";
const OPEN: &str = "c.state NOT IN ('declined', 'merged', 'closed', 'rated')";

/// The plain query: how many rows within the scope fulfil the condition.
async fn plainly(conn: &mut Conn, scope: &Scope, condition: &str, values: Vec<Value>) -> i64 {
    let mut rows = Where::new();
    scope.filter(&mut rows, "c.area", TAKES_PART);
    rows.and(condition, values);
    conn.scalar(&format!("SELECT count(*) FROM case_file c{}", rows.text()), rows.args()).await.unwrap()
}

async fn boards_agree(conn: &mut Conn, d: &Arc<District>, scope: &Scope) {
    let now = d.clock.now();
    let soon = now.plus(std::time::Duration::from_hours(24));
    let counted = read::counts(conn, d, scope, now).await.unwrap();
    for state in CaseState::ALL {
        let n = plainly(conn, scope, "c.state = ?", vec![(*state).into()]).await;
        assert_eq!(counted.by_state.get(state).copied().unwrap_or_default(), n, "{state} in {scope:?}");
    }
    let open = |more: &str| format!("{OPEN} AND {more}");
    let expected: [(i64, String, Vec<Value>); 9] = [
        (counted.open, open("1 = 1"), vec![]),
        (counted.urgent, open("c.urgent"), vec![]),
        (counted.urgent_claimed, open("c.urgent AND NOT c.urgent_confirmed"), vec![]),
        (counted.overdue, open("c.next_due < ?"), vec![now.into()]),
        (counted.due_soon, open("c.next_due >= ? AND c.next_due < ?"), vec![now.into(), soon.into()]),
        (counted.returns, "c.ask = 'return'".into(), vec![]),
        (counted.extensions, "c.ask = 'extension'".into(), vec![]),
        (counted.suspensions, "c.ask = 'suspension'".into(), vec![]),
        (
            counted.to_call,
            "c.state IN ('closed', 'rated') AND c.called_at IS NULL AND c.reachable AND c.parent IS NULL"
                .into(),
            vec![],
        ),
    ];
    for (counted, condition, values) in expected {
        assert_eq!(counted, plainly(conn, scope, &condition, values).await, "{condition} in {scope:?}");
    }
}

async fn rates_agree(conn: &mut Conn, d: &Arc<District>, scope: &Scope, from: Timestamp, to: Timestamp) {
    let rates = read::rates(conn, d, scope, from, to).await.unwrap();
    let span =
        |more: &str| format!("c.parent IS NULL AND c.reported_at >= ? AND c.reported_at < ? AND {more}");
    let times = || vec![Value::from(from), Value::from(to)];
    let t = rates.tally;
    let expected: [(u64, &str); 9] = [
        (rates.cases.unsigned_abs(), "1 = 1"),
        (t.found.of, "1 = 1"),
        (t.found.part, "c.source IN ('grid', 'inspection')"),
        (t.response.of, "c.contact_kept IS NOT NULL"),
        (t.response.part, "c.contact_kept"),
        (t.solution.of, "c.call_solved IS NOT NULL"),
        (t.solution.part, "c.call_solved"),
        (t.satisfaction.of, "c.call_solved IS NOT NULL"),
        (t.satisfaction.part, "c.call_satisfied"),
    ];
    for (counted, condition) in expected {
        let n = plainly(conn, scope, &span(condition), times()).await;
        assert_eq!(counted, n.unsigned_abs(), "{condition} in {scope:?} from {from} to {to}");
    }
    for part in &rates.by_street {
        let n = plainly(
            conn,
            scope,
            &span("substr(c.area, 1, 9) = ?"),
            [times(), vec![(&part.key).into()]].concat(),
        )
        .await;
        assert_eq!(part.cases, n, "{}", part.key);
        let open = span(&format!("substr(c.area, 1, 9) = ? AND {OPEN}"));
        let n = plainly(conn, scope, &open, [times(), vec![(&part.key).into()]].concat()).await;
        assert_eq!(part.open, n, "open in {}", part.key);
    }
    for part in &rates.by_category {
        let of = span("coalesce(substr(c.category, 1, 2), '') = ?");
        let n = plainly(conn, scope, &of, [times(), vec![part.key.clone().into()]].concat()).await;
        assert_eq!(part.cases, n, "category {}", part.key);
    }
    for parts in [
        rates.by_street.iter().map(|p| p.cases).collect::<Vec<_>>(),
        rates.by_category.iter().map(|p| p.cases).collect(),
        rates.by_source.iter().map(|p| p.cases).collect(),
        rates.trend.iter().map(|day| day.reported).collect(),
    ] {
        assert_eq!(parts.iter().sum::<i64>(), rates.cases);
    }
    let ended = "c.parent IS NULL AND c.ended_at >= ? AND c.ended_at < ?";
    let n = plainly(conn, scope, ended, times()).await;
    assert_eq!(rates.trend.iter().map(|day| day.ended).sum::<i64>(), n);
}

/// The map asks the rows themselves, with the same filter: it shows the cases of the list.
async fn lists_agree(conn: &mut Conn, d: &Arc<District>, scope: &Scope, filter: &Filter) {
    let map = read::points(conn, scope, filter).await.unwrap();
    let mut shown: Vec<CaseId> = map["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["properties"]["id"].as_str().unwrap().parse().unwrap())
        .collect();
    let mut due = BTreeMap::new();
    for point in map["features"].as_array().unwrap() {
        due.insert(
            point["properties"]["id"].as_str().unwrap().parse::<CaseId>().unwrap(),
            !point["properties"]["next_due"].is_null(),
        );
    }
    for sort in [Sort::Newest, Sort::NextDue] {
        let mut listed = Vec::new();
        let mut after = None;
        loop {
            let found = read::found(conn, d, (scope, filter), sort, after, 7).await.unwrap();
            assert_eq!(found.all, shown.len(), "{filter:?}");
            let keys: Vec<_> = found.page.items.iter().map(|r| (r.next_due, r.reported_at, r.id)).collect();
            let sorted = match sort {
                Sort::Newest => keys.windows(2).all(|w| (w[0].1, w[0].2) > (w[1].1, w[1].2)),
                Sort::NextDue => keys.windows(2).all(|w| (w[0].0, w[0].2) < (w[1].0, w[1].2)),
            };
            assert!(sorted, "{sort:?} {keys:?}");
            listed.extend(found.page.items.iter().map(|row| row.id));
            match found.page.next {
                Some(next) => after = Some(next.parse().unwrap()),
                None => break,
            }
        }
        listed.sort();
        if sort == Sort::NextDue {
            shown.retain(|id| due[id]);
        }
        shown.sort();
        assert_eq!(listed, shown, "{sort:?} {filter:?} in {scope:?}");
    }
}

both_engines! {
    async fn it_counts_and_chooses_as_the_rows_would(s) {
        let d = district(&s).await;
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(1) });
        let mut any = |n: usize| (0..n).map(|_| anybody().new_tree(&mut runner).unwrap().current()).collect::<Vec<_>>();
        let people = any(24);
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(1) });
        let mut ids = Vec::new();
        let workers = [centre(), street(), water(), roads(), other_street(), grid_worker()];
        for round in 0..6_usize {
            for n in 0..12_usize {
                let new = reports().new_tree(&mut runner).unwrap().current();
                let mut op = op(&d, Actor::System).await;
                let id = app::report(&mut op, new).await.unwrap().id;
                op.commit().await.unwrap();
                // Some go the usual way first, so that rare states are reached.
                let steps = [Command::File, Command::Dispatch { lead: org(WATER), assisting: vec![org(ROADS)], note: None },
                    Command::Accept, Command::Contact { reached: true, note: None }, Command::Arrive { plan: None }, resolution(),
                    Command::StartVerification, Command::Close { outcome: linli_cases::model::Outcome::Solved, note: None }];
                for command in steps.into_iter().take(n) {
                    for worker in &workers {
                        if try_act(&d, worker, id, command.clone()).await.is_ok() {
                            break;
                        }
                    }
                }
                ids.push(id);
            }
            for _ in 0..60 {
                let id = choose(&ids).new_tree(&mut runner).unwrap().current();
                let command = commands().new_tree(&mut runner).unwrap().current();
                for worker in &workers {
                    if try_act(&d, worker, id, command.clone()).await.is_ok() {
                        break;
                    }
                }
            }
            if round == 2 {
                d.clock.advance(std::time::Duration::from_hours(50));
                turn(&d).await;
            }
            let mut conn = d.db.read().await.unwrap();
            for person in &people {
                for action in ["case.list", "stats.view"] {
                    let scope = d.port::<Access>().unwrap().policy.scope(person, action);
                    boards_agree(&mut conn, &d, &scope).await;
                }
            }
            for person in people.iter().take(4).chain([&Actor::System]) {
                let scope = scope(&d, person);
                rates_agree(&mut conn, &d, &scope, at("2026-10-20T00:00"), at("2026-12-01T00:00")).await;
                rates_agree(&mut conn, &d, &scope, at("2026-11-20T13:31"), at("2026-11-23T08:00")).await;
                for _ in 0..12 {
                    let filter = filters().new_tree(&mut runner).unwrap().current();
                    lists_agree(&mut conn, &d, &scope, &filter).await;
                }
            }
        }
        let reached: std::collections::BTreeSet<CaseState> =
            read::counts(&mut d.db.read().await.unwrap(), &d, &Scope::everything(), d.clock.now()).await.unwrap().by_state.into_keys().collect();
        assert!(reached.len() >= 8, "too few states came up to prove anything: {reached:?}");
    }

    async fn what_came_to_nothing_is_not_counted(s) {
        let d = district(&s).await;
        report(&d, well()).await;
        let open = || async {
            read::counts(&mut d.db.read().await.unwrap(), &d, &Scope::everything(), d.clock.now()).await.unwrap().open
        };
        assert_eq!(open().await, 1);
        let mut lost = op(&d, Actor::Public).await;
        app::report(&mut lost, well()).await.unwrap();
        // Half written: nobody sees it, and its own transaction may not ask the ledger, which would remember.
        assert!(read::counts(&mut lost.tx, &d, &Scope::everything(), d.clock.now()).await.is_err());
        assert_eq!(open().await, 1);
        drop(lost);
        assert_eq!(open().await, 1);
        report(&d, well()).await;
        assert_eq!(open().await, 2);
    }

    async fn what_commits_late_is_not_missed(s) {
        let d = district(&s).await;
        if matches!(d.db.engine(), linli_store::Engine::Sqlite { .. }) {
            // One writer: nobody commits before who began earlier.
            return;
        }
        let open = || async {
            read::counts(&mut d.db.read().await.unwrap(), &d, &Scope::everything(), d.clock.now()).await.unwrap().open
        };
        let first = report(&d, well()).await.id;
        assert_eq!(open().await, 1);
        let mut slow = op(&d, street()).await;
        app::act(&mut slow, first, Command::Decline { reason: DeclineReason::NoContent, note: "无".into() }, Proof::Post, vec![]).await.unwrap();
        report(&d, well()).await;
        assert_eq!(open().await, 2);
        slow.commit().await.unwrap();
        assert_eq!(open().await, 1);
    }

    async fn two_processes_and_one_that_slept(s) {
        let d = district(&s).await;
        let other = Arc::new(District { db: d.db.clone(), clock: d.clock.clone(), ids: Ids::seeded(8), ports: d.ports.clone().with(Ledger::default()),
            name: d.name.clone(), area: d.area.clone(), prefix: d.prefix.clone() });
        let open = |d: Arc<District>| async move {
            read::counts(&mut d.db.read().await.unwrap(), &d, &Scope::everything(), d.clock.now()).await.unwrap().open
        };
        assert_eq!((open(d.clone()).await, open(other.clone()).await), (0, 0));
        report(&d, well()).await;
        report(&other, well()).await;
        assert_eq!((open(d.clone()).await, open(other.clone()).await), (2, 2));
        // The order of changes is shortened while one of them does not look: it reads everything again.
        for _ in 0..3 {
            report(&d, well()).await;
        }
        assert_eq!(open(d.clone()).await, 5);
        let mut tx = d.db.begin().await.unwrap();
        tx.execute("DELETE FROM case_change WHERE mark < (SELECT max(mark) FROM case_change)", vec![]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((open(d.clone()).await, open(other.clone()).await), (5, 5));
        report(&other, well()).await;
        assert_eq!((open(d.clone()).await, open(other).await), (6, 6));
        assert_eq!(d.port::<Ledger>().unwrap().len(), 6);
    }
}
