//! Rows, clocks and people as the templates of the desks draw them: words, not codes.

use askama::Template;
use linli_access::masking::Masked;
use linli_grid::Atlas;
use linli_kernel::{Timestamp, calendar::Basis};
use linli_web::{Chrome, Ctx, Locale, Markup, markup::escaped};

use super::{forms::piece, room::Room};
use crate::{
    app::{Contact, ReporterView},
    model::{Ask, CaseClock, CaseId, CaseState, ClockKind, Colour, Ending, WhistleLevel},
    read::CaseRow,
    rules,
    settings::Rulebook,
};

/// A clock in words and colour; the page's script goes on counting.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    pub(super) kind: String,
    pub(super) note: String,
    pub(super) day: String,
    due: String,
    amber: String,
    state: &'static str,
    words: String,
}

/// A span as people say it: the two largest units.
pub(super) fn span(locale: &Locale, millis: i64) -> String {
    let minutes = millis.abs() / 60_000;
    let say = |unit: &str, n: i64| locale.t_with(&format!("desk-span-{unit}"), &[("n", n.to_string())]);
    let (d, h, m) = (minutes / 1440, minutes % 1440 / 60, minutes % 60);
    match (d, h, m) {
        (0, 0, 0) => locale.t("desk-span-now"),
        (0, 0, m) => say("m", m),
        (0, h, 0) => say("h", h),
        (0, h, m) => format!("{} {}", say("h", h), say("m", m)),
        (d, 0, _) => say("d", d),
        (d, h, _) => format!("{} {}", say("d", d), say("h", h)),
    }
}

/// How long ago, in one word.
pub(super) fn ago(locale: &Locale, at: Timestamp, now: Timestamp) -> String {
    let minutes = now.millis_since(at).max(0) / 60_000;
    let say = |unit: &str, n: i64| locale.t_with(&format!("desk-ago-{unit}"), &[("n", n.to_string())]);
    match minutes {
        0 => locale.t("desk-ago-now"),
        1..60 => say("min", minutes),
        60..1440 => say("hour", minutes / 60),
        _ => say("day", minutes / 1440),
    }
}

/// The instant at which a running clock turns amber, in its own time.
fn amber_at(clock: &CaseClock, book: &Rulebook, now: Timestamp) -> Timestamp {
    let (used, allowed) = clock.usage(now, &book.calendar);
    let left = allowed * i64::from(book.rules.amber_percent) / 100 - used;
    if left < 0 {
        return now;
    }
    match clock.basis {
        // The limit itself is still green.
        Basis::Working => book.calendar.add(now, left + 1),
        Basis::Wall => Timestamp::from_millis(now.millis() + left + 1),
    }
}

impl Clock {
    pub(super) fn of(clock: &CaseClock, book: &Rulebook, now: Timestamp, locale: &Locale) -> Self {
        let left = clock.due.millis_since(now);
        let (state, words) = match clock.end {
            Some(end) if end.how != Ending::Met => ("paused", locale.t("desk-clock-gone")),
            Some(_) if clock.was_kept() => ("done", locale.t("desk-clock-kept")),
            Some(_) => ("done", locale.t("desk-clock-late")),
            None if clock.paused_since().is_some() => ("paused", locale.t("desk-clock-paused")),
            None => {
                let key = if left < 0 { "desk-over" } else { "desk-left" };
                let colour = match clock.colour(now, &book.calendar, book.rules.amber_percent) {
                    Colour::Green => "green",
                    Colour::Amber => "amber",
                    Colour::Red => "red",
                };
                (colour, locale.t_with(key, &[("t", span(locale, left))]))
            }
        };
        let mut note = locale.t_with("desk-clock-until", &[("at", locale.time(clock.due))]);
        if let Some(extension) = clock.extension {
            note.push_str(" · ");
            note.push_str(&locale.t_with("desk-clock-extended", &[("n", extension.days.to_string())]));
        }
        Self {
            kind: locale.t(&format!("desk-clock-{}", clock.kind)),
            note,
            day: locale.time(clock.due),
            due: clock.due.rfc3339(),
            amber: amber_at(clock, book, now).rfc3339(),
            state,
            words,
        }
    }

    pub(super) fn show(&self) -> Markup {
        Markup::trusted(format!(
            "<time class=\"clock\" datetime=\"{due}\" data-due=\"{due}\" data-amber=\"{}\" data-state=\"{}\">{}</time>",
            self.amber,
            self.state,
            escaped(&self.words),
            due = self.due,
        ))
    }
}

/// The clock that a row shows: the running one that breaks first, else the closing one that waits.
pub(super) fn next_clock(clocks: &[CaseClock]) -> Option<&CaseClock> {
    let running = clocks.iter().filter(|c| c.is_running()).min_by_key(|c| c.due);
    running.or_else(|| clocks.iter().rfind(|c| c.is_live() && c.kind == ClockKind::Close))
}

/// The colour that goes with a state; the word stands in it.
pub(super) fn tone(state: CaseState) -> &'static str {
    match state {
        CaseState::Reported => "info",
        CaseState::Filed | CaseState::Reopened | CaseState::Resolved | CaseState::Verifying => "warn",
        CaseState::Assigned | CaseState::Accepted | CaseState::OnSite => "brand",
        CaseState::Returned => "bad",
        CaseState::Closed | CaseState::Rated => "ok",
        CaseState::Declined | CaseState::Merged | CaseState::Suspended => "",
    }
}

/// A case in a queue or table.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) id: CaseId,
    pub(super) number: String,
    pub(super) external: String,
    pub(super) title: String,
    pub(super) url: String,
    pub(super) state: String,
    pub(super) tone: &'static str,
    pub(super) source: String,
    pub(super) nature: String,
    pub(super) place: String,
    pub(super) lead: String,
    pub(super) time: String,
    pub(super) ago: String,
    pub(super) ended: String,
    pub(super) step: String,
    pub(super) ask: String,
    pub(super) ask_tone: &'static str,
    pub(super) fresh: String,
    pub(super) clock: Option<Clock>,
    pub(super) current: bool,
    whistle: WhistleLevel,
    whistle_word: String,
    urgent: bool,
    confirmed: bool,
}

impl Line {
    pub(super) fn of(ctx: &Ctx, room: &Room, row: &CaseRow) -> Self {
        let locale = &ctx.locale;
        let word = |list: &str, code: &str| locale.t(&format!("desk-{list}-{code}"));
        let next = next_clock(&row.clocks);
        let (ask, ask_tone) = match &row.ask {
            ask if rules::goes_up(ask.as_ref(), row.returns) => (locale.t("desk-ask-return-up"), "bad"),
            Some(Ask::Return { .. }) => (locale.t("desk-ask-return"), "bad"),
            Some(Ask::Extension { .. }) => (locale.t("desk-ask-extension"), "info"),
            Some(Ask::Suspension { .. }) => (locale.t("desk-ask-suspension"), "warn"),
            None => (String::new(), ""),
        };
        let young = room.now.millis_since(row.reported_at) < 30 * 60_000;
        Self {
            id: row.id,
            number: row.number.clone(),
            external: row.external.clone().unwrap_or_default(),
            title: row.title.clone(),
            url: format!("/desk/cases/{}", row.id),
            state: word("state", row.state.as_str()),
            tone: tone(row.state),
            source: word("source", row.source.as_str()),
            nature: word("nature", row.nature.as_str()),
            place: room.atlas.path(&row.area),
            lead: room.atlas.org_name(row.lead).to_owned(),
            time: locale.time(row.reported_at),
            ago: ago(locale, row.reported_at, room.now),
            ended: row
                .ended_at
                .map(|at| locale.t_with("desk-followup-ended", &[("t", ago(locale, at, room.now))]))
                .unwrap_or_default(),
            step: next.map(|c| word("clock", c.kind.as_str())).unwrap_or_default(),
            ask,
            ask_tone,
            fresh: if young && row.state == CaseState::Reported {
                locale.t("desk-new")
            } else {
                String::new()
            },
            clock: next.map(|c| Clock::of(c, &room.book, room.now, locale)),
            current: false,
            whistle: row.whistle,
            whistle_word: word("whistle", row.whistle.as_str()),
            urgent: row.urgent,
            confirmed: row.urgent_confirmed,
        }
    }

    /// The whistle, as mark and word.
    pub(super) fn level(&self) -> Markup {
        let (no, mark) = match self.whistle {
            WhistleLevel::Regular => (1, "一"),
            WhistleLevel::Joint => (2, "二"),
            WhistleLevel::Tough => (3, "三"),
        };
        Markup::trusted(format!(
            "<span class=\"level\" data-level=\"{no}\"><i aria-hidden=\"true\">{mark}</i>{}</span>",
            escaped(&self.whistle_word)
        ))
    }

    /// Whether it cannot wait, and whether a centre agrees.
    pub(super) fn urgency(&self, chrome: &Chrome) -> Markup {
        let (tone, key) = match (self.urgent, self.confirmed) {
            (_, true) => ("solid", "desk-urgent"),
            (true, false) => ("warn", "desk-urgent-said"),
            (false, false) => return Markup::trusted(String::new()),
        };
        Markup::trusted(format!(
            "<span class=\"chip\" data-tone=\"{tone}\">{}</span>",
            escaped(&chrome.t(key))
        ))
    }
}

/// Who reported, as far as this person may see.
#[derive(Debug, Clone)]
pub(super) struct Reporter {
    pub(super) id: CaseId,
    pub(super) name: String,
    pub(super) phone: String,
    pub(super) hidden: bool,
    pub(super) anonymous: bool,
    pub(super) clear: bool,
    pub(super) may_look: bool,
}

#[derive(Template)]
#[template(path = "desk/reporter.html")]
struct ReporterPiece<'a> {
    chrome: &'a Chrome,
    r: &'a Reporter,
}

impl Reporter {
    pub(super) fn of(id: CaseId, view: &ReporterView, clear: Option<&Contact>, may: bool) -> Self {
        let shown = |masked: Option<&str>, full: Option<&String>| {
            full.map(String::as_str).or(masked).unwrap_or_default().to_owned()
        };
        let name = shown(view.name.as_ref().map(Masked::as_str), clear.and_then(|c| c.name.as_ref()));
        let phone = shown(view.phone.as_ref().map(Masked::as_str), clear.and_then(|c| c.phone.as_ref()));
        let known = !name.is_empty() || !phone.is_empty();
        Self {
            id,
            may_look: may && known && clear.is_none() && !view.hidden,
            anonymous: view.anonymous && !known,
            hidden: view.hidden,
            clear: clear.is_some(),
            name,
            phone,
        }
    }

    pub(super) fn show(&self, chrome: &Chrome) -> Markup {
        piece(&ReporterPiece { chrome, r: self })
    }
}

/// A number that opens the list that it counts.
#[derive(Debug, Clone)]
pub(super) struct Stat {
    pub(super) href: String,
    pub(super) tone: &'static str,
    pub(super) value: String,
    pub(super) unit: String,
    pub(super) name: String,
    pub(super) trend: String,
}

impl Stat {
    pub(super) fn count(
        locale: &Locale,
        n: i64,
        key: &str,
        href: impl Into<String>,
        tone: &'static str,
    ) -> Self {
        Self {
            href: href.into(),
            tone: if n > 0 { tone } else { "" },
            value: n.to_string(),
            unit: locale.t("desk-unit-case"),
            name: locale.t(key),
            trend: String::new(),
        }
    }
}

/// The grid worker of a place, with the duty phone on the public board.
pub(super) fn worker(atlas: &Atlas, area: &linli_kernel::AreaCode) -> String {
    atlas.area(area).and_then(|a| a.worker.as_ref()).map_or_else(String::new, |w| {
        w.phone.as_ref().map_or_else(|| w.name.clone(), |phone| format!("{} {phone}", w.name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amber_mark_lies_where_the_colour_turns() {
        let book = Rulebook::shipped().unwrap();
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let started = at("2026-11-23T09:00:00+08:00");
        let clock = CaseClock {
            seq: 0,
            kind: ClockKind::Sign,
            whistle: WhistleLevel::Joint,
            org: "0199b0a0-0000-7000-8000-000000000001".parse().unwrap(),
            started,
            due: at("2026-11-23T10:00:00+08:00"),
            basis: Basis::Working,
            pauses: Vec::new(),
            extension: None,
            end: None,
            escalated: None,
        };
        let mark = amber_at(&clock, &book, at("2026-11-23T09:10:00+08:00"));
        let colour = |at| clock.colour(at, &book.calendar, book.rules.amber_percent);
        assert_eq!(colour(Timestamp::from_millis(mark.millis() - 1)), Colour::Green);
        assert_eq!(colour(mark), Colour::Amber);
        assert_eq!(mark.rfc3339(), "2026-11-23T09:48:00+08:00");
    }
}
