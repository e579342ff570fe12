//! What a meeting is to talk about (议程): decided from the figures of the week. Of grids, never of who works there.

use linli_kernel::{AreaCode, Timestamp, export::uuid::Uuid};

use super::{
    super::{Figures, Quarter},
    model::{Facts, PointKind, Proposal, Subject, SubjectKind},
};

/// Points of one kind that are listed one by one; the rest is one point with its number.
pub const MOST: usize = 8;

/// A grid is behind when its share of visited homes lags by this much behind the share of the quarter that is over.
const LAG: f64 = 0.15;
/// So early in a quarter nobody is behind.
const EARLY: f64 = 0.1;
/// A grid is behind with its look-rounds when fewer of the week's homes than this are settled.
const SETTLED: f64 = 0.7;

/// A case as the agenda names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseTold {
    /// Which one.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// One line.
    pub title: String,
    /// Where.
    pub area: AreaCode,
    /// When its clock breaks or broke.
    pub due: Option<Timestamp>,
}

/// The first cases of a list, and how many it has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heap {
    /// The first ones.
    pub cases: Vec<CaseTold>,
    /// All of them.
    pub all: i64,
}

/// Cases of a community that somebody must talk about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// Sent back by who was to do them, or done badly and open again.
    pub returned: Heap,
    /// With a broken promise.
    pub overdue: Heap,
    /// Which several departments do together.
    pub joint: Heap,
}

/// A home whose care marks have changed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CareHome {
    /// Which one.
    pub id: Uuid,
    /// Its grid.
    pub area: AreaCode,
    /// Its address.
    pub address: String,
    /// When the mark was made, or when it ends.
    pub at: Timestamp,
}

pub(super) fn facts<const N: usize>(all: [(&str, String); N]) -> Facts {
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(super) fn subject(kind: SubjectKind, id: impl ToString) -> Subject {
    Subject { kind, id: id.to_string() }
}

fn more(community: &AreaCode, what: PointKind, all: i64, listed: usize) -> Option<Proposal> {
    let rest = all - i64::try_from(listed).unwrap_or(i64::MAX);
    (rest > 0).then(|| Proposal {
        kind: PointKind::More,
        key: format!("more:{what}"),
        area: community.clone(),
        subject: None,
        facts: facts([("what", what.to_string()), ("n", rest.to_string())]),
    })
}

/// Cases, each once: what was sent back weighs more than what is late, and that more than what many do together.
pub(super) fn of_cases(community: &AreaCode, unsettled: &Unsettled) -> Vec<Proposal> {
    let mut all: Vec<Proposal> = Vec::new();
    for (kind, heap) in [
        (PointKind::Returned, &unsettled.returned),
        (PointKind::Overdue, &unsettled.overdue),
        (PointKind::Joint, &unsettled.joint),
    ] {
        let mut listed = 0;
        for case in heap.cases.iter().take(MOST) {
            let key = format!("case:{}", case.id);
            listed += 1;
            if all.iter().any(|p| p.key == key) {
                continue;
            }
            let due = case.due.map(Timestamp::rfc3339).unwrap_or_default();
            all.push(Proposal {
                kind,
                key,
                area: case.area.clone(),
                subject: Some(subject(SubjectKind::Case, case.id)),
                facts: facts([("number", case.number.clone()), ("title", case.title.clone()), ("due", due)]),
            });
        }
        all.extend(more(community, kind, heap.all, listed));
    }
    all
}

fn percent(part: i64, whole: i64) -> String {
    format!("{:.0}", part as f64 * 100.0 / whole.max(1) as f64)
}

/// Grids behind with the quarter's visits, when this share of the quarter is over.
pub(super) fn of_coverage(figures: &[Figures], over: f64) -> Vec<Proposal> {
    let behind = |f: &&Figures| over > EARLY && f.coverage().is_some_and(|share| share + LAG < over);
    figures
        .iter()
        .filter(behind)
        .map(|f| Proposal {
            kind: PointKind::Coverage,
            key: format!("coverage:{}", f.area),
            area: f.area.clone(),
            subject: Some(subject(SubjectKind::Grid, &f.area)),
            facts: facts([
                ("percent", percent(f.visited, f.homes)),
                ("left", (f.homes - f.visited).to_string()),
                ("care", (f.care - f.care_visited).to_string()),
            ]),
        })
        .collect()
}

/// Grids behind with their look-rounds: grid, homes listed since the last meeting, and of them settled.
pub(super) fn of_rounds(rounds: &[(AreaCode, i64, i64)]) -> Vec<Proposal> {
    let behind = |(_, listed, settled): &&(AreaCode, i64, i64)| {
        *listed > 0 && (*settled as f64) < SETTLED * (*listed as f64)
    };
    rounds
        .iter()
        .filter(behind)
        .map(|(grid, listed, settled)| Proposal {
            kind: PointKind::Round,
            key: format!("round:{grid}"),
            area: grid.clone(),
            subject: Some(subject(SubjectKind::Grid, grid)),
            facts: facts([("listed", listed.to_string()), ("open", (listed - settled).to_string())]),
        })
        .collect()
}

/// Wrong answers of the spot check: grid, check, how many.
pub(super) fn of_wrong(found: &[(AreaCode, Uuid, i64)]) -> Vec<Proposal> {
    found
        .iter()
        .map(|(grid, check, wrong)| Proposal {
            kind: PointKind::Wrong,
            key: format!("wrong:{check}"),
            area: grid.clone(),
            subject: Some(subject(SubjectKind::Grid, grid)),
            facts: facts([("wrong", wrong.to_string()), ("check", check.to_string())]),
        })
        .collect()
}

/// Homes with new marks, or with marks that end soon.
pub(super) fn of_care(community: &AreaCode, kind: PointKind, homes: &[CareHome]) -> Vec<Proposal> {
    let listed = homes.iter().take(MOST);
    let mut all: Vec<Proposal> = listed
        .map(|home| Proposal {
            kind,
            key: format!("{kind}:{}", home.id),
            area: home.area.clone(),
            subject: Some(subject(SubjectKind::Home, home.id)),
            facts: facts([("address", home.address.clone()), ("day", home.at.china_date().to_string())]),
        })
        .collect();
    let count = all.len();
    all.extend(more(community, kind, i64::try_from(homes.len()).unwrap_or(i64::MAX), count));
    all
}

/// The share of a quarter that is over.
pub(super) fn over(now: Timestamp) -> f64 {
    let quarter = Quarter::of(now);
    let (year, nth) = if quarter.nth == 4 { (quarter.year + 1, 1) } else { (quarter.year, quarter.nth + 1) };
    let length = Quarter { year, nth }.start().millis_since(quarter.start());
    now.millis_since(quarter.start()) as f64 / length.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::super::super::Found;
    use super::*;

    fn grid(n: u32) -> AreaCode {
        format!("371002001001{n:03}").parse().unwrap()
    }

    fn case(n: u128) -> CaseTold {
        CaseTold {
            id: Uuid::from_u128(n),
            number: format!("HC{n}"),
            title: "路灯不亮".into(),
            area: grid(1),
            due: None,
        }
    }

    fn heap(from: u128, to: u128, all: i64) -> Heap {
        Heap { cases: (from..to).map(case).collect(), all }
    }

    #[test]
    fn a_case_stands_once_with_what_weighs_most_and_the_rest_is_a_number() {
        let community = grid(1).parent().unwrap();
        let unsettled = Unsettled { returned: heap(1, 3, 2), overdue: heap(2, 12, 30), joint: heap(1, 2, 1) };
        let points = of_cases(&community, &unsettled);
        let kinds: Vec<PointKind> = points.iter().map(|p| p.kind).collect();
        let mut wanted = vec![PointKind::Returned; 2];
        wanted.extend([PointKind::Overdue; MOST - 1]);
        wanted.push(PointKind::More);
        assert_eq!(kinds, wanted);
        assert_eq!(points.last().unwrap().facts["n"], "22");
        assert_eq!(of_cases(&community, &Unsettled::default()), []);
    }

    #[test]
    fn behind_is_measured_by_the_quarter_and_not_by_the_others() {
        let figures = |visited| Figures {
            area: grid(1),
            homes: 100,
            visited,
            care: 10,
            care_visited: 4,
            today: 0,
            settled: 0,
            found: Found::default(),
        };
        assert!(of_coverage(&[figures(0)], 0.05).is_empty(), "nobody is behind in the first days");
        assert!(of_coverage(&[figures(36)], 0.5).is_empty());
        let behind = of_coverage(&[figures(20), figures(80)], 0.5);
        assert_eq!(behind.len(), 1);
        assert_eq!(
            behind[0].facts,
            facts([("percent", "20".into()), ("left", "80".into()), ("care", "6".into())])
        );
        let rounds = [(grid(1), 10, 7), (grid(2), 10, 6), (grid(3), 0, 0)];
        assert_eq!(of_rounds(&rounds).iter().map(|p| p.area.clone()).collect::<Vec<_>>(), [grid(2)]);
        assert!((over("2026-11-15T00:00:00+08:00".parse().unwrap()) - 0.489).abs() < 0.01);
    }

    #[test]
    fn homes_are_named_and_their_care_is_not() {
        let home = |n: u128| CareHome {
            id: Uuid::from_u128(n),
            area: grid(1),
            address: format!("锦绣花园{n}号"),
            at: "2026-11-23T09:00:00+08:00".parse().unwrap(),
        };
        let homes: Vec<CareHome> = (0..10).map(home).collect();
        let points = of_care(&grid(1).parent().unwrap(), PointKind::CareNew, &homes);
        assert_eq!(points.len(), MOST + 1);
        assert_eq!(points[0].facts.keys().collect::<Vec<_>>(), ["address", "day"]);
        assert_eq!(points[MOST].facts["n"], "2");
    }
}
