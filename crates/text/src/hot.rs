//! Hot issues (热点问题): many people, one place, one problem, one time.
//!
//! Every message becomes a vector of its most telling character runs, the subject line counting
//! more than the body. Rare runs carry it: names of places and things. Two messages are linked when
//! their vectors agree, and agree the more the closer in time. Groups grow by average linkage, so that
//! a chain of small likenesses does not join two problems of the same estate.
//!
//! Heat is a plain sum that people can check: one point for each person who wrote, [`SUPPORT`]
//! times the logarithm of the supporters, less for an issue that has gone quiet.
//!
//! Source: Sneath & Sokal, "Numerical Taxonomy" (1973), UPGMA; weighting as in [`crate::Suggester`].
//! Invariants: every message is in at most one issue; the order of equal heats is fixed; adding a
//! message costs one search and no re-clustering, [`HotIndex::issues`] clusters the kept links.
//! Cost: a search touches the postings of the message's telling runs; 4,326 messages in about a second.

mod linkage;
mod naming;
mod words;

use std::collections::{BTreeMap, BTreeSet};

pub use words::Background;
use words::{area, readable};

use crate::features::{runs, unit};
use crate::hash::Map;

/// Runs that are kept of a message.
const KEPT: usize = 90;
/// Links weaker than this are forgotten.
const FAINT: f32 = 0.04;
/// A group whose best run tells it apart worse than this is a theme, not an issue.
const FOCUS: f32 = 0.65;
/// Likeness of messages that name different areas counts this much.
const ELSEWHERE: f32 = 0.4;
/// Weight of the logarithm of the supporters in the heat.
pub const SUPPORT: f64 = 6.0;

/// The heat of an issue in its three parts: people who wrote, supporters, less for having gone quiet.
///
/// ```
/// let [people, support, quiet] = linli_text::hot::heat(10, 0, 0);
/// assert_eq!((people, support, quiet), (10.0, 0.0, 0.0));
/// assert!(linli_text::hot::heat(10, 3, 200)[2] < 0.0);
/// ```
#[must_use]
pub fn heat(people: u64, supporters: u64, idle_days: u64) -> [f64; 3] {
    let (written, support) = (people as f64, SUPPORT * (supporters as f64).ln_1p());
    [written, support, -0.2 * (written + support) * (1.0 - (-(idle_days as f64) / 365.0).exp())]
}

/// One message as it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HotCase {
    /// Number of the message.
    pub id: String,
    /// Who wrote it; one person writing often counts once.
    pub person: String,
    /// Subject line; may be empty.
    pub title: String,
    /// What was written.
    pub text: String,
    /// When, in days since any fixed day.
    pub day: i64,
    /// People who agreed.
    pub supporters: u32,
    /// People who disagreed.
    pub opponents: u32,
    /// County or area it is about, when known; when empty, it is read from the words.
    pub area: String,
}

/// One issue.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// Place and problem in a few words.
    pub name: String,
    /// The place as people wrote it most often, empty when none was found.
    pub place: String,
    /// Words of the problem.
    pub problem: Vec<String>,
    /// Indices of the messages, in the order they were added.
    pub members: Vec<usize>,
    /// First and last day.
    pub days: (i64, i64),
    /// Different people who wrote.
    pub people: usize,
    /// All supporters of all members.
    pub supporters: u64,
    /// All opponents of all members.
    pub opponents: u64,
    /// The sum of the three parts.
    pub heat: f64,
    /// The parts of the heat: people, support, quiet (negative).
    pub parts: [f64; 3],
    /// The member closest to all others.
    pub centre: usize,
    /// Mean likeness of two members.
    pub cohesion: f32,
    /// How well one piece of text alone tells the members from all other messages.
    pub focus: f32,
}

/// When messages belong together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HotOptions {
    /// Mean likeness that two groups need to become one.
    pub likeness: f32,
    /// Days after which likeness counts half.
    pub half_life: f32,
    /// Fewest people for an issue.
    pub people: usize,
    /// Whether an issue need only stand out among the messages of this index: true where all of them come
    /// from one place already, so that what is common to a town may still be the issue of this place.
    pub one_place: bool,
}

impl Default for HotOptions {
    fn default() -> Self {
        Self { likeness: 0.25, half_life: 240.0, people: 2, one_place: false }
    }
}

/// Messages and the links between them.
#[derive(Debug, Clone, Default)]
pub struct HotIndex {
    background: Background,
    options: Option<HotOptions>,
    cases: Vec<HotCase>,
    vectors: Vec<Vec<(u64, f32)>>,
    postings: Map<u64, Vec<(u32, f32)>>,
    links: Vec<(u32, u32, f32)>,
}

impl HotIndex {
    /// An empty index on what is common.
    #[must_use]
    pub fn new(background: Background, options: HotOptions) -> Self {
        Self { background, options: Some(options), ..Self::default() }
    }

    fn options(&self) -> HotOptions {
        self.options.unwrap_or_default()
    }

    /// The same index that wants this many different people for an issue.
    #[must_use]
    pub fn with_people(mut self, people: usize) -> Self {
        self.options = Some(HotOptions { people, ..self.options() });
        self
    }

    /// All messages, in the order they were added.
    pub fn cases(&self) -> &[HotCase] {
        &self.cases
    }

    fn vector(&self, case: &HotCase) -> Vec<(u64, f32)> {
        let mut counts: Map<u64, f32> = Map::default();
        for (part, times) in [(readable(&case.title), 3.0), (readable(&case.text), 1.0)] {
            runs(&part, 3, |_, length, key| {
                if length > 1 {
                    *counts.entry(key).or_insert(0.0) += times;
                }
            });
        }
        // A run that nobody else wrote cannot link anything.
        let mut row: Vec<(u64, f32)> = counts
            .into_iter()
            .filter(|&(key, _)| self.background.count(key) != 1)
            .map(|(key, n)| (key, (1.0 + n.ln()) * self.background.weight(key)))
            .collect();
        row.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        row.truncate(KEPT);
        let mut unit_row: Vec<(u32, f32)> = row.iter().map(|&(_, v)| (0, v)).collect();
        unit(&mut unit_row);
        for (slot, (_, v)) in row.iter_mut().zip(unit_row) {
            slot.1 = v;
        }
        row
    }

    /// Where the issue is, as far as its members say: `false` when many name areas and no area leads.
    fn one_area(&self, members: &[usize]) -> bool {
        let mut areas: BTreeMap<&str, usize> = BTreeMap::new();
        for &i in members {
            if !self.cases[i].area.is_empty() {
                *areas.entry(&self.cases[i].area).or_insert(0) += 1;
            }
        }
        let told: usize = areas.values().sum();
        let most = areas.values().copied().max().unwrap_or(0);
        told < 4 || most * 10 >= told * 6
    }

    /// Takes one more message in and finds its links; answers its index.
    pub fn add(&mut self, mut case: HotCase) -> usize {
        if case.area.is_empty() {
            case.area = area(&case.title).or_else(|| area(&case.text)).unwrap_or_default();
        }
        let at = u32::try_from(self.cases.len()).unwrap_or(u32::MAX);
        let vector = self.vector(&case);
        let mut sums: Map<u32, f32> = Map::default();
        for &(key, value) in &vector {
            if let Some(list) = self.postings.get(&key) {
                for &(other, theirs) in list {
                    *sums.entry(other).or_insert(0.0) += value * theirs;
                }
            }
        }
        let half_life = self.options().half_life;
        let mut found: Vec<(u32, f32)> = sums
            .into_iter()
            .map(|(other, sum)| {
                let there = &self.cases[other as usize].area;
                let elsewhere = !there.is_empty() && !case.area.is_empty() && *there != case.area;
                let sum = if elsewhere { sum * ELSEWHERE } else { sum };
                let apart = (self.cases[other as usize].day - case.day).unsigned_abs() as f32;
                (other, sum * (-apart / half_life * std::f32::consts::LN_2).exp())
            })
            .filter(|&(_, s)| s >= FAINT)
            .collect();
        found.sort_unstable_by_key(|&(other, _)| other);
        self.links.extend(found.into_iter().map(|(other, s)| (other, at, s)));
        for &(key, value) in &vector {
            self.postings.entry(key).or_default().push((at, value));
        }
        self.vectors.push(vector);
        self.cases.push(case);
        at as usize
    }

    /// Groups of message indices by average linkage of the kept links.
    #[must_use]
    pub fn groups(&self) -> Vec<Vec<usize>> {
        linkage::groups(self.cases.len(), &self.links, self.options().likeness)
    }

    /// The issues, hottest first.
    #[must_use]
    pub fn issues(&self) -> Vec<Issue> {
        let last = self.cases.iter().map(|c| c.day).max().unwrap_or(0);
        let mut issues: Vec<Issue> = self
            .groups()
            .into_iter()
            .filter_map(|members| self.issue(members, last))
            .filter(|issue| {
                issue.people >= self.options().people && issue.focus >= FOCUS && self.one_area(&issue.members)
            })
            .collect();
        issues.sort_by(|a, b| b.heat.total_cmp(&a.heat).then_with(|| a.members.cmp(&b.members)));
        issues
    }

    /// How well one run of characters alone tells the members from all other messages (its F1): near 1 for
    /// the name of an estate, low for a theme of the whole city such as housing loans.
    fn focus(&self, members: &[usize]) -> f32 {
        let mut hits: Map<u64, u32> = Map::default();
        for &i in members {
            for &(key, _) in &self.vectors[i] {
                *hits.entry(key).or_insert(0) += 1;
            }
        }
        hits.iter()
            .map(|(key, &n)| {
                let all = if self.options().one_place {
                    self.postings.get(key).map_or(0, |list| u32::try_from(list.len()).unwrap_or(u32::MAX))
                } else {
                    self.background.count(*key)
                };
                2.0 * n as f32 / (members.len() as f32 + all.max(n) as f32)
            })
            .fold(0.0, f32::max)
    }

    fn issue(&self, members: Vec<usize>, last_day: i64) -> Option<Issue> {
        let of = |i: &usize| &self.cases[*i];
        let people = members.iter().map(|i| of(i).person.as_str()).collect::<BTreeSet<_>>().len();
        let supporters: u64 = members.iter().map(|i| u64::from(of(i).supporters)).sum();
        let opponents: u64 = members.iter().map(|i| u64::from(of(i).opponents)).sum();
        let days = (members.iter().map(|i| of(i).day).min()?, members.iter().map(|i| of(i).day).max()?);
        let mut centroid: Map<u64, f32> = Map::default();
        for &i in &members {
            for &(key, v) in &self.vectors[i] {
                *centroid.entry(key).or_insert(0.0) += v;
            }
        }
        let size = members.len() as f32;
        let square: f32 = centroid.values().map(|v| v * v).sum();
        let cohesion = (square - size) / (size * (size - 1.0)).max(1.0);
        let closeness = |i: usize| self.vectors[i].iter().map(|(key, v)| v * centroid[key]).sum::<f32>();
        let centre =
            members.iter().copied().max_by(|&a, &b| closeness(a).total_cmp(&closeness(b)).then(b.cmp(&a)))?;
        let parts = heat(people as u64, supporters, (last_day - days.1).max(0).unsigned_abs());
        let focus = self.focus(&members);
        let (place, problem) = naming::parts(
            &members.iter().map(|&i| self.cases[i].title.as_str()).collect::<Vec<_>>(),
            &self.cases[centre],
        );
        let name =
            if place.is_empty() { problem.join(" ") } else { format!("{place}：{}", problem.join(" ")) };
        Some(Issue {
            name,
            place,
            problem,
            members,
            days,
            people,
            supporters,
            opponents,
            heat: parts.iter().sum(),
            parts,
            centre,
            cohesion,
            focus,
        })
    }
}
