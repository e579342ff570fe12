//! Where somebody may do something: areas by prefix, and organisations.

use linli_kernel::{AreaCode, Value, actor::OrgId};
use linli_store::Where;

/// The places and organisations that a right reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    everything: bool,
    /// Everything in these areas; none lies in another.
    pub areas: Vec<AreaCode>,
    /// Everything that one of these organisations takes part in.
    pub orgs: Vec<OrgId>,
}

impl Scope {
    /// No limit; only the system itself has it.
    pub const fn everything() -> Self {
        Self { everything: true, areas: Vec::new(), orgs: Vec::new() }
    }

    /// Nothing at all.
    pub const fn nothing() -> Self {
        Self { everything: false, areas: Vec::new(), orgs: Vec::new() }
    }

    pub(super) fn of(
        areas: impl IntoIterator<Item = AreaCode>,
        orgs: impl IntoIterator<Item = OrgId>,
    ) -> Self {
        let mut areas: Vec<AreaCode> = areas.into_iter().collect();
        // In order, an enclosing area stands directly before what it encloses.
        areas.sort();
        areas.dedup_by(|inner, outer| outer.contains(inner));
        let mut orgs: Vec<OrgId> = orgs.into_iter().collect();
        orgs.sort();
        orgs.dedup();
        Self { everything: false, areas, orgs }
    }

    /// Whether nothing can be covered.
    pub fn is_nothing(&self) -> bool {
        !self.everything && self.areas.is_empty() && self.orgs.is_empty()
    }

    /// Whether a thing at `area`, in which `orgs` take part, is covered.
    pub fn covers(&self, area: &AreaCode, orgs: &[OrgId]) -> bool {
        self.everything
            || self.areas.iter().any(|a| a.contains(area))
            || orgs.iter().any(|org| self.orgs.contains(org))
    }

    /// Adds the same rule to a list: `area_column` names the row's area; `org_condition` is true when
    /// one of `{orgs}` takes part, for example
    /// `c.lead IN {orgs} OR EXISTS (SELECT 1 FROM task t WHERE t.case_id = c.id AND t.org IN {orgs})`.
    /// An empty `org_condition` says that no organisation takes part in such rows.
    pub fn filter<'w>(&self, rows: &'w mut Where, area_column: &str, org_condition: &str) -> &'w mut Where {
        if self.everything {
            return rows;
        }
        let mut either = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        for area in &self.areas {
            let (low, high) = area.range();
            either.push(format!("{area_column} >= ? AND {area_column} < ?"));
            values.extend([low.into(), high.into()]);
        }
        if !self.orgs.is_empty() && !org_condition.is_empty() {
            let marks = format!("({})", vec!["?"; self.orgs.len()].join(", "));
            for _ in org_condition.matches("{orgs}") {
                values.extend(self.orgs.iter().map(|&org| Value::from(org)));
            }
            either.push(format!("({})", org_condition.replace("{orgs}", &marks)));
        }
        if either.is_empty() {
            return rows.and("1 = 0", vec![]);
        }
        rows.and(&either.join(" OR "), values)
    }
}
