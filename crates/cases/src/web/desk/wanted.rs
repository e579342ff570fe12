//! The filter of the case list as the address carries it: it can be kept, sent and saved.

use axum::extract::Query;
use linli_access::Access;
use linli_kernel::{Result, Timestamp, percent};
use linli_web::Ctx;
use serde::Deserialize;

use crate::{
    model::CaseState,
    read::{AskKind, Filter, Sort, UNCATEGORISED},
};

/// Stands for every kind of request.
pub(super) const ANY: &str = "any";

const DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// What was asked for; every field as text, so that a strange address is an empty filter, not an error.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Wanted {
    pub(super) text: String,
    pub(super) state: String,
    pub(super) whistle: String,
    pub(super) source: String,
    pub(super) area: String,
    /// With an area: what is known no more precisely than that.
    pub(super) no_finer: String,
    pub(super) lead: String,
    pub(super) category: String,
    pub(super) ask: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) urgent: String,
    pub(super) overdue: String,
    pub(super) open: String,
    pub(super) ended: String,
    /// Ended on or after this day …
    pub(super) ended_from: String,
    /// … and on or before this one.
    pub(super) ended_to: String,
    /// What a number counted (see `Fact`).
    pub(super) fact: String,
    pub(super) sort: String,
    pub(super) after: String,
    pub(super) done: String,
}

/// The states of a case that is not over.
pub(super) fn open_states() -> Vec<CaseState> {
    CaseState::ALL.iter().copied().filter(|s| !s.is_over()).collect()
}

impl Wanted {
    /// What an address asks for, without its page and what was just done.
    pub(in crate::web) fn of(query: &str) -> Self {
        let address = format!("/?{}", query.trim_start_matches('?'));
        let wanted = address.parse().ok().and_then(|address| Query::try_from_uri(&address).ok());
        wanted
            .map(|Query(wanted)| Self { after: String::new(), done: String::new(), ..wanted })
            .unwrap_or_default()
    }

    /// The narrowing fields with their names.
    pub(super) fn fields(&self) -> [(&'static str, &str); 18] {
        [
            ("text", &self.text),
            ("state", &self.state),
            ("whistle", &self.whistle),
            ("source", &self.source),
            ("area", &self.area),
            ("no_finer", &self.no_finer),
            ("lead", &self.lead),
            ("category", &self.category),
            ("ask", &self.ask),
            ("from", &self.from),
            ("to", &self.to),
            ("urgent", &self.urgent),
            ("overdue", &self.overdue),
            ("open", &self.open),
            ("ended", &self.ended),
            ("ended_from", &self.ended_from),
            ("ended_to", &self.ended_to),
            ("fact", &self.fact),
        ]
    }

    /// The names in an address, if it can be read at all.
    pub(in crate::web) fn parts(query: &str) -> Option<Vec<String>> {
        let address = format!("/?{}", query.trim_start_matches('?')).parse().ok()?;
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&address).ok()?;
        Some(pairs.into_iter().map(|(name, _)| name).collect())
    }

    /// Whether a field of this name narrows or orders the list.
    pub(in crate::web) fn knows(&self, name: &str) -> bool {
        name == "sort" || self.fields().iter().any(|(field, _)| *field == name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields().iter().all(|(_, value)| value.trim().is_empty())
    }

    /// The address without one field; `without` of nothing keeps all.
    pub(in crate::web) fn query(&self, without: &str) -> String {
        let mut parts: Vec<String> = self
            .fields()
            .iter()
            .filter(|(name, value)| *name != without && !value.trim().is_empty())
            .map(|(name, value)| format!("{name}={}", percent(value.trim(), b"")))
            .collect();
        if self.sort == "due" && without != "sort" {
            parts.push("sort=due".to_owned());
        }
        parts.join("&")
    }

    pub(super) fn by_due(&self) -> bool {
        self.sort == "due"
    }

    pub(super) fn sort(&self) -> Sort {
        if self.by_due() { Sort::NextDue } else { Sort::Newest }
    }

    fn states(&self) -> Vec<CaseState> {
        if let Ok(state) = self.state.parse() {
            return vec![state];
        }
        match (self.open.as_str(), self.ended.as_str()) {
            ("", "") => Vec::new(),
            ("", _) => vec![CaseState::Closed, CaseState::Rated],
            _ => open_states(),
        }
    }

    /// The filter; a phone in the search box is found without being readable.
    pub(super) fn filter(&self, ctx: &Ctx, access: &Access) -> Result<Filter> {
        let midnight = |text: &str| text.parse().ok().map(Timestamp::china_midnight);
        // The last day counts to its end.
        let day_after = |text: &str| midnight(text).map(|at| at.plus(DAY));
        let broken_at = match self.overdue.as_str() {
            "" => None,
            "soon" => Some(ctx.now().plus(DAY)),
            _ => Some(ctx.now()),
        };
        let filter = Filter {
            states: self.states(),
            whistle: self.whistle.parse().ok(),
            source: self.source.parse().ok(),
            area: self.area.parse().ok(),
            no_finer: !self.no_finer.is_empty(),
            lead: self.lead.parse().ok(),
            category: Some(self.category.clone())
                .filter(|c| *c == UNCATEGORISED || c.bytes().all(|b| b.is_ascii_digit())),
            asks: match self.ask.as_str() {
                ANY => AskKind::ALL.to_vec(),
                ask => ask.parse().ok().into_iter().collect(),
            },
            from: midnight(&self.from),
            to: day_after(&self.to),
            ended_from: midnight(&self.ended_from),
            ended_to: day_after(&self.ended_to),
            fact: self.fact.parse().ok(),
            urgent: !self.urgent.is_empty(),
            overdue: broken_at,
            ..Filter::default()
        };
        filter.find(access, &self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_the_whole_filter() {
        let wanted = Wanted {
            text: " 垃圾&x=1 ".to_owned(),
            whistle: "joint".to_owned(),
            sort: "due".to_owned(),
            ..Wanted::default()
        };
        assert_eq!(wanted.query(""), "text=%E5%9E%83%E5%9C%BE%26x%3D1&whistle=joint&sort=due");
        assert_eq!(wanted.query("text"), "whistle=joint&sort=due");
        assert_eq!(wanted.query("sort"), "text=%E5%9E%83%E5%9C%BE%26x%3D1&whistle=joint");
        assert!(!wanted.is_empty() && Wanted::default().is_empty());
    }

    #[test]
    fn open_means_whatever_is_not_over() {
        let wanted = Wanted { open: "yes".to_owned(), ..Wanted::default() };
        assert!(wanted.states().iter().all(|s| !s.is_over()) && wanted.states().len() == 10);
        let one = Wanted { state: "filed".to_owned(), ..wanted };
        assert_eq!(one.states(), [CaseState::Filed]);
    }
}
