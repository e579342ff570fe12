//! One case as the ledger holds it, and how it comes from its row.

use std::{collections::HashMap, hash::Hash};

use linli_kernel::{AreaCode, Timestamp, actor::OrgId};

use super::Table;
use crate::{
    model::{CaseId, CaseState, Level, Source, WhistleLevel},
    read::AskKind,
};

/// Values that many cases share, each held once and referred to by number.
#[derive(Debug)]
pub(super) struct Words<T> {
    all: Vec<T>,
    of: HashMap<T, u32>,
}

impl<T> Default for Words<T> {
    fn default() -> Self {
        Self { all: Vec::new(), of: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Words<T> {
    fn number(&mut self, word: &T) -> u32 {
        if let Some(n) = self.of.get(word) {
            return *n;
        }
        let n = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(word.clone());
        self.of.insert(word.clone(), n);
        n
    }

    pub(super) fn find(&self, word: &T) -> Option<u32> {
        self.of.get(word).copied()
    }

    pub(super) fn all(&self) -> &[T] {
        &self.all
    }

    /// For each value by number, whether it holds.
    pub(super) fn mask(&self, holds: impl Fn(&T) -> bool) -> Vec<bool> {
        self.all.iter().map(holds).collect()
    }
}

/// What is true of a case or not, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Mark {
    /// A part of another case.
    Task = 1,
    Urgent = 1 << 1,
    UrgentConfirmed = 1 << 2,
    Reachable = 1 << 3,
    /// The lead was to call by a certain time …
    Contact = 1 << 4,
    /// … and did.
    ContactKept = 1 << 5,
    /// Called back …
    Called = 1 << 6,
    /// … with an answer: …
    Call = 1 << 7,
    /// … solved.
    Solved = 1 << 8,
    /// … satisfied.
    Satisfied = 1 << 9,
}

/// A case in numbers. Areas and others by their number in the [`Table`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fact {
    pub(crate) id: CaseId,
    pub(crate) reported_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) next_due: Option<Timestamp>,
    pub(crate) area: u32,
    pub(crate) lead: u32,
    pub(crate) category: u32,
    pub(super) parties: u32,
    marks: u16,
    pub(crate) state: CaseState,
    pub(crate) source: Source,
    pub(crate) whistle: WhistleLevel,
    pub(crate) level: Level,
    pub(crate) ask: Option<AskKind>,
}

impl Fact {
    pub(crate) const fn is(&self, mark: Mark) -> bool {
        self.marks & mark as u16 != 0
    }

    /// Whether a promise is broken at `now`, or will be by then.
    pub(crate) fn breaks_before(&self, now: Timestamp) -> bool {
        self.next_due.is_some_and(|due| due < now)
    }
}

/// The columns of a [`Line`], for a query over `case_file c` and the other participants `o`.
pub(super) const FACTS: &str = "c.source, c.area, c.state, c.whistle, c.level, c.lead, c.category, c.urgent, c.urgent_confirmed,
    c.reachable, c.ask, c.next_due, c.parent, c.reported_at, c.ended_at, c.contact_kept, c.called_at, c.call_solved, c.call_satisfied,
    o.org_id AS other";

/// A case and one of those who take part beside its lead; all is empty for a case that is gone.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Line {
    pub(super) case_id: CaseId,
    source: Option<Source>,
    area: Option<AreaCode>,
    state: Option<CaseState>,
    whistle: Option<WhistleLevel>,
    level: Option<Level>,
    lead: Option<OrgId>,
    category: Option<String>,
    urgent: Option<bool>,
    urgent_confirmed: Option<bool>,
    reachable: Option<bool>,
    ask: Option<AskKind>,
    next_due: Option<Timestamp>,
    parent: Option<CaseId>,
    reported_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    contact_kept: Option<bool>,
    called_at: Option<Timestamp>,
    call_solved: Option<bool>,
    call_satisfied: Option<bool>,
    other: Option<OrgId>,
}

impl Line {
    fn marks(&self) -> u16 {
        let yes = |flag: Option<bool>| flag == Some(true);
        [
            (Mark::Task, self.parent.is_some()),
            (Mark::Urgent, yes(self.urgent)),
            (Mark::UrgentConfirmed, yes(self.urgent_confirmed)),
            (Mark::Reachable, yes(self.reachable)),
            (Mark::Contact, self.contact_kept.is_some()),
            (Mark::ContactKept, yes(self.contact_kept)),
            (Mark::Called, self.called_at.is_some()),
            (Mark::Call, self.call_solved.is_some()),
            (Mark::Solved, yes(self.call_solved)),
            (Mark::Satisfied, yes(self.call_satisfied)),
        ]
        .into_iter()
        .filter(|(_, holds)| *holds)
        .fold(0, |all, (mark, _)| all | mark as u16)
    }
}

impl Table {
    /// The fact behind lines of one case, one line for each who takes part beside the lead; nothing if it is gone.
    fn fact(&mut self, lines: &[Line]) -> Option<Fact> {
        let first = lines.first()?;
        let lead = self.orgs.number(&first.lead?);
        let mut parties: Vec<u32> =
            lines.iter().filter_map(|line| line.other.as_ref()).map(|org| self.orgs.number(org)).collect();
        parties.push(lead);
        parties.sort_unstable();
        parties.dedup();
        Some(Fact {
            id: first.case_id,
            reported_at: first.reported_at?,
            ended_at: first.ended_at,
            next_due: first.next_due,
            area: self.areas.number(first.area.as_ref()?),
            lead,
            // Without a category: the empty word, as in the figures.
            category: self.categories.number(first.category.as_ref().unwrap_or(&String::new())),
            parties: self.parties.number(&parties),
            marks: first.marks(),
            state: first.state?,
            source: first.source?,
            whistle: first.whistle?,
            level: first.level?,
            ask: first.ask,
        })
    }

    /// Takes in cases as they stand now, in the order of their ids, and leaves out those that are gone.
    pub(super) fn take(&mut self, lines: &[Line]) {
        for lines in lines.chunk_by(|a, b| a.case_id == b.case_id) {
            let Some(id) = lines.first().map(|line| line.case_id) else { continue };
            let fact = self.fact(lines);
            match (self.facts.binary_search_by_key(&id, |fact| fact.id), fact) {
                (Ok(at), Some(fact)) => self.facts[at] = fact,
                (Ok(at), None) => drop(self.facts.remove(at)),
                // Ids grow with time: nearly always the end.
                (Err(at), Some(fact)) => self.facts.insert(at, fact),
                (Err(_), None) => {}
            }
        }
    }
}
