//! From a posted form to a command. What the rules say about the words is left to the rules.

use std::time::Duration;

use chrono::NaiveDate;
use linli_kernel::{AreaCode, Error, Result, Timestamp, actor::OrgId, error::Check};

use super::forms::Typed;
use crate::model::{
    Action, CaseId, Command, Extent, FollowUp, Outcome, Resolution, Satisfaction, WhistleLevel,
};

const CHOOSE: &str = "desk-error-choose";

fn word<T: std::str::FromStr>(form: &Typed, check: &mut Check, name: &str) -> Option<T> {
    check.parse(name, CHOOSE, form.get(name).trim().parse().ok())
}

fn orgs(form: &Typed, name: &str) -> Vec<OrgId> {
    let mut found = Vec::new();
    for org in form.all(name).iter().filter_map(|text| text.parse().ok()) {
        if !found.contains(&org) {
            found.push(org);
        }
    }
    found
}

/// Nine in the morning of a day: when the desk that reviews it begins to work.
fn morning(form: &Typed, check: &mut Check, name: &str) -> Option<Timestamp> {
    let date: Option<NaiveDate> = check.parse(name, "desk-error-date", form.get(name).trim().parse().ok());
    date.map(|d| Timestamp::china_midnight(d).plus(Duration::from_hours(9)))
}

fn yes_no(form: &Typed, name: &str) -> Option<bool> {
    match form.get(name) {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// The call back as the form of the follow-up page sends it; `contacted` may stay open.
fn follow_up(form: &Typed, check: &mut Check) -> Option<Command> {
    let reached = check.parse("reached", CHOOSE, yes_no(form, "reached"))?;
    let satisfaction: Option<Satisfaction> = form.some("satisfaction").and_then(|w| w.parse().ok());
    let only = |b: Option<bool>| b.filter(|_| reached);
    Some(Command::FollowUp(FollowUp {
        reached,
        contacted: only(yes_no(form, "contacted")),
        solved: only(yes_no(form, "solved")),
        satisfaction: satisfaction.filter(|_| reached),
    }))
}

fn resolution(form: &Typed, check: &mut Check, photos: usize) -> Option<Command> {
    let extent = word::<Extent>(form, check, "extent");
    Some(Command::Resolve(Resolution {
        done: form.get("done").to_owned(),
        done_by: form.get("done_by").to_owned(),
        doer: None,
        extent: extent.unwrap_or(Extent::Explained),
        reply: form.get("reply").to_owned(),
        photos: u32::try_from(photos).unwrap_or(u32::MAX),
    }))
}

/// Reads the command of `action`. `into` is the case that a merge names, already looked up.
pub(super) fn read(action: Action, form: &Typed, photos: usize, into: Option<CaseId>) -> Result<Command> {
    let mut check = Check::new();
    let command = parse(action, form, photos, into, &mut check);
    check.done()?;
    command.ok_or(Error::NotFound)
}

fn parse(
    action: Action,
    form: &Typed,
    photos: usize,
    into: Option<CaseId>,
    check: &mut Check,
) -> Option<Command> {
    let text = |name: &str| form.get(name).to_owned();
    let maybe = |name: &str| form.some(name).map(str::to_owned);
    Some(match action {
        Action::File => Command::File,
        Action::Decline => Command::Decline { reason: word(form, check, "reason")?, note: text("note") },
        Action::Merge => Command::Merge { into: check.parse("into", "desk-error-no-such-case", into)? },
        Action::Locate => Command::Locate {
            area: check.parse("area", "desk-error-area", text("area").parse::<AreaCode>().ok())?,
        },
        Action::Recategorise => Command::Recategorise { category: text("category") },
        Action::BlowJoint => Command::Blow { whistle: WhistleLevel::Joint, reason: text("reason") },
        Action::BlowTough => Command::Blow { whistle: WhistleLevel::Tough, reason: text("reason") },
        Action::Dispatch => Command::Dispatch {
            lead: word(form, check, "lead")?,
            assisting: orgs(form, "assisting"),
            note: maybe("note"),
        },
        Action::AddAssisting => Command::AddAssisting { org: word(form, check, "org")? },
        Action::Accept => Command::Accept,
        Action::Arrive => Command::Arrive { plan: maybe("plan") },
        Action::AssistArrive => Command::AssistArrive { note: maybe("note") },
        Action::Contact => Command::Contact {
            reached: check.parse("reached", CHOOSE, yes_no(form, "reached"))?,
            note: maybe("note"),
        },
        Action::AskReporter => Command::AskReporter { question: text("question") },
        Action::ReporterAnswered => Command::ReporterAnswered { text: maybe("text") },
        Action::RequestReturn => Command::RequestReturn {
            reason: word(form, check, "reason")?,
            to: word(form, check, "to")?,
            note: text("note"),
        },
        Action::ConsentReturn => Command::ConsentReturn,
        Action::DecideReturn => {
            Command::DecideReturn { lead: word(form, check, "lead")?, note: text("note") }
        }
        Action::RequestExtension => Command::RequestExtension {
            days: check.parse("days", "error-extension-days", text("days").trim().parse().ok())?,
            reason: text("reason"),
        },
        Action::DecideExtension => Command::DecideExtension {
            grant: check.parse("grant", CHOOSE, yes_no(form, "grant"))?,
            note: maybe("note"),
        },
        Action::RequestSuspension => {
            Command::RequestSuspension { review: morning(form, check, "review")?, reason: text("reason") }
        }
        Action::RefuseSuspension => Command::RefuseSuspension { note: text("note") },
        Action::Suspend => {
            Command::Suspend { review: morning(form, check, "review")?, reason: text("reason") }
        }
        Action::Resume => Command::Resume { note: maybe("note") },
        Action::Resolve => resolution(form, check, photos)?,
        Action::StartVerification => Command::StartVerification,
        Action::FailVerification => Command::FailVerification { note: text("note") },
        Action::Close => {
            Command::Close { outcome: word::<Outcome>(form, check, "outcome")?, note: maybe("note") }
        }
        Action::FollowUp => follow_up(form, check)?,
        Action::Rate => {
            Command::Rate { satisfaction: word(form, check, "satisfaction")?, comment: maybe("comment") }
        }
        Action::Reopen => Command::Reopen { reason: text("reason") },
        Action::FlagUrgent => Command::FlagUrgent { reason: text("reason") },
        Action::ConfirmUrgent => Command::ConfirmUrgent,
        Action::ClearUrgent => Command::ClearUrgent { reason: text("reason") },
        Action::Supervise => Command::Supervise { note: text("note") },
        Action::HideIdentity => Command::HideIdentity,
        Action::Note => Command::Note { text: text("text") },
        Action::Comment => Command::Comment { text: text("text") },
        // Reporting has its own page and the clocks escalate by themselves.
        Action::Report | Action::Escalate => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in pairs {
            fields.entry((*name).to_owned()).or_default().push((*value).to_owned());
        }
        Typed::new(fields)
    }

    #[test]
    fn every_action_that_a_desk_has_becomes_its_own_command() {
        let id = "0199b0a0-0000-7000-8000-000000000001";
        let form = typed(&[
            ("reason", "x"),
            ("note", "n"),
            ("area", "371002001001001"),
            ("category", "010101"),
            ("lead", id),
            ("org", id),
            ("to", id),
            ("reached", "yes"),
            ("solved", "yes"),
            ("grant", "no"),
            ("satisfaction", "satisfied"),
            ("days", "3"),
            ("review", "2026-12-01"),
            ("outcome", "solved"),
            ("extent", "solved"),
            ("done", "d"),
            ("done_by", "b"),
            ("reply", "r"),
            ("text", "t"),
        ]);
        for action in Action::ALL.iter().copied() {
            let mut pairs: Vec<(&str, &str)> = form.pairs().filter(|(k, _)| *k != "reason").collect();
            pairs.push((
                "reason",
                match action {
                    Action::Decline => "no_content",
                    Action::RequestReturn => "not_our_duty",
                    _ => "because",
                },
            ));
            let got = read(action, &typed(&pairs), 0, id.parse().ok());
            if matches!(action, Action::Report | Action::Escalate) {
                assert!(got.is_err(), "{action}");
            } else {
                assert_eq!(got.unwrap().action(), action);
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_at_its_field() {
        for (action, field) in [
            (Action::Decline, "reason"),
            (Action::Merge, "into"),
            (Action::Dispatch, "lead"),
            (Action::RequestExtension, "days"),
            (Action::Suspend, "review"),
            (Action::Close, "outcome"),
            (Action::FollowUp, "reached"),
        ] {
            let Err(Error::Invalid(fields)) = read(action, &typed(&[]), 0, None) else { panic!("{action}") };
            assert_eq!(fields[0].field, field);
        }
    }

    #[test]
    fn answers_of_somebody_who_was_not_reached_do_not_count() {
        let form = typed(&[("reached", "no"), ("solved", "yes"), ("satisfaction", "satisfied")]);
        let Command::FollowUp(call) = read(Action::FollowUp, &form, 0, None).unwrap() else { panic!() };
        assert_eq!((call.solved, call.satisfaction), (None, None));
    }
}
