//! How stories end: verified, closed, called back, rated; sometimes done again.

use linli_cases::model::{Command, FollowUp, Level, Nature, Outcome, Satisfaction, Source};

use super::{By, story::Teller, text::notes};

/// 核查结案, 回访, 评价 and, for some, 重办.
pub(super) fn end(t: &mut Teller<'_>) {
    verify(t);
    if t.core.source == Source::Grid {
        return;
    }
    let satisfaction = satisfaction(t);
    follow_up(t, satisfaction);
    if !t.reachable {
        return;
    }
    let unhappy = !satisfaction.is_satisfied();
    if unhappy && t.dice.chance(0.45) {
        t.wall(6.0, 120.0);
        let reason = t.said(notes::REOPEN);
        t.step(By::Reporter, Command::Reopen { reason });
        t.work(0.2, 1.0);
        t.step_now_by_lead(Command::Accept);
        if t.on_the_spot {
            t.work(1.0, 5.0);
            t.step_now_by_lead(Command::Arrive { plan: Some(notes::PLAN[0].to_owned()) });
        }
        t.work(0.5, 5.0);
        t.resolve();
        verify(t);
    } else if t.dice.chance(0.45) {
        t.wall(2.0, 90.0);
        let comment = t.may_say(if unhappy { notes::BLAME } else { notes::PRAISE });
        t.step(By::Reporter, Command::Rate { satisfaction, comment });
    }
}

fn verify(t: &mut Teller<'_>) {
    t.work(0.05, 2.0);
    let looker = |t: &mut Teller<'_>| if t.level > Level::Grid { t.centre() } else { t.secretary() };
    if t.dice.chance(0.5) {
        t.step(By::System, Command::StartVerification);
    } else {
        let by = looker(t);
        t.step(by, Command::StartVerification);
    }
    if t.dice.chance(0.03) {
        t.work(0.2, 1.0);
        let by = looker(t);
        let note = t.said(notes::REWORK);
        t.step(by, Command::FailVerification { note });
        // What failed goes back to the lead's hands and needs somebody on the spot again.
        t.work(0.1, 1.0);
        if t.on_the_spot {
            t.step_now_by_lead(Command::Arrive { plan: Some(notes::PLAN[1].to_owned()) });
        }
        t.work(0.2, 1.0);
        t.resolve();
        t.work(0.05, 0.5);
        let by = looker(t);
        t.step(by, Command::StartVerification);
    }
    t.work(0.1, 3.0);
    let outcome = match t.core.nature {
        Nature::Question | Nature::Suggestion => Outcome::Explained,
        Nature::Tip if t.dice.chance(0.1) => Outcome::Unfounded,
        _ if t.dice.chance(0.92) => Outcome::Solved,
        _ => Outcome::Partly,
    };
    let by = looker(t);
    t.step(by, Command::Close { outcome, note: None });
}

fn satisfaction(t: &mut Teller<'_>) -> Satisfaction {
    const SHARES: [(Satisfaction, f64); 5] = [
        (Satisfaction::VerySatisfied, 36.0),
        (Satisfaction::Satisfied, 40.0),
        (Satisfaction::Mostly, 13.0),
        (Satisfaction::Dissatisfied, 8.0),
        (Satisfaction::VeryDissatisfied, 3.0),
    ];
    SHARES[t.dice.weighted(SHARES.iter().map(|s| s.1))].0
}

fn follow_up(t: &mut Teller<'_>, satisfaction: Satisfaction) {
    let share = if t.core.source == Source::Hotline { 0.8 } else { 0.4 };
    if !t.reachable || !t.dice.chance(share) {
        return;
    }
    t.work(1.0, 12.0);
    let by = if t.core.source == Source::Hotline && t.dice.chance(0.5) { t.hotline() } else { t.centre() };
    let reached = t.dice.chance(0.88);
    let result = FollowUp {
        reached,
        contacted: reached.then(|| t.dice.chance(0.97)),
        solved: reached.then(|| satisfaction.is_satisfied() || t.dice.chance(0.4)),
        satisfaction: reached.then_some(satisfaction),
    };
    t.step(by, Command::FollowUp(result));
}
