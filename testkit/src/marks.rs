//! Marks: the words by which a later read shows which write took place.

use super::known::Known;

/// Words that were not there before, of one length, so that none is part of another.
///
/// Content that was there before would be no change, and a tag computed from the content would stay the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    run: usize,
}

impl Marks {
    pub(crate) fn not_in(known: Option<&Known>) -> Self {
        let is_new = |marks: &Self| known.is_none_or(|known| !known.has_text(&marks.prefix()));
        let run = (1..).map(|run| Self { run }).find(is_new);
        run.unwrap_or(Self { run: 0 })
    }

    pub(crate) fn mark(self, number: usize) -> String {
        format!("{}{number:05}", self.prefix())
    }

    fn prefix(self) -> String {
        format!("mark-{}-", self.run)
    }
}
