//! Which homes are on a day's list, and why: decided from what is known of a grid's homes, no I/O.

use linli_kernel::{Timestamp, text_enum};

use super::due;
use crate::{
    model::{CareKind, DwellingId},
    rules::FRESH_DAYS,
};

/// Homes of one list.
pub const MOST: usize = 10;
/// Of them because of care, as long as others wait too: nobody is forgotten for being well.
pub const CARE_MOST: usize = 6;
/// From so many days on a home without marks is looked at, so that it does not become stale.
const SOON: i64 = 60;
/// After nobody was there, so many days pass before the next try.
const TRY_AGAIN: i64 = 2;

text_enum! {
    /// Why a home is on the list.
    pub enum Reason {
        /// 关爱走访到期
        Care = "care",
        /// 从未核实
        Never = "never",
        /// 久未核实
        Stale = "stale",
    }
}

/// A home as it is known in the morning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Which one.
    pub id: DwellingId,
    /// In the order of registration: doors of one house stand together.
    pub n: i64,
    /// When all of it was last confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// Marks of care of who lives there.
    pub care: Vec<CareKind>,
    /// When somebody of ours last met them.
    pub met_at: Option<Timestamp>,
    /// When somebody of ours last found nobody.
    pub nobody_at: Option<Timestamp>,
}

/// A home of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// Which one.
    pub id: DwellingId,
    /// Why.
    pub reason: Reason,
    /// The care that is due.
    pub care: Option<CareKind>,
    /// Days since somebody was there or confirmed it; nothing where that never was.
    pub days: Option<i64>,
}

struct Due {
    n: i64,
    /// How many times over its term it is, in hundredths.
    over: i64,
    pick: Pick,
}

fn days(from: Timestamp, now: Timestamp) -> i64 {
    (now.china_date() - from.china_date()).num_days()
}

fn due(home: &Known, now: Timestamp) -> Option<Due> {
    if home.nobody_at.is_some_and(|at| days(at, now) < TRY_AGAIN) {
        return None;
    }
    let care = home.care.iter().copied().min_by_key(|kind| (due::every(*kind), *kind));
    // A confirmation from afar makes a record fresh; who needs care wants somebody at the door.
    let last = if care.is_some() { home.met_at } else { home.confirmed_at.max(home.met_at) };
    let days = last.map(|at| days(at, now));
    let over = |term: i64| days.map_or(i64::MAX, |n| n * 100 / term);
    let (reason, over) = match (care, days) {
        (Some(kind), days) if days.is_none_or(|n| n >= due::every(kind)) => {
            (Reason::Care, over(due::every(kind)))
        }
        (None, None) => (Reason::Never, i64::MAX),
        (None, Some(n)) if n >= SOON => (Reason::Stale, over(i64::from(FRESH_DAYS))),
        _ => return None,
    };
    let care = care.filter(|_| reason == Reason::Care);
    Some(Due { n: home.n, over, pick: Pick { id: home.id, reason, care, days } })
}

/// The list: who needs care first, then what has been without a word the longest; in the order of the doors.
pub fn pick(homes: &[Known], now: Timestamp) -> Vec<Pick> {
    let mut due: Vec<Due> = homes.iter().filter_map(|home| due(home, now)).collect();
    due.sort_by_key(|d| (std::cmp::Reverse(d.over), d.n));
    let (care, other): (Vec<Due>, Vec<Due>) = due.into_iter().partition(|d| d.pick.reason == Reason::Care);
    let for_care = care.len().min(CARE_MOST.max(MOST.saturating_sub(other.len())));
    let mut list: Vec<Due> = care.into_iter().take(for_care).collect();
    list.extend(other.into_iter().take(MOST - list.len()));
    list.sort_by_key(|d| d.n);
    list.into_iter().map(|d| d.pick).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T09:00:00+08:00".parse().unwrap()
    }

    #[expect(clippy::unnecessary_wraps, reason = "what is known of a home may be nothing")]
    fn ago(days: u64) -> Option<Timestamp> {
        Some(now().minus(Duration::from_hours(24 * days)))
    }

    fn home(n: i64) -> Known {
        let id = DwellingId(Uuid::from_u128(u128::try_from(n).unwrap()));
        Known { id, n, confirmed_at: ago(1), care: vec![], met_at: None, nobody_at: None }
    }

    fn why(home: Known) -> Option<(Reason, Option<CareKind>, Option<i64>)> {
        pick(&[home], now()).first().map(|p| (p.reason, p.care, p.days))
    }

    #[test]
    fn what_is_due_and_why() {
        use CareKind::{Infant, LivesAlone};
        let stale = Known { confirmed_at: ago(95), ..home(1) };
        let never = Known { confirmed_at: None, ..home(1) };
        let alone = Known { care: vec![Infant, LivesAlone], met_at: ago(15), ..home(1) };
        for (known, is) in [
            (home(1), None),
            (stale.clone(), Some((Reason::Stale, None, Some(95)))),
            (Known { confirmed_at: ago(59), ..home(1) }, None),
            // Somebody has been there since.
            (Known { met_at: ago(3), ..stale.clone() }, None),
            (never.clone(), Some((Reason::Never, None, None))),
            // Nobody there yesterday: not today again; the day after, yes.
            (Known { nobody_at: ago(1), ..stale.clone() }, None),
            (Known { nobody_at: ago(2), ..stale }, Some((Reason::Stale, None, Some(95)))),
            (alone.clone(), Some((Reason::Care, Some(LivesAlone), Some(15)))),
            (Known { met_at: ago(14), ..alone.clone() }, None),
            // Their own form keeps the record fresh, and does not replace the visit.
            (Known { met_at: None, ..alone }, Some((Reason::Care, Some(LivesAlone), None))),
        ] {
            assert_eq!(why(known.clone()), is, "{known:?}");
        }
    }

    #[test]
    fn care_leaves_room_for_others_and_takes_what_they_leave() {
        let care = |n| Known { care: vec![CareKind::VeryOld], ..home(n) };
        let old = |n| Known { confirmed_at: ago(200), ..home(n) };
        let many: Vec<Known> = (1..=20).map(care).chain((21..=40).map(old)).collect();
        let list = pick(&many, now());
        assert_eq!(list.len(), MOST);
        assert_eq!(list.iter().filter(|p| p.reason == Reason::Care).count(), CARE_MOST);
        let few: Vec<Known> = (1..=20).map(care).chain((21..=22).map(old)).collect();
        let list = pick(&few, now());
        assert_eq!(list.iter().filter(|p| p.reason == Reason::Care).count(), MOST - 2);
        // The longest without a word come first when there is no room for all.
        let long: Vec<Known> = (1..=30)
            .map(|n| Known { confirmed_at: ago(70 + u64::try_from(n).unwrap()), ..home(n) })
            .collect();
        assert_eq!(pick(&long, now()).iter().map(|p| p.days.unwrap()).min(), Some(91));
    }

    proptest! {
        #[test]
        fn short_without_doubles_and_the_same_again(days in proptest::collection::vec((0u64..400, 0u64..400, 0usize..9), 0..60)) {
            let homes: Vec<Known> = days.iter().enumerate().map(|(n, &(confirmed, met, care))| Known {
                confirmed_at: (confirmed > 20).then(|| ago(confirmed)).flatten(),
                met_at: (met > 20).then(|| ago(met)).flatten(),
                care: CareKind::ALL.get(care).copied().into_iter().collect(),
                ..home(i64::try_from(n).unwrap())
            }).collect();
            let list = pick(&homes, now());
            prop_assert!(list.len() <= MOST);
            let mut ids: Vec<_> = list.iter().map(|p| p.id).collect();
            ids.dedup();
            prop_assert_eq!(ids.len(), list.len());
            let back: Vec<Known> = homes.into_iter().rev().collect();
            prop_assert_eq!(pick(&back, now()), list);
        }
    }
}
