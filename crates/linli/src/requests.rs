//! The wire between what residents ask of their data and the desk of cases: a request becomes a case with a
//! clock. Nothing of the person stands in the case; who works on it opens the request.

use linli_cases::{
    app::{self, NewReport, Proof, ReporterInput},
    model::{CaseId, Command, Nature, Source},
};
use linli_household::privacy::request::{Errand, Kind, State};
use linli_kernel::{Actor, export::uuid::Uuid};
use linli_store::{Op, worker::Work};

/// Opens the case of a request.
pub(crate) fn open(op: &mut Op, errand: Errand) -> Work<'_, (Uuid, String)> {
    Box::pin(async move {
        let title = match errand.kind {
            Kind::Export => "居民申请查阅、复制本人信息",
            Kind::Erasure => "居民申请删除本人信息",
        };
        let new = NewReport {
            source: Source::Resident,
            nature: Nature::Help,
            title: title.to_owned(),
            text: format!("{title}。请在“个人信息请求”中办理：/homes/requests/{}", errand.request),
            category: None,
            point: None,
            area: Some(errand.area),
            address: String::new(),
            // Who asks is known to the request; those who work on the case do not need to.
            reporter: ReporterInput { anonymous: true, ..ReporterInput::default() },
            urgent: false,
            photos: Vec::new(),
            parent: None,
            external: None,
            reported_at: None,
        };
        // The register has authorised whoever writes it down; the case is opened by the house itself.
        let asking = std::mem::replace(&mut op.actor, Actor::System);
        let receipt = app::report(op, new).await;
        op.actor = asking;
        let receipt = receipt?;
        Ok((receipt.id.0, receipt.number))
    })
}

/// Notes in the case that its request has been answered; whoever leads the case still ends it themselves.
pub(crate) fn tell(op: &mut Op, case: Uuid, state: State) -> Work<'_, ()> {
    Box::pin(async move {
        let text = match state {
            State::Open => return Ok(()),
            State::Done => "个人信息请求已办结，可以办结本案。",
            State::Refused => "个人信息请求不予办理，理由已告知本人，可以办结本案。",
        };
        let note = Command::Note { text: text.to_owned() };
        let answering = std::mem::replace(&mut op.actor, Actor::System);
        let noted = app::act(op, CaseId(case), note, Proof::Post, Vec::new()).await;
        op.actor = answering;
        noted.map(|_| ())
    })
}
