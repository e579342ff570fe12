use super::*;

fn examples(n: usize) -> Vec<(String, &'static str)> {
    let words = [("路灯坏了晚上很黑", "市政"), ("邻居深夜唱歌很吵", "环境"), ("学校乱收补课费", "教育")];
    (0..n)
        .map(|i| {
            let (text, label) = words[i % 3];
            (
                format!("{text}{}", char::from_u32(0x4e00 + u32::try_from(i * 37 % 3000).unwrap()).unwrap()),
                label,
            )
        })
        .collect()
}

#[test]
fn training_is_repeatable_and_survives_bytes() {
    let a = Suggester::train(&examples(90), TrainOptions::default()).unwrap();
    let b = Suggester::train(&examples(90), TrainOptions::default()).unwrap();
    assert_eq!(a.to_bytes(), b.to_bytes());
    assert_eq!(Suggester::from_bytes(&a.to_bytes()).unwrap(), a);
}

#[test]
fn silence_is_kept() {
    let model = Suggester::train(&examples(90), TrainOptions::default()).unwrap();
    assert!(!model.suggest("路灯坏了").is_empty());
    assert!(model.suggest("").is_empty());
    assert!(model.suggest("???").is_empty());
    let strict = model.clone().with_silence(1.1);
    assert!(strict.suggest("路灯坏了").is_empty());
    assert!(strict.suggest_levels("路灯坏了", '/').is_empty());
}

#[test]
fn awkward_tables_are_survived() {
    let one_label: Vec<(&str, &str)> = vec![("路灯", "市政"), ("水管", "市政")];
    assert_eq!(Suggester::train(&one_label, TrainOptions::default()).err(), Some(TrainError::TooFewLabels));
    let tiny: Vec<(&str, &str)> =
        vec![("路灯", "市政"), ("", "环境"), ("噪音", "环境"), ("补课", "教育"), ("收费", " ")];
    let model = Suggester::train(&tiny, TrainOptions::default()).unwrap();
    assert_eq!(model.labels(), ["市政", "教育", "环境"]);
    let mut rows = examples(60);
    rows.push(("长".repeat(100_000), "市政"));
    rows.push(("🚧🚧🚧".to_owned(), "少见"));
    let model = Suggester::train(&rows, TrainOptions::default()).unwrap();
    let p = model.probabilities("路灯坏了");
    assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-4 && p.iter().all(|p| p.is_finite()));
}

#[test]
fn many_labels_work() {
    let rows: Vec<(String, String)> = (0..400_u32)
        .map(|i| {
            let c = char::from_u32(0x4e00 + (i % 40) * 11).unwrap();
            (format!("{c}{c}的问题{}", char::from_u32(0x6e00 + i).unwrap()), format!("类{}", i % 40))
        })
        .collect();
    let model = Suggester::train(&rows, TrainOptions::default()).unwrap();
    let right = rows.iter().filter(|(text, label)| model.best(text).0 == label).count();
    assert!(right > 380, "{right}");
}

#[test]
fn a_fifth_is_held_back() {
    let held = examples(3000).iter().filter(|(t, _)| is_held_back(t)).count();
    assert!((480..720).contains(&held), "{held}");
}

#[test]
fn a_model_of_an_older_program_is_refused_by_its_version() {
    let mut bytes = Suggester::train(&examples(90), TrainOptions::default()).unwrap().to_bytes();
    bytes[8] = 2;
    assert_eq!(Suggester::from_bytes(&bytes).err(), Some(crate::DecodeError::Version(2)));
}
