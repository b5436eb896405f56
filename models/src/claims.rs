//! What the guide says of each way to keep two writers apart, and that the properties find planted mistakes.

use std::num::NonZeroUsize;

use stateright::{Checker, HasDiscoveries, Model};

use crate::model::{
    ACKNOWLEDGED, ALONE, Config, Lock, Mistake, NOBODY_WAITS, NOTHING_LEFT, PERFORMED, REFUSED,
    Versions,
};

const ONE_REPLICA: [usize; 3] = [0, 0, 0];
const TWO_REPLICAS: [usize; 3] = [0, 0, 1];
const THREE_REPLICAS: [usize; 3] = [0, 1, 2];

fn calm(writers: &[usize], lock: Lock, swap: bool) -> Config {
    Config {
        writers: writers.to_vec(),
        unconditional: None,
        lock,
        swap,
        versions: Versions::Store,
        crashes: 0,
        drops: 0,
        hold_lock: false,
        mistake: None,
    }
}

fn stormy(writers: &[usize], lock: Lock, swap: bool) -> Config {
    let calm = calm(writers, lock, swap);
    Config {
        crashes: 1,
        drops: 1,
        ..calm
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// No order of the steps breaks a property.
fn is_safe(claim: &str, config: Config) {
    let checker = config.checker().threads(threads()).spawn_bfs().join();
    println!("{:>10} states: {claim}", checker.unique_state_count());
    checker.assert_properties();
}

/// Some order breaks the property. The shortest one is printed.
fn breaks(claim: &str, config: Config, property: &'static str) {
    let sought = HasDiscoveries::AnyOf([property].into());
    let checker = config.checker().finish_when(sought).spawn_bfs().join();
    let found = checker.discovery(property);
    let found = found.unwrap_or_else(|| panic!("{claim}: nothing breaks \"{property}\""));
    println!(
        "{claim}: breaks \"{property}\" by {:?}",
        found.into_actions()
    );
}

fn planted(mistake: Mistake, config: Config, property: &'static str) {
    let config = Config {
        mistake: Some(mistake),
        ..config
    };
    breaks(&format!("{mistake:?}"), config, property);
}

#[test]
fn the_lock_is_exact_on_one_replica() {
    is_safe(
        "lock, one replica",
        calm(&ONE_REPLICA, Lock::InProcess, false),
    );
    let config = calm(&ONE_REPLICA, Lock::InProcess, false);
    let unconditional = Some(0);
    is_safe(
        "and a write without preconditions",
        Config {
            unconditional,
            ..config
        },
    );
}

#[test]
fn without_lock_and_swap_edits_are_lost() {
    breaks(
        "neither",
        calm(&ONE_REPLICA, Lock::None, false),
        ACKNOWLEDGED,
    );
}

#[test]
fn the_lock_is_worth_nothing_between_replicas() {
    breaks(
        "lock, two replicas",
        calm(&TWO_REPLICAS, Lock::InProcess, false),
        ACKNOWLEDGED,
    );
}

#[test]
fn the_lock_loses_edits_when_its_process_crashes() {
    let config = calm(&ONE_REPLICA, Lock::InProcess, false);
    breaks(
        "lock, a crash",
        Config {
            crashes: 1,
            ..config
        },
        ACKNOWLEDGED,
    );
}

#[test]
fn a_client_that_hangs_up_frees_the_lock_unless_the_work_holds_it() {
    let config = calm(&ONE_REPLICA, Lock::InProcess, false);
    let config = Config { drops: 1, ..config };
    breaks("lock, a client hangs up", config.clone(), ACKNOWLEDGED);
    is_safe(
        "lock, held by the work",
        Config {
            hold_lock: true,
            ..config
        },
    );
}

#[test]
fn a_shared_lock_loses_nothing_in_calm_and_edits_in_a_storm() {
    is_safe("shared lock", calm(&TWO_REPLICAS, Lock::Shared, false));
    let config = calm(&TWO_REPLICAS, Lock::Shared, false);
    let config = Config {
        crashes: 1,
        hold_lock: true,
        ..config
    };
    breaks("shared lock, a crash", config, ACKNOWLEDGED);
}

#[test]
fn the_swap_never_loses_an_edit() {
    for lock in [Lock::None, Lock::InProcess, Lock::Shared] {
        for hold_lock in [false, true] {
            let config = stormy(&TWO_REPLICAS, lock, true);
            let claim = format!("swap, {lock:?}, a crash and a client that hangs up, {hold_lock}");
            is_safe(
                &claim,
                Config {
                    hold_lock,
                    ..config
                },
            );
        }
    }
}

#[test]
fn three_replicas() {
    is_safe(
        "shared lock, three replicas",
        calm(&THREE_REPLICAS, Lock::Shared, false),
    );
    for lock in [Lock::None, Lock::InProcess, Lock::Shared] {
        let config = stormy(&THREE_REPLICAS, lock, true);
        let claim = format!("swap, {lock:?}, three replicas, two crashes");
        is_safe(
            &claim,
            Config {
                crashes: 2,
                ..config
            },
        );
    }
}

#[test]
fn four_writers() {
    is_safe("lock, four writers", calm(&[0; 4], Lock::InProcess, false));
    is_safe(
        "shared lock, four writers",
        calm(&[0, 0, 1, 1], Lock::Shared, false),
    );
}

#[test]
#[ignore = "takes minutes: scripts/models.sh full"]
fn more_writers_and_more_faults() {
    let one_replica = calm(&[0; 4], Lock::InProcess, false);
    let config = Config {
        drops: 2,
        hold_lock: true,
        ..one_replica
    };
    is_safe("lock, held by the work, four writers, two hang up", config);
    for lock in [Lock::None, Lock::InProcess, Lock::Shared] {
        let config = stormy(&[0, 0, 1, 1], lock, true);
        let claim = format!("swap, {lock:?}, four writers, two hang up, a crash");
        is_safe(&claim, Config { drops: 2, ..config });
    }
}

#[test]
fn versions_from_clocks_come_back() {
    let config = calm(&TWO_REPLICAS, Lock::Shared, true);
    let versions = Versions::Clock;
    breaks(
        "swap, versions from clocks",
        Config { versions, ..config },
        ACKNOWLEDGED,
    );
}

#[test]
fn planted_mistakes_are_found() {
    let one = || calm(&ONE_REPLICA, Lock::InProcess, false);
    let dropped = || Config {
        drops: 1,
        hold_lock: true,
        ..one()
    };
    planted(Mistake::TakesOldNews, one(), REFUSED);
    planted(Mistake::NumberedAtItsEnd, one(), REFUSED);
    planted(Mistake::NoLookUpUnderTheLock, one(), ACKNOWLEDGED);
    planted(Mistake::ReleasedTooEarly, one(), ACKNOWLEDGED);
    planted(Mistake::LeavesWithTheWakeUp, dropped(), NOBODY_WAITS);
    planted(Mistake::RefusedAndStillQueued, one(), NOTHING_LEFT);
    planted(Mistake::TakenPastTheWoken, one(), ALONE);
    planted(
        Mistake::SwapReadsAgain,
        calm(&TWO_REPLICAS, Lock::None, true),
        PERFORMED,
    );
    let unconditional = Config {
        unconditional: Some(0),
        ..one()
    };
    planted(
        Mistake::UnconditionalTakesNoLock,
        unconditional,
        ACKNOWLEDGED,
    );
    let shared = stormy(&TWO_REPLICAS, Lock::Shared, true);
    planted(Mistake::LockOutlivesItsReplica, shared, NOBODY_WAITS);
}
