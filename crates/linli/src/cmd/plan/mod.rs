//! `linli plan`: the planner on files. All reading, writing, timing and progress is here; the algorithms are in
//! `linli-planner`.

mod files;
mod live;
mod needs;
mod solve;

use clap::Subcommand;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// What can be planned.
#[derive(Subcommand)]
pub enum Plan {
    /// Make up an instance to try things on.
    Generate(solve::Generate),
    /// Plan an instance: finish, walking, cost, time within sites, home teams.
    Solve(solve::Solve),
    /// Verify a plan against its instance, from the outside.
    Check(solve::Check),
    /// Change a published plan after sites slowed, closed or opened, moving as few people as possible.
    Replan(live::Replan),
    /// Match needs to helpers, exactly; or in teams.
    Match(needs::Match),
    /// Play a planned day through with random service times, late-comers and no-shows.
    Simulate(live::Simulate),
}

/// Runs one of them.
pub(super) fn run(plan: Plan) -> Outcome {
    match plan {
        Plan::Generate(args) => args.run(),
        Plan::Solve(args) => args.run(),
        Plan::Check(args) => args.run(),
        Plan::Replan(args) => args.run(),
        Plan::Match(args) => args.run(),
        Plan::Simulate(args) => args.run(),
    }
}
