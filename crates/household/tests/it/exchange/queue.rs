//! What a peer says against what is known waits for a person, once.

use linli_household::{
    claims::{self, ClaimState, Decision, Kept, QueueRow, Taken, Which},
    exchange::sync::{self, Outcome},
    model::{Field, Source},
    store::people,
};
use linli_testkit::both_engines;
use serde_json::json;

use super::*;

const IN: &[Shared] =
    &[Shared::ResidentName, Shared::ResidentIdNumber, Shared::ResidentPhone, Shared::ResidentHome];

async fn told(d: &Arc<District>, a: &Agreement, row: serde_json::Value) -> Outcome {
    let mut op = op(d, client(a)).await;
    let replies = sync::take(&mut op, &[row]).await.unwrap();
    op.commit().await.unwrap();
    replies[0].outcome
}

async fn waiting(d: &District) -> Vec<QueueRow> {
    let mut conn = d.db.read().await.unwrap();
    claims::queue(&mut conn, &Scope::everything(), &d.area, Which::All, None, 50).await.unwrap().items
}

async fn decision(d: &District, row: &QueueRow) -> Decision {
    let access = d.port::<Access>().unwrap();
    let mut conn = d.db.read().await.unwrap();
    let kept = Kept::load(&mut conn, &access, &Scope::everything(), row.id).await.unwrap();
    let said = kept.content.unwrap();
    let compared = claims::compare(&mut conn, &access, &kept.claim, &said, d.clock.now()).await.unwrap();
    Decision { version: kept.claim.version, base: compared.base, taken: Taken::All }
}

both_engines! {
    async fn a_word_against_what_is_known_waits_once_and_is_taken_or_not(s) {
        let d = telling(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let known = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let (a, _) = concluded(&d, &wanted(&d, Direction::In, IN, &[STREET])).await;
        d.clock.advance(Duration::from_hours(48));
        let says = |phone: &str| {
            json!({ "external_id": "H-2", "confirmed_at": "2026-11-24T08:00:00+08:00", "name": "王小明", "id_number": ID, "phone": phone })
        };
        assert_eq!(told(&d, &a, says("10000000003")).await, Outcome::Conflict);
        assert_eq!(told(&d, &a, says("10000000003")).await, Outcome::Conflict);
        let first = waiting(&d).await;
        assert_eq!((first.len(), first[0].peer.as_deref(), first[0].conflicts.as_str()), (1, Some(a.peer.as_str()), ""));
        // Another word of the same person takes its place; who decides about the old one is told.
        let old = decision(&d, &first[0]).await;
        told(&d, &a, says("10000000004")).await;
        assert_eq!(waiting(&d).await.len(), 1);
        let mut late = op(&d, worker()).await;
        assert_eq!(key(claims::accept(&mut late, first[0].id, &old).await), "claim-changed-meanwhile");
        drop(late);
        let mut asked = op(&d, worker()).await;
        assert_eq!(key(claims::ask_again(&mut asked, first[0].id, 2, "请核实").await), "claim-peer-not-asked");
        drop(asked);

        let mut no = op(&d, worker()).await;
        claims::decline(&mut no, first[0].id, 2, "上门核实过，还是原来的号码").await.unwrap();
        no.commit().await.unwrap();
        told(&d, &a, says("10000000004")).await;
        assert!(waiting(&d).await.is_empty(), "what was looked at does not come back");

        told(&d, &a, says("10000000005")).await;
        let again = waiting(&d).await;
        let whole = decision(&d, &again[0]).await;
        let mut yes = op(&d, worker()).await;
        assert_eq!(claims::accept(&mut yes, again[0].id, &whole).await.unwrap().state, ClaimState::Accepted);
        yes.commit().await.unwrap();
        let row = people::get(&mut d.db.read().await.unwrap(), known).await.unwrap();
        let person = row.person(linli_household::store::Seal::new(&d.port::<Access>().unwrap())).unwrap();
        let mark = row.marks().unwrap().of(Field::Phone);
        assert_eq!((person.phone.as_deref(), mark.source, mark.verified), (Some("10000000005"), Source::Sync, true));
        assert_eq!(told(&d, &a, says("10000000005")).await, Outcome::Unchanged);
        // The peer mends itself: nobody has to look any more.
        assert_eq!(told(&d, &a, says("10000000006")).await, Outcome::Conflict);
        assert_eq!(waiting(&d).await.len(), 1);
        told(&d, &a, says("10000000005")).await;
        assert!(waiting(&d).await.is_empty());
    }

    async fn who_is_said_to_live_elsewhere_waits_at_the_new_home(s) {
        let d = telling(&s).await;
        let (here, next, far) = (home(&d, GRID, "3号楼").await, home(&d, NEXT_GRID, "6号楼").await, home(&d, FAR_GRID, "5号楼").await);
        let moving = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let away = add(&d, far, &facts("李小红", "440524188001010014", "10000000002")).await.id;
        let (a, _) = concluded(&d, &wanted(&d, Direction::In, IN, &[STREET])).await;
        d.clock.advance(Duration::from_hours(48));
        let at = "2026-11-24T08:00:00+08:00";
        let comes = |id: &str, number: &str, to: DwellingId| {
            json!({ "external_id": id, "confirmed_at": at, "name": if id == "H-1" { "王小明" } else { "李小红" }, "id_number": number, "dwelling": to })
        };
        assert_eq!(told(&d, &a, comes("H-1", ID, next)).await, Outcome::Conflict);
        d.clock.advance(Duration::from_mins(1));
        assert_eq!(told(&d, &a, comes("H-2", "440524188001010014", next)).await, Outcome::Conflict);
        let rows = waiting(&d).await;
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|r| r.area.as_str() == NEXT_GRID && r.conflicts == "elsewhere"), "{rows:?}");
        let yes = decision(&d, &rows[0]).await;
        let mut op1 = op(&d, actor(Role::GridWorker, NEXT_GRID)).await;
        claims::accept(&mut op1, rows[0].id, &yes).await.unwrap();
        op1.commit().await.unwrap();
        let lives = async |id| people::get(&mut d.db.read().await.unwrap(), id).await.unwrap().dwelling_id;
        assert_eq!((lives(moving).await, lives(away).await), (Some(next), Some(far)));
        // Who has left, says the peer.
        d.clock.advance(Duration::from_mins(1));
        assert_eq!(told(&d, &a, json!({ "external_id": "H-1", "confirmed_at": at, "left": "away" })).await, Outcome::Conflict);
        let gone = waiting(&d).await;
        let yes = decision(&d, &gone[1]).await;
        let mut op2 = op(&d, actor(Role::GridWorker, NEXT_GRID)).await;
        claims::accept(&mut op2, gone[1].id, &yes).await.unwrap();
        op2.commit().await.unwrap();
        assert_eq!(lives(moving).await, None);
    }
}
