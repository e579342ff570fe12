//! A form as lines for a template: what nests opens and closes.

use linli_forms::{
    FaultKind, Kind,
    render::{Item, Question},
};
use linli_web::Locale;

/// A line of the page.
pub(super) enum Line {
    /// A frame opens, with its heading.
    Open {
        /// The heading; empty when there is none.
        label: String,
        /// The field name of an instance that may be taken out.
        remove: Option<String>,
    },
    /// A frame closes.
    Close,
    /// How many instances a repeat has, and whether one may be added.
    Count {
        /// The repeat's field name.
        field: String,
        /// The number.
        count: usize,
        /// What is added; none when the number is given.
        add: Option<String>,
    },
    /// A question or a note.
    Field(Box<Field>),
}

/// A question for the template.
pub(super) struct Field {
    pub(super) id: String,
    pub(super) shape: &'static str,
    pub(super) input: &'static str,
    pub(super) mode: &'static str,
    pub(super) error: Option<String>,
    pub(super) photo: Option<String>,
    pub(super) q: Question,
}

/// The lines of a page. `photo` finds the kept photo of a field.
pub(super) fn lines(items: &[Item], locale: &Locale, photo: &dyn Fn(&str) -> Option<String>) -> Vec<Line> {
    let mut lines = Vec::new();
    collect(items, locale, photo, &mut lines);
    lines
}

fn collect(items: &[Item], locale: &Locale, photo: &dyn Fn(&str) -> Option<String>, lines: &mut Vec<Line>) {
    for item in items {
        match item {
            Item::Group(group) => {
                lines.push(Line::Open { label: group.label.clone(), remove: None });
                collect(&group.items, locale, photo, lines);
                lines.push(Line::Close);
            }
            Item::Repeat(repeat) => {
                for (n, one) in repeat.instances.iter().enumerate() {
                    let remove = repeat.open.then(|| one.field.clone());
                    let label = format!("{} {}", repeat.label, n + 1).trim().to_owned();
                    lines.push(Line::Open { label, remove });
                    collect(&one.items, locale, photo, lines);
                    lines.push(Line::Close);
                }
                let add = repeat.open.then(|| locale.t_with("survey-add", &[("what", repeat.label.clone())]));
                lines.push(Line::Count { field: repeat.field.clone(), count: repeat.instances.len(), add });
            }
            Item::Question(q) => lines.push(Line::Field(Box::new(field(q, locale, photo)))),
        }
    }
}

fn field(q: &Question, locale: &Locale, photo: &dyn Fn(&str) -> Option<String>) -> Field {
    let (shape, input, mode) = match q.kind {
        Kind::Note => ("note", "", ""),
        Kind::SelectOne if q.choices.len() > 12 || q.appearance.contains("minimal") => ("menu", "", ""),
        Kind::SelectOne => ("choices", "radio", ""),
        Kind::SelectMultiple => ("choices", "checkbox", ""),
        Kind::Acknowledge => ("tick", "", ""),
        Kind::Image => ("photo", "", ""),
        Kind::Integer => ("line", "text", "numeric"),
        Kind::Decimal => ("line", "text", "decimal"),
        Kind::Date => ("line", "date", ""),
        Kind::Time => ("line", "time", ""),
        Kind::DateTime => ("line", "datetime-local", ""),
        _ if q.rows > 1 => ("area", "", ""),
        _ => ("line", "text", ""),
    };
    let mut q = q.clone();
    // Browsers want instants and hours without seconds and zone.
    match q.kind {
        Kind::DateTime => q.value = q.value.chars().take("2026-11-27T08:30".len()).collect(),
        Kind::Time => q.value = q.value.chars().take("08:30".len()).collect(),
        _ => {}
    }
    let error = q.fault.as_ref().map(|(kind, message)| sentence(*kind, message, q.kind, locale));
    Field {
        id: format!("q-{}", q.field.replace('/', "-")),
        shape,
        input,
        mode,
        error,
        photo: photo(&q.field),
        q,
    }
}

/// What is wrong, in the author's words if there are any.
pub(super) fn sentence(kind: FaultKind, message: &str, of: Kind, locale: &Locale) -> String {
    if !message.is_empty() && kind != FaultKind::Type {
        return message.to_owned();
    }
    let key = match (kind, of) {
        (FaultKind::Required, _) => "survey-fault-required",
        (FaultKind::Choice, _) => "survey-fault-choice",
        (FaultKind::Constraint, _) => "survey-fault-constraint",
        (FaultKind::Type, Kind::Integer) => "survey-fault-integer",
        (FaultKind::Type, Kind::Decimal) => "survey-fault-decimal",
        (FaultKind::Type, Kind::Geopoint) => "survey-fault-place",
        (FaultKind::Type, Kind::Image) => "survey-fault-photo",
        (FaultKind::Type, _) => "survey-fault-type",
    };
    locale.t(key)
}
