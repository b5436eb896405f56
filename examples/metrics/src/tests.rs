//! Each play shows its cause, and the pictures in the guide are those of today.

use std::env;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::history::{STEPS, Save, Step};
use crate::picture_of;
use crate::plays::{CAUSE, Play};
use crate::service::Service;

/// The steps of a play, by whether they were before its cause.
async fn played(play: Play) -> (Vec<Step>, Vec<Step>) {
    let service = Service::new();
    play.perform(&service, Duration::ZERO).await;
    let mut before = service.history.steps();
    assert_eq!(before.len(), STEPS);
    let since = before.split_off(CAUSE);
    (before, since)
}

/// What was refused in these steps, and why.
fn refused(steps: &[Step]) -> Vec<Save> {
    let is_there = |save: &Save| steps.iter().any(|step| step.count(*save) > 0);
    let refusals = Save::ALL.into_iter().filter(|save| *save != Save::Done);
    refusals.filter(is_there).collect()
}

fn sum(steps: &[Step], count: impl Fn(&Step) -> u32) -> u32 {
    steps.iter().map(count).sum()
}

#[tokio::test]
async fn after_a_release_there_is_a_spike_of_other_epoch_that_passes() {
    let (before, since) = played(Play::Release).await;
    assert_eq!(refused(&before), []);
    assert_eq!(refused(&since), [Save::OtherEpoch]);
    let in_ten_steps: Vec<_> = since
        .chunks(10)
        .map(|ten| sum(ten, Step::refused))
        .collect();
    assert!(
        in_ten_steps.is_sorted_by(|one, next| one >= next),
        "{in_ten_steps:?}"
    );
    assert_eq!(in_ten_steps[3..], [0, 0], "everybody has read again");
    // Everybody could save all the time.
    assert!(since.iter().all(|step| step.count(Save::Done) > 0));
    let marks: Vec<_> = since.iter().filter_map(|step| step.mark).collect();
    assert_eq!((since[0].mark, marks.len()), (Some("release"), 1));
}

#[tokio::test]
async fn a_hard_coded_tag_is_stale_in_every_step_and_gets_older() {
    let (before, since) = played(Play::Hardcoded).await;
    assert_eq!(refused(&before), []);
    let (early, late) = since.split_at(9);
    assert_eq!(refused(early), [Save::Stale]);
    assert_eq!(refused(late), [Save::StaleForLong]);
    assert!(
        since
            .iter()
            .all(|step| step.refused() == since[0].refused())
    );
    assert!(since.iter().all(|step| step.count(Save::Done) > 0));
}

#[tokio::test]
async fn behind_a_proxy_that_weakens_tags_nobody_can_save_in_the_end() {
    let (before, since) = played(Play::Proxy).await;
    assert_eq!(refused(&before), []);
    assert_eq!(refused(&since), [Save::WeakTag]);
    let last = &since[since.len() - 20..];
    assert_eq!(sum(last, |step| step.count(Save::Done)), 0);
    assert!(last.iter().all(|step| step.refused() > 0));
}

#[tokio::test]
async fn people_who_edit_one_document_get_a_few_all_the_time_and_save() {
    let (before, since) = played(Play::Busy).await;
    let all = [before, since].concat();
    assert_eq!(refused(&all), [Save::Stale]);
    for ten in all.chunks(10) {
        let (refused, saved) = (
            sum(ten, Step::refused),
            sum(ten, |step| step.count(Save::Done)),
        );
        assert!(0 < refused && refused < saved, "{refused} of {saved}");
    }
}

/// `UPDATE_DOCS=1 cargo test -p metrics` writes them anew. They stand between lines of Markdown, where an empty line would end
/// them.
#[tokio::test]
async fn the_pictures_in_the_guide_are_those_of_the_plays() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/guide");
    for play in Play::ALL {
        let file = guide.join(format!("{}.svg", play.name()));
        let drawn = picture_of(play).await;
        assert!(
            drawn.len() < 6_000 && !drawn.contains("\n\n"),
            "{}",
            drawn.len()
        );
        if env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&file, &drawn).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            kept == drawn,
            "UPDATE_DOCS=1 cargo test -p metrics writes {} anew",
            file.display()
        );
    }
}

/// However long it runs, it keeps the last steps alone.
#[test]
fn the_oldest_step_makes_room() {
    let service = Service::new();
    service.history.mark("first");
    for _ in 1..STEPS {
        service.history.next_step();
    }
    assert_eq!(service.history.steps()[0].mark, Some("first"));
    service.history.next_step();
    let steps = service.history.steps();
    assert_eq!((steps.len(), steps[0].mark), (STEPS, None));
}
