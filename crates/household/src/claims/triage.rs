//! What an entry is and what stands against it: decided from what is known, no I/O.

use super::{ClaimKind, Conflict};

/// Somebody of the register, or of an entry, as far as it takes to tell them from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// 姓名
    pub(super) name: String,
    /// The keyed hash of the identity number.
    pub(super) id_hash: Option<Vec<u8>>,
}

impl Known {
    /// The same number is the same person; the same name in the same home too, unless numbers say otherwise.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (&self.id_hash, &other.id_hash) {
            (Some(one), Some(two)) => one == two,
            _ => self.name == other.name,
        }
    }
}

/// What is known when an entry is looked at.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Nothing has changed, they say.
    pub(super) same: bool,
    /// Who lives there, says the register.
    pub(super) living: Vec<Known>,
    /// Who lives there, says the entry.
    pub(super) named: Vec<Known>,
    /// It was filled over what is known, by somebody of the household.
    pub(super) own: bool,
    /// Somebody in it is registered in another home.
    pub(super) elsewhere: bool,
    /// Another home's waiting entry has the same number.
    pub(super) twice: bool,
    /// Somebody else's entry waits for the same home.
    pub(super) rival: bool,
}

/// What it is.
pub(super) fn kind(facts: &Facts) -> ClaimKind {
    match facts {
        Facts { same: true, .. } => ClaimKind::Same,
        Facts { living, .. } if living.is_empty() => ClaimKind::New,
        _ => ClaimKind::Changed,
    }
}

/// What stands against taking it as it is.
pub(super) fn conflicts(facts: &Facts) -> Vec<Conflict> {
    let known = facts.living.iter().any(|one| facts.named.iter().any(|other| one.is(other)));
    let stranger = !facts.same && !facts.own && !facts.living.is_empty() && !known;
    [
        (Conflict::Rival, facts.rival),
        (Conflict::Elsewhere, facts.elsewhere),
        (Conflict::Twice, facts.twice),
        (Conflict::Stranger, stranger),
    ]
    .into_iter()
    .filter(|(_, is)| *is)
    .map(|(conflict, _)| conflict)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(name: &str, id: u8) -> Known {
        Known { name: name.into(), id_hash: (id > 0).then(|| vec![id]) }
    }

    #[test]
    fn kinds_and_conflicts() {
        let wang = || vec![who("王小明", 1)];
        for (facts, is, against) in [
            (Facts { named: wang(), ..Facts::default() }, ClaimKind::New, vec![]),
            (Facts { named: wang(), living: wang(), ..Facts::default() }, ClaimKind::Changed, vec![]),
            // The same name without a number is the same person in the same home; with another number it is not.
            (
                Facts { named: vec![who("王小明", 0)], living: wang(), ..Facts::default() },
                ClaimKind::Changed,
                vec![],
            ),
            (
                Facts { named: vec![who("王小明", 2)], living: wang(), ..Facts::default() },
                ClaimKind::Changed,
                vec![Conflict::Stranger],
            ),
            (
                Facts { named: vec![who("李丽", 2)], living: wang(), own: true, ..Facts::default() },
                ClaimKind::Changed,
                vec![],
            ),
            (Facts { same: true, living: wang(), ..Facts::default() }, ClaimKind::Same, vec![]),
            (
                Facts { named: wang(), elsewhere: true, twice: true, rival: true, ..Facts::default() },
                ClaimKind::New,
                vec![Conflict::Rival, Conflict::Elsewhere, Conflict::Twice],
            ),
        ] {
            assert_eq!((kind(&facts), conflicts(&facts)), (is, against), "{facts:?}");
        }
    }
}
