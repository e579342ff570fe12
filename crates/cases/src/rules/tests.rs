//! The stories of the district's rules, told one by one.

use linli_kernel::{Actor, Error, Role, Timestamp, calendar::Unit};

use super::{
    Audience, Changes, Notice, Scene, Standing, clocks, decide, escalation,
    fixture::{
        DISTRICT, GRID, GRID_AREA, PARKS, ROADS, STREET, WATER, World, area, at, command, live, monday, only,
        person, resolution, someone,
    },
    ratings::{Share, Tally, contact_kept},
    standing, transitions, whistle,
};
use crate::model::{
    Action, Ask, Case, CaseState, ClockKind, Colour, Command, Ending, Extent, FollowUp, Level, Nature,
    NoticeKind, Party, Resolution, ReturnReason, Satisfaction, WhistleLevel,
};

mod asks;
mod ending;
mod life;
mod time;

/// Does `action` in its usual words; the test fails if it is refused.
#[track_caller]
fn go(world: &World, case: &Case, by: &Standing, action: Action, now: Timestamp) -> Case {
    run(world, case, by, &command(action).unwrap(), now)
}

#[track_caller]
fn run(world: &World, case: &Case, by: &Standing, command: &Command, now: Timestamp) -> Case {
    changes(world, case, by, command, now).case
}

#[track_caller]
fn changes(world: &World, case: &Case, by: &Standing, command: &Command, now: Timestamp) -> Changes {
    decide(case, command, by, &world.scene(now)).unwrap()
}

/// The key with which a command is refused.
#[track_caller]
fn refused(world: &World, case: &Case, by: &Standing, command: &Command, now: Timestamp) -> String {
    match decide(case, command, by, &world.scene(now)) {
        Err(Error::Conflict(key) | Error::Forbidden(key)) => key.to_owned(),
        Err(Error::Invalid(fields)) => format!("{}: {}", fields[0].field, fields[0].key),
        other => panic!("not refused: {other:?}"),
    }
}

fn with(n: u128, party: Party) -> Standing {
    Standing { who: someone(n), ..only(party) }
}

fn blow(whistle: WhistleLevel) -> Command {
    Command::Blow { whistle, reason: "多部门".into() }
}

/// A joint whistle that the water company has accepted on Monday at ten.
fn accepted(world: &World) -> Case {
    let case = world.reported(monday());
    let case = go(world, &case, &only(Party::GridWorker), Action::File, monday());
    let case = run(world, &case, &only(Party::Secretary), &blow(WhistleLevel::Joint), monday());
    let dispatch = Command::Dispatch { lead: WATER, assisting: vec![ROADS, ROADS, WATER], note: None };
    let case = run(world, &case, &only(Party::Centre), &dispatch, monday());
    go(world, &case, &only(Party::Lead), Action::Accept, monday())
}

fn resolved(world: &World, now: Timestamp) -> Case {
    let case = go(world, &accepted(world), &only(Party::Lead), Action::Arrive, now);
    run(world, &case, &with(7, Party::Lead), &Command::Resolve(resolution()), now)
}

fn closed(world: &World, now: Timestamp) -> Case {
    let case = go(world, &resolved(world, now), &only(Party::System), Action::StartVerification, now);
    go(world, &case, &only(Party::Centre), Action::Close, now)
}
