//! Log-in and sessions (登录、会话): a random token in the browser, its hash here, an end in any case.

mod app;
mod device;
mod factor;
pub(crate) mod store;

pub use app::{
    Attempt, Opened, authenticate, change_password, devices, log_in, log_out, revoke, revoke_others,
    revoke_own, sweep, touch,
};
pub use device::remembered;
pub use factor::{Setup, begin, begun, confirm, verify};

use std::{sync::Arc, time::Duration};

use linli_kernel::{Actor, AreaCode, Result, Timestamp, actor::AccountId};
use linli_store::{Db, District, Op};
use linli_web::limit::network;
use serde::Serialize;

use crate::token;

linli_kernel::typed_id! {
    /// One log-in on one device.
    SessionId
}

/// Where a use case comes from that needs more than one transaction, because it hashes a password
/// in between and must not hold the write lock meanwhile.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The district.
    pub district: Arc<District>,
    /// Its database, perhaps metered.
    pub db: Db,
    /// Who asks.
    pub actor: Actor,
    /// The request's id.
    pub request: String,
}

impl Caller {
    pub(crate) async fn op(&self) -> Result<Op> {
        Op::begin(self.district.clone(), &self.db, self.actor.clone(), self.request.clone()).await
    }

    /// As the session's account, which the log names even while the session is not ready to act.
    pub(crate) async fn op_of(&self, session: &Session) -> Result<Op> {
        let actor = session.actor.clone();
        Op::begin(self.district.clone(), &self.db, actor, self.request.clone()).await
    }
}

/// How the second factor stands in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// The posts held do not ask for one, and none is set up.
    NotNeeded,
    /// Shown in this session.
    Done,
    /// To be shown before anything else.
    Due,
    /// To be set up before anything else.
    SetUp,
}

/// A valid session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The account.
    pub account: AccountId,
    /// Who acts, with the posts held now. Use it only when [`Session::ready`].
    pub actor: Actor,
    /// The log-in name.
    pub login: String,
    /// Where the account is administered.
    pub area: AreaCode,
    /// How the second factor stands.
    pub factor: Factor,
    /// Whether the password is to be changed before anything else.
    pub must_change: bool,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// Whether [`touch`] is due; at most once a minute, so that reading does not write.
    pub touch_due: bool,
}

impl Session {
    /// Whether the person may go on to work: second factor shown, no password to change.
    pub fn ready(&self) -> bool {
        matches!(self.factor, Factor::NotNeeded | Factor::Done) && !self.must_change
    }
}

/// A log-in as its owner sees it in the list of devices.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Device {
    /// The session.
    pub id: SessionId,
    /// What the browser called itself.
    pub device: String,
    /// The network address.
    pub source: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Last request.
    pub seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

impl Device {
    /// Browser and system in two words, as far as the browser told; else what it called itself.
    pub fn name(&self) -> String {
        let first = |words: &[(&str, &'static str)]| {
            words.iter().find(|(sign, _)| self.device.contains(sign)).map(|(_, name)| *name)
        };
        // Most browsers also name those whose pages they want to get; the narrower sign comes first.
        let browser = first(&[
            ("MicroMessenger", "微信"),
            ("Edg", "Edge"),
            ("Firefox", "Firefox"),
            ("Chrome", "Chrome"),
            ("Safari", "Safari"),
        ]);
        let system = first(&[
            ("HarmonyOS", "HarmonyOS"),
            ("Android", "Android"),
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Windows", "Windows"),
            ("Mac OS", "macOS"),
            ("Linux", "Linux"),
        ]);
        match (browser, system) {
            (Some(browser), Some(system)) => format!("{browser} · {system}"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => self.device.clone(),
        }
    }
}

/// Between two writes of “last seen”.
const TOUCH: Duration = Duration::from_mins(1);

/// Under which failed passwords of `login` are counted, whether or not there is such an account; what is counted from
/// one place only goes on after a colon.
pub(crate) fn login_key(login: &str) -> String {
    let login = login.trim().to_ascii_lowercase();
    format!("login:{}", linli_kernel::hex(token::hash(&login)))
}

/// Under which wrong present passwords of somebody who is in are counted.
pub(crate) fn password_key(account: AccountId) -> String {
    format!("password:{account}")
}

/// Under which failed second factors are counted.
pub(crate) fn factor_key(account: AccountId) -> String {
    format!("factor:{account}")
}

fn source_key(source: &str) -> String {
    format!("source:{}", network(source))
}

fn hours(n: u32) -> Duration {
    Duration::from_hours(u64::from(n))
}
