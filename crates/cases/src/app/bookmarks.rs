//! Filters of the case list kept under a name (常用筛选). They are their keeper's own, a person or another system, and no
//! act on any case: they are not in the activity log.

use linli_kernel::{Actor, Error, Result, error::Check};
use linli_store::{Conn, Op, settings};
use serde::{Deserialize, Serialize};

/// The most that one keeper has; the oldest go first.
pub(crate) const MOST: usize = 20;
/// The longest name, in characters.
pub(crate) const NAME: usize = 30;

/// A filter under its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bookmark {
    pub(crate) name: String,
    /// The filter as the address of the list carries it.
    pub(crate) query: String,
}

fn key(actor: &Actor) -> Result<String> {
    match actor {
        Actor::Account { id, .. } => Ok(format!("desk_filters.{id}")),
        Actor::Client { id, .. } => Ok(format!("desk_filters.key.{id}")),
        Actor::Public | Actor::System => Err(Error::Unauthorised),
    }
}

/// What somebody keeps, the newest first.
pub(crate) async fn all(conn: &mut Conn, actor: &Actor) -> Result<Vec<Bookmark>> {
    Ok(settings::get(conn, &key(actor)?).await?.unwrap_or_default())
}

/// Keeps a filter, in place of one of the same name.
///
/// # Errors
///
/// [`Error::Invalid`] without a name or with one that is too long.
pub(crate) async fn keep(op: &mut Op, name: &str, query: String) -> Result<()> {
    let mut check = Check::new();
    let name = check.text("name", name, NAME);
    check.done()?;
    settings::change(&mut op.tx, &key(&op.actor)?, op.now, |kept: &mut Vec<Bookmark>| {
        kept.retain(|old| old.name != name);
        kept.insert(0, Bookmark { name, query });
        kept.truncate(MOST);
        Ok(())
    })
    .await
}

/// Forgets a filter.
///
/// # Errors
///
/// [`Error::NotFound`] if there is none of that name.
pub(crate) async fn forget(op: &mut Op, name: &str) -> Result<()> {
    settings::change(&mut op.tx, &key(&op.actor)?, op.now, |kept: &mut Vec<Bookmark>| {
        let before = kept.len();
        kept.retain(|old| old.name != name);
        if kept.len() < before { Ok(()) } else { Err(Error::NotFound) }
    })
    .await
}
