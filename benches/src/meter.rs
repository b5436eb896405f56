//! What a binary has to bring to measure the rows.

/// Which row, what it is compared with, and how often it runs.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub name: &'static str,
    pub base: Option<&'static str>,
    pub operations: u32,
}

impl Row {
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            base: None,
            operations: 50,
        }
    }

    /// Compared with this row, which has to come before.
    pub const fn over(mut self, base: &'static str) -> Self {
        self.base = Some(base);
        self
    }

    pub const fn times(mut self, operations: u32) -> Self {
        self.operations = operations;
        self
    }
}

pub trait Meter {
    /// Measures `operate`, which gets what `prepare` makes.
    fn row<I, O>(&mut self, row: Row, prepare: impl FnMut() -> I, operate: impl FnMut(I) -> O);

    /// Counts what is still allocated when `operate` has returned, and what it returned is kept. The default does not.
    fn held<I, O>(&mut self, row: Row, prepare: impl FnMut() -> I, operate: impl FnMut(I) -> O) {
        let _ = (row, prepare, operate);
    }

    /// Something that was counted by the row itself.
    fn count(&mut self, row: &'static str, what: &'static str, count: u64);
}
