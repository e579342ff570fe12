//! What else stands on a worker's page of today (今日): things to do that other slices know of, by a port.

use linli_store::{Conn, worker::Work};
use linli_web::Ctx;

/// Something to do today, settled in one tap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where it is looked at.
    pub href: String,
    /// What is to be done.
    pub title: String,
    /// By when, and from where.
    pub meta: String,
    /// Where it stands, in a word.
    pub state: String,
    /// The colour of that word.
    pub tone: &'static str,
    /// Where the tap goes.
    pub settle: String,
}

/// A port: what somebody has to do. Without it the page has cases only.
#[derive(Debug, Clone, Copy)]
pub struct DayItems(pub for<'a> fn(&'a Ctx, &'a mut Conn) -> Work<'a, Vec<Item>>);
