//! What is wrong with a file, in a sentence, with its cell.

use linli_forms::{Level, Problem};
use linli_web::Locale;

/// A line of the table of mistakes.
pub(super) struct Line {
    /// The sheet.
    pub(super) sheet: String,
    /// The row, if it is about one.
    pub(super) row: String,
    /// The column: letter and header.
    pub(super) column: String,
    /// What is wrong and what to do.
    pub(super) sentence: String,
    /// How bad it is.
    pub(super) level: String,
    /// The tone of the level.
    pub(super) tone: &'static str,
}

/// The lines, the worst first.
pub(super) fn lines(problems: &[Problem], locale: &Locale) -> Vec<Line> {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by_key(|problem| std::cmp::Reverse(problem.level()));
    sorted.into_iter().map(|problem| line(problem, locale)).collect()
}

fn line(problem: &Problem, locale: &Locale) -> Line {
    let args: Vec<(&str, String)> = problem.args.iter().map(|(name, v)| (name.as_str(), v.clone())).collect();
    let (level, tone) = match problem.level() {
        Level::Invalid => ("survey-level-invalid", "bad"),
        Level::Unsupported => ("survey-level-unsupported", "bad"),
        Level::Warning => ("survey-level-warning", "warn"),
    };
    Line {
        sheet: problem.sheet.clone(),
        row: if problem.row == 0 { String::new() } else { problem.row.to_string() },
        column: [problem.letter.as_str(), problem.column.as_str()].join(" ").trim().to_owned(),
        sentence: locale.t_with(&format!("survey-problem-{}", problem.code.word()), &args),
        level: locale.t(level),
        tone,
    }
}
