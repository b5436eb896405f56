//! The simulation of `src/guide/scaling.md` in small: replicas that crash, answers that are lost, virtual time.

use std::fs;

use Weather::{Calm, Stormy};

use crate::model::{Guard, Scenario, Table, Weather};
use crate::page::Page;

const ONE: Scenario = Scenario::growing(1);
const SEVERAL: Scenario = Scenario::growing(10);
const HOT: Scenario = Scenario::hot(5);

#[track_caller]
fn loses_nothing(scenario: Scenario, guard: Guard, weather: Weather) {
    let report = scenario.run(guard, weather);
    let done = (report.edits, report.lost);
    assert_eq!(done, (scenario.writers * scenario.edits, 0), "{report:?}");
}

#[track_caller]
fn loses(scenario: Scenario, guard: Guard, weather: Weather) {
    let report = scenario.run(guard, weather);
    assert!(report.lost > 0, "{report:?}");
}

#[test]
fn evaluation_alone_loses_edits() {
    loses(ONE, Guard::NEITHER, Calm);
    loses(SEVERAL, Guard::NEITHER, Calm);
    loses(HOT, Guard::NEITHER, Calm);
}

#[test]
fn the_lock_covers_one_replica_that_does_not_crash() {
    loses_nothing(ONE, Guard::LOCK, Calm);
    loses(ONE, Guard::LOCK, Stormy);
    loses(SEVERAL, Guard::LOCK, Calm);
    loses(HOT, Guard::LOCK, Calm);
}

#[test]
fn a_shared_lock_covers_all_replicas_until_a_write_is_late() {
    loses_nothing(SEVERAL, Guard::SHARED_LOCK, Calm);
    loses_nothing(HOT, Guard::SHARED_LOCK, Calm);
    loses(SEVERAL, Guard::SHARED_LOCK, Stormy);
}

#[test]
fn the_swap_covers_everything() {
    for scenario in [ONE, SEVERAL, HOT] {
        for guard in [Guard::SWAP, Guard::BOTH, Guard::SHARED_BOTH] {
            loses_nothing(scenario, guard, Calm);
            loses_nothing(scenario, guard, Stormy);
        }
    }
}

#[test]
fn every_run_is_the_same() {
    let table = Table::new([ONE, SEVERAL], Guard::ALL);
    let tables = [(), ()].map(|()| table.written(|_| {}));
    assert_eq!(tables[0], tables[1]);
}

#[test]
fn each_row_is_said_when_it_is_done() {
    let table = Table::new([ONE, HOT], [Guard::SWAP, Guard::BOTH]);
    let mut said = Vec::new();
    table.written(|row| said.push(row.to_owned()));
    assert_eq!(
        said,
        [
            "8 writers on 1 replicas, swap",
            "8 writers on 1 replicas, lock and swap",
            "40 writers on 5 replicas, swap",
            "40 writers on 5 replicas, lock and swap",
        ]
    );
    assert_eq!(table.rows(), said.len());
}

/// The rest of the page stays as it was, and nothing is left behind a shorter one.
#[test]
fn tables_are_put_into_their_places() {
    const OLD: &str =
        "Text\n<!-- a -->\nold and long\n<!-- /a -->\n<!-- b -->\nold\n<!-- /b --> end\n";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("page.md");
    fs::write(&path, OLD).unwrap();
    let mut page = Page::open(path.clone(), &["a", "b"]).unwrap();
    page.put("b", "B").unwrap();
    page.put("a", "A").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
    page.write().unwrap();
    let new = "Text\n<!-- a -->\n\nA\n<!-- /a -->\n<!-- b -->\n\nB\n<!-- /b --> end\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), new);
}
