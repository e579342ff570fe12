use super::*;
use crate::Rng;

const WORDS: [&str; 12] = [
    "路灯坏了",
    "水管漏水",
    "深夜施工",
    "垃圾没人收",
    "电梯停运",
    "占道经营",
    "井盖丢失",
    "车位被占",
    "油烟扰民",
    "停水三天",
    "违章搭建",
    "公交改线",
];

fn filled(n: u64) -> RepeatIndex {
    let mut rarity = Rarity::default();
    for word in WORDS {
        rarity.learn(word);
    }
    let mut index = RepeatIndex::new(rarity, RepeatOptions::default());
    let mut rng = Rng::new(5);
    for id in 0..n {
        let text = format!("{}，请处理{}", WORDS[rng.below(12)], WORDS[rng.below(12)]);
        let place = u32::try_from(rng.below(40)).unwrap();
        let point = Some((f64::from(place) * 130.0, 0.0));
        let day = i32::try_from(rng.below(300)).unwrap();
        index.insert(
            id,
            &RepeatCase { text: &text, names: &[], place: Some(place), point, grid: Some(place / 10), day },
        );
    }
    index
}

fn questions() -> Vec<(String, Option<u32>, i32)> {
    (0..60)
        .map(|i| {
            (
                format!("{}了请处理", WORDS[i % 12]),
                (i % 3 > 0).then_some(u32::try_from(i % 40).unwrap()),
                i32::try_from(i * 5).unwrap(),
            )
        })
        .collect()
}

fn answers(index: &RepeatIndex) -> Vec<Vec<Candidate>> {
    questions()
        .iter()
        .map(|(text, place, day)| {
            index.candidates(&RepeatCase { text, place: *place, day: *day, ..Default::default() }, 10)
        })
        .collect()
}

#[test]
fn a_restored_index_answers_the_same_and_damage_is_refused() {
    let mut index = filled(2000);
    for id in (0..2000).step_by(7) {
        assert!(index.remove(id));
    }
    let bytes = index.to_bytes();
    let restored = RepeatIndex::from_bytes(&bytes).unwrap();
    assert_eq!(restored.len(), index.len());
    assert_eq!(answers(&restored), answers(&index));
    assert!(RepeatIndex::from_bytes(&bytes[..bytes.len() - 1]).is_err());
}

#[test]
fn removing_and_inserting_again_changes_nothing() {
    let mut index = filled(1500);
    let before = answers(&index);
    let extra = RepeatCase { text: "路灯坏了请处理", place: Some(3), day: 40, ..Default::default() };
    index.insert(9_999, &extra);
    assert_ne!(answers(&index), before, "the extra case is an answer to some question");
    assert!(index.remove(9_999));
    assert!(!index.remove(9_999));
    assert_eq!(answers(&index), before);
}

#[test]
fn updates_replace() {
    let mut index = filled(10);
    let case = RepeatCase { text: "井盖丢失", place: Some(1000), day: 10, ..Default::default() };
    index.insert(5, &case);
    assert_eq!(index.len(), 10);
    assert_eq!(index.candidates(&case, 1)[0].id, 5);
    index.insert(5, &RepeatCase { place: Some(2000), ..case });
    assert!(index.candidates(&case, 5).is_empty());
}

#[test]
fn far_in_time_or_place_is_no_repeat_but_next_door_is() {
    let mut index = filled(0);
    let case = RepeatCase {
        text: "路灯坏了",
        place: Some(1),
        point: Some((1000.0, 0.0)),
        day: 10,
        ..Default::default()
    };
    index.insert(1, &case);
    assert!(index.candidates(&RepeatCase { day: 200, ..case }, 5).is_empty());
    let next_door = RepeatCase { place: Some(2), point: Some((1200.0, 100.0)), ..case };
    let found = index.candidates(&next_door, 5);
    assert!(found.len() == 1 && !found[0].same_place);
    assert!(
        index.candidates(&RepeatCase { place: Some(2), point: Some((9000.0, 0.0)), ..case }, 5).is_empty()
    );
}
