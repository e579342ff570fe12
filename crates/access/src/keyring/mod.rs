//! Field encryption (字段加密): what a stolen database file must not tell.
//!
//! Every purpose has data keys of its own, kept in the database wrapped by the master key, which is
//! not in the database. A sealed field is `1 ‖ key number ‖ nonce ‖ ciphertext ‖ tag`; purpose, key
//! number and the caller's place (`aad`, for example table, row and column) are authenticated, so that
//! a field moved to another row does not open. Nonces are hashes of fresh randomness, place and text:
//! a random source that repeats itself can show that two equal texts are equal, and nothing more.

pub mod care;
mod cipher;
mod master;
mod store;

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

pub use cipher::Suite;
pub use master::{Master, MasterFault};

use cipher::{Key, NONCE};
use linli_kernel::{Error, Ids, Result, Timestamp, text_enum};
use linli_store::{Conn, Db, Tx};
use zeroize::Zeroizing;

text_enum! {
    /// What personal data are kept for (处理目的); each has its own keys.
    pub enum Purpose {
        /// Phones of our own staff.
        Staff = "staff",
        /// Shared secrets of second factors.
        Factor = "factor",
        /// Name and contact of who reported a case.
        Reporter = "reporter",
        /// Secrets shared with other systems (webhooks, channels).
        Partner = "partner",
        /// The household register.
        Resident = "resident",
        /// Whom to talk to in companies and shops.
        Entity = "entity",
    }
}

/// A data key, unwrapped.
struct DataKey {
    purpose: Purpose,
    suite: Suite,
    cipher: Key,
    nonce: Key,
}

#[derive(Default)]
struct Keys {
    data: HashMap<u32, DataKey>,
    /// The key of each purpose that seals.
    current: HashMap<Purpose, u32>,
    /// The keys of keyed hashes; they never rotate, or nobody would be found any more.
    lookup: HashMap<Purpose, (Suite, Key)>,
}

/// A new data key seals only when it is this old: until then every process has taken it in and can open what it sealed.
pub const GRACE: Duration = Duration::from_mins(5);

/// Seals, opens and hashes fields.
pub struct Keyring {
    master: RwLock<Master>,
    suite: Suite,
    ids: Ids,
    keys: RwLock<Keys>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("suite", &self.suite).finish_non_exhaustive()
    }
}

const FORMAT: u8 = 1;
const HEAD: usize = 1 + 4 + NONCE;

impl Keyring {
    /// Loads the keys of `db`, making those that are missing with `suite`.
    pub async fn load(db: &Db, master: Master, suite: Suite, ids: Ids, now: Timestamp) -> Result<Self> {
        let ring = Self { master: RwLock::new(master), suite, ids, keys: RwLock::default() };
        let mut tx = db.begin().await?;
        ring.complete(&mut tx, now).await?;
        ring.reload(&mut tx, now).await?;
        tx.commit().await?;
        Ok(ring)
    }

    /// Takes in keys that another process made, or wrapped by a master key that was put into the file meanwhile.
    pub async fn reload(&self, conn: &mut Conn, now: Timestamp) -> Result<()> {
        let mut keys = Keys::default();
        let rows = store::all(conn).await?;
        if rows.iter().any(|row| self.master().find(&row.master).is_none()) {
            self.read_master_again()?;
        }
        for row in rows {
            let secret = self.unwrap(&row)?;
            if row.kind == "lookup" {
                keys.lookup.insert(row.purpose, (row.suite, secret));
                continue;
            }
            let n = u32::try_from(row.n).map_err(Error::internal)?;
            let sealing = keys.current.entry(row.purpose).or_insert(n);
            if row.created_at.plus(GRACE) <= now {
                *sealing = n.max(*sealing);
            }
            keys.data.insert(n, DataKey::new(row.purpose, row.suite, &secret)?);
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    fn master(&self) -> RwLockReadGuard<'_, Master> {
        self.master.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_master_again(&self) -> Result<()> {
        let again = self.master().again().map_err(Error::internal)?;
        if let Some(master) = again {
            *self.master.write().unwrap_or_else(PoisonError::into_inner) = master;
        }
        Ok(())
    }

    /// A new data key for `purpose`; the older ones still open. It seals once it is [`GRACE`] old, where
    /// [`Keyring::reload`] has taken it in.
    pub async fn rotate(&self, tx: &mut Tx, purpose: Purpose, now: Timestamp) -> Result<()> {
        let n = store::next(tx).await?;
        self.make(tx, n, purpose, "data", now).await
    }

    /// Wraps every key by the master file's first key, after a new one was put in front.
    pub async fn rewrap(&self, tx: &mut Tx) -> Result<usize> {
        let (_, mark) = self.master().current();
        let mut done = 0;
        for mut row in store::all(tx).await? {
            if row.master != mark {
                let secret = self.unwrap(&row)?;
                row.master.clone_from(&mark);
                row.wrapped = self.wrap(&row, &secret)?;
                store::rewrap(tx, &row).await?;
                done += 1;
            }
        }
        Ok(done)
    }

    /// Encrypts `plain` for its place.
    pub fn seal(&self, purpose: Purpose, place: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let (n, key) = keys
            .current
            .get(&purpose)
            .and_then(|n| Some((*n, keys.data.get(n)?)))
            .ok_or_else(|| Error::internal(format!("no data key for {purpose}")))?;
        let fresh: [u8; 32] = self.ids.bytes();
        let nonce = key.nonce(&[&fresh, place.as_bytes(), plain])?;
        let mut sealed = Vec::with_capacity(HEAD + plain.len() + 16);
        sealed.push(FORMAT);
        sealed.extend_from_slice(&n.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend(key.suite.encrypt(&key.cipher, nonce, &aad(purpose, n, place), plain)?);
        Ok(sealed)
    }

    /// Decrypts what [`Keyring::seal`] made for the same purpose and place.
    pub fn open(&self, purpose: Purpose, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let damaged = || Error::internal("a sealed field is damaged");
        let (head, body) = sealed.split_at_checked(HEAD).ok_or_else(damaged)?;
        let n = u32::from_be_bytes(head[1..5].try_into().map_err(Error::internal)?);
        let nonce: [u8; NONCE] = head[5..].try_into().map_err(Error::internal)?;
        if head[0] != FORMAT {
            return Err(damaged());
        }
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys
            .data
            .get(&n)
            .filter(|key| key.purpose == purpose)
            .ok_or_else(|| Error::internal(format!("no data key {n} for {purpose}")))?;
        key.suite.decrypt(&key.cipher, nonce, &aad(purpose, n, place), body).map(Zeroizing::new)
    }

    /// [`Keyring::seal`] for a text that may be absent.
    pub fn seal_text(&self, purpose: Purpose, place: &str, text: Option<&str>) -> Result<Option<Vec<u8>>> {
        text.map(|text| self.seal(purpose, place, text.as_bytes())).transpose()
    }

    /// [`Keyring::open`] for a text that may be absent.
    pub fn open_text(&self, purpose: Purpose, place: &str, sealed: Option<&[u8]>) -> Result<Option<String>> {
        let Some(sealed) = sealed else { return Ok(None) };
        let plain = self.open(purpose, place, sealed)?;
        std::str::from_utf8(&plain).map(|text| Some(text.to_owned())).map_err(Error::internal)
    }

    /// The keyed hash by which an exact value is found without being readable.
    pub fn lookup(&self, purpose: Purpose, text: &str) -> Result<Vec<u8>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let (suite, key) = keys
            .lookup
            .get(&purpose)
            .ok_or_else(|| Error::internal(format!("no lookup key for {purpose}")))?;
        Ok(suite.mac(key, &[normal(text).as_bytes()])?.to_vec())
    }

    /// Makes the first data key and the lookup key of every purpose that lacks them.
    async fn complete(&self, tx: &mut Tx, now: Timestamp) -> Result<()> {
        store::lock(tx).await?;
        let have = store::all(tx).await?;
        for &purpose in Purpose::ALL {
            for kind in ["data", "lookup"] {
                if !have.iter().any(|row| row.purpose == purpose && row.kind == kind) {
                    let n = store::next(tx).await?;
                    self.make(tx, n, purpose, kind, now).await?;
                }
            }
        }
        Ok(())
    }

    async fn make(&self, tx: &mut Tx, n: i64, purpose: Purpose, kind: &str, now: Timestamp) -> Result<()> {
        let (_, master) = self.master().current();
        let mut row = store::KeyRow {
            n,
            purpose,
            kind: kind.to_owned(),
            suite: self.suite,
            master,
            wrapped: Vec::new(),
            created_at: now,
        };
        row.wrapped = self.wrap(&row, &Zeroizing::new(self.ids.bytes()))?;
        store::insert(tx, &row).await
    }

    fn wrap(&self, row: &store::KeyRow, secret: &Key) -> Result<Vec<u8>> {
        let (master, _) = self.master().current();
        let key = row.suite.derive(&master, "wrap")?;
        let fresh: [u8; 32] = self.ids.bytes();
        let nonce = first(&row.suite.mac(&*row.suite.derive(&master, "nonce")?, &[&fresh, &secret[..]])?);
        let mut wrapped = nonce.to_vec();
        wrapped.extend(row.suite.encrypt(&key, nonce, row.place().as_bytes(), &secret[..])?);
        Ok(wrapped)
    }

    fn unwrap(&self, row: &store::KeyRow) -> Result<Key> {
        let master = self.master().find(&row.master).ok_or_else(|| {
            Error::internal(format!(
                "the database's keys are wrapped by the master key {}, which the key file does not hold",
                row.master
            ))
        })?;
        let key = row.suite.derive(&master, "wrap")?;
        let (nonce, body) =
            row.wrapped.split_at_checked(NONCE).ok_or_else(|| Error::internal("a wrapped key is damaged"))?;
        let nonce = nonce.try_into().map_err(Error::internal)?;
        let plain = Zeroizing::new(row.suite.decrypt(&key, nonce, row.place().as_bytes(), body)?);
        plain.as_slice().try_into().map(Zeroizing::new).map_err(Error::internal)
    }
}

impl DataKey {
    fn new(purpose: Purpose, suite: Suite, secret: &Key) -> Result<Self> {
        let cipher = suite.derive(secret, "cipher")?;
        Ok(Self { purpose, suite, cipher, nonce: suite.derive(secret, "nonce")? })
    }

    fn nonce(&self, parts: &[&[u8]]) -> Result<[u8; NONCE]> {
        Ok(first(&self.suite.mac(&self.nonce, parts)?))
    }
}

fn first(hash: &[u8; 32]) -> [u8; NONCE] {
    std::array::from_fn(|n| hash[n])
}

fn aad(purpose: Purpose, n: u32, place: &str) -> Vec<u8> {
    [&[FORMAT], &n.to_be_bytes()[..], purpose.as_str().as_bytes(), b"\0", place.as_bytes()].concat()
}

/// The same number however it was typed: full-width forms, spaces, hyphens and +86 go, letters grow.
pub fn normal(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter_map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
            c if c.is_whitespace() || c == '\u{3000}' => None,
            c => Some(c),
        })
        .filter(|c| !matches!(c, '-' | '(' | ')' | '.' | '–' | '—'))
        .flat_map(char::to_uppercase)
        .collect();
    let mobile = |rest: &&str| rest.len() == 11 && rest.starts_with('1');
    let bare = plain.strip_prefix("+86").or_else(|| plain.strip_prefix("0086")).filter(mobile);
    bare.map_or(plain.clone(), str::to_owned)
}
