//! The seeded source of every delay and every fault.

use std::time::Duration;

use tokio::time::sleep;

/// SplitMix64: good enough to roll dice, and the same everywhere.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another source, so that what one part of the world draws changes nothing for the others.
    pub(crate) const fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// A number below `bound`.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) const fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A time in milliseconds, `from` and `to` included. Virtual time has no smaller unit.
    pub(crate) const fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from + 1))
    }

    /// Lets such a time pass.
    pub(crate) async fn pause(&mut self, from: u64, to: u64) {
        sleep(self.millis(from, to)).await;
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
