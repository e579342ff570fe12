//! Which cases a list shows: its conditions over the facts, in the order of the list.

use std::cmp::Ordering;

use linli_access::Scope;
use linli_kernel::Cursor;

use super::{Fact, Mark, Table, reach::Reach};
use crate::{
    model::CaseId,
    read::{Fact as Counted, Filter, Sort, UNCATEGORISED},
};

/// A page of a list before its rows are read.
#[derive(Debug, Default)]
pub(crate) struct Picked {
    /// The places in the list, at most as many as were asked for.
    pub(crate) places: Vec<Cursor>,
    /// How many cases the whole list holds.
    pub(crate) all: usize,
}

/// The number of no organisation.
const NOBODY: u32 = u32::MAX;

/// A filter in the table's own numbers. What it says in words, of a person or of a parent is not here: the
/// database answers with candidates.
struct Sieve<'f> {
    filter: &'f Filter,
    reach: Reach,
    area: Option<Vec<bool>>,
    org: Option<Vec<bool>>,
    /// Who leads; [`NOBODY`] where no case has met this organisation yet.
    lead: Option<u32>,
    category: Option<Vec<bool>>,
}

fn holds(mask: Option<&Vec<bool>>, n: u32) -> bool {
    mask.is_none_or(|mask| mask.get(n as usize).copied().unwrap_or_default())
}

fn same<T: PartialEq>(wanted: Option<T>, is: T) -> bool {
    wanted.is_none_or(|wanted| wanted == is)
}

fn any<T: PartialEq>(wanted: &[T], is: &T) -> bool {
    wanted.is_empty() || wanted.contains(is)
}

/// As the sums of the boards count them.
fn counts(fact: &Fact, what: Counted) -> bool {
    !fact.is(Mark::Task)
        && match what {
            Counted::Case => true,
            Counted::Found => fact.source.is_found(),
            Counted::Contact => fact.is(Mark::Contact),
            Counted::ContactKept => fact.is(Mark::ContactKept),
            Counted::Call => fact.is(Mark::Call),
            Counted::Solved => fact.is(Mark::Solved),
            Counted::Satisfied => fact.is(Mark::Satisfied),
        }
}

impl Sieve<'_> {
    fn lets(&self, fact: &Fact) -> bool {
        let f = self.filter;
        any(&f.states, &fact.state)
            && self.reach.covers(fact)
            && holds(self.area.as_ref(), fact.area)
            && self.lead.is_none_or(|lead| lead == fact.lead)
            && holds(self.org.as_ref(), fact.parties)
            && holds(self.category.as_ref(), fact.category)
            && same(f.whistle, fact.whistle)
            && same(f.level, fact.level)
            && same(f.source, fact.source)
            && same(f.reachable, fact.is(Mark::Reachable))
            && same(f.tasks, fact.is(Mark::Task))
            && same(f.called, fact.is(Mark::Called))
            && (!f.urgent || fact.is(Mark::Urgent))
            && (f.asks.is_empty() || fact.ask.is_some_and(|ask| f.asks.contains(&ask)))
            && f.overdue.is_none_or(|at| fact.breaks_before(at))
            && f.from.is_none_or(|from| fact.reported_at >= from)
            && f.to.is_none_or(|to| fact.reported_at < to)
            && f.ended_from.is_none_or(|from| fact.ended_at.is_some_and(|at| at >= from))
            && f.ended_to.is_none_or(|to| fact.ended_at.is_some_and(|at| at < to))
            && f.fact.is_none_or(|what| counts(fact, what))
    }
}

impl Table {
    fn sieve<'f>(&self, scope: &Scope, filter: &'f Filter) -> Sieve<'f> {
        let org = filter.org.map(|org| self.orgs.find(&org));
        let category = filter.category.as_deref().filter(|code| !code.is_empty());
        Sieve {
            filter,
            reach: self.reach(scope),
            area: filter.area.as_ref().map(|wide| {
                self.areas.mask(|area| if filter.no_finer { area == wide } else { wide.contains(area) })
            }),
            org: org.map(|org| self.parties.mask(|set| org.is_some_and(|org| set.contains(&org)))),
            lead: filter.lead.map(|lead| self.orgs.find(&lead).unwrap_or(NOBODY)),
            category: category.map(|wanted| {
                self.categories.mask(|code| match wanted {
                    UNCATEGORISED => code.is_empty(),
                    // Two digits per level: the codes below begin with it.
                    wanted => code.starts_with(wanted),
                })
            }),
        }
    }

    /// The first `most` places of a list after a place of it, and how long the list is; only among `candidates`, if the
    /// database has chosen some.
    pub(crate) fn pick(
        &self,
        scope: &Scope,
        filter: &Filter,
        candidates: Option<&[CaseId]>,
        sort: Sort,
        after: Option<Cursor>,
        most: usize,
    ) -> Picked {
        let sieve = self.sieve(scope, filter);
        let mut list = List { sort, after, most, picked: Picked::default() };
        match candidates {
            Some(ids) => {
                ids.iter()
                    .filter_map(|id| self.find(*id))
                    .filter(|f| sieve.lets(f))
                    .for_each(|f| list.add(f));
            }
            // The newest first: most lists are of the newest, and what comes later is then soon left out.
            None => self.facts.iter().rev().filter(|f| sieve.lets(f)).for_each(|f| list.add(f)),
        }
        list.done()
    }
}

/// The best places so far.
struct List {
    sort: Sort,
    after: Option<Cursor>,
    most: usize,
    picked: Picked,
}

impl List {
    fn order(sort: Sort, a: &Cursor, b: &Cursor) -> Ordering {
        let order = (a.key, a.id).cmp(&(b.key, b.id));
        if sort == Sort::Newest { order.reverse() } else { order }
    }

    fn add(&mut self, fact: &Fact) {
        self.picked.all += 1;
        let key = match self.sort {
            Sort::Newest => Some(fact.reported_at),
            Sort::NextDue => fact.next_due,
        };
        let Some(key) = key else { return };
        let place = Cursor { key: key.millis(), id: fact.id.0 };
        let sort = self.sort;
        if self.after.is_some_and(|after| Self::order(sort, &place, &after).is_le()) {
            return;
        }
        let places = &mut self.picked.places;
        // Cut now and then, so that adding costs the same however long the list is.
        if places.len() >= 2 * self.most + 64 {
            places.select_nth_unstable_by(self.most, |a, b| Self::order(sort, a, b));
            places.truncate(self.most);
        }
        places.push(place);
    }

    fn done(mut self) -> Picked {
        self.picked.places.sort_unstable_by(|a, b| Self::order(self.sort, a, b));
        self.picked.places.truncate(self.most);
        self.picked
    }
}
