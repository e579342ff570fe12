//! What residents say of their home (居民自填) and how it is compared (核对): never straight into the register.

mod compare;
mod jobs;
mod model;
pub(crate) mod peer;
mod phone;
mod read;
mod receipt;
mod review;
mod store;
mod submit;
mod triage;

pub use compare::{Compared, FieldPair, Match, PersonPair, compare};
pub use jobs::handlers;
pub use model::{
    CONSENT, Claim, ClaimKind, ClaimState, Conflict, Content, Member, NewClaim, Outcome, SEPARATE,
};
pub use phone::{Asked, Held, Message, Proof, SESSION, TextMessages, ask, digits_of, held, prove};
pub use read::{Kept, Queue, QueueRow, Which, counts, mine_waiting, queue, receipt, waiting_at};
pub use receipt::Receipt;
pub(crate) use review::withdraw;
pub use review::{Decision, Taken, accept, accept_unchanged, ask_again, decline};
pub(crate) use submit::MEMBERS;
pub use submit::{own, submit};

linli_kernel::typed_id! {
    /// One entry of the queue.
    ClaimId;
    /// One phone that was asked for a code.
    ProofId
}
