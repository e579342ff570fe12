//! How often one source may do a thing that costs us something.

mod wrong;

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use linli_kernel::{Error, Result};

pub use wrong::WRONG_A_DAY;
use wrong::Wrong;

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

/// The limiters of the process.
pub struct Limits {
    wrong: Wrong,
    report: DefaultKeyedRateLimiter<String>,
    log_in: DefaultKeyedRateLimiter<String>,
    track: DefaultKeyedRateLimiter<String>,
    guess: DefaultKeyedRateLimiter<String>,
    token: DefaultKeyedRateLimiter<String>,
    api: DefaultKeyedRateLimiter<String>,
    door: DefaultKeyedRateLimiter<String>,
    form: DefaultKeyedRateLimiter<String>,
    uses: AtomicU32,
}

/// After so many uses what is full again is forgotten: so many keys more than count are held at most.
const SWEEP: u32 = 4_096;

/// Whom a source stands for: whoever has an address of IPv6 has the whole /64 around it, and there it is one source.
/// What is no address stays as it is.
pub fn network(source: &str) -> Cow<'_, str> {
    match source.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => Cow::Owned(address.to_string()),
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            Cow::Owned(format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
        }
        Err(_) => Cow::Borrowed(source),
    }
}

/// The limits as they stand for one district: what is done in another does not count here.
#[derive(Clone, Copy)]
pub struct DistrictLimits<'a> {
    pub(crate) all: &'a Limits,
    pub(crate) district: &'a str,
}

impl DistrictLimits<'_> {
    /// Counts one use; answers how long to wait when there were too many.
    pub fn check(&self, purpose: Purpose, source: &str) -> Result<()> {
        self.spend(purpose, source, 1)
    }

    /// Counts a use that costs so many units.
    pub fn spend(&self, purpose: Purpose, source: &str, units: u32) -> Result<()> {
        self.all.spend(purpose, self.key(source), units)
    }

    /// Counts a look-up as wrong before it is known to be right, so that many at once count too. The caller takes it
    /// back with [`Self::was_right`].
    ///
    /// # Errors
    /// `TooMany` when the source was wrong too often within a day.
    pub fn perhaps_wrong(&self, source: &str) -> Result<()> {
        self.all.wrong.count(self.key(source), Instant::now())
    }

    /// The last look-up of this source was right.
    pub fn was_right(&self, source: &str) {
        self.all.wrong.take_back(&self.key(source));
    }

    fn key(&self, source: &str) -> String {
        format!("{} {}", self.district, network(source))
    }
}

fn quota(burst: u32, per_minute: u32) -> DefaultKeyedRateLimiter<String> {
    let some = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    RateLimiter::keyed(Quota::per_minute(some(per_minute)).allow_burst(some(burst)))
}

impl Default for Limits {
    fn default() -> Self {
        let five = NonZeroU32::MIN.saturating_add(4);
        Self {
            wrong: Wrong::default(),
            report: quota(60, 60),
            log_in: quota(30, 20),
            track: quota(60, 60),
            guess: RateLimiter::keyed(Quota::per_hour(five)),
            token: quota(30, 20),
            api: quota(2_000, 60_000),
            door: quota(3_000, 60),
            form: quota(30, 60),
            uses: AtomicU32::new(0),
        }
    }
}

impl Limits {
    fn all(&self) -> [&DefaultKeyedRateLimiter<String>; 8] {
        let Self { report, log_in, track, guess, token, api, door, form, wrong: _, uses: _ } = self;
        [report, log_in, track, guess, token, api, door, form]
    }

    fn sweep(&self) {
        for limiter in self.all() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    fn spend(&self, purpose: Purpose, key: String, units: u32) -> Result<()> {
        if self.uses.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.sweep();
        }
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
        let wait = match limiter.check_key_n(&key, units) {
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
        let all = Limits::default();
        let limits = DistrictLimits { all: &all, district: "a" };
        let taken = (0..260).filter(|_| limits.check(Purpose::Form, "203.0.113.7").is_ok()).count();
        assert!((30..130).contains(&taken), "a burst of thirty, and what a second brings: {taken}");
        let house = (0..30).all(|_| limits.check(Purpose::Form, "203.0.113.8").is_ok());
        assert!(house, "thirty doors at once are a poster that has just gone up");
    }

    #[test]
    fn a_network_of_ipv6_is_one_source_and_a_district_has_its_own_measure() {
        for (source, stands_for) in [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
            ("local", "local"),
        ] {
            assert_eq!(network(source), stands_for);
        }
        let all = Limits::default();
        let of = |district| DistrictLimits { all: &all, district };
        for n in 0_u16.. {
            if of("a").check(Purpose::LogIn, &format!("2001:db8::{n:x}")).is_err() {
                break;
            }
            assert!(n < 1_000, "each address of one network is a source of its own");
        }
        assert!(of("a").check(Purpose::LogIn, "2001:db8::ffff").is_err());
        assert!(of("b").check(Purpose::LogIn, "2001:db8::ffff").is_ok());
    }

    #[test]
    fn sources_that_have_gone_quiet_are_forgotten() {
        let all = Limits::default();
        let limits = DistrictLimits { all: &all, district: "a" };
        // Each of these is as good as new after a millisecond.
        for n in 0..3 * SWEEP {
            limits.check(Purpose::Api, &n.to_string()).unwrap();
        }
        assert!(all.api.len() <= 2 * usize::try_from(SWEEP).unwrap(), "{} are held", all.api.len());
    }

    #[test]
    fn wrong_tokens_do_not_close_the_log_in_page() {
        let all = Limits::default();
        let limits = DistrictLimits { all: &all, district: "a" };
        while limits.check(Purpose::Token, "203.0.113.7").is_ok() {}
        assert!(limits.check(Purpose::LogIn, "203.0.113.7").is_ok());
    }
}
