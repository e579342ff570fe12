//! Needs and helpers as the market file gives them, and made-up markets to try things on.

use serde::{Deserialize, Serialize};

use super::{Given, PRIORITY};
use crate::num::{idx, int};
use crate::rng::Rng;

/// Someone who needs help.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// Name of the need.
    pub id: String,
    /// The skill asked for.
    pub skill: String,
    /// Time blocks that suit.
    pub blocks: Vec<u32>,
    /// Units asked for (in teams mode: helpers in the same block).
    pub units: u32,
    /// 1 (can wait) to 9 (first).
    pub priority: u32,
    /// Metres east.
    pub x: f64,
    /// Metres north.
    pub y: f64,
}

/// Someone who helps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Helper {
    /// Name of the helper.
    pub id: String,
    /// What the helper can do.
    pub skills: Vec<String>,
    /// Time blocks the helper is free in.
    pub blocks: Vec<u32>,
    /// Units the helper gives in all.
    pub capacity: u32,
    /// Metres east.
    pub x: f64,
    /// Metres north.
    pub y: f64,
}

/// Needs, helpers, and how far help goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Market {
    /// Nobody walks further.
    pub limit_metres: f64,
    /// The needs.
    pub needs: Vec<Need>,
    /// The helpers.
    pub helpers: Vec<Helper>,
}

impl Market {
    /// What is wrong with the numbers, if anything, and where.
    pub fn fault(&self) -> Option<(&'static str, usize, String)> {
        let good = |x: f64| x.is_finite() && x.abs() <= 1e7;
        if !(self.limit_metres >= 0.0 && self.limit_metres < f64::from(PRIORITY)) {
            return Some(("limit_metres", 0, format!("limit_metres must be between 0 and {PRIORITY}")));
        }
        for (i, n) in self.needs.iter().enumerate() {
            if !(good(n.x) && good(n.y)) || n.units > 1_000 || !(1..=9).contains(&n.priority) {
                let text =
                    format!("need {}: priority must be 1 to 9, units at most 1000, the place a number", n.id);
                return Some(("needs", i, text));
            }
        }
        for (i, h) in self.helpers.iter().enumerate() {
            if !(good(h.x) && good(h.y)) || h.capacity > 1_000 {
                let text = format!("helper {}: capacity must be at most 1000, the place a number", h.id);
                return Some(("helpers", i, text));
            }
        }
        None
    }
}

/// A made-up market: needs and helpers spread alike, a dozen skills (some frequent, some rare), a week of half days;
/// a helper gives up to `most` units. With 15,000 helpers to 10,000 needs, 3 is plenty on the whole and short in
/// places; 1 is scarce: fewer units than asked for.
pub fn made_up(needs: usize, helpers: usize, most: usize, seed: u64) -> Market {
    let mut rng = Rng::new(seed);
    let side = 60.0 * (helpers.max(1) as f64).sqrt();
    let limit = 1_000.0_f64;
    let skill = |rng: &mut Rng| format!("skill{}", rng.below(12).min(rng.below(20)));
    let blocks = |rng: &mut Rng, most: usize| {
        let mut list: Vec<u32> = (0..=rng.below(most)).map(|_| idx(rng.below(14))).collect();
        list.sort_unstable();
        list.dedup();
        list
    };
    Market {
        limit_metres: limit,
        needs: (0..needs)
            .map(|i| Need {
                id: format!("N{}", i + 1),
                skill: skill(&mut rng),
                blocks: blocks(&mut rng, 4),
                units: idx(1 + rng.below(4).min(rng.below(4))),
                priority: idx(1 + rng.below(5)),
                x: (rng.unit() * side).round(),
                y: (rng.unit() * side).round(),
            })
            .collect(),
        helpers: (0..helpers)
            .map(|i| {
                let skills = (0..=rng.below(3)).map(|_| skill(&mut rng)).collect();
                Helper {
                    id: format!("H{}", i + 1),
                    skills,
                    blocks: blocks(&mut rng, 5),
                    capacity: idx(1 + rng.below(most.max(1))),
                    x: (rng.unit() * side).round(),
                    y: (rng.unit() * side).round(),
                }
            })
            .collect(),
    }
}

/// Units served and the priorities they carry.
pub fn served(market: &Market, given: &[Given]) -> (i64, i64) {
    let weight = given.iter().map(|g| i64::from(market.needs[g.need as usize].priority));
    (int(given.len()), weight.sum())
}
