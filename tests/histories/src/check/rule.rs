//! The rules, each with the sentence that a broken one is reported under.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    AcknowledgedOnce,
    OnTheStateOfItsTag,
    AnswerOfTheWrite,
    RefusedNeverMade,
    RefusalTrue,
    UnknownAtMostOnce,
    InItsTime,
    ReadOfTheHistory,
    ReadFresh,
    ReadsForward,
    NotModifiedTrue,
    ModifiedTrue,
    VersionsRise,
    VersionsOnce,
    HistoryWhole,
    ContentsOnce,
}

impl Rule {
    /// Whether a write that was acknowledged is gone, or has overwritten what its client had not seen.
    pub(crate) const fn is_loss(self) -> bool {
        matches!(self, Self::AcknowledgedOnce | Self::OnTheStateOfItsTag)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AcknowledgedOnce => "an acknowledged write is in the history exactly once",
            Self::OnTheStateOfItsTag => "a write is made on the state that its tag names",
            Self::AnswerOfTheWrite => "the answer to a write shows that write",
            Self::RefusedNeverMade => "a refused write is never made",
            Self::RefusalTrue => "a refusal was true at some instant of its request",
            Self::UnknownAtMostOnce => "a write of unknown outcome is in the history at most once",
            Self::InItsTime => "a write takes effect between its start and its end",
            Self::ReadOfTheHistory => "a read shows a version of the history, with its content",
            Self::ReadFresh => "a read shows what was current between its start and its end",
            Self::ReadsForward => "a later read never shows an earlier state",
            Self::NotModifiedTrue => "a 304 was true at some instant of its request",
            Self::ModifiedTrue => "a read is not sent what its If-None-Match names",
            Self::VersionsRise => "the versions of a note rise",
            Self::VersionsOnce => "no version is used twice",
            Self::HistoryWhole => "the history has every change, each made by a request",
            Self::ContentsOnce => "every content is sent once",
        })
    }
}
