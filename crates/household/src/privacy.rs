//! What personal data are kept for, on what basis and how long (处理目的、依据、保存期限), and the machinery that
//! holds us to it: a table that the administrator edits, a night that destroys what is over and says so, and what
//! residents may ask of their data.

pub mod export;
pub mod night;
pub mod request;
mod rules;
mod stewards;
pub(crate) mod web;

pub use rules::{Rule, days, rule, rules, save};
pub(crate) use stewards::FORMS;
pub use stewards::{Steward, Stewards, all};
