//! Half a year of cases, each told in the commands that made it what it is.

use std::{io::IsTerminal, sync::Arc};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use linli_cases::app::history::{self, Past, Step};
use linli_demo::{
    Plan,
    cases::{By, CasePlan},
};
use linli_kernel::{Actor, Result};
use linli_store::District;

/// Cases of one transaction: large enough to be quick, small enough to lose little.
const BATCH: u64 = 200;

pub(super) async fn write(district: &Arc<District>, plan: &Plan) -> Result<()> {
    let bar = progress(plan.case_count());
    for first in (0..plan.case_count()).step_by(usize::try_from(BATCH).unwrap_or(1)) {
        let mut op = district.op("demo cases").await?;
        for nth in first..(first + BATCH).min(plan.case_count()) {
            history::record(&mut op, past(plan, plan.case(nth))).await?;
        }
        op.commit().await?;
        bar.inc(BATCH);
    }
    bar.finish_and_clear();
    Ok(())
}

fn progress(count: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(count), target);
    bar.set_style(ProgressStyle::default_bar());
    bar
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
