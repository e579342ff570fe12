//! The many ways in which exports write a moment. All are China wall-clock time.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use linli_kernel::{Timestamp, text};

/// Reads `2019/2/28 11:25:05`, `2019-02-28 11:25`, `2019年2月28日 下午3时5分`, `20190228112505`,
/// RFC 3339, or the number of days that a spreadsheet keeps (`43524.4758`).
pub fn parse(written: &str) -> Option<Timestamp> {
    let written = text::normalise(written);
    if let Ok(at) = written.to_uppercase().replacen(' ', "T", 1).parse::<Timestamp>() {
        return Some(at);
    }
    if let Some(at) = serial(&written) {
        return Some(Timestamp::from_china(at));
    }
    let afternoon = ["下午", "晚上", "pm"].iter().any(|w| written.contains(w));
    let morning = ["上午", "凌晨", "早上", "am"].iter().any(|w| written.contains(w));
    let numbers = numbers(&written)?;
    let compact = |n: &str, from: usize, to: usize| n.get(from..to).and_then(|d| d.parse().ok());
    let parts: Vec<u32> = match numbers.as_slice() {
        [one] if matches!(one.len(), 8 | 12 | 14) => {
            let mut parts = vec![compact(one, 0, 4)?];
            for from in (4..one.len()).step_by(2) {
                parts.push(compact(one, from, from + 2)?);
            }
            parts
        }
        // A space or nothing between a compact date and its time: 20190228 11:25.
        [day, rest @ ..] if day.len() == 8 && !rest.is_empty() => {
            let mut parts = vec![compact(day, 0, 4)?, compact(day, 4, 6)?, compact(day, 6, 8)?];
            for n in rest {
                parts.push(n.parse().ok()?);
            }
            parts
        }
        several if several.first().is_some_and(|year| year.len() == 4) => {
            several.iter().map(|n| n.parse().ok()).collect::<Option<_>>()?
        }
        _ => return None,
    };
    let (year, rest) = parts.split_first()?;
    let [month, day, clock @ ..] = rest else { return None };
    let date = NaiveDate::from_ymd_opt(i32::try_from(*year).ok()?, *month, *day)?;
    let (mut hour, minute, second) = match clock {
        [] => (0, 0, 0),
        [h] => (*h, 0, 0),
        [h, m] => (*h, *m, 0),
        // What follows the seconds is a fraction.
        [h, m, s] | [h, m, s, _] => (*h, *m, *s),
        _ => return None,
    };
    if afternoon && hour < 12 {
        hour += 12;
    } else if morning && hour == 12 {
        hour = 0;
    }
    let time = NaiveTime::from_hms_opt(hour, minute, second)?;
    (1990..=2100).contains(year).then(|| Timestamp::from_china(NaiveDateTime::new(date, time)))
}

/// Days since 1899-12-30, as spreadsheets count; only for the years that an export can mean.
pub(crate) fn serial(written: &str) -> Option<NaiveDateTime> {
    let plain = written.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let whole = written.split('.').next().is_some_and(|days| days.len() == 5);
    let days: f64 = if plain && whole { written.parse().ok()? } else { return None };
    let origin = NaiveDate::from_ymd_opt(1899, 12, 30)?.and_time(NaiveTime::MIN);
    // Spreadsheets keep binary fractions of a day: a second is the finest that they mean.
    #[expect(clippy::cast_possible_truncation, reason = "five digits of days fit")]
    let seconds = (days * 86_400.0).round() as i64;
    (30_000.0..80_000.0).contains(&days).then(|| origin + TimeDelta::seconds(seconds))
}

/// The runs of digits, if nothing but the usual signs stands between them.
fn numbers(written: &str) -> Option<Vec<String>> {
    let words = ["上午", "下午", "凌晨", "早上", "晚上", "星期", "周", "am", "pm"];
    let mut rest = written.to_owned();
    for word in words {
        rest = rest.replace(word, " ");
    }
    let mut runs: Vec<String> = Vec::new();
    let mut inside = false;
    for c in rest.chars() {
        if c.is_ascii_digit() {
            match runs.last_mut() {
                Some(run) if inside => run.push(c),
                _ => runs.push(c.to_string()),
            }
            inside = true;
        } else if " /-.:,t年月日时点分秒一二三四五六()".contains(c) {
            inside = false;
        } else {
            return None;
        }
    }
    Some(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_one_moment() {
        let moment: Timestamp = "2019-02-28T11:25:05+08:00".parse().unwrap();
        for written in [
            "2019/2/28 11:25:05",
            "2019-02-28 11:25:05",
            "2019-02-28 11:25:05.000",
            "2019-02-28T11:25:05",
            "2019-02-28T11:25:05+08:00",
            "2019-02-28T03:25:05Z",
            "2019.2.28 11:25:05",
            "2019年2月28日 11时25分5秒",
            "2019年02月28日上午11:25:05",
            "２０１９／２／２８　１１：２５：０５",
            "20190228112505",
            "20190228 11:25:05",
            "43524.47575231481",
            " 2019/2/28  11:25:05 ",
        ] {
            assert_eq!(parse(written), Some(moment), "{written}");
        }
        let minute = parse("2019-02-28 15:05").unwrap();
        assert_eq!(parse("2019/2/28 下午3:05"), Some(minute));
        assert_eq!(parse("2019/2/28 3:05 PM"), Some(minute));
        assert_eq!(parse("2019/2/28"), parse("43524"));
        assert_eq!(parse("2019/2/28 上午12:30"), parse("2019-02-28 00:30"));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for written in [
            "",
            "昨天",
            "2019/2/30",
            "2019-13-01",
            "11:25:05",
            "12345",
            "2019-02-28 25:00",
            "<b>2019/2/28",
            "1019/2/28",
        ] {
            assert_eq!(parse(written), None, "{written}");
        }
    }
}
