//! Every state × action × party, allowed and forbidden, against a file that people review.
//!
//! After a wanted change of the table: `REVIEW=1 cargo test -p linli-cases matrix`, then read the diff.

use std::fmt::Write as _;

use linli_kernel::Error;

use super::{
    decide,
    fixture::{World, command, monday, only},
    transitions,
};
use crate::model::{Action, CaseState, Party};

const REVIEWED: &str = include_str!("matrix.txt");

/// What really happens, not what the table says.
fn observed() -> String {
    let world = World::new();
    let scene = world.scene(monday());
    let mut text = String::new();
    for action in Action::ALL {
        let Some(command) = command(*action) else { continue };
        writeln!(text, "{action}").unwrap();
        for state in CaseState::ALL {
            let case = world.ready_for(*state, *action);
            let mut target = None;
            let mut parties = Vec::new();
            for party in Party::ALL {
                match decide(&case, &command, &only(*party), &scene) {
                    Ok(changes) => {
                        assert!(target.is_none_or(|t| t == changes.case.state), "one target per pair");
                        target = Some(changes.case.state);
                        parties.push(party.as_str());
                    }
                    Err(
                        Error::Forbidden("case-not-yours" | "case-not-yours-now")
                        | Error::Conflict("case-state"),
                    ) => {}
                    Err(error) => {
                        panic!("{action} in {state} by {party}: the fixture lacks something: {error}")
                    }
                }
            }
            if let Some(target) = target {
                let target = if target == *state { "=".to_owned() } else { format!("→ {target}") };
                writeln!(text, "  {state} {target}: {}", parties.join(" ")).unwrap();
            }
        }
    }
    text
}

#[test]
fn every_pair_is_as_reviewed() {
    let observed = observed();
    if std::env::var_os("REVIEW").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/rules/matrix.txt"), &observed).unwrap();
    }
    for (line, (is, should)) in observed.lines().zip(REVIEWED.lines()).enumerate() {
        assert_eq!(is, should, "line {} of matrix.txt", line + 1);
    }
    assert_eq!(observed.lines().count(), REVIEWED.lines().count());
}

#[test]
fn no_pair_has_two_rows_and_every_action_has_one() {
    for action in Action::ALL {
        let rows: Vec<_> = transitions::TRANSITIONS.iter().filter(|t| t.action == *action).collect();
        assert_eq!(rows.is_empty(), *action == Action::Report, "{action}");
        for state in CaseState::ALL {
            assert!(rows.iter().filter(|r| r.from.contains(state)).count() <= 1, "{action} in {state}");
        }
    }
}

#[test]
fn every_state_is_reached_and_none_but_merged_is_a_trap() {
    for state in CaseState::ALL {
        let reached = transitions::TRANSITIONS.iter().any(|t| t.to == transitions::To::State(*state));
        assert!(reached || *state == CaseState::Reported, "{state}");
        let left =
            transitions::TRANSITIONS.iter().any(|t| t.from.contains(state) && t.to != transitions::To::Same);
        assert_eq!(left, *state != CaseState::Merged, "{state}");
    }
}
