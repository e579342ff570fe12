//! `linli doctor`: what is wrong, and what to do about it.

mod databases;
mod place;

use linli_access::Master;
use linli_kernel::{Calendar, Clock};

use super::Done;
use crate::config::{Config, Source, unknown_variables};

/// Options of `linli doctor`.
#[derive(clap::Args)]
pub struct Args {
    /// Only settings, key and folders: what has to be right before a start, which migrates by itself.
    #[arg(long)]
    settings: bool,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// As it should be.
    Good,
    /// Worth knowing; nothing fails by it today.
    Note,
    /// Has to be mended.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone)]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// What was found.
    pub what: String,
    /// What to do; nothing where it is good.
    pub mend: &'static str,
}

/// Findings of one look around, in order.
#[derive(Debug, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    fn good(&mut self, what: impl Into<String>) {
        self.0.push(Finding { grade: Grade::Good, what: what.into(), mend: "" });
    }

    fn note(&mut self, what: impl Into<String>, mend: &'static str) {
        self.0.push(Finding { grade: Grade::Note, what: what.into(), mend });
    }

    fn bad(&mut self, what: impl Into<String>, mend: &'static str) {
        self.0.push(Finding { grade: Grade::Wrong, what: what.into(), mend });
    }

    /// How many have to be mended.
    pub fn wrong(&self) -> usize {
        self.0.iter().filter(|f| f.grade == Grade::Wrong).count()
    }

    fn print(&self) {
        for Finding { grade, what, mend } in &self.0 {
            let word = match grade {
                Grade::Good => "ok   ",
                Grade::Note => "note ",
                Grade::Wrong => "WRONG",
            };
            println!("{word} {what}");
            if !mend.is_empty() {
                println!("      {mend}");
            }
        }
    }
}

/// Looks at settings, keys, disks, clock and databases, and says what to do about each thing that is wrong.
pub(super) async fn run(source: &Source, args: Args) -> Done {
    let found = match Config::load(source) {
        Err(error) => {
            let mut found = Findings::default();
            found.bad(error, "mend this key in the settings file or the environment");
            found
        }
        Ok(config) => look(&config, &Clock::System, args.settings).await,
    };
    found.print();
    match found.wrong() {
        0 => Ok(()),
        1 => Err("one thing has to be mended".into()),
        n => Err(format!("{n} things have to be mended").into()),
    }
}

/// Everything that `doctor` looks at once the settings are read.
pub async fn look(config: &Config, clock: &Clock, only_settings: bool) -> Findings {
    let mut found = Findings::default();
    found.good("settings");
    for name in unknown_variables(std::env::vars().map(|(name, _)| name)) {
        found.note(
            format!("the environment sets {name}, which means nothing here"),
            "is it misspelt? docs/guide/operator.md lists the variables",
        );
    }
    key(config, &mut found);
    place::folders(config, &mut found);
    place::clock(clock, &mut found);
    if !only_settings {
        for settings in &config.district {
            databases::look(config, settings, clock, &mut found).await;
        }
        calendar(clock, &mut found);
    }
    found
}

fn key(config: &Config, found: &mut Findings) {
    let path = config.master_key();
    match Master::read(&path) {
        Ok(_) => found.good(format!("master key {}", path.display())),
        Err(fault) if config.development => {
            found.note(fault.to_string(), "it is made at the first start in development");
        }
        Err(fault) => found.bad(
            fault.to_string(),
            "a new district gets 64 hex digits in a file of its owner alone: openssl rand -hex 32; an old one gets its own key back",
        ),
    }
}

fn calendar(clock: &Clock, found: &mut Findings) {
    use chrono::Datelike;
    let last = Calendar::shipped().ok().and_then(|c| c.last_year()).unwrap_or_default();
    if last <= clock.now().china_date().year() {
        found.note(
            format!("the shipped holiday table ends with {last}"),
            "enter the next year on the calendar page when it is announced",
        );
    } else {
        found.good("holiday table");
    }
}
