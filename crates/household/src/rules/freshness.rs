//! Freshness (新鲜度): what was confirmed within ninety days is fresh.

use std::time::Duration;

use linli_kernel::Timestamp;

/// Days for which a confirmation counts.
pub const FRESH_DAYS: u32 = 90;

/// What was confirmed at this instant or later is fresh.
pub fn fresh_since(now: Timestamp) -> Timestamp {
    now.minus(Duration::from_hours(24 * u64::from(FRESH_DAYS)))
}

/// Whether it is fresh.
pub fn fresh(confirmed_at: Option<Timestamp>, now: Timestamp) -> bool {
    confirmed_at.is_some_and(|at| at >= fresh_since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_days() {
        let now: Timestamp = "2026-11-23T09:00:00+08:00".parse().unwrap();
        assert!(fresh(Some("2026-08-25T09:00:00+08:00".parse().unwrap()), now));
        assert!(!fresh(Some("2026-08-25T08:59:59+08:00".parse().unwrap()), now));
        assert!(!fresh(None, now));
    }
}
