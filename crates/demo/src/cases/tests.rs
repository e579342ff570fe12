use std::collections::{BTreeMap, HashMap, HashSet};

use super::*;
use linli_cases::{
    model::{Case, CaseState, ClockRules, Source, WhistleLevel, Who},
    rules::{Scene, Standing, decide, report, standing},
};
use linli_grid::geometry::GridIndex;
use linli_kernel::{Actor, area::AreaLevel};

fn now() -> Timestamp {
    "2026-11-23T16:30:00+08:00".parse().unwrap()
}

fn demo() -> Plan {
    plan(1, 0.02, now()).unwrap()
}

fn replay(plan: &Plan, case: &CasePlan, rules: &ClockRules) -> Case {
    let duty = plan.duties().iter().find(|d| Some(&d.code) == case.filing.category.as_ref()).unwrap();
    let scene = |at, area: &AreaCode| Scene {
        now: at,
        calendar: &plan.calendar,
        rules,
        chain: plan.district.chain(area).unwrap(),
        photo_required: duty.photo,
    };
    let actor = |by| match by {
        By::Person(i) => plan.district.actor(&plan.district.people[i]),
        By::Reporter => Actor::Public,
        By::System => Actor::System,
    };
    let who = Who::from(&actor(case.by));
    let mut state = report(case.filing.clone(), who, &scene(case.filing.reported.at, &case.filing.area)).case;
    let mut last = case.filing.reported.at;
    for step in &case.steps {
        assert!(step.at >= last && step.at <= now(), "{} {step:?} after {last:?}", case.nth);
        last = step.at;
        let by = match step.by {
            By::System => Standing::system(),
            by => standing(&actor(by), &state, by == By::Reporter),
        };
        let area =
            if let Command::Locate { area } = &step.command { area.clone() } else { state.area.clone() };
        state = decide(&state, &step.command, &by, &scene(step.at, &area))
            .unwrap_or_else(|e| panic!("case {}: {e} at {step:?}", case.nth))
            .case;
    }
    state
}

#[test]
fn every_step_of_every_case_is_one_that_the_rules_allow() {
    let plan = demo();
    let rules = ClockRules::shipped();
    assert_eq!(plan.case_count(), 2_520);
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    let mut whistles: BTreeMap<&str, usize> = BTreeMap::new();
    let mut late = 0;
    for case in plan.cases() {
        let end = replay(&plan, &case, &rules);
        *states.entry(end.state.as_str()).or_default() += 1;
        *whistles.entry(end.whistle.as_str()).or_default() += 1;
        late += usize::from(end.clocks.iter().any(|c| c.is_running() && c.is_overdue(now())));
    }
    for state in CaseState::ALL.iter().filter(|s| !matches!(s, CaseState::Reopened)) {
        assert!(states.contains_key(state.as_str()), "no case is {state}: {states:?}");
    }
    let over: usize = ["closed", "rated", "merged", "declined"].iter().map(|s| states[s]).sum();
    assert!((2_300..2_460).contains(&over), "{states:?}");
    assert_eq!(whistles.len(), WhistleLevel::ALL.len(), "{whistles:?}");
    assert!(late < 60, "{late} of the open cases are late: the first job run would raise them all");
}

#[test]
fn reports_are_varied_and_where_they_say() {
    let plan = demo();
    let index = GridIndex::build(plan.district.grids().map(|a| (a.code.clone(), &a.shape)));
    let (mut texts, mut grids, mut categories) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut sources: HashMap<Source, usize> = HashMap::new();
    let mut numbers = HashSet::new();
    for case in plan.cases() {
        assert!((8..400).contains(&case.text.chars().count()), "{}", case.text);
        assert!(!case.text.contains("，，") && !case.text.contains("。，"), "{}", case.text);
        texts.insert(case.text.clone());
        categories.insert(case.filing.category.clone());
        *sources.entry(case.filing.reported.source).or_default() += 1;
        if let Some(place) = case.place {
            let code = index.locate(place).unwrap();
            assert_eq!(*code, case.filing.area, "{}", case.nth);
            grids.insert(code.clone());
        } else {
            assert_eq!(case.filing.area.level(), AreaLevel::Street);
        }
        assert_eq!(case.reporter.is_some(), case.filing.reported.reachable);
        assert!(!case.filing.reported.anonymous || case.reporter.is_none());
        if let Some(number) = case.hotline_number {
            assert_eq!(case.filing.reported.source, Source::Hotline);
            assert!(numbers.insert(number));
        }
    }
    assert!(texts.len() > 2_400, "{} different texts", texts.len());
    assert!(grids.len() > 700, "{} grids", grids.len());
    assert!(categories.len() > 90, "{} categories", categories.len());
    assert_eq!(sources.len(), Source::ALL.len());
    let hotline = sources[&Source::Hotline] as f64 / plan.case_count() as f64;
    assert!((0.22..0.28).contains(&hotline), "{hotline}");
}

#[test]
fn cases_are_spread_over_the_days_and_repeatable() {
    let (one, two) = (demo(), demo());
    let mut days: BTreeMap<chrono::NaiveDate, usize> = BTreeMap::new();
    for (a, b) in one.cases().zip(two.cases()) {
        assert_eq!(a.filing.id, b.filing.id);
        assert_eq!((&a.text, &a.steps), (&b.text, &b.steps));
        assert!(a.filing.reported.at <= now());
        *days.entry(a.filing.reported.at.china_date()).or_default() += 1;
    }
    assert!(days.len() >= 182, "{}", days.len());
    // The last days hold the desk's cases as well.
    let usual = days.iter().filter(|(day, _)| **day < (now().china_date() - chrono::Duration::days(3)));
    assert!(usual.map(|(_, n)| *n).all(|n| (1..=30).contains(&n)), "{days:?}");
    let other = plan(2, 0.02, now()).unwrap();
    assert_ne!(one.case(7).text, other.case(7).text);
}

#[test]
fn a_second_report_is_merged_into_the_first_while_that_is_open() {
    let plan = demo();
    let rules = ClockRules::shipped();
    let mut merged = 0;
    for case in plan.cases() {
        for step in &case.steps {
            let Command::Merge { into } = step.command else { continue };
            let first = plan.case(case.nth - 1);
            assert_eq!(first.filing.id, into);
            assert_eq!(first.filing.category, case.filing.category);
            let until = first.steps.iter().filter(|s| s.at <= step.at).cloned().collect();
            let then = replay(&plan, &CasePlan { steps: until, ..first }, &rules);
            assert!(!then.state.is_over(), "{:?}", then.state);
            merged += 1;
        }
    }
    assert!(merged > 15, "{merged}");
}
