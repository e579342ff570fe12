//! 响应率 解决率 满意率 and the share that our own people find: counted from facts, never averaged from
//! averages.

use serde::Serialize;

use crate::model::{Case, ClockKind, FollowUp};

/// A share that knows its parts; none of nothing is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Share {
    /// Of these …
    pub of: u64,
    /// … so many.
    pub part: u64,
}

impl Share {
    fn count(&mut self, hit: bool) {
        self.of += 1;
        self.part += u64::from(hit);
    }

    /// Per cent, if there is anything to share.
    pub fn percent(self) -> Option<f64> {
        (self.of > 0).then(|| self.part as f64 * 100.0 / self.of as f64)
    }
}

impl std::ops::AddAssign for Share {
    fn add_assign(&mut self, other: Self) {
        self.of += other.of;
        self.part += other.part;
    }
}

/// The counts behind the rates of an area, an organisation or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// 响应率: contacted in time ÷ dispatched, of those who can be contacted.
    pub response: Share,
    /// 解决率: solved ÷ validly called back.
    pub solution: Share,
    /// 满意率: satisfied ÷ validly called back.
    pub satisfaction: Share,
    /// 主动发现率: found by our own people ÷ all.
    pub found: Share,
}

impl Tally {
    /// Counts a case.
    pub fn add_case(&mut self, case: &Case) {
        self.found.count(case.reported.source.is_found());
        if case.dispatched_at.is_some()
            && let Some(kept) = contact_kept(case)
        {
            self.response.count(kept);
        }
    }

    /// Counts the last call back of a case; one that reached nobody is not valid.
    pub fn add_call(&mut self, call: FollowUp) {
        if let (true, Some(solved), Some(satisfaction)) = (call.reached, call.solved, call.satisfaction) {
            self.solution.count(solved);
            self.satisfaction.count(satisfaction.is_satisfied());
        }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.response += other.response;
        self.solution += other.solution;
        self.satisfaction += other.satisfaction;
        self.found += other.found;
    }
}

/// Whether the promise to contact the reporter was kept: nothing if there was none, no while it runs.
///
/// A case that was handed on has several such clocks; the first counts, because the reporter waits once.
pub fn contact_kept(case: &Case) -> Option<bool> {
    let mut clocks = case.clocks.iter().filter(|c| c.kind == ClockKind::Contact);
    let first = clocks.next()?;
    Some(case.contacted_at.is_some_and(|at| at <= first.due))
}
