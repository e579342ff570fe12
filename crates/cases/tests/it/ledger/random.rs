//! Random people, reports, work and filters.

use linli_cases::{
    model::{Command, DeclineReason, FollowUp, Level, ReturnReason, Satisfaction},
    read::{AskKind, Fact, Filter},
};
use linli_kernel::AreaCode;
use proptest::prelude::*;

use super::super::*;

pub(super) fn choose<T: Clone + std::fmt::Debug + 'static>(from: &[T]) -> prop::sample::Select<T> {
    prop::sample::select(from.to_vec())
}

pub(super) fn areas() -> impl Strategy<Value = AreaCode> {
    choose(&[DISTRICT, STREET, OTHER_STREET, "371002001001", GRID, NEXT_GRID, FAR_GRID])
        .prop_map(|code| code.parse().unwrap())
}

pub(super) fn anybody() -> impl Strategy<Value = Actor> {
    let orgs = choose(&[CENTRE_ORG, STREET_ORG, OTHER_STREET_ORG, GRID_ORG, FAR_GRID_ORG, WATER, ROADS, 50]);
    let post =
        (choose(Role::ALL), areas(), orgs).prop_map(|(role, area, n)| Post { role, area, org: org(n) });
    prop::collection::vec(post, 0..3).prop_map(|posts| Actor::Account {
        id: AccountId(Uuid::from_u128(5)),
        name: "x".into(),
        posts,
    })
}

pub(super) fn reports() -> impl Strategy<Value = NewReport> {
    let sources =
        choose(&[Source::Resident, Source::Grid, Source::Inspection, Source::Property, Source::Rider]);
    let category = choose(&[None, Some(WELL.to_owned()), Some(LAMP.to_owned()), Some("01".to_owned())]);
    (areas(), sources, category, any::<bool>(), any::<bool>(), 0_u64..40).prop_map(
        |(area, source, category, urgent, phone, days)| NewReport {
            area: Some(area),
            // Outside of every grid: only the area said counts, and the map shows every case.
            point: Some((36.9, 121.0)),
            source,
            category,
            urgent,
            reporter: if phone { well().reporter } else { ReporterInput::default() },
            reported_at: Some(at("2026-11-23T08:00").minus(std::time::Duration::from_hours(days * 20))),
            ..well()
        },
    )
}

pub(super) fn commands() -> impl Strategy<Value = Command> {
    let who = || choose(&[WATER, ROADS, STREET_ORG, OTHER_STREET_ORG]).prop_map(org);
    let note = || "看过".to_owned();
    let after = |days: u64| at("2026-11-23T09:00").plus(std::time::Duration::from_hours(24 * days));
    prop_oneof![
        Just(Command::File),
        Just(Command::Decline { reason: DeclineReason::NoContent, note: note() }),
        areas().prop_map(|area| Command::Locate { area }),
        choose(&[WELL, LAMP]).prop_map(|c| Command::Recategorise { category: c.into() }),
        Just(Command::Blow { whistle: WhistleLevel::Tough, reason: note() }),
        (who(), prop::collection::vec(who(), 0..3)).prop_map(|(lead, assisting)| Command::Dispatch {
            lead,
            assisting,
            note: None
        }),
        who().prop_map(|org| Command::AddAssisting { org }),
        Just(Command::Accept),
        Just(Command::Arrive { plan: None }),
        any::<bool>().prop_map(|reached| Command::Contact { reached, note: None }),
        who().prop_map(|to| Command::RequestReturn {
            reason: ReturnReason::NotOurDuty,
            to,
            note: "不是".into()
        }),
        Just(Command::ConsentReturn),
        Just(Command::RequestExtension { days: 2, reason: "等料".into() }),
        Just(Command::RequestSuspension { review: after(9), reason: "等料".into() }),
        Just(Command::Suspend { review: after(9), reason: "等料".into() }),
        Just(resolution()),
        Just(Command::StartVerification),
        Just(Command::Close { outcome: linli_cases::model::Outcome::Solved, note: None }),
        (any::<bool>(), choose(&[None, Some(true), Some(false)]), choose(Satisfaction::ALL)).prop_map(
            |(reached, solved, satisfaction)| Command::FollowUp(FollowUp {
                reached,
                contacted: Some(true),
                solved,
                satisfaction: Some(satisfaction),
            })
        ),
        Just(Command::Reopen { reason: "又冒水".into() }),
        Just(Command::FlagUrgent { reason: "有人受困".into() }),
        Just(Command::ConfirmUrgent),
    ]
}

pub(super) fn maybe<T: Clone + std::fmt::Debug>(
    some: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    prop_oneof![4 => Just(None), 1 => some.prop_map(Some)]
}

pub(super) fn filters() -> impl Strategy<Value = Filter> {
    let states = prop_oneof![2 => Just(vec![]), 3 => prop::collection::vec(choose(CaseState::ALL), 1..6)];
    let orgs = || choose(&[CENTRE_ORG, STREET_ORG, WATER, ROADS, 77]).prop_map(org);
    let times =
        || (0_u64..45).prop_map(|d| at("2026-11-25T10:00").minus(std::time::Duration::from_hours(24 * d)));
    let first =
        (states, maybe(choose(WhistleLevel::ALL)), maybe(choose(Level::ALL)), maybe(areas()), any::<bool>());
    let second = (
        maybe(orgs()),
        maybe(orgs()),
        maybe(choose(Source::ALL)),
        maybe(choose(&["01", WELL, "none", "02"])),
    );
    let third = (maybe(times()), maybe(times()), maybe(times()), maybe(times()), maybe(choose(Fact::ALL)));
    let fourth = (
        prop_oneof![3 => Just(vec![]), 1 => prop::collection::vec(choose(AskKind::ALL), 1..3)],
        maybe(any::<bool>()),
        maybe(any::<bool>()),
        maybe(any::<bool>()),
        maybe(choose(&["污水", "HC20261123-000001", "井冒", "没有的词"])),
    );
    (first, second, third, fourth, any::<bool>(), maybe(times())).prop_map(
        |(first, second, third, fourth, urgent, overdue)| {
            let (states, whistle, level, area, no_finer) = first;
            let (org, lead, source, category) = second;
            let (from, to, ended_from, ended_to, fact) = third;
            let (asks, tasks, called, reachable, text) = fourth;
            Filter {
                states,
                whistle,
                level,
                area,
                no_finer,
                org,
                lead,
                source,
                category: category.map(str::to_owned),
                text: text.map(str::to_owned),
                urgent: urgent && overdue.is_some(),
                overdue,
                from,
                to,
                ended_from,
                ended_to,
                fact,
                asks,
                tasks,
                called,
                reachable,
                ..Filter::default()
            }
        },
    )
}
