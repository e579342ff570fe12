use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    format!("{text}:00+08:00").parse().unwrap()
}

fn shipped() -> Calendar {
    Calendar::shipped().unwrap()
}

const HOUR: i64 = 3_600_000;

#[test]
fn the_shipped_table_is_the_announced_one() {
    let days = shipped_days().unwrap();
    let of = |kind, year| days.iter().filter(|d| d.kind == kind && d.date.year() == year).count();
    assert_eq!((of(DayKind::Off, 2026), of(DayKind::Working, 2026)), (33, 6));
    assert_eq!(days.len(), 619 + 150);
    let calendar = shipped();
    assert_eq!(calendar.last_year(), Some(2026));
    let works = |date: &str| calendar.is_working_day(date.parse().unwrap());
    assert!(works("2026-02-14"), "a Saturday made up for the Spring Festival");
    assert!(!works("2026-02-16"), "a Monday in the Spring Festival");
    assert!(!works("2026-02-21"), "a Saturday in the Spring Festival");
    assert!(works("2026-11-23") && !works("2026-11-22"));
    assert!(works("2027-02-08"), "not announced: a bare Monday");
}

#[test]
fn an_hour_skips_lunch_night_and_weekend() {
    let calendar = shipped();
    assert_eq!(calendar.add(at("2026-11-23T11:30"), HOUR), at("2026-11-23T14:00"));
    assert_eq!(calendar.add(at("2026-11-23T16:30"), HOUR), at("2026-11-23T17:30"));
    assert_eq!(calendar.add(at("2026-11-20T17:00"), HOUR), at("2026-11-23T09:30"));
    assert_eq!(calendar.add(at("2026-11-21T03:00"), HOUR), at("2026-11-23T10:00"));
    assert_eq!(calendar.elapsed(at("2026-11-20T17:00"), at("2026-11-23T09:30")), HOUR);
    assert_eq!(calendar.elapsed(at("2026-11-23T09:30"), at("2026-11-20T17:00")), -HOUR);
    assert!(calendar.is_working_time(at("2026-11-23T09:00")));
    assert!(!calendar.is_working_time(at("2026-11-23T12:00")));
}

#[test]
fn working_days_leave_out_the_first_day_and_the_holidays() {
    let calendar = shipped();
    let wd = |n| Allowance::new(n, Unit::WorkingDay);
    assert_eq!(calendar.due(at("2026-11-23T10:00"), wd(1)), at("2026-11-24T17:30"));
    assert_eq!(calendar.due(at("2026-11-20T20:00"), wd(5)), at("2026-11-27T17:30"));
    // 30 September, then National Day to 7 October, then the made-up Saturday 10 October.
    assert_eq!(calendar.due(at("2026-09-30T10:00"), wd(1)), at("2026-10-08T17:30"));
    assert_eq!(calendar.due(at("2026-09-30T10:00"), wd(3)), at("2026-10-10T17:30"));
    assert_eq!(calendar.due(at("2026-09-30T10:00"), wd(4)), at("2026-10-12T17:30"));
    assert_eq!(
        calendar.due(at("2026-11-22T23:50"), Allowance::new(30, Unit::Minute)),
        at("2026-11-23T00:20")
    );
}

#[test]
fn hours_and_days_that_contradict_are_refused() {
    let hours = Calendar::shipped_hours();
    let backwards: Vec<_> = hours.iter().rev().copied().collect();
    assert_eq!(Calendar::new(&backwards, &[]).unwrap_err(), BadCalendar::Hours);
    assert_eq!(Calendar::new(&[], &[]).unwrap_err(), BadCalendar::Hours);
    let both = parse_days("2026 甲 -0105\n2026 乙 +0105").unwrap();
    assert!(matches!(Calendar::new(&hours, &both).unwrap_err(), BadCalendar::Twice(_)));
    for (line, text) in ["2026 甲 0105", "2026", "2026 甲 -1305", "2026 甲 -0105..0104"].iter().enumerate()
    {
        let text = format!("{}{text}", "\n".repeat(line));
        assert_eq!(parse_days(&text).unwrap_err(), BadCalendar::Line(line + 1));
    }
}

#[test]
fn a_pause_moves_the_deadline_by_what_it_took() {
    let calendar = shipped();
    let due = at("2026-11-25T17:30");
    let moved = calendar.after_pause(Basis::Working, due, at("2026-11-24T09:00"), at("2026-11-26T09:00"));
    assert_eq!(moved, at("2026-11-27T17:30"));
    let overnight = calendar.after_pause(Basis::Working, due, at("2026-11-24T18:00"), at("2026-11-25T08:00"));
    assert_eq!(overnight, due, "a pause outside working hours takes nothing");
    let late = calendar.after_pause(Basis::Working, due, at("2026-11-26T09:00"), at("2026-11-27T09:00"));
    assert_eq!(late, due, "what was overdue stays overdue");
    let day = calendar.after_pause(Basis::Wall, due, at("2026-11-25T10:00"), at("2026-11-26T10:00"));
    assert_eq!(day, at("2026-11-26T17:30"));
}

/// Counts day by day, the slow and obvious way.
fn slow_elapsed(calendar: &Calendar, from: Timestamp, to: Timestamp) -> i64 {
    let mut total = 0;
    let mut date = from.china_date();
    while date <= to.china_date() {
        if calendar.is_working_day(date) {
            for hours in Calendar::shipped_hours() {
                let start = Timestamp::from_china(date.and_time(hours.from)).max(from);
                let end = Timestamp::from_china(date.and_time(hours.to)).min(to);
                total += end.millis_since(start).max(0);
            }
        }
        date = date.succ_opt().unwrap();
    }
    total
}

const FROM_2003: i64 = 1_041_350_400_000;
const TO_2029: i64 = 1_861_920_000_000;

proptest! {
    #[test]
    fn adding_then_measuring_gives_the_same(start in FROM_2003..TO_2029, millis in 1..10 * 365 * DAY_MS) {
        let calendar = shipped();
        let start = Timestamp::from_millis(start);
        let end = calendar.add(start, millis);
        prop_assert_eq!(calendar.elapsed(start, end), millis);
        let before = Timestamp::from_millis(end.millis() - 1);
        prop_assert_eq!(calendar.elapsed(start, before), millis - 1, "the first such instant");
    }

    #[test]
    fn it_agrees_with_counting_day_by_day(start in FROM_2003..TO_2029, length in 0..400 * DAY_MS) {
        let calendar = shipped();
        let (start, end) = (Timestamp::from_millis(start), Timestamp::from_millis(start + length));
        prop_assert_eq!(calendar.elapsed(start, end), slow_elapsed(&calendar, start, end));
    }

    #[test]
    fn later_starts_and_longer_times_end_later(a in FROM_2003..TO_2029, b in FROM_2003..TO_2029,
        short in 0..DAY_MS * 30, more in 0..DAY_MS * 30) {
        let calendar = shipped();
        let (a, b) = (Timestamp::from_millis(a.min(b)), Timestamp::from_millis(a.max(b)));
        prop_assert!(calendar.add(a, short) <= calendar.add(b, short));
        prop_assert!(calendar.add(a, short) <= calendar.add(a, short + more));
    }

    #[test]
    fn n_working_days_are_n_working_days(start in FROM_2003..TO_2029, n in 1_u32..600) {
        let calendar = shipped();
        let start = Timestamp::from_millis(start);
        let due = calendar.end_of_day(start, n);
        prop_assert_eq!(calendar.working_days(start, due), i64::from(n));
        prop_assert!(calendar.is_working_day(due.china_date()));
    }

    #[test]
    fn a_pause_keeps_what_is_left(start in FROM_2003..TO_2029, budget in 1..DAY_MS * 9,
        until_pause in 0..DAY_MS * 20, pause in 1..DAY_MS * 40, wall: bool) {
        let calendar = shipped();
        let basis = if wall { Basis::Wall } else { Basis::Working };
        let start = Timestamp::from_millis(start);
        let due = if wall { Timestamp::from_millis(start.millis() + budget) } else { calendar.add(start, budget) };
        let from = Timestamp::from_millis(start.millis() + until_pause);
        let to = Timestamp::from_millis(from.millis() + pause);
        let moved = calendar.after_pause(basis, due, from, to);
        prop_assert!(moved >= due);
        let pauses = [Pause { from, to: Some(to) }];
        if from <= due {
            prop_assert_eq!(calendar.elapsed_running(basis, start, moved, &pauses), budget);
        } else {
            prop_assert_eq!(moved, due);
        }
    }
}
