//! From JSON to a command: which fields each action takes, read with an error at each wrong one. The
//! same table writes the description of the interface.

use std::str::FromStr;

use linli_kernel::{Error, FieldError, Result, actor::OrgId, error::Check};
use serde_json::{Map, Value, json};

use crate::model::{
    Action, Command, DeclineReason, Extent, FollowUp, Outcome, Resolution, ReturnReason, Satisfaction,
    WhistleLevel,
};

/// What a field holds.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    /// A UUID.
    Id,
    /// Several UUIDs.
    Ids,
    Area,
    Number,
    Flag,
    Time,
    Word(fn() -> Vec<&'static str>),
}

/// A field of an action: name, content, must it be there.
type Field = (&'static str, Kind, bool);

macro_rules! words {
    ($list:ty) => {
        Kind::Word(|| <$list>::ALL.iter().map(|word| word.as_str()).collect())
    };
}

const NOTE: Field = ("note", Kind::Text, true);
const MAY_NOTE: Field = ("note", Kind::Text, false);
const REASON: Field = ("reason", Kind::Text, true);

/// The fields that an action takes; nothing for those that only happen.
fn fields(action: Action) -> Option<&'static [Field]> {
    use Action as A;
    Some(match action {
        A::Report | A::Escalate => return None,
        A::File
        | A::Accept
        | A::ConsentReturn
        | A::StartVerification
        | A::ConfirmUrgent
        | A::HideIdentity => &[],
        A::Decline => &[("reason", words!(DeclineReason), true), NOTE],
        A::Merge => &[("into", Kind::Id, true)],
        A::Locate => &[("area", Kind::Area, true)],
        A::Recategorise => &[("category", Kind::Text, true)],
        A::BlowJoint | A::BlowTough | A::Reopen | A::FlagUrgent | A::ClearUrgent => &[REASON],
        A::Dispatch => &[("lead", Kind::Id, true), ("assisting", Kind::Ids, false), MAY_NOTE],
        A::AddAssisting => &[("org", Kind::Id, true)],
        A::Arrive => &[("plan", Kind::Text, false)],
        A::AssistArrive | A::Resume => &[MAY_NOTE],
        A::Contact => &[("reached", Kind::Flag, true), MAY_NOTE],
        A::AskReporter => &[("question", Kind::Text, true)],
        A::ReporterAnswered => &[("text", Kind::Text, false)],
        A::RequestReturn => &[("reason", words!(ReturnReason), true), ("to", Kind::Id, true), NOTE],
        A::DecideReturn => &[("lead", Kind::Id, true), NOTE],
        A::RequestExtension => &[("days", Kind::Number, true), REASON],
        A::DecideExtension => &[("grant", Kind::Flag, true), MAY_NOTE],
        A::RequestSuspension | A::Suspend => &[("review", Kind::Time, true), REASON],
        A::RefuseSuspension | A::FailVerification | A::Supervise => &[NOTE],
        A::Resolve => &[
            ("done", Kind::Text, true),
            ("done_by", Kind::Text, true),
            ("extent", words!(Extent), true),
            ("reply", Kind::Text, true),
        ],
        A::Close => &[("outcome", words!(Outcome), true), MAY_NOTE],
        A::FollowUp => &[
            ("reached", Kind::Flag, true),
            ("contacted", Kind::Flag, false),
            ("solved", Kind::Flag, false),
            ("satisfaction", words!(Satisfaction), false),
        ],
        A::Rate => &[("satisfaction", words!(Satisfaction), true), ("comment", Kind::Text, false)],
        A::Note | A::Comment => &[("text", Kind::Text, true)],
    })
}

struct Body<'a> {
    values: &'a Map<String, Value>,
    check: Check,
}

impl Body<'_> {
    fn may<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let text = match self.values.get(name)? {
            Value::Null => return None,
            Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        };
        if text.is_empty() {
            return None;
        }
        self.check.parse(name, "case-value-bad", text.parse().ok())
    }

    fn must<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let given = self.values.get(name).is_some_and(|v| !v.is_null() && v.as_str() != Some(""));
        self.check.require(given, name, "error-required");
        self.may(name)
    }

    fn text(&mut self, name: &str) -> Option<String> {
        self.must(name)
    }

    fn orgs(&mut self, name: &str) -> Vec<OrgId> {
        match self.values.get(name) {
            None | Some(Value::Null) => Vec::new(),
            Some(given) => {
                let parsed = serde_json::from_value(given.clone()).ok();
                self.check.parse(name, "case-value-bad", parsed).unwrap_or_default()
            }
        }
    }
}

/// Reads the command of `action`.
pub(super) fn parse(action: Action, values: &Map<String, Value>) -> Result<Command> {
    let known = fields(action).ok_or(Error::NotFound)?;
    let mut body = Body { values, check: Check::new() };
    // A misspelt field must not be lost without a word.
    for name in values.keys().filter(|name| !known.iter().any(|(field, ..)| field == name)) {
        body.check.push(FieldError::new(name, "case-value-bad"));
    }
    let command = read(action, &mut body);
    body.check.done()?;
    command.ok_or_else(|| Error::internal(format!("the fields of {action} were not read")))
}

fn read(action: Action, body: &mut Body<'_>) -> Option<Command> {
    use Action as A;
    Some(match action {
        A::Report | A::Escalate => return None,
        A::File => Command::File,
        A::Accept => Command::Accept,
        A::ConsentReturn => Command::ConsentReturn,
        A::StartVerification => Command::StartVerification,
        A::ConfirmUrgent => Command::ConfirmUrgent,
        A::HideIdentity => Command::HideIdentity,
        A::Decline => {
            let (reason, note) = (body.must("reason"), body.text("note"));
            Command::Decline { reason: reason?, note: note? }
        }
        A::Merge => Command::Merge { into: body.must("into")? },
        A::Locate => Command::Locate { area: body.must("area")? },
        A::Recategorise => Command::Recategorise { category: body.text("category")? },
        A::BlowJoint => Command::Blow { whistle: WhistleLevel::Joint, reason: body.text("reason")? },
        A::BlowTough => Command::Blow { whistle: WhistleLevel::Tough, reason: body.text("reason")? },
        A::Reopen => Command::Reopen { reason: body.text("reason")? },
        A::FlagUrgent => Command::FlagUrgent { reason: body.text("reason")? },
        A::ClearUrgent => Command::ClearUrgent { reason: body.text("reason")? },
        A::Dispatch => {
            let (lead, assisting, note) = (body.must("lead"), body.orgs("assisting"), body.may("note"));
            Command::Dispatch { lead: lead?, assisting, note }
        }
        A::AddAssisting => Command::AddAssisting { org: body.must("org")? },
        A::Arrive => Command::Arrive { plan: body.may("plan") },
        A::AssistArrive => Command::AssistArrive { note: body.may("note") },
        A::Resume => Command::Resume { note: body.may("note") },
        A::Contact => {
            let note = body.may("note");
            Command::Contact { reached: body.must("reached")?, note }
        }
        A::AskReporter => Command::AskReporter { question: body.text("question")? },
        A::ReporterAnswered => Command::ReporterAnswered { text: body.may("text") },
        A::RequestReturn => {
            let (reason, to, note) = (body.must("reason"), body.must("to"), body.text("note"));
            Command::RequestReturn { reason: reason?, to: to?, note: note? }
        }
        A::DecideReturn => {
            let (lead, note) = (body.must("lead"), body.text("note"));
            Command::DecideReturn { lead: lead?, note: note? }
        }
        A::RequestExtension => {
            let (days, reason) = (body.must("days"), body.text("reason"));
            Command::RequestExtension { days: days?, reason: reason? }
        }
        A::DecideExtension => {
            let note = body.may("note");
            Command::DecideExtension { grant: body.must("grant")?, note }
        }
        A::RequestSuspension => {
            let (review, reason) = (body.must("review"), body.text("reason"));
            Command::RequestSuspension { review: review?, reason: reason? }
        }
        A::Suspend => {
            let (review, reason) = (body.must("review"), body.text("reason"));
            Command::Suspend { review: review?, reason: reason? }
        }
        A::RefuseSuspension => Command::RefuseSuspension { note: body.text("note")? },
        A::FailVerification => Command::FailVerification { note: body.text("note")? },
        A::Supervise => Command::Supervise { note: body.text("note")? },
        A::Resolve => return resolution(body),
        A::Close => {
            let note = body.may("note");
            Command::Close { outcome: body.must("outcome")?, note }
        }
        A::FollowUp => {
            let (contacted, solved) = (body.may("contacted"), body.may("solved"));
            let satisfaction = body.may("satisfaction");
            Command::FollowUp(FollowUp { reached: body.must("reached")?, contacted, solved, satisfaction })
        }
        A::Rate => {
            let comment = body.may("comment");
            Command::Rate { satisfaction: body.must("satisfaction")?, comment }
        }
        A::Note => Command::Note { text: body.text("text")? },
        A::Comment => Command::Comment { text: body.text("text")? },
    })
}

fn resolution(body: &mut Body<'_>) -> Option<Command> {
    let (done, done_by) = (body.text("done"), body.text("done_by"));
    let (extent, reply) = (body.must("extent"), body.text("reply"));
    Some(Command::Resolve(Resolution {
        done: done?,
        done_by: done_by?,
        doer: None,
        extent: extent?,
        reply: reply?,
        // Counted when it is done: what was uploaded before.
        photos: 0,
    }))
}

fn schema_of(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Id => json!({ "type": "string", "format": "uuid" }),
        Kind::Ids => json!({ "type": "array", "items": { "type": "string", "format": "uuid" } }),
        Kind::Area => json!({ "type": "string", "pattern": "^([0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})$" }),
        Kind::Number => json!({ "type": "integer", "minimum": 1 }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Time => json!({ "type": "string", "format": "date-time" }),
        Kind::Word(list) => json!({ "type": "string", "enum": list() }),
    }
}

/// Every action with the schema of its body.
pub(super) fn schemas() -> impl Iterator<Item = (Action, Value)> {
    Action::ALL.iter().filter_map(|&action| {
        let fields = fields(action)?;
        let properties: Map<String, Value> =
            fields.iter().map(|(name, kind, _)| ((*name).to_owned(), schema_of(*kind))).collect();
        let required: Vec<&str> = fields.iter().filter(|f| f.2).map(|f| f.0).collect();
        Some((
            action,
            json!({
                "type": "object", "title": action, "properties": properties, "required": required,
                "additionalProperties": false,
            }),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(kind: Kind) -> Value {
        match kind {
            Kind::Text => json!("文字"),
            Kind::Id => json!("00000000-0000-0000-0000-000000000001"),
            Kind::Ids => json!(["00000000-0000-0000-0000-000000000001"]),
            Kind::Area => json!("371002001"),
            Kind::Number => json!(3),
            Kind::Flag => json!(true),
            Kind::Time => json!("2027-01-04T09:00:00+08:00"),
            Kind::Word(list) => json!(list()[0]),
        }
    }

    #[test]
    fn every_action_reads_the_fields_that_it_describes() {
        for &action in Action::ALL {
            let Some(fields) = fields(action) else { continue };
            let full: Map<String, Value> =
                fields.iter().map(|(name, kind, _)| ((*name).to_owned(), sample(*kind))).collect();
            assert_eq!(parse(action, &full).unwrap().action(), action);
            for (name, _, required) in fields {
                let mut less = full.clone();
                less.remove(*name);
                let read = parse(action, &less);
                assert_eq!(read.is_err(), *required, "{action} without {name}: {read:?}");
            }
            let mut more = full.clone();
            more.insert("misspelt".into(), json!(1));
            let Err(Error::Invalid(wrong)) = parse(action, &more) else { panic!("{action}") };
            assert_eq!(wrong[0].field, "misspelt");
        }
    }

    #[test]
    fn all_wrong_fields_are_named_at_once() {
        let body = json!({ "reason": "weather", "to": "nobody" });
        let Err(Error::Invalid(wrong)) = parse(Action::RequestReturn, body.as_object().unwrap()) else {
            panic!("accepted")
        };
        assert_eq!(wrong.iter().map(|f| f.field.as_str()).collect::<Vec<_>>(), ["reason", "to", "note"]);
        assert!(matches!(parse(Action::Escalate, &Map::new()), Err(Error::NotFound)));
    }
}
