//! The readers on real messages, which are not part of this repository: `LINLI_TEST_DATA` names the folder
//! (default `../shared/data` beside the repository); without it these tests say so and pass.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use linli_text::hot::{Background, HotCase, HotIndex, HotOptions};
use linli_text::metrics::{Judged, judge, pairwise};
use linli_text::{Suggester, TrainOptions, is_held_back};

fn data(name: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let root = std::env::var_os("LINLI_TEST_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let file = root.join("messages").join(name);
    if !file.exists() {
        eprintln!("SKIPPED: {} is not there; set LINLI_TEST_DATA", file.display());
        return None;
    }
    let mut reader = csv::Reader::from_path(file).unwrap();
    Some(reader.deserialize().map(Result::unwrap).collect())
}

#[test]
fn suggestions_on_held_back_cases_are_right_and_honest() {
    let Some(rows) = data("labelled_train.csv") else { return };
    let (held, train): (Vec<(String, String)>, Vec<_>) = rows
        .into_iter()
        .map(|mut r| (r.remove("text").unwrap(), r.remove("category").unwrap()))
        .partition(|(t, _)| is_held_back(t));
    let model = Suggester::train(&train, TrainOptions::default()).unwrap();
    let number = |label: &str| model.labels().iter().position(|l| l == label).unwrap();
    let answers: Vec<Judged> = held
        .iter()
        .map(|(text, truth)| {
            let (answer, confidence) = model.best(text);
            Judged { truth: number(truth), answer: number(answer), confidence }
        })
        .collect();
    let scores = judge(&answers, model.labels().len());
    assert!(scores.macro_f1 > 0.90, "{}", scores.macro_f1);
    assert!(scores.ece < 0.03, "{}", scores.ece);
    // A suggestion above 0.95 may be accepted with one key: it must nearly always be right.
    let sure: Vec<&Judged> = answers.iter().filter(|a| a.confidence > 0.95).collect();
    let right = sure.iter().filter(|a| a.truth == a.answer).count() as f64 / sure.len() as f64;
    assert!(sure.len() * 2 > answers.len() && right > 0.96, "{} of {}, {right}", sure.len(), answers.len());
    for (text, _) in held.iter().take(200) {
        for s in model.suggest(text) {
            let folded = linli_text::fold_features(text);
            assert!(s.because.iter().all(|word| folded.contains(word.as_str())));
        }
    }
}

fn hot() -> Option<HotIndex> {
    let cases: Vec<HotCase> = data("hot_4326.csv")?
        .into_iter()
        .map(|r| {
            let date: Vec<i64> =
                r["留言时间"].split(['/', '-', ' ']).take(3).map(|p| p.parse().unwrap()).collect();
            HotCase {
                id: r["留言编号"].clone(),
                person: r["留言用户"].clone(),
                title: r["留言主题"].clone(),
                text: r["留言详情"].clone(),
                day: date[0] * 365 + date[1] * 30 + date[2],
                supporters: r["点赞数"].parse().unwrap(),
                opponents: r["反对数"].parse().unwrap(),
                area: String::new(),
            }
        })
        .collect();
    let mut background = Background::default();
    for case in &cases {
        background.learn(&case.title, &case.text);
    }
    let mut index = HotIndex::new(background, HotOptions::default());
    for case in cases {
        index.add(case);
    }
    Some(index)
}

#[test]
fn hot_issues_agree_with_people_and_hold_together() {
    let Some(index) = hot() else { return };
    let groups = index.groups();
    let mut seen = BTreeSet::new();
    for &i in groups.iter().flatten() {
        assert!(seen.insert(i), "message {i} is in two groups");
    }
    // One person writing twice is a group but no issue; for the judged pairs it counts.
    let index = index.with_people(1);
    let issues = index.issues();
    let mut issue_of = BTreeMap::new();
    for (number, issue) in issues.iter().enumerate() {
        for &i in &issue.members {
            issue_of.insert(index.cases()[i].id.as_str(), number);
        }
    }
    assert_eq!(seen.len(), index.cases().len());
    let judged = include_str!("hot_pairs.csv");
    let pairs: Vec<(bool, bool)> = judged
        .lines()
        .skip(1)
        .map(|line| {
            let part: Vec<&str> = line.split(',').collect();
            (part[2] == "1", issue_of.get(part[0]).is_some_and(|a| issue_of.get(part[1]) == Some(a)))
        })
        .collect();
    assert_eq!(pairs.len(), 300);
    let (precision, recall, f_half) = pairwise(&pairs, 0.5);
    assert!(precision > 0.8 && recall > 0.7 && f_half > 0.8, "{precision} {recall} {f_half}");
    assert!(issues.windows(2).all(|w| w[0].heat >= w[1].heat));
    for issue in &issues {
        assert!(
            (issue.parts.iter().sum::<f64>() - issue.heat).abs() < 1e-9,
            "the heat is the sum of its parts"
        );
        assert!(issue.members.contains(&issue.centre));
    }
}
