//! How often one source may do a thing that costs us something.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use linli_kernel::{Error, Result};

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reports without an account: a building behind one address may, a script may not.
    Report,
    /// Log-in tries of one source, beside the lock-out of the account.
    LogIn,
    /// Look-ups of one case by its public number and code.
    Track,
    /// Guesses at the short secret of one thing, wherever they come from.
    Guess,
    /// Wrong tokens of field apps. A right one is not counted: an app asks often, and its neighbours behind the address
    /// must still come in.
    Token,
    /// Calls of one interface key.
    Api,
    /// What one address does with the codes at doors, in units of what it costs: a whole building may, a script
    /// that guesses or calls many phones may not.
    Door,
    /// Forms from phones that are not proven: a house fills them in over an evening, a script in a second.
    Form,
}

/// Wrong look-ups of one source in a day: enough for a family with a badly written number, too few to go through the
/// numbers of a town.
pub const WRONG_A_DAY: u32 = 20;
const DAY: Duration = Duration::from_hours(24);
/// Sources above which those whose day is over are forgotten.
const SOURCES: usize = 10_000;

/// How often each source was wrong, and since when.
type Wrong = HashMap<String, (Instant, u32)>;

/// The limiters of the process.
pub struct Limits {
    wrong: Mutex<Wrong>,
    report: DefaultKeyedRateLimiter<String>,
    log_in: DefaultKeyedRateLimiter<String>,
    track: DefaultKeyedRateLimiter<String>,
    guess: DefaultKeyedRateLimiter<String>,
    token: DefaultKeyedRateLimiter<String>,
    api: DefaultKeyedRateLimiter<String>,
    door: DefaultKeyedRateLimiter<String>,
    form: DefaultKeyedRateLimiter<String>,
}

fn quota(burst: u32, per_minute: u32) -> DefaultKeyedRateLimiter<String> {
    let some = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    RateLimiter::keyed(Quota::per_minute(some(per_minute)).allow_burst(some(burst)))
}

impl Default for Limits {
    fn default() -> Self {
        let five = NonZeroU32::MIN.saturating_add(4);
        Self {
            wrong: Mutex::default(),
            report: quota(60, 60),
            log_in: quota(30, 20),
            track: quota(60, 60),
            guess: RateLimiter::keyed(Quota::per_hour(five)),
            token: quota(30, 20),
            api: quota(2_000, 60_000),
            door: quota(3_000, 60),
            form: quota(30, 60),
        }
    }
}

impl Limits {
    /// Counts one use; answers how long to wait when there were too many.
    pub fn check(&self, purpose: Purpose, source: &str) -> Result<()> {
        self.spend(purpose, source, 1)
    }

    /// Counts a look-up as wrong before it is known to be right, so that many at once count too. The caller takes it
    /// back with [`Self::was_right`].
    ///
    /// # Errors
    /// `TooMany` when the source was wrong too often within a day.
    pub fn perhaps_wrong(&self, source: &str) -> Result<()> {
        self.wrong_at(source, Instant::now())
    }

    fn wrong_at(&self, source: &str, now: Instant) -> Result<()> {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let since = |from: &Instant| now.saturating_duration_since(*from);
        if wrong.len() >= SOURCES {
            wrong.retain(|_, (from, _)| since(from) < DAY);
        }
        let (from, times) = wrong.entry(source.to_owned()).or_insert((now, 0));
        if since(from) >= DAY {
            (*from, *times) = (now, 0);
        }
        if *times >= WRONG_A_DAY {
            return Err(Error::TooMany(DAY.saturating_sub(since(from)).as_secs().max(1)));
        }
        *times += 1;
        Ok(())
    }

    /// The last look-up of this source was right.
    pub fn was_right(&self, source: &str) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, times)) = wrong.get_mut(source) {
            *times = times.saturating_sub(1);
        }
    }

    /// Counts a use that costs so many units.
    pub fn spend(&self, purpose: Purpose, source: &str, units: u32) -> Result<()> {
        let limiter = match purpose {
            Purpose::Report => &self.report,
            Purpose::LogIn => &self.log_in,
            Purpose::Track => &self.track,
            Purpose::Guess => &self.guess,
            Purpose::Token => &self.token,
            Purpose::Api => &self.api,
            Purpose::Door => &self.door,
            Purpose::Form => &self.form,
        };
        let Some(units) = NonZeroU32::new(units) else { return Ok(()) };
        let wait = match limiter.check_key_n(&source.to_owned(), units) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(until)) => until.wait_time_from(governor::clock::DefaultClock::default().now()),
            // More units than a full measure holds.
            Err(_) => Duration::from_hours(1),
        };
        Err(Error::TooMany(wait.max(Duration::from_secs(1)).as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_address_have_a_pace_and_addresses_do_not_share_it() {
        let limits = Limits::default();
        let taken = (0..260).filter(|_| limits.check(Purpose::Form, "203.0.113.7").is_ok()).count();
        assert!((30..130).contains(&taken), "a burst of thirty, and what a second brings: {taken}");
        let house = (0..30).all(|_| limits.check(Purpose::Form, "203.0.113.8").is_ok());
        assert!(house, "thirty doors at once are a poster that has just gone up");
    }

    #[test]
    fn a_source_is_wrong_so_often_in_a_day_and_no_more() {
        let limits = Limits::default();
        let began = Instant::now();
        for _ in 0..100 {
            assert!(limits.perhaps_wrong("203.0.113.7").is_ok(), "who is right may look again");
            limits.was_right("203.0.113.7");
        }
        let taken = (0..100).filter(|_| limits.wrong_at("203.0.113.7", began).is_ok()).count();
        assert_eq!(taken, 20);
        assert!(limits.wrong_at("203.0.113.7", began + DAY / 2).is_err(), "the whole day");
        assert!(limits.wrong_at("203.0.113.8", began).is_ok(), "others are not counted with it");
        assert!(limits.wrong_at("203.0.113.7", began + DAY * 2).is_ok(), "tomorrow again");
    }

    #[test]
    fn wrong_tokens_do_not_close_the_log_in_page() {
        let limits = Limits::default();
        while limits.check(Purpose::Token, "203.0.113.7").is_ok() {}
        assert!(limits.check(Purpose::LogIn, "203.0.113.7").is_ok());
    }
}
