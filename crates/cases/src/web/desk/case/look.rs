//! A case as its page, the triage board and the other desks draw it.

use linli_access::Target;
use linli_kernel::{AreaCode, Result, Timestamp};
use linli_web::{Chrome, Ctx, Markup};

use super::allowed;
use crate::{
    model::{Action, Ask, CaseState},
    read::{Detail, Related},
    web::desk::{
        acts,
        room::{Beside, Room},
        timeline::{self, Happened},
        view::{Clock, Line, Reporter, tone, worker},
    },
};

/// A photo of the case.
pub(in crate::web::desk) struct Shot {
    pub(in crate::web::desk) full: String,
    pub(in crate::web::desk) small: String,
    pub(in crate::web::desk) alt: String,
    pub(in crate::web::desk) note: String,
}

pub(in crate::web::desk) struct Step {
    pub(in crate::web::desk) class: &'static str,
    pub(in crate::web::desk) name: String,
    pub(in crate::web::desk) when: String,
}

/// What a lead asks for.
pub(in crate::web::desk) struct Asked {
    pub(in crate::web::desk) head: String,
    pub(in crate::web::desk) by: String,
    pub(in crate::web::desk) note: String,
    pub(in crate::web::desk) text: String,
}

/// A case as its page, the triage board and the other desks draw it.
pub(in crate::web::desk) struct CaseView {
    pub(in crate::web::desk) line: Line,
    pub(in crate::web::desk) area: AreaCode,
    pub(in crate::web::desk) text: String,
    pub(in crate::web::desk) address: String,
    pub(in crate::web::desk) worker: String,
    pub(in crate::web::desk) category: String,
    pub(in crate::web::desk) basis: String,
    pub(in crate::web::desk) point: Option<(f64, f64)>,
    pub(in crate::web::desk) reporter: Reporter,
    pub(in crate::web::desk) photos: Vec<Shot>,
    pub(in crate::web::desk) steps: Vec<Step>,
    pub(in crate::web::desk) ask: Option<Asked>,
    pub(in crate::web::desk) second_return: bool,
    pub(in crate::web::desk) waiting: bool,
    pub(in crate::web::desk) over: bool,
    pub(in crate::web::desk) assisting: Vec<String>,
    pub(in crate::web::desk) clocks: Vec<Clock>,
    pub(in crate::web::desk) replies: Vec<(String, String)>,
    pub(in crate::web::desk) tasks: Vec<TaskLine>,
    pub(in crate::web::desk) parent: Option<(String, String)>,
    pub(in crate::web::desk) merged: Option<(String, String)>,
    pub(in crate::web::desk) entries: usize,
    pub(in crate::web::desk) can_merge: bool,
    pub(in crate::web::desk) merge_url: String,
    happened: Vec<Happened>,
}

pub(in crate::web::desk) struct TaskLine {
    pub(in crate::web::desk) url: String,
    pub(in crate::web::desk) title: String,
    pub(in crate::web::desk) number: String,
    pub(in crate::web::desk) lead: String,
    pub(in crate::web::desk) state: String,
    pub(in crate::web::desk) tone: &'static str,
}

impl CaseView {
    pub(in crate::web::desk) fn timeline(&self, chrome: &Chrome) -> Markup {
        timeline::show(chrome, &self.happened)
    }
}

const STEPS: [(&str, &[Action]); 7] = [
    ("report", &[Action::Report]),
    ("file", &[Action::File]),
    ("dispatch", &[Action::Dispatch, Action::ConsentReturn, Action::DecideReturn]),
    ("work", &[Action::Accept, Action::Arrive, Action::ConsentReturn]),
    ("resolve", &[Action::Resolve]),
    ("close", &[Action::Close]),
    ("rate", &[Action::Rate]),
];

/// How many of the seven steps are done.
fn steps_done(state: CaseState) -> usize {
    match state {
        CaseState::Reported => 1,
        CaseState::Filed | CaseState::Reopened | CaseState::Declined | CaseState::Merged => 2,
        CaseState::Assigned
        | CaseState::Accepted
        | CaseState::OnSite
        | CaseState::Returned
        | CaseState::Suspended => 3,
        CaseState::Resolved | CaseState::Verifying => 5,
        CaseState::Closed => 6,
        CaseState::Rated => 7,
    }
}

fn steps(ctx: &Ctx, detail: &Detail) -> Vec<Step> {
    let done = steps_done(detail.row.state);
    let stopped = matches!(detail.row.state, CaseState::Declined | CaseState::Merged);
    STEPS
        .iter()
        .enumerate()
        .map(|(n, (name, actions))| {
            let at = detail.timeline.iter().rev().find(|e| actions.contains(&e.action)).map(|e| e.at);
            let when = at.filter(|_| n < done).map(|at| ctx.locale.time(at)).unwrap_or_default();
            let class = match n {
                n if n < done => "done",
                n if n == done && stopped => "stopped",
                n if n == done => "now",
                _ => "",
            };
            Step { class, name: ctx.locale.t(&format!("desk-step-{name}")), when }
        })
        .collect()
}

fn asked(ctx: &Ctx, room: &Room, detail: &Detail) -> Option<Asked> {
    let ask = detail.case.ask.as_ref()?;
    let t = |key: &str, args: &[(&str, String)]| ctx.locale.t_with(key, args);
    let (head, text, action) = match ask {
        Ask::Return { reason, to, .. } => (
            "desk-ask-return",
            t(
                "desk-ask-return-text",
                &[
                    ("reason", ctx.locale.t(&format!("desk-return-{reason}"))),
                    ("to", room.atlas.org_name(*to).to_owned()),
                ],
            ),
            Action::RequestReturn,
        ),
        Ask::Extension { days, .. } => (
            "desk-ask-extension",
            t("desk-ask-extension-text", &[("days", days.to_string())]),
            Action::RequestExtension,
        ),
        Ask::Suspension { review, .. } => (
            "desk-ask-suspension",
            t("desk-ask-suspension-text", &[("day", ctx.locale.time(*review))]),
            Action::RequestSuspension,
        ),
    };
    let entry = detail.timeline.iter().rev().find(|e| e.action == action);
    let by = entry.map(|e| {
        let org = e.org.map(|org| room.atlas.org_name(org)).unwrap_or_default();
        t("desk-ask-by", &[("who", format!("{org} {}", e.name)), ("at", ctx.locale.time(e.at))])
    });
    Some(Asked {
        head: ctx.locale.t(head),
        by: by.unwrap_or_default(),
        note: entry.and_then(|e| e.note.clone()).unwrap_or_default(),
        text,
    })
}

fn shots(ctx: &Ctx, detail: &Detail) -> Vec<Shot> {
    let label = |work: bool| ctx.locale.t(if work { "desk-photo-work" } else { "desk-photo-report" });
    detail
        .photos
        .iter()
        .enumerate()
        .map(|(n, p)| Shot {
            full: format!("/cases/{}/photos/{}", detail.row.id, p.id),
            small: format!("/cases/{}/photos/{}?small=1", detail.row.id, p.id),
            alt: format!("{} {}", label(p.work), n + 1),
            note: label(p.work),
        })
        .collect()
}

fn replies(ctx: &Ctx, detail: &Detail) -> Vec<(String, String)> {
    let former = detail.former_replies();
    let said = detail.timeline.iter().rev().filter_map(|e| Some((e.at, e.facts.get("reply")?)));
    let head = |at: Timestamp, reply: &String| {
        let time = ctx.locale.time(at);
        match former.iter().find(|f| f.at == at && f.text == *reply) {
            Some(f) => {
                let args = [("at", time), ("reopened", ctx.locale.time(f.reopened_at))];
                ctx.locale.t_with("desk-reply-former", &args)
            }
            None => time,
        }
    };
    said.map(|(at, reply)| (head(at, reply), reply.clone())).collect()
}

fn related(other: &Related) -> (String, String) {
    (format!("/desk/cases/{}", other.id), format!("{} {}", other.number, other.title))
}

/// Draws a loaded case.
pub(in crate::web::desk) fn view(
    ctx: &Ctx,
    room: &Room,
    detail: &Detail,
    beside: &Beside,
) -> Result<CaseView> {
    let (row, case) = (&detail.row, &detail.case);
    let orgs = crate::store::orgs(case);
    let target = Target { area: &case.area, orgs: &orgs };
    let may_look = room.access.policy.permits(&ctx.actor, "case.read_contact", &target).is_ok();
    let reporter = detail.reporter(&room.access, &ctx.actor)?;
    let duty = row.category.as_deref().and_then(|code| room.atlas.duty(code));
    let basis = duty.map_or_else(String::new, |d| {
        let lead = room.atlas.org_name(d.lead);
        d.basis.as_ref().map_or_else(|| lead.to_owned(), |basis| format!("{lead} · {basis}"))
    });
    let live = case.clocks.iter().filter(|c| c.is_live());
    Ok(CaseView {
        line: Line::of(ctx, room, row),
        area: row.area.at(linli_kernel::area::AreaLevel::Community).unwrap_or_else(|| row.area.clone()),
        text: detail.text.clone(),
        address: row.address.clone(),
        worker: worker(&room.atlas, &row.area),
        category: row
            .category
            .as_deref()
            .map_or_else(|| ctx.locale.t("desk-uncategorised"), |code| room.atlas.category_path(code)),
        basis,
        point: row.lat.zip(row.lng),
        reporter: Reporter::of(row.id, &reporter, beside.clear.as_ref(), may_look),
        photos: shots(ctx, detail),
        steps: steps(ctx, detail),
        ask: asked(ctx, room, detail),
        second_return: case.returns > 1 && matches!(case.ask, Some(Ask::Return { .. })),
        waiting: row.waiting,
        over: row.state.is_over(),
        assisting: case.assisting.iter().map(|org| room.atlas.org_name(*org).to_owned()).collect(),
        clocks: live.map(|c| Clock::of(c, &room.book, room.now, &ctx.locale)).collect(),
        replies: replies(ctx, detail),
        tasks: detail.tasks.iter().map(|t| task(ctx, room, t)).collect(),
        parent: detail.parent.as_ref().map(related),
        merged: detail.followed.as_ref().map(|f| {
            let (url, _) = related(f);
            (url, ctx.locale.t_with("desk-merged-into", &[("number", f.number.clone())]))
        }),
        entries: detail.timeline.len(),
        can_merge: allowed(ctx, room, case).contains(&Action::Merge),
        merge_url: acts::address(row.id, Action::Merge),
        happened: timeline::lines(&ctx.locale, &room.atlas, &detail.timeline),
    })
}

fn task(ctx: &Ctx, room: &Room, task: &Related) -> TaskLine {
    TaskLine {
        url: format!("/desk/cases/{}", task.id),
        title: task.title.clone(),
        number: task.number.clone(),
        lead: room.atlas.org_name(task.lead).to_owned(),
        state: ctx.locale.t(&format!("desk-state-{}", task.state)),
        tone: tone(task.state),
    }
}
