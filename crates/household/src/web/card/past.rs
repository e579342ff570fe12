//! What happened in a home, as one would say it.

use linli_web::Locale;

use super::super::{day, word};
use crate::read::{Card, Event, EventKind};

fn said(l: &Locale, event: &Event) -> String {
    let name = event.name.clone().unwrap_or_default();
    match &event.kind {
        EventKind::MovedIn => l.t_with("household-event-in", &[("name", name)]),
        EventKind::Confirmed => l.t("household-event-confirmed"),
        EventKind::MovedOut { reason, destination } => {
            let reason = word(l, "leaving", reason.as_str());
            let to = destination.as_deref().map(|d| format!(" → {d}")).unwrap_or_default();
            l.t_with("household-event-out", &[("name", name), ("reason", reason), ("to", to)])
        }
        EventKind::Corrected { fields } => {
            let names: Vec<String> = fields.iter().map(|f| word(l, "field", f.as_str())).collect();
            let fields = names.join(&l.t("household-event-and"));
            let key =
                if name.is_empty() { "household-event-corrected" } else { "household-event-corrected-of" };
            l.t_with(key, &[("name", name), ("fields", fields)])
        }
        EventKind::Renamed { house, from, to } => {
            let what = l.t(if *house { "household-event-house-named" } else { "household-event-door-named" });
            let (from, to) = (from.as_deref().unwrap_or_default(), to.as_deref().unwrap_or_default());
            if to.is_empty() { what } else { format!("{what} {from} → {to}") }
        }
        EventKind::Closed { house, closed } => l.t(match (*house, *closed) {
            (true, true) => "household-event-house-closed",
            (true, false) => "household-event-house-opened",
            (false, true) => "household-event-door-closed",
            (false, false) => "household-event-door-opened",
        }),
    }
}

/// When and what, and by whom where that is known.
pub(super) fn happened(l: &Locale, card: &Card) -> Vec<(String, String)> {
    let line = |event: &Event| {
        let by = event.by.as_deref().map(|by| format!(" · {by}")).unwrap_or_default();
        (day(event.at), format!("{}{by}", said(l, event)))
    };
    card.timeline.iter().map(line).collect()
}
