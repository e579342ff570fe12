//! Likely repeats of a case (重复件识别): same problem, same or neighbouring place, near in time.
//!
//! Among a million cases the text alone neither is fast nor right: "the lamp is broken" is true all
//! over town. So a new case is compared only with those that share a *block*: its place, the cells
//! of 250 m around its point, its grid, or — when nobody knows where it is — its rarest words; always
//! within the time window. What is left is ranked by the likeness of the texts (character runs of
//! one and two, weighted by rarity, quantised to three bytes each) times nearness in place and time.
//!
//! Source: blocking — Christen, "A survey of indexing techniques for scalable record linkage"
//! (IEEE TKDE 2012). Quantised sparse signatures are our own.
//! Invariants: a removed case is never answered; an index read back from bytes answers the same;
//! scores are between 0 and 1. Cost: insertion reads the text once; a question compares at most
//! [`RepeatOptions::most`] cases; about 200 bytes per case.

use crate::features::{inverse_frequency, runs};
use crate::hash::{Map, chars as hash_chars, combine, mix};
use crate::normalise::fold_features;

mod blocks;
mod snapshot;
mod words;

use blocks::Blocks;

/// Runs that are kept of a case.
const KEPT: usize = 40;
/// Characters that are read.
const READ: usize = 400;
/// Rarest runs by which a case without a place is found.
const RAREST: usize = 4;
/// Side of a cell in metres.
const CELL: f64 = 250.0;
/// Days in a period, the grain of the time blocks.
const PERIOD: i32 = 32;
const BUCKETS: usize = 1 << 16;

/// A case as the index sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RepeatCase<'a> {
    /// What was written, subject line and body.
    pub text: &'a str,
    /// Place names in the text: where it is says nothing of what it is, so they are left out.
    pub names: &'a [&'a str],
    /// Number of the place in the gazetteer.
    pub place: Option<u32>,
    /// Where it is, in metres east and north of any fixed point of the district.
    pub point: Option<(f64, f64)>,
    /// Grid.
    pub grid: Option<u32>,
    /// Day it was reported, counted from any fixed day.
    pub day: i32,
}

/// A likely repeat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The case, by the number it was inserted with.
    pub id: u64,
    /// Likeness of everything together, 0 to 1.
    pub score: f32,
    /// Likeness of the texts alone.
    pub text: f32,
    /// Whether it is the very same place.
    pub same_place: bool,
    /// Days between the two.
    pub days_apart: u32,
}

/// What counts as near.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RepeatOptions {
    /// Cases further apart in days are not compared.
    pub window: i32,
    /// Days after which nearness in time counts half.
    pub half_life: f32,
    /// Most cases that one question compares.
    pub most: usize,
}

impl Default for RepeatOptions {
    fn default() -> Self {
        Self { window: 90, half_life: 120.0, most: 4000 }
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Slot {
    id: u64,
    day: i32,
    place: Option<u32>,
    grid: Option<u32>,
    cell: Option<(i32, i32)>,
    count: u8,
    buckets: [u16; KEPT],
    weights: [u8; KEPT],
}

/// How common each run is, learned from texts; hashed into a fixed table.
#[derive(Debug, Clone, PartialEq)]
pub struct Rarity {
    documents: Vec<u32>,
    total: u32,
}

impl Rarity {
    /// How many texts it has seen.
    pub fn texts(&self) -> u32 {
        self.total
    }
}

impl Default for Rarity {
    fn default() -> Self {
        Self { documents: vec![0; BUCKETS], total: 0 }
    }
}

fn bucket(key: u64) -> u16 {
    let [a, b, ..] = mix(key).to_le_bytes();
    u16::from_le_bytes([a, b])
}

fn readable(text: &str, names: &[&str]) -> Vec<char> {
    let end = text.char_indices().nth(READ).map_or(text.len(), |(at, _)| at);
    let mut text = text[..end].to_owned();
    for name in names.iter().filter(|n| !n.is_empty()) {
        text = text.replace(name, " ");
    }
    fold_features(&text).chars().collect()
}

impl Rarity {
    /// Counts the runs of one more text.
    pub fn learn(&mut self, text: &str) {
        let mut seen = Vec::new();
        runs(&readable(text, &[]), 2, |_, _, key| seen.push(bucket(key)));
        seen.sort_unstable();
        seen.dedup();
        for b in seen {
            self.documents[b as usize] += 1;
        }
        self.total += 1;
    }
}

/// The index. See [`RepeatIndex::insert`] for an example.
#[derive(Debug, Clone)]
pub struct RepeatIndex {
    options: RepeatOptions,
    rarity: Rarity,
    weight: Vec<f32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    by_id: Map<u64, u32>,
    blocks: Blocks,
}

fn cell(point: (f64, f64)) -> (i32, i32) {
    #[expect(clippy::cast_possible_truncation, reason = "saturates far outside any district")]
    let side = |v: f64| (v / CELL).floor() as i32;
    (side(point.0), side(point.1))
}

fn period(day: i32) -> i32 {
    day.div_euclid(PERIOD)
}

fn key(kind: u64, a: i64, b: i64, period: i32) -> u64 {
    [a.cast_unsigned(), b.cast_unsigned(), i64::from(period).cast_unsigned()].into_iter().fold(kind, combine)
}

impl Slot {
    /// Every block the case lies in.
    fn keys(&self) -> Vec<u64> {
        let at = period(self.day);
        let mut out = Vec::with_capacity(8);
        out.extend(self.place.map(|p| key(1, i64::from(p), 0, at)));
        out.extend(self.cell.map(|(x, y)| key(2, i64::from(x), i64::from(y), at)));
        out.extend(self.grid.map(|g| key(3, i64::from(g), 0, at)));
        out.extend(self.rarest().map(|b| key(4, i64::from(b), 0, at)));
        out
    }

    fn rarest(&self) -> impl Iterator<Item = u16> {
        let mut order: Vec<usize> = (0..self.count as usize).collect();
        order.sort_unstable_by_key(|&i| (std::cmp::Reverse(self.weights[i]), self.buckets[i]));
        let buckets = self.buckets;
        order.into_iter().take(RAREST).map(move |i| buckets[i])
    }

    /// Cosine of two quantised signatures (both of length about 255).
    fn likeness(&self, other: &Self) -> f32 {
        let (mut i, mut j, mut sum) = (0, 0, 0_u32);
        while i < self.count as usize && j < other.count as usize {
            match self.buckets[i].cmp(&other.buckets[j]) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    sum += u32::from(self.weights[i]) * u32::from(other.weights[j]);
                    i += 1;
                    j += 1;
                }
            }
        }
        (sum as f32 / (255.0 * 255.0)).min(1.0)
    }
}

impl RepeatIndex {
    /// An empty index that knows how rare words are.
    #[must_use]
    pub fn new(rarity: Rarity, options: RepeatOptions) -> Self {
        let weight = rarity.documents.iter().map(|&n| inverse_frequency(n, rarity.total, 1.5)).collect();
        Self {
            options,
            rarity,
            weight,
            slots: Vec::new(),
            free: Vec::new(),
            by_id: Map::default(),
            blocks: Blocks::default(),
        }
    }

    /// Makes room for so many cases more, so that growing does not hold them twice.
    pub fn reserve(&mut self, more: usize) {
        self.slots.reserve_exact(more);
        self.by_id.reserve(more);
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// How rare words are, as this index knows it.
    pub fn rarity(&self) -> &Rarity {
        &self.rarity
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    fn slot(&self, id: u64, case: &RepeatCase<'_>) -> Slot {
        let mut counts: Vec<u16> = Vec::with_capacity(2 * READ);
        runs(&readable(case.text, case.names), 2, |_, _, key| counts.push(bucket(key)));
        counts.sort_unstable();
        let mut row: Vec<(u16, f32)> = counts
            .chunk_by(|a, b| a == b)
            .map(|same| (same[0], (1.0 + (same.len() as f32).ln()) * self.weight[same[0] as usize]))
            .collect();
        if row.len() > KEPT {
            row.select_nth_unstable_by(KEPT - 1, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            row.truncate(KEPT);
        }
        row.sort_unstable_by_key(|&(b, _)| b);
        let length = row.iter().map(|&(_, v)| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        let (mut buckets, mut weights) = ([0; KEPT], [0; KEPT]);
        for (at, &(b, v)) in row.iter().enumerate() {
            buckets[at] = b;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of the length is at most 255"
            )]
            let quantised = (v / length * 255.0).round() as u8;
            weights[at] = quantised;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most KEPT")]
        let count = row.len() as u8;
        Slot {
            id,
            day: case.day,
            place: case.place,
            grid: case.grid,
            cell: case.point.map(cell),
            count,
            buckets,
            weights,
        }
    }

    /// Takes a case in; a case of the same number is replaced (this is also how to update).
    ///
    /// ```
    /// use linli_text::{Rarity, RepeatCase, RepeatIndex, RepeatOptions};
    /// let mut rarity = Rarity::default();
    /// for text in ["路灯坏了", "水管漏水", "噪音扰民", "路面塌陷"] { rarity.learn(text); }
    /// let mut index = RepeatIndex::new(rarity, RepeatOptions::default());
    /// let here = RepeatCase { text: "3号楼前的路灯坏了", place: Some(7), day: 100, ..Default::default() };
    /// index.insert(1, &here);
    /// index.insert(2, &RepeatCase { text: "水管漏水没人修", ..here });
    /// index.insert(3, &RepeatCase { place: Some(8), ..here });
    /// let found = index.candidates(&RepeatCase { text: "路灯又坏了，晚上很黑", day: 103, ..here }, 10);
    /// assert_eq!(found[0].id, 1);
    /// index.remove(1);
    /// assert!(index.candidates(&here, 10).iter().all(|c| c.id != 1));
    /// ```
    pub fn insert(&mut self, id: u64, case: &RepeatCase<'_>) {
        self.remove(id);
        let slot = self.slot(id, case);
        self.place(slot);
    }

    fn place(&mut self, slot: Slot) {
        let at = self.free.pop().unwrap_or_else(|| u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        for key in slot.keys() {
            self.blocks.push(key, at);
        }
        self.by_id.insert(slot.id, at);
        match self.slots.get_mut(at as usize) {
            Some(old) => *old = slot,
            None => self.slots.push(slot),
        }
    }

    /// Forgets a case; says whether it was known.
    pub fn remove(&mut self, id: u64) -> bool {
        let Some(at) = self.by_id.remove(&id) else { return false };
        for key in self.slots[at as usize].keys() {
            self.blocks.remove(key, at);
        }
        self.free.push(at);
        true
    }

    /// The `k` likeliest repeats of a case, likeliest first; the case itself need not be inside.
    #[must_use]
    pub fn candidates(&self, case: &RepeatCase<'_>, k: usize) -> Vec<Candidate> {
        let asked = self.slot(u64::MAX, case);
        let mut seen: Vec<u32> = Vec::new();
        let periods = period(case.day - self.options.window)..=period(case.day + self.options.window);
        let mut visit = |key: u64| {
            if seen.len() < self.options.most {
                seen.extend(self.blocks.of(key).take(self.options.most));
            }
        };
        let located = asked.place.is_some() || asked.cell.is_some();
        // The newest periods first, the most telling blocks first: the limit cuts the far end.
        for at in periods.clone().rev() {
            if let Some(p) = asked.place {
                visit(key(1, i64::from(p), 0, at));
            }
        }
        for at in periods.clone().rev() {
            if let Some((x, y)) = asked.cell {
                for dx in -1..=1 {
                    for dy in -1..=1 {
                        visit(key(2, i64::from(x) + dx, i64::from(y) + dy, at));
                    }
                }
            }
            if let Some(g) = asked.grid.filter(|_| !located) {
                visit(key(3, i64::from(g), 0, at));
            }
            if !located {
                for b in asked.rarest() {
                    visit(key(4, i64::from(b), 0, at));
                }
            }
        }
        seen.sort_unstable();
        seen.dedup();
        let mut found: Vec<Candidate> = seen
            .into_iter()
            .filter_map(|at| {
                let slot = &self.slots[at as usize];
                let apart = slot.day.abs_diff(asked.day);
                if i64::from(apart) > i64::from(self.options.window) {
                    return None;
                }
                let text = asked.likeness(slot);
                let same_place = asked.place.is_some() && asked.place == slot.place;
                let nearness = if same_place || !located { 1.0 } else { 0.85 };
                let recent = (-(apart as f32) / self.options.half_life * std::f32::consts::LN_2).exp();
                let score = text * nearness * recent;
                (score > 0.05).then_some(Candidate {
                    id: slot.id,
                    score,
                    text,
                    same_place,
                    days_apart: apart,
                })
            })
            .collect();
        let order = |a: &Candidate, b: &Candidate| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id));
        if found.len() > k && k > 0 {
            found.select_nth_unstable_by(k - 1, order);
            found.truncate(k);
        }
        found.sort_unstable_by(order);
        found.truncate(k);
        found
    }

    /// A number for a place that is only known by name, stable over restarts.
    #[must_use]
    pub fn place_number(name: &str) -> u32 {
        let [a, b, c, d, ..] = hash_chars(crate::place::core_name(name).chars()).to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

#[cfg(test)]
mod tests;
