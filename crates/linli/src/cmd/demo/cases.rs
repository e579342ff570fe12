//! Half a year of cases, each told in the commands that made it what it is.

use linli_cases::app::history::{self, Past, Step};
use linli_demo::{
    Plan,
    cases::{By, CasePlan},
};
use linli_kernel::{Actor, Result};
use linli_store::Op;

/// Cases of one transaction: large enough to be quick, small enough to lose little.
const BATCH: u64 = 100;

/// Writes the cases from `first` on; answers where to go on. The caller commits.
pub(super) async fn write(op: &mut Op, plan: &Plan, first: u64) -> Result<Option<u64>> {
    let end = (first + BATCH).min(plan.case_count());
    for nth in first..end {
        history::record(op, past(plan, plan.case(nth))).await?;
    }
    Ok((end < plan.case_count()).then_some(end))
}

fn past(plan: &Plan, case: CasePlan) -> Past {
    let actor = |by: By| match by {
        By::Person(nth) => plan.district.people.get(nth).map_or(Actor::System, |p| plan.district.actor(p)),
        By::Reporter => Actor::Public,
        By::System => Actor::System,
    };
    Past {
        by: actor(case.by),
        point: case.place.map(|p| (p.lat, p.lon)),
        reporter: case.reporter.map(|r| (r.name, r.phone)),
        external: case.hotline_number,
        steps: case
            .steps
            .into_iter()
            .map(|s| Step { at: s.at, by: actor(s.by), command: s.command })
            .collect(),
        filing: case.filing,
        title: case.title,
        text: case.text,
        address: case.address,
    }
}
