//! Lists of tags: any field lines are evaluated without a panic, and as the naive model of the tests evaluates them; so is
//! each line by hand, as the item of a batch is.
//!
//! Input: one byte that picks method and state, then field lines with LF between them.
#![no_main]

use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;
use tower_conditional::precondition::{Field, MethodClass};
use tower_conditional::validator::Absent;
use tower_conditional::{EntityTag, Preconditions};

#[allow(dead_code, reason = "the tests ask it more")]
#[path = "../../tests/core/naive.rs"]
mod naive;

use naive::{Answer, Present, Request, State, Tag};

const NOW: i64 = 1_735_732_800;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, lines)) = data.split_first() else {
        return;
    };
    let method = [Method::GET, Method::PUT][usize::from(choice & 1)].clone();
    let state = state(choice >> 1);
    let texts = lines.split(|&byte| byte == b'\n');
    for text in texts.clone() {
        assert_by_hand_as_in_a_field(text, &state);
    }
    let lines: Vec<HeaderValue> = texts
        .filter_map(|line| HeaderValue::from_bytes(line).ok())
        .collect();
    for line in &lines {
        assert_reads_as_one_tag_or_none(line);
    }
    for field in [Field::IfMatch, Field::IfNoneMatch, Field::IfRange] {
        let mut headers = HeaderMap::new();
        headers.insert("range", HeaderValue::from_static("bytes=0-3"));
        for line in &lines {
            headers.append(field.header_name(), line.clone());
        }
        assert_agreement(&method, &headers, &state);
    }
});

fn state(choice: u8) -> State {
    let present = |tag, others: &[&str]| {
        State::Present(Present {
            tag: Some(Tag::of(tag)),
            others: others.iter().map(|tag| Tag::of(tag)).collect(),
            modified: Some((NOW, true)),
        })
    };
    match choice % 6 {
        0 => present("\"a\"", &[]),
        1 => present("W/\"a\"", &[]),
        2 => present("\"\"", &["\"a\"", "W/\"b\""]),
        3 => State::present(None, None),
        4 => State::Absent(Absent::MaySucceed),
        _ => State::Unknown,
    }
}

fn assert_reads_as_one_tag_or_none(line: &HeaderValue) {
    let read = EntityTag::from_header_value(line).ok();
    let model = Tag::read(line.as_bytes());
    assert_eq!(read.is_some(), model.is_some());
    if let (Some(tag), Some(model)) = (read, model) {
        assert_eq!(tag.as_bytes(), line.as_bytes());
        assert_eq!(tag.is_weak(), model.weak);
        assert!(tag.weak_eq(&model.ours()));
        assert_eq!(tag.strong_eq(&model.ours()), !model.weak);
        let _ = (tag.version::<i64>(), tag.key(), tag.epoch());
    }
}

/// What no field can carry is malformed.
fn assert_by_hand_as_in_a_field(text: &[u8], state: &State) {
    for (field, by_hand) in [
        (Field::IfMatch, Preconditions::if_match(text)),
        (Field::IfNoneMatch, Preconditions::if_none_match(text)),
    ] {
        let Ok(line) = HeaderValue::from_bytes(text) else {
            assert_eq!(by_hand.malformed(), Some(field));
            continue;
        };
        let headers = HeaderMap::from_iter([(field.header_name(), line)]);
        let request = Request::read(MethodClass::of(&Method::PUT), "PUT", &headers, NOW);
        assert_eq!(by_hand.malformed(), request.malformed());
        let answer = Answer::from(by_hand.evaluate(&state.current()));
        assert_eq!(answer, request.evaluate(state));
    }
}

fn assert_agreement(method: &Method, headers: &HeaderMap, state: &State) {
    let class = MethodClass::of(method);
    let preconditions = Preconditions::parse(method, headers, naive::http_date(NOW));
    let request = Request::read(class, method.as_str(), headers, NOW);
    assert_eq!(preconditions.malformed(), request.malformed());
    let answer = Answer::from(preconditions.evaluate(&state.current()));
    assert_eq!(answer, request.evaluate(state));
}
