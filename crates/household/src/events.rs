//! What a change of the register owes to others.

/// The outbox kind that says that the register has changed; its payload is [`crate::register::Changed`].
pub const CHANGED: &str = "household.changed";

/// A port: whoever carries [`CHANGED`] to others puts it in, with a handler for it. Without it no event is
/// owed, so that the outbox does not fill with what nobody fetches; the feed is written in any case.
#[derive(Debug, Clone, Copy)]
pub struct ChangesWanted;
