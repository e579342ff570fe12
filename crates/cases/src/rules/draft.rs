//! A case while a command is being decided: the copy that changes, what the log will say, who is told.

use linli_kernel::{Error, Result, Timestamp, actor::OrgId, error::Check};

use super::{
    Audience, Changes, Entry, Notice, Scene, Standing, clocks, parties::deciding_level, transitions::To,
};
use crate::model::{Action, Ask, Case, CaseState, ClockKind, Ending, NoticeKind, Party, Who};

/// The longest note that somebody may write, in characters.
pub(super) const NOTE_MAX: usize = 2000;

#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) case: Case,
    pub(super) by: &'a Standing,
    pub(super) scene: &'a Scene<'a>,
    from: CaseState,
    public: bool,
    note: Option<String>,
    facts: Vec<(&'static str, String)>,
    before: Vec<Entry>,
    notices: Vec<Notice>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(case: &Case, by: &'a Standing, scene: &'a Scene<'a>) -> Self {
        Self {
            case: case.clone(),
            by,
            scene,
            from: case.state,
            public: false,
            note: None,
            facts: Vec::new(),
            before: Vec::new(),
            notices: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.scene.now
    }

    pub(super) fn who(&self) -> Who {
        self.by.who
    }

    /// The reporter may read this entry.
    pub(super) fn public(&mut self) {
        self.public = true;
    }

    /// Words that must be there.
    pub(super) fn say(&mut self, field: &str, text: &str) -> Result<()> {
        let mut check = Check::new();
        let text = check.text(field, text, NOTE_MAX);
        check.done()?;
        self.note = Some(text);
        Ok(())
    }

    /// Words that may be there.
    pub(super) fn may_say(&mut self, field: &str, text: Option<&str>) -> Result<()> {
        let mut check = Check::new();
        let text = check.optional(field, text, NOTE_MAX);
        check.done()?;
        self.note = text;
        Ok(())
    }

    pub(super) fn fact(&mut self, name: &'static str, value: impl std::fmt::Display) {
        self.facts.push((name, value.to_string()));
    }

    pub(super) fn tell(&mut self, org: OrgId, kind: NoticeKind) {
        self.notices.push(Notice { to: Audience::Org(org), kind });
    }

    pub(super) fn tell_reporter(&mut self, kind: NoticeKind) {
        self.notices.push(Notice { to: Audience::Reporter, kind });
    }

    /// The organisation of the centre that sits over the case.
    pub(super) fn centre(&self) -> OrgId {
        self.scene.chain.at(deciding_level(self.case.level))
    }

    /// The organisation of the centre above that.
    pub(super) fn above(&self) -> OrgId {
        self.scene.chain.at(deciding_level(self.case.level).above())
    }

    /// Nobody decides on what they asked for themselves.
    pub(super) fn not_own(&self, ask: &Ask) -> Result<()> {
        if ask.by() == self.who() { Err(Error::Forbidden("case-own-ask")) } else { Ok(()) }
    }

    /// A centre that leads a case itself is judged by the one above; the district's has none above.
    pub(super) fn not_own_case(&self) -> Result<()> {
        if self.by.is(Party::Lead) && !self.by.is(Party::Above) {
            Err(Error::Forbidden("case-own-ask"))
        } else {
            Ok(())
        }
    }

    /// One thing waits for a decision at a time.
    pub(super) fn nothing_asked(&self) -> Result<()> {
        if self.case.ask.is_some() { Err(Error::Conflict("case-ask-pending")) } else { Ok(()) }
    }

    pub(super) fn start(&mut self, kind: ClockKind) {
        clocks::start(&mut self.case, kind, self.scene);
    }

    pub(super) fn end(&mut self, kinds: &[ClockKind], how: Ending) {
        clocks::end(&mut self.case, |kind| kinds.contains(&kind), how, self.scene.now);
    }

    pub(super) fn end_all(&mut self, how: Ending) {
        clocks::end(&mut self.case, |_| true, how, self.scene.now);
    }

    pub(super) fn pause(&mut self) {
        clocks::pause(&mut self.case, self.scene.now);
    }

    pub(super) fn resume(&mut self) {
        clocks::resume(&mut self.case, self.scene.now, self.scene.calendar);
    }

    /// Stops waiting for the reporter, if it did.
    pub(super) fn stop_waiting(&mut self) {
        if self.case.waiting_since.take().is_some() {
            self.end(&[ClockKind::AwaitReporter], Ending::Superseded);
            self.resume();
        }
    }

    /// Makes `lead` the one lead and holds it to what still runs.
    pub(super) fn hand_to(&mut self, lead: OrgId) {
        self.case.lead = lead;
        self.case.assisting.retain(|org| *org != lead);
        for clock in self.case.clocks.iter_mut().filter(|c| c.is_live()) {
            clock.org = lead;
        }
    }

    /// Writes what happened so far as an entry of its own, before the one that closes the draft.
    pub(super) fn enter(&mut self, action: Action, to: CaseState) {
        let entry = self.entry(action, to);
        self.from = to;
        self.before.push(entry);
    }

    fn entry(&mut self, action: Action, to: CaseState) -> Entry {
        Entry {
            action,
            by: self.by.who,
            from: Some(self.from),
            to,
            public: std::mem::take(&mut self.public),
            note: self.note.take(),
            facts: std::mem::take(&mut self.facts),
        }
    }

    /// Moves the case and closes the draft.
    pub(super) fn finish(mut self, action: Action, to: To) -> Changes {
        let state = self.target(to);
        let entry = self.entry(action, state);
        self.before.push(entry);
        self.close(state)
    }

    /// Closes a draft whose entries are already written.
    pub(super) fn close(mut self, state: CaseState) -> Changes {
        if state != CaseState::Suspended {
            self.case.suspension = None;
        }
        self.case.state = state;
        self.notices.sort_unstable();
        self.notices.dedup();
        Changes { case: self.case, entries: self.before, notices: self.notices }
    }

    fn target(&self, to: To) -> CaseState {
        match to {
            To::State(state) => state,
            To::Same => self.from,
            To::Before => self.case.suspension.map_or(CaseState::Accepted, |s| s.before),
        }
    }
}
