//! How often a source looked up something that is not so. A quota that fills up again by and by would let a patient
//! script through; this counts over a whole day.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use linli_kernel::{Error, Result};

/// Wrong look-ups of one source in a day: enough for a family with a badly written number, too few to go through the
/// numbers of a town.
pub const WRONG_A_DAY: u32 = 20;
const DAY: Duration = Duration::from_hours(24);
/// Sources above which those whose day is over are forgotten.
const SOURCES: usize = 10_000;

/// How often each source was wrong, and since when.
#[derive(Default)]
pub(super) struct Wrong(Mutex<HashMap<String, (Instant, u32)>>);

impl Wrong {
    pub(super) fn count(&self, source: String, now: Instant) -> Result<()> {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = |from: &Instant| now.saturating_duration_since(*from);
        if wrong.len() >= SOURCES {
            wrong.retain(|_, (from, _)| since(from) < DAY);
        }
        let (from, times) = wrong.entry(source).or_insert((now, 0));
        if since(from) >= DAY {
            (*from, *times) = (now, 0);
        }
        if *times >= WRONG_A_DAY {
            return Err(Error::TooMany(DAY.saturating_sub(since(from)).as_secs().max(1)));
        }
        *times += 1;
        Ok(())
    }

    pub(super) fn take_back(&self, source: &str) {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, times)) = wrong.get_mut(source) {
            *times = times.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_wrong_so_often_in_a_day_and_no_more() {
        let wrong = Wrong::default();
        let began = Instant::now();
        let count = |source: &str, at| wrong.count(source.to_owned(), at);
        for _ in 0..100 {
            assert!(count("203.0.113.7", began).is_ok(), "who is right may look again");
            wrong.take_back("203.0.113.7");
        }
        let taken = (0..100).filter(|_| count("203.0.113.7", began).is_ok()).count();
        assert_eq!(taken, 20);
        assert!(count("203.0.113.7", began + DAY / 2).is_err(), "the whole day");
        assert!(count("203.0.113.8", began).is_ok(), "others are not counted with it");
        assert!(count("203.0.113.7", began + DAY * 2).is_ok(), "tomorrow again");
    }
}
