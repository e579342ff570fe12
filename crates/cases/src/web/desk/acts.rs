//! What can be done with a case now, each as a small form of its own.

use linli_kernel::{Timestamp, actor::OrgId};
use linli_web::{Locale, Problems};

use super::forms::{Choice, Field, Fill, Form, Group, Typed};
use crate::model::{
    Action, Ask, Case, CaseId, CaseState, DeclineReason, Extent, Outcome, ReturnReason, Satisfaction,
    WhistleLevel,
};

/// What comes first on the page, in the order in which a desk does it.
const FIRST: &[Action] = &[
    Action::ConfirmUrgent,
    Action::Accept,
    Action::Arrive,
    Action::Resolve,
    Action::ConsentReturn,
    Action::DecideReturn,
    Action::DecideExtension,
    Action::Close,
    Action::FailVerification,
    Action::StartVerification,
    Action::Resume,
    Action::Dispatch,
];

/// A form that was refused: it is shown again as it was sent.
pub(super) struct Refused<'a> {
    pub(super) action: Action,
    pub(super) typed: &'a Typed,
    pub(super) problems: Problems,
    pub(super) trouble: String,
}

/// What the forms of one case are made of.
pub(super) struct Around<'a> {
    pub(super) locale: &'a Locale,
    pub(super) case: &'a Case,
    pub(super) now: Timestamp,
    pub(super) person: &'a str,
    /// Working days by which the closing clock may be extended.
    pub(super) extension: u32,
    pub(super) photo_required: bool,
    pub(super) orgs: Vec<Group>,
    pub(super) categories: Vec<Group>,
    pub(super) areas: Vec<Group>,
    /// Ready replies for the category and state.
    pub(super) replies: Vec<(String, String)>,
    pub(super) refused: Option<Refused<'a>>,
    pub(super) back: String,
    pub(super) once: String,
}

/// The forms for `allowed`, the first of them open, and the rest.
pub(super) fn forms(around: &Around<'_>, allowed: &[Action]) -> (Vec<Form>, Vec<Form>) {
    // Once somebody has it, giving it to others is the exception, not the next step.
    let waits = matches!(around.case.state, CaseState::Filed | CaseState::Reopened);
    let leads = |a: &Action| FIRST.contains(a) && (*a != Action::Dispatch || waits);
    let mut first: Vec<Form> =
        FIRST.iter().filter(|a| leads(a) && allowed.contains(a)).map(|a| form(around, *a)).collect();
    if let Some(form) = first.first_mut() {
        form.open = true;
        form.shortcut = "d";
        form.tone = "primary";
    }
    let more = allowed.iter().filter(|a| !leads(a)).map(|a| form(around, *a)).collect();
    (first, more)
}

/// The form of one action.
pub(super) fn form(around: &Around<'_>, action: Action) -> Form {
    let refused = around.refused.as_ref().filter(|r| r.action == action);
    let fill = Fill {
        locale: around.locale,
        prefix: format!("act-{action}"),
        typed: refused.map(|r| r.typed),
        problems: refused.map(|r| &r.problems),
    };
    let t = |key: &str| around.locale.t(key);
    let (icon, tone) = look(action);
    let hint_key = format!("desk-act-{action}-hint");
    let hint = Some(t(&hint_key)).filter(|text| *text != hint_key).unwrap_or_default();
    Form {
        id: format!("act-{action}"),
        url: address(around.case.id, action),
        title: t(&format!("desk-act-{action}")),
        hint,
        submit: t(&format!("desk-act-{action}-do")),
        icon,
        tone,
        shortcut: "",
        fields: fields(around, &fill, action),
        open: refused.is_some(),
        trouble: refused.map(|r| r.trouble.clone()).unwrap_or_default(),
        back: around.back.clone(),
        once: format!("{}-{action}", around.once),
    }
}

/// Where the form of `action` is sent.
pub(super) fn address(id: CaseId, action: Action) -> String {
    format!("/desk/cases/{id}/act/{action}")
}

fn look(action: Action) -> (&'static str, &'static str) {
    match action {
        Action::Accept | Action::Resolve | Action::Close => ("check", ""),
        Action::Arrive | Action::AssistArrive => ("walk", ""),
        Action::BlowJoint | Action::BlowTough | Action::Dispatch => ("whistle", ""),
        Action::RequestReturn | Action::Decline | Action::FailVerification => ("return", "danger"),
        Action::Reopen | Action::Resume => ("refresh", ""),
        Action::DecideReturn | Action::DecideExtension | Action::Supervise => ("gavel", ""),
        Action::RequestExtension => ("clock", ""),
        Action::RequestSuspension | Action::Suspend | Action::RefuseSuspension => ("pause", ""),
        Action::Merge => ("merge", ""),
        Action::Contact | Action::FollowUp => ("phone", ""),
        Action::FlagUrgent | Action::ConfirmUrgent | Action::ClearUrgent => ("alert", ""),
        Action::Locate => ("map-pin", ""),
        Action::AddAssisting => ("users", ""),
        Action::AskReporter | Action::Comment => ("send", ""),
        Action::HideIdentity => ("eye", ""),
        _ => ("edit", ""),
    }
}

pub(super) fn words<T: Copy + std::fmt::Display>(locale: &Locale, list: &str, all: &[T]) -> Vec<Choice> {
    all.iter().map(|word| Choice::new(word.to_string(), locale.t(&format!("desk-{list}-{word}")))).collect()
}

fn one_group(choices: Vec<Choice>) -> Vec<Group> {
    vec![Group { label: String::new(), choices }]
}

/// The same list with “please choose” before it.
/// A choice whose words have the key `key`.
pub(super) fn choice(value: &str, locale: &Locale, key: &str) -> Choice {
    Choice::new(value, locale.t(key))
}

/// “Please choose”.
pub(super) fn none(locale: &Locale) -> Group {
    Group { label: String::new(), choices: vec![choice("", locale, "desk-choose")] }
}

fn with_none(locale: &Locale, mut groups: Vec<Group>) -> Vec<Group> {
    groups.insert(0, none(locale));
    groups
}

pub(super) fn yes_no(locale: &Locale, yes: &str, no: &str) -> Vec<Choice> {
    vec![Choice::new("yes", locale.t(yes)), Choice::new("no", locale.t(no))]
}

fn day(at: Timestamp, days: u64) -> String {
    at.plus(std::time::Duration::from_hours(24 * days)).china_date().to_string()
}

/// What is filled in for `action`.
pub(super) fn fields(around: &Around<'_>, fill: &Fill<'_>, action: Action) -> Vec<Field> {
    let locale = around.locale;
    let orgs = || with_none(locale, around.orgs.clone());
    let org = |id: OrgId| id.to_string();
    match action {
        Action::Decline => vec![
            fill.pick(
                "reason",
                "desk-field-decline-reason",
                with_none(locale, one_group(words(locale, "decline", DeclineReason::ALL))),
                "",
            ),
            fill.lines("note", "desk-field-decline-note").hint(locale.t("desk-hint-reporter-sees")),
        ],
        Action::Merge => {
            vec![fill.line("into", "desk-field-into", "").hint(locale.t("desk-hint-into"))]
        }
        Action::Locate => vec![fill.pick(
            "area",
            "desk-field-area",
            with_none(locale, around.areas.clone()),
            around.case.area.as_str(),
        )],
        Action::Recategorise => vec![fill.pick(
            "category",
            "desk-field-category",
            with_none(locale, around.categories.clone()),
            around.case.category.as_deref().unwrap_or_default(),
        )],
        Action::Dispatch => {
            let mut fields = vec![fill.pick("lead", "desk-field-lead", orgs(), &org(around.case.lead))];
            fields.extend(assisting(fill, &orgs(), &around.case.assisting));
            fields.push(fill.maybe_lines("note", "desk-field-note-org").hint(locale.t("desk-hint-internal")));
            fields
        }
        Action::DecideReturn => {
            let named = match &around.case.ask {
                Some(Ask::Return { to, .. }) => org(*to),
                _ => org(around.case.lead),
            };
            vec![
                fill.pick("lead", "desk-field-ruling-lead", orgs(), &named),
                fill.lines("note", "desk-field-ruling-note"),
            ]
        }
        Action::AddAssisting => vec![fill.pick("org", "desk-field-assisting", orgs(), "")],
        Action::RequestReturn => vec![
            fill.pick(
                "reason",
                "desk-field-return-reason",
                with_none(locale, one_group(words(locale, "return", ReturnReason::ALL))),
                "",
            ),
            fill.pick("to", "desk-field-return-to", orgs(), ""),
            fill.lines("note", "desk-field-return-note"),
        ],
        Action::Resolve => resolve(around, fill),
        _ => plain(around, fill, action),
    }
}

/// Three places for organisations that help: enough for the field, and a list each, not free words.
pub(super) fn assisting(fill: &Fill<'_>, orgs: &[Group], before: &[OrgId]) -> Vec<Field> {
    let shown = before.len().max(2) + 1;
    (0..shown.min(6))
        .map(|n| {
            let now = before.get(n).map(ToString::to_string).unwrap_or_default();
            let label = if n == 0 { "desk-field-assisting" } else { "desk-field-assisting-more" };
            fill.pick_nth("assisting", label, orgs.to_vec(), &now, n).optional()
        })
        .collect()
}

fn resolve(around: &Around<'_>, fill: &Fill<'_>) -> Vec<Field> {
    let locale = around.locale;
    vec![
        fill.lines("done", "desk-field-done"),
        fill.line("done_by", "desk-field-done-by", around.person),
        fill.radio("extent", "desk-field-extent", words(locale, "extent", Extent::ALL), ""),
        fill.lines("reply", "desk-field-reply")
            .hint(locale.t("desk-hint-reporter-sees"))
            .ready(around.replies.clone()),
        fill.photos(around.photo_required),
    ]
}

/// Actions with a few words and nothing else.
fn plain(around: &Around<'_>, fill: &Fill<'_>, action: Action) -> Vec<Field> {
    let locale = around.locale;
    let internal = || locale.t("desk-hint-internal");
    let seen = || locale.t("desk-hint-reporter-sees");
    match action {
        Action::BlowJoint | Action::BlowTough | Action::Reopen | Action::FlagUrgent | Action::ClearUrgent => {
            vec![fill.lines("reason", "desk-field-reason")]
        }
        Action::Arrive => {
            let plan = fill.maybe_lines("plan", "desk-field-plan");
            let tough = around.case.whistle == WhistleLevel::Tough;
            vec![if tough { must(plan) } else { plan }]
        }
        Action::AssistArrive | Action::Resume => vec![fill.maybe_lines("note", "desk-field-note")],
        Action::Contact => vec![
            fill.radio(
                "reached",
                "desk-field-reached",
                yes_no(locale, "desk-reached-yes", "desk-reached-no"),
                "",
            ),
            fill.maybe_lines("note", "desk-field-note").hint(internal()),
        ],
        Action::AskReporter => vec![fill.lines("question", "desk-field-question").hint(seen())],
        Action::ReporterAnswered => vec![fill.maybe_lines("text", "desk-field-answer")],
        Action::RequestExtension => vec![
            fill.number("days", "desk-field-days", around.extension, 3),
            fill.lines("reason", "desk-field-reason"),
        ],
        Action::DecideExtension => vec![
            fill.radio("grant", "desk-field-grant", yes_no(locale, "desk-grant-yes", "desk-grant-no"), ""),
            fill.maybe_lines("note", "desk-field-note").hint(internal()),
        ],
        Action::RequestSuspension | Action::Suspend => {
            let before = match (&around.case.ask, action) {
                (Some(Ask::Suspension { review, .. }), Action::Suspend) => review.china_date().to_string(),
                _ => String::new(),
            };
            let mut review =
                fill.date("review", "desk-field-review", day(around.now, 1), day(around.now, 365));
            if review.value.is_empty() {
                review.value = before;
            }
            let reason = fill.lines("reason", "desk-field-reason");
            vec![review, if action == Action::Suspend { reason.hint(seen()) } else { reason }]
        }
        Action::FailVerification | Action::RefuseSuspension | Action::Supervise => {
            vec![fill.lines("note", "desk-field-note-org")]
        }
        Action::Close => vec![
            fill.radio("outcome", "desk-field-outcome", words(locale, "outcome", Outcome::ALL), ""),
            fill.maybe_lines("note", "desk-field-note").hint(internal()),
        ],
        Action::FollowUp => calls(fill),
        Action::Rate => vec![
            fill.radio(
                "satisfaction",
                "desk-field-satisfaction",
                words(locale, "satisfaction", Satisfaction::ALL),
                "",
            ),
            fill.maybe_lines("comment", "desk-field-words"),
        ],
        Action::Note => vec![fill.lines("text", "desk-field-text").hint(internal())],
        Action::Comment => vec![fill.lines("text", "desk-field-text").hint(seen())],
        _ => Vec::new(),
    }
}

fn must(mut field: Field) -> Field {
    field.required = true;
    field
}

/// The four questions of a call back.
pub(super) fn calls(fill: &Fill<'_>) -> Vec<Field> {
    let locale = fill.locale;
    vec![
        fill.radio("reached", "desk-field-call", yes_no(locale, "desk-call-yes", "desk-call-no"), ""),
        fill.radio(
            "contacted",
            "desk-field-contacted",
            yes_no(locale, "desk-contacted-yes", "desk-contacted-no"),
            "",
        )
        .optional(),
        fill.radio("solved", "desk-field-solved", yes_no(locale, "desk-solved-yes", "desk-solved-no"), ""),
        fill.radio(
            "satisfaction",
            "desk-field-satisfaction",
            words(locale, "satisfaction", Satisfaction::ALL),
            "",
        ),
    ]
}
