//! What each function does. The comments name where ODK's apps differ from plain XPath.

use crate::{
    eval::Scope,
    pattern,
    value::{DAY, Value, civil, day_within, parse_date, parse_moment, parse_time},
    xpath::{Expr, Function},
};

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

impl Scope<'_> {
    fn text_of(&self, args: &[Expr], n: usize) -> String {
        args.get(n).map_or_else(String::new, |arg| self.eval(arg).text())
    }

    fn number_of(&self, args: &[Expr], n: usize) -> f64 {
        args.get(n).map_or(f64::NAN, |arg| self.eval(arg).number())
    }

    /// The argument, or the asking question's own answer when there is none.
    fn own_or(&self, args: &[Expr]) -> String {
        match args {
            [] => self.instance.value(self.node, self.at).to_owned(),
            args => self.text_of(args, 0),
        }
    }

    /// Texts and numbers of all arguments, each place standing for all its instances.
    fn each(&self, args: &[Expr]) -> Vec<Value> {
        args.iter().flat_map(|arg| self.values(arg)).collect()
    }

    /// The value of a function.
    pub(crate) fn call(&self, function: Function, args: &[Expr]) -> Value {
        use Function as F;
        match function {
            F::True => Value::Bool(true),
            F::False => Value::Bool(false),
            F::Boolean => Value::Bool(self.eval(&args[0]).truth()),
            F::BooleanFromString => Value::Bool(matches!(self.text_of(args, 0).as_str(), "1" | "true")),
            F::Not => Value::Bool(!self.eval(&args[0]).truth()),
            F::If => self.eval(&args[if self.holds(&args[0]) { 1 } else { 2 }]),
            F::Coalesce => self.coalesce(args),
            F::Selected | F::SelectedAt | F::CountSelected | F::ChoiceName => self.select(function, args),
            F::Number | F::Int | F::Round | F::Abs | F::Floor | F::Ceiling | F::Pow | F::Sqrt => {
                Value::Number(self.arithmetic(function, args))
            }
            F::Sum | F::Min | F::Max | F::Count | F::CountNonEmpty | F::Position => {
                Value::Number(self.several(function, args))
            }
            F::IndexedRepeat => self.indexed(args),
            F::Today | F::Now | F::Date | F::DateTime | F::DecimalDateTime | F::DecimalTime => {
                self.clock(function, args)
            }
            F::FormatDate | F::FormatDateTime => {
                let pattern = self.text_of(args, 1);
                text(
                    self.moment(&self.eval(&args[0]))
                        .map_or_else(String::new, |(ms, _)| format(ms, &pattern)),
                )
            }
            _ => self.words(function, args),
        }
    }

    fn coalesce(&self, args: &[Expr]) -> Value {
        for arg in args {
            let value = self.eval(arg);
            if !matches!(&value, Value::Text(text) if text.is_empty()) {
                return value;
            }
        }
        text("")
    }

    fn select(&self, function: Function, args: &[Expr]) -> Value {
        let answer = self.text_of(args, 0);
        let mut chosen = answer.split_whitespace();
        match (function, args) {
            (Function::Selected, _) => {
                let wanted = self.text_of(args, 1);
                Value::Bool(chosen.any(|choice| choice == wanted.trim()))
            }
            (Function::SelectedAt, _) => {
                let n = self.number_of(args, 1);
                text(index(n).and_then(|n| chosen.nth(n)).unwrap_or_default())
            }
            (Function::ChoiceName, [_, Expr::Node(id, _)]) => text(self.choice_words(*id, &answer)),
            _ => Value::Number(chosen.count() as f64),
        }
    }

    fn arithmetic(&self, function: Function, args: &[Expr]) -> f64 {
        let x = self.number_of(args, 0);
        match function {
            Function::Int => x.trunc(),
            Function::Round => {
                // Half upwards, as field apps do.
                let places =
                    if args.len() > 1 { self.number_of(args, 1).trunc().clamp(-15.0, 15.0) } else { 0.0 };
                // Multiplied step by step: powers of ten come out exact on every device.
                let factor = (0..index(places.abs()).unwrap_or(0)).fold(1.0, |factor, _| factor * 10.0);
                if places < 0.0 {
                    (x / factor + 0.5).floor() * factor
                } else {
                    (x * factor + 0.5).floor() / factor
                }
            }
            Function::Abs => x.abs(),
            Function::Floor => x.floor(),
            Function::Ceiling => x.ceil(),
            Function::Pow => x.powf(self.number_of(args, 1)),
            Function::Sqrt => x.sqrt(),
            _ => x,
        }
    }

    fn several(&self, function: Function, args: &[Expr]) -> f64 {
        let numbers = || self.each(args).into_iter().map(|value| value.number());
        match (function, args) {
            (Function::Sum, _) => numbers().sum::<f64>() + 0.0,
            // Not-a-number stays: one unanswered age makes the eldest unknown, as in field apps.
            (Function::Min, _) => {
                numbers().reduce(|a, b| if a.is_nan() || a < b { a } else { b }).unwrap_or(f64::NAN)
            }
            (Function::Max, _) => {
                numbers().reduce(|a, b| if a.is_nan() || a > b { a } else { b }).unwrap_or(f64::NAN)
            }
            (Function::Count, [Expr::Node(id, keep)]) => self.places(*id, *keep).len() as f64,
            (Function::Position, [Expr::Node(id, keep)]) => self.position(*id, *keep),
            _ => self.each(args).into_iter().filter(|value| !value.clone().text().is_empty()).count() as f64,
        }
    }

    /// `indexed-repeat(${age}, ${people}, 2)`: the numbers of the named repeats are replaced.
    fn indexed(&self, args: &[Expr]) -> Value {
        let Some(Expr::Node(id, _)) = args.first() else { return text("") };
        let node = self.form.node(*id);
        let mut at: Vec<usize> = Vec::new();
        for (level, repeat) in node.repeats.iter().enumerate() {
            let mut pairs = args[1..].chunks_exact(2);
            let named = pairs.rfind(|pair| matches!(&pair[0], Expr::Node(id, _) if id == repeat));
            let number = match named {
                Some(pair) => index(self.eval(&pair[1]).number() - 1.0),
                None => self.at.get(level).copied().or(Some(0)),
            };
            match number {
                Some(n) if n < self.instance.count(*repeat, &at) => at.push(n),
                _ => return text(""),
            }
        }
        if self.instance.is_relevant(*id, &at) { self.value(&(*id, at)) } else { text("") }
    }

    fn words(&self, function: Function, args: &[Expr]) -> Value {
        let part = || self.text_of(args, 1);
        match function {
            Function::Concat => text(self.each(args).into_iter().map(Value::text).collect::<String>()),
            Function::Join => {
                let parts: Vec<String> = self.each(&args[1..]).into_iter().map(Value::text).collect();
                text(parts.join(&self.text_of(args, 0)))
            }
            Function::StringLength => Value::Number(self.own_or(args).chars().count() as f64),
            Function::NormalizeSpace => {
                text(self.own_or(args).split_whitespace().collect::<Vec<_>>().join(" "))
            }
            Function::Substr => text(self.substr(args)),
            Function::Contains => Value::Bool(self.text_of(args, 0).contains(&part())),
            Function::StartsWith => Value::Bool(self.text_of(args, 0).starts_with(&part())),
            Function::EndsWith => Value::Bool(self.text_of(args, 0).ends_with(&part())),
            Function::SubstringBefore => {
                text(self.text_of(args, 0).split_once(&part()).map_or("", |(before, _)| before))
            }
            Function::SubstringAfter => {
                text(self.text_of(args, 0).split_once(&part()).map_or("", |(_, after)| after))
            }
            Function::Translate => {
                let (from, to): (Vec<char>, Vec<char>) =
                    (part().chars().collect(), self.text_of(args, 2).chars().collect());
                let changed = self
                    .text_of(args, 0)
                    .chars()
                    .filter_map(|c| match from.iter().position(|f| *f == c) {
                        None => Some(c),
                        Some(n) => to.get(n).copied(),
                    })
                    .collect::<String>();
                text(changed)
            }
            Function::Regex => {
                Value::Bool(pattern::compile(&part()).is_some_and(|p| p.is_match(&self.text_of(args, 0))))
            }
            _ => text(self.text_of(args, 0)),
        }
    }

    fn substr(&self, args: &[Expr]) -> String {
        let chars: Vec<char> = self.text_of(args, 0).chars().collect();
        // A negative number counts from the end.
        let bound = |n: f64| -> usize {
            let n = n.trunc();
            let n = if n < 0.0 { n + chars.len() as f64 } else { n };
            index(n.max(0.0)).unwrap_or(0).min(chars.len())
        };
        let from = bound(self.number_of(args, 1));
        let to = if args.len() > 2 { bound(self.number_of(args, 2)) } else { chars.len() };
        chars.get(from..to.max(from)).unwrap_or_default().iter().collect()
    }

    /// A value as an instant: local milliseconds and minutes east.
    fn moment(&self, value: &Value) -> Option<(i64, i32)> {
        let offset = self.now.offset;
        match value {
            Value::Date(days) => Some((days * DAY, offset)),
            Value::Moment(ms, offset) => Some((*ms, *offset)),
            Value::Text(text) => {
                parse_date(text).map(|days| (days * DAY, offset)).or_else(|| parse_moment(text, offset))
            }
            Value::Number(n) => {
                let days = day_within(*n)?;
                #[expect(clippy::cast_possible_truncation, reason = "a part of a day in milliseconds")]
                let part = ((n - n.floor()) * DAY as f64).round() as i64;
                Some((days * DAY + part, offset))
            }
            Value::Bool(_) => None,
        }
    }

    fn clock(&self, function: Function, args: &[Expr]) -> Value {
        let moment = || args.first().and_then(|arg| self.moment(&self.eval(arg)));
        match function {
            Function::Today => Value::Date(self.now.local_ms.div_euclid(DAY)),
            Function::Now => Value::Moment(self.now.local_ms, self.now.offset),
            Function::Date => moment().map_or_else(|| text(""), |(ms, _)| Value::Date(ms.div_euclid(DAY))),
            Function::DateTime => moment().map_or_else(|| text(""), |(ms, offset)| Value::Moment(ms, offset)),
            Function::DecimalDateTime => Value::Number(
                moment()
                    .map_or(f64::NAN, |(ms, offset)| (ms - i64::from(offset) * 60_000) as f64 / DAY as f64),
            ),
            _ => Value::Number(
                parse_time(&self.text_of(args, 0)).map_or(f64::NAN, |(ms, _)| ms as f64 / DAY as f64),
            ),
        }
    }
}

/// A whole number from 0, for counting.
fn index(n: f64) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked first")]
    (0.0..1e9).contains(&n).then_some(n as usize)
}

/// `%Y-%m-%d`, `%H:%M` and their like; month and day names are English, as field apps send them.
fn format(ms: i64, pattern: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let days = ms.div_euclid(DAY);
    let Some((year, month, day)) = civil(days) else { return String::new() };
    let of_day = ms.rem_euclid(DAY);
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let part = match chars.next() {
            Some('Y') => format!("{year:04}"),
            Some('y') => format!("{:02}", year.rem_euclid(100)),
            Some('m') => format!("{month:02}"),
            Some('n') => month.to_string(),
            Some('b') => MONTHS[month as usize - 1].to_owned(),
            Some('d') => format!("{day:02}"),
            Some('e') => day.to_string(),
            Some('a') => DAYS[usize::try_from(days.rem_euclid(7)).unwrap_or(0)].to_owned(),
            Some('H') => format!("{:02}", of_day / 3_600_000),
            Some('h') => (of_day / 3_600_000).to_string(),
            Some('M') => format!("{:02}", of_day / 60_000 % 60),
            Some('S') => format!("{:02}", of_day / 1000 % 60),
            Some('3') => format!("{:03}", of_day % 1000),
            Some('%') | None => "%".to_owned(),
            Some(other) => format!("%{other}"),
        };
        out.push_str(&part);
    }
    out
}
