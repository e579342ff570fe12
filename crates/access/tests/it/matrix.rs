//! Role × action × kind of thing, kept as a file that a reviewer reads.
//!
//! `LINLI_UPDATE=1` writes `tests/golden/matrix.txt` anew; the change is then reviewed as a diff.

use std::{fmt::Write, path::Path};

use linli_access::{Policy, Target};
use linli_kernel::{Actor, AreaCode, Error, Role, export::uuid::Uuid};

use crate::{actor, org};

/// Four kinds of things, as seen from a post in street 371002001 for organisation 1.
const THINGS: [(&str, &str, u128); 4] = [
    ("own area, own organisation", "371002001003002", 1),
    ("own area, another organisation", "371002001003002", 2),
    ("elsewhere, own organisation", "371002002001001", 1),
    ("elsewhere, another organisation", "371002002001001", 2),
];

fn decide(policy: &Policy, actor: &Actor, action: &str) -> String {
    let place = |area: &str| -> AreaCode { area.parse().unwrap() };
    THINGS
        .iter()
        .map(|&(_, area, n)| {
            match policy.permits(actor, action, &Target { area: &place(area), orgs: &[org(n)] }) {
                Ok(()) => 'Y',
                Err(Error::Forbidden(_)) => 'f',
                Err(Error::NotFound) => '.',
                Err(Error::Unauthorised) => '?',
                Err(other) => panic!("{other}"),
            }
        })
        .collect()
}

fn matrix() -> String {
    let policy = Policy::built_in().unwrap();
    let mut out =
        String::from("What each role may do from a post in one street. One letter each for a thing in:\n");
    for (name, ..) in THINGS {
        writeln!(out, "  {name}").unwrap();
    }
    out.push_str("Y yes · f forbidden (403) · . not to be seen (404) · ? log-in required (401)\n\n");
    let mut actors: Vec<(String, Actor)> =
        Role::ALL.iter().map(|&role| (role.to_string(), actor("a", 1, &[(role, "371002001", 1)]))).collect();
    let scopes = policy.actions().map(|(action, ..)| action.to_owned()).collect();
    let area = "371002001".parse().unwrap();
    actors
        .push(("client with all".into(), Actor::Client { id: Uuid::nil(), name: "c".into(), scopes, area }));
    actors.push(("no post".into(), actor("a", 1, &[])));
    actors.push(("public".into(), Actor::Public));
    actors.push(("system".into(), Actor::System));
    for (name, actor) in &actors {
        writeln!(out, "{name}").unwrap();
        for (action, ..) in policy.actions() {
            writeln!(out, "  {action:<24} {}", decide(&policy, actor, action)).unwrap();
        }
    }
    out
}

#[test]
fn the_matrix_is_as_reviewed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/matrix.txt");
    let now = matrix();
    if std::env::var_os("LINLI_UPDATE").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap();
    let differing: Vec<_> = now.lines().zip(reviewed.lines()).filter(|(a, b)| a != b).collect();
    assert!(now == reviewed, "LINLI_UPDATE=1 writes it anew; now and reviewed differ: {differing:#?}");
}

/// The separation of the three administrators, read from the table itself.
#[test]
fn the_three_administrators_share_no_power() {
    let policy = Policy::built_in().unwrap();
    let of = |role: Role| -> Vec<&str> {
        policy.actions().map(|(a, ..)| a).filter(|a| policy.reach(role, a).is_some()).collect()
    };
    // What is shared and what was destroyed is looked at by who audits, too.
    assert_eq!(
        of(Role::Auditor),
        ["rhythm.audit", "exchange.read", "privacy.read", "audit.read", "audit.verify"]
    );
    for action in ["role.grant", "account.unlock", "account.reset_factor", "api_key.manage", "session.revoke"]
    {
        let holders: Vec<_> = Role::ALL.iter().filter(|&&r| policy.reach(r, action).is_some()).collect();
        assert_eq!(holders, [&Role::SecurityOfficer], "{action}");
    }
    for action in ["account.create", "account.edit", "account.reset_password", "setting.edit", "area.edit"] {
        let holders: Vec<_> = Role::ALL.iter().filter(|&&r| policy.reach(r, action).is_some()).collect();
        assert_eq!(holders, [&Role::SystemAdmin], "{action}");
    }
    for role in [Role::SystemAdmin, Role::SecurityOfficer, Role::Auditor] {
        assert!(of(role).iter().all(|a| !a.starts_with("case.")), "{role} does not touch cases");
        assert!(policy.duty(role).unwrap().second_factor);
        for other in [Role::SystemAdmin, Role::SecurityOfficer, Role::Auditor] {
            assert_eq!(policy.conflict(&[role, other]).is_some(), role != other);
        }
        assert_eq!(policy.conflict(&[role, Role::GridWorker]), None);
    }
}

#[test]
fn a_word_that_no_row_has_is_our_own_fault() {
    let policy = Policy::built_in().unwrap();
    let area = "371002".parse().unwrap();
    assert!(matches!(
        policy.permits(&Actor::System, "case.fly", &Target::at(&area)),
        Err(Error::Internal(_))
    ));
    assert!(matches!(policy.require_somewhere(&Actor::Public, "case.list"), Err(Error::Unauthorised)));
}

/// Nobody does anything to a case that they could not open.
#[test]
fn who_acts_on_a_case_may_read_it() {
    let policy = Policy::built_in().unwrap();
    for &role in Role::ALL {
        let actor = actor("a", 1, &[(role, "371002001", 1)]);
        for (action, ..) in policy.actions().filter(|(a, ..)| a.starts_with("case.") && *a != "case.report") {
            let acts = decide(&policy, &actor, action);
            let reads = decide(&policy, &actor, "case.read");
            let blind = acts.chars().zip(reads.chars()).any(|(acts, reads)| acts == 'Y' && reads != 'Y');
            assert!(!blind, "{role} {action}: acts {acts}, reads {reads}");
            let lists = decide(&policy, &actor, "case.list");
            assert_eq!(lists, reads, "{role} lists what it reads");
        }
    }
}
