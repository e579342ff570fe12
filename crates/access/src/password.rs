//! Passwords (口令): Argon2id, off the async threads, a few at a time.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{Argon2, Params, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use linli_kernel::{Error, FieldError, Ids, Result};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::token;

/// Hashes waiting at the same time before more are sent away.
const QUEUE: usize = 64;

/// Hashes and checks passwords. Each takes some 20 MB and 20 ms, so only as many run as there are
/// processors, and a crowd beyond 64 is asked to come again.
pub struct Passwords {
    params: Params,
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Checked when there is no account, so that its absence takes the same time.
    nobody: String,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passwords").field("params", &self.params).finish_non_exhaustive()
    }
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// The password is right.
    pub right: bool,
    /// The hash was made with other costs and should be made anew.
    pub outdated: bool,
}

/// A password that was made for somebody, to be shown once.
pub struct Initial {
    /// In clear, for the one who hands it over.
    pub clear: String,
    /// For the database.
    pub hash: String,
}

impl Passwords {
    /// Hashing with these costs.
    pub fn new(memory_kib: u32, passes: u32, ids: &Ids) -> Result<Self> {
        let params = Params::new(memory_kib, passes, 1, None)
            .map_err(|e| Error::internal(format!("the costs of a password hash: {e}")))?;
        let nobody = hash(&params, b"nobody", &ids.bytes())?;
        let at_once = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let running = Arc::new(Semaphore::new(at_once));
        Ok(Self { params, running, waiting: AtomicUsize::new(0), nobody })
    }

    /// The hash of `password` as a PHC string.
    pub async fn hash(&self, password: &str, ids: &Ids) -> Result<String> {
        let (params, salt) = (self.params.clone(), ids.bytes());
        let password = Zeroizing::new(password.to_owned());
        self.work(move || hash(&params, password.as_bytes(), &salt)).await?
    }

    /// A random password that satisfies [`check`].
    pub async fn initial(&self, ids: &Ids) -> Result<Initial> {
        let clear = token::readable(ids, 4, 4);
        Ok(Initial { hash: self.hash(&clear, ids).await?, clear })
    }

    /// Whether `password` belongs to `hash`; the same work where there is no hash.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<Verified> {
        let someone = hash.is_some();
        let hash = hash.unwrap_or(&self.nobody).to_owned();
        let password = Zeroizing::new(password.to_owned());
        let params = self.params.clone();
        self.work(move || {
            let parsed = PasswordHash::new(&hash)
                .map_err(|e| Error::internal(format!("a stored password hash: {e}")))?;
            let right = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
            let costs = Params::try_from(&parsed).map_err(|e| Error::internal(e.to_string()))?;
            let same = costs.m_cost() == params.m_cost() && costs.t_cost() == params.t_cost();
            Ok(Verified { right: right && someone, outdated: !same })
        })
        .await?
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _place = Place::take(&self.waiting)?;
        let permit = self.running.clone().acquire_owned().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            // The permit goes with the work: a request that was given up still holds its processor.
            let _permit = permit;
            work()
        })
        .await
        .map_err(Error::internal)
    }
}

/// A place in the queue, given back however the wait ends.
struct Place<'q>(&'q AtomicUsize);

impl<'q> Place<'q> {
    fn take(waiting: &'q AtomicUsize) -> Result<Self> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::SeqCst) >= QUEUE {
            return Err(Error::Unavailable("error-busy"));
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn hash(params: &Params, password: &[u8], salt: &[u8; 16]) -> Result<String> {
    Argon2::from(params)
        .hash_password_with_salt(password, salt)
        .map(|hash| hash.to_string())
        .map_err(|e| Error::internal(format!("password hash: {e}")))
}

/// The shortest password.
pub const SHORTEST: usize = 10;
/// The longest; longer ones only keep the processor busy.
pub const LONGEST: usize = 128;

/// Beginnings and middles that every guesser tries first.
const COMMON: &[&str] = &[
    "password", "passw0rd", "qwerty", "abc123", "123456", "111111", "888888", "666666", "112233", "admin",
    "huancui", "weihai", "linli", "woaini", "iloveyou", "1q2w3e", "zaq12wsx", "asdfgh", "letmein", "welcome",
];

/// Says what is wrong with a new password of the account `login`.
pub fn check(field: &str, password: &str, login: &str) -> Result<()> {
    let length = password.chars().count();
    let lower = password.to_lowercase();
    let wrong = |key: &str| Err(Error::Invalid(vec![FieldError::new(field, key)]));
    if length < SHORTEST {
        return Err(Error::Invalid(vec![
            FieldError::new(field, "error-password-short").with("min", SHORTEST),
        ]));
    }
    if length > LONGEST {
        return Err(Error::Invalid(vec![FieldError::new(field, "error-too-long").with("max", LONGEST)]));
    }
    if lower.contains(&login.to_lowercase()) {
        return wrong("error-password-login");
    }
    let kinds = [
        password.chars().any(char::is_lowercase),
        password.chars().any(char::is_uppercase),
        password.chars().any(char::is_numeric),
        password.chars().any(|c| !c.is_alphanumeric()),
    ];
    // A long phrase needs no signs; Chinese characters have no case.
    if length < 16 && kinds.iter().filter(|&&k| k).count() < 3 {
        return wrong("error-password-simple");
    }
    let rest = COMMON.iter().fold(lower, |rest, common| rest.replace(common, ""));
    let distinct: std::collections::BTreeSet<char> = rest.chars().collect();
    if rest.chars().count() < 6 || distinct.len() < 5 {
        return wrong("error-password-common");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_told_why() {
        let key = |password: &str| match check("new", password, "wangwu") {
            Err(Error::Invalid(fields)) => fields[0].key.clone(),
            Ok(()) => String::new(),
            Err(e) => panic!("{e}"),
        };
        assert_eq!(key("Ab1!"), "error-password-short");
        assert_eq!(key("abcdefghijkl"), "error-password-simple");
        assert_eq!(key("Wangwu-2026!"), "error-password-login");
        assert_eq!(key("Admin123456!"), "error-password-common");
        assert_eq!(key("Aaaaaa1111-----a"), "error-password-common");
        assert_eq!(key(&"长".repeat(200)), "error-too-long");
        assert_eq!(key("k3fm-9xqd-7ab2-ppqr"), "");
        assert_eq!(key("海风吹过环翠楼的台阶又回来了一遍"), "");
        assert_eq!(key("Tg7!rw2pLm"), "");
    }

    #[tokio::test]
    async fn hashes_verify_and_age() {
        let ids = Ids::seeded(3);
        let now = Passwords::new(64, 1, &ids).unwrap();
        let hash = now.hash("Tg7!rw2pLm", &ids).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        let found = |right, outdated| Verified { right, outdated };
        assert_eq!(now.verify("Tg7!rw2pLm", Some(&hash)).await.unwrap(), found(true, false));
        assert_eq!(now.verify("Tg7!rw2pLn", Some(&hash)).await.unwrap(), found(false, false));
        assert!(!now.verify("nobody", None).await.unwrap().right);
        let later = Passwords::new(128, 1, &ids).unwrap();
        assert_eq!(later.verify("Tg7!rw2pLm", Some(&hash)).await.unwrap(), found(true, true));
        let made = now.initial(&ids).await.unwrap();
        check("password", &made.clear, "x1").unwrap();
        assert!(now.verify(&made.clear, Some(&made.hash)).await.unwrap().right);
    }
}
