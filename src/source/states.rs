//! What a source may find: examples, by which the layer is described.

use std::time::{Duration, SystemTime};

use crate::representation::Absent;
use crate::{Current, EntityTag, Representation};

/// What a source may find: an example of each kind of state, and whether a look-up may fail.
///
/// A [description](crate::description) lists what the layer does with these states, and nothing else. What matters of an
/// example is its kind: whether there is a representation, which validators it has and whether they are strong, which headers it
/// adds.
///
/// # Examples
///
/// ```
/// use tower_conditional::source::States;
/// use tower_conditional::validator::Absent;
/// use tower_conditional::{Current, Epoch, Representation};
///
/// // A row with a version of this epoch, or none; a PATCH creates none.
/// const EPOCH: Epoch = Epoch::new("n1");
/// let put = States::of([EPOCH.version(1).into(), Current::absent()]);
/// let patch = States::of([EPOCH.version(1).into(), Current::Absent(Absent::WillFail)]);
/// # let _ = (put, patch);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct States {
    /// What a look-up may find.
    pub(crate) found: Vec<Current>,
    /// What the response to a read that is not looked up may state.
    pub(crate) stated: Vec<Representation>,
    pub(crate) may_fail: bool,
}

impl States {
    /// Every kind of state. The default of a [`ValidatorSource`](crate::ValidatorSource).
    ///
    /// ```
    /// # use tower_conditional::source::States;
    /// let _ = States::any();
    /// ```
    pub fn any() -> Self {
        let strong = || Representation::tagged(EntityTag::from_static("\"e.1\""));
        let weak = || Representation::tagged(EntityTag::from_static("W/\"1\""));
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let present = [
            strong(),
            strong().last_modified(changed),
            strong().strong_last_modified(changed),
            weak(),
            weak().last_modified(changed),
            Representation::new().last_modified(changed),
            Representation::new().strong_last_modified(changed),
            Representation::new(),
        ];
        let others = [
            Current::absent(),
            Current::Absent(Absent::MaySucceed),
            Current::Absent(Absent::WillFail),
            Current::Unknown,
            Current::Delegated,
        ];
        Self::of(present.into_iter().map(Current::Present).chain(others))
    }

    /// States of these kinds. A look-up may fail.
    ///
    /// ```
    /// use tower_conditional::source::States;
    /// use tower_conditional::{EntityTag, Representation};
    ///
    /// // A version and the time of the last change, and never absent.
    /// let row = Representation::tagged(EntityTag::from_version(1)).last_modified(std::time::SystemTime::now());
    /// let _ = States::of([row.into()]);
    /// ```
    pub fn of(states: impl IntoIterator<Item = Current>) -> Self {
        let found: Vec<_> = states.into_iter().collect();
        let stated = found.iter().filter_map(Current::representation);
        Self {
            stated: stated.cloned().collect(),
            found,
            may_fail: true,
        }
    }

    /// A version ([`EntityTag::from_version`]), or nothing. A look-up may fail.
    ///
    /// ```
    /// # use tower_conditional::source::States;
    /// let _ = States::versions();
    /// ```
    pub fn versions() -> Self {
        Self::of([EntityTag::from_version(1).into(), Current::absent()])
    }

    /// States that no look-up, and no identification before it, fails.
    ///
    /// ```
    /// # use tower_conditional::source::States;
    /// let _ = States::versions().never_failing();
    /// ```
    pub const fn never_failing(mut self) -> Self {
        self.may_fail = false;
        self
    }

    /// The states as another source changes them.
    pub(crate) fn map(mut self, change: impl FnMut(Current) -> Current) -> Self {
        self.found = self.found.into_iter().map(change).collect();
        self
    }

    /// The states of a source that looks nothing up, in a chain with one that does.
    pub(crate) fn stated_by_response(mut self) -> Self {
        self.found = vec![Current::Unknown];
        self.never_failing()
    }

    /// These states, and those of another source.
    pub(crate) fn or(mut self, other: Self) -> Self {
        self.found.extend(other.found);
        self.stated.extend(other.stated);
        self.may_fail |= other.may_fail;
        self
    }
}
