//! The simulation of `src/guide/scaling.md` in small: replicas that crash, answers that are lost, virtual time.

use Weather::{Calm, Stormy};

use crate::model::{Guard, Scenario, Weather, table};

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
    let tables = [(), ()].map(|()| table(&[ONE, SEVERAL], &Guard::ALL));
    assert_eq!(tables[0], tables[1]);
}
