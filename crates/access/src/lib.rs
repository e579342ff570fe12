//! Who may come in, what they may do and see: accounts, log-in, roles and policies, API keys, field
//! encryption, masking (账号、登录、权限、加密、脱敏).

pub mod accounts;
pub mod api_keys;
pub mod factor;
pub mod intake;
mod jobs;
pub mod keyring;
pub mod log;
pub mod masking;
pub mod password;
pub mod places;
pub mod policy;
pub mod sessions;
pub mod throttle;
mod token;
pub mod web;

use linli_kernel::{Error, Ids, Result, Timestamp};
use linli_store::{Db, Migration};
use serde::Deserialize;

pub use keyring::{Keyring, Master, MasterFault, Purpose, Suite};
pub use policy::{Authorise, Policy, Scope, Target};

/// The tables of this slice.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "access/0001_access", sql: include_str!("../migrations/0001_access.sql") },
    Migration { name: "access/0002_intake", sql: include_str!("../migrations/0002_intake.sql") },
    Migration { name: "access/0003_tokens", sql: include_str!("../migrations/0003_tokens.sql") },
];

/// What the configuration says about log-in.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Which algorithms new keys of sealed fields are for.
    pub suite: Suite,
    /// Minutes without a request until a session of a second-factor role ends.
    pub strict_idle_minutes: u32,
    /// Hours until it ends in any case.
    pub strict_hours: u32,
    /// Hours without a request until any other session ends (a grid worker's phone).
    pub idle_hours: u32,
    /// Days until it ends in any case.
    pub days: u32,
    /// Memory of one password hash in KiB.
    pub hash_memory_kib: u32,
    /// Passes of one password hash.
    pub hash_passes: u32,
    /// Turns the second factor off, for demonstrations on one machine only.
    pub second_factor: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            suite: Suite::Aes,
            strict_idle_minutes: 120,
            strict_hours: 12,
            idle_hours: 7 * 24,
            days: 30,
            hash_memory_kib: 19 * 1024,
            hash_passes: 2,
            second_factor: true,
        }
    }
}

/// The slice as the program holds it: a port of the district.
#[derive(Debug)]
pub struct Access {
    /// Who may do what.
    pub policy: Policy,
    /// Field encryption.
    pub keyring: Keyring,
    /// Password hashing.
    pub passwords: password::Passwords,
    /// What the configuration says.
    pub limits: Limits,
}

impl Access {
    /// Reads the policy and the keys; `db` has this slice's migrations.
    pub async fn open(db: &Db, master: Master, limits: Limits, ids: Ids, now: Timestamp) -> Result<Self> {
        let policy = Policy::built_in().map_err(Error::internal)?;
        let passwords = password::Passwords::new(limits.hash_memory_kib, limits.hash_passes, &ids)?;
        let keyring = Keyring::load(db, master, limits.suite, ids, now).await?;
        Ok(Self { policy, keyring, passwords, limits })
    }

    /// Whether log-in with these posts takes a second factor here.
    pub fn needs_factor(&self, posts: &[linli_kernel::actor::Post]) -> bool {
        self.limits.second_factor && self.policy.needs_factor(posts)
    }
}

/// The slice as the binary wires it.
pub fn manifest() -> linli_web::Manifest {
    linli_web::Manifest {
        name: "access",
        migrations: MIGRATIONS,
        routes: web::routes,
        handlers: jobs::handlers,
        locales: &[
            ("zh-CN", include_str!("../locales/zh-CN.ftl")),
            ("en", include_str!("../locales/en.ftl")),
        ],
        openapi: web::openapi,
    }
}
