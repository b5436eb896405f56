//! The integers that a version can be: those of databases.

use std::str::FromStr;

/// An integer that a version can be: `i32`, `i64`, `u32` or `u64`.
///
/// The column of a version is an `i64` in most databases, and an `i32` or `u32` in some. Each is written into a tag as it is,
/// and read from it as any of them that it fits: `"-1"` is the version -1, and no `u64`. No other type can implement it.
///
/// # Examples
///
/// ```
/// use tower_conditional::EntityTag;
///
/// let version: i64 = 42; // from the row
/// let tag = EntityTag::from_version(version);
/// assert_eq!(tag.version(), Some(42_u64)); // as the type that is asked for
/// assert_eq!(EntityTag::from_version(-1).version::<u64>(), None);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the integer of a version",
    label = "expected `i32`, `i64`, `u32` or `u64`",
    note = "convert another integer with `i64::from` or `i64::try_from`; a revision id or another text becomes a tag with `EntityTag::from_key`"
)]
pub trait VersionNumber: sealed::Sealed {}

mod sealed {
    use std::fmt::Display;
    use std::str::FromStr;

    /// What `Display` writes, `FromStr` reads.
    #[expect(unnameable_types, reason = "that nobody can name it seals the trait")]
    pub trait Sealed: Copy + Display + FromStr {}
}

// Written out, because the compiler shows them in its errors.
impl VersionNumber for i32 {}
impl VersionNumber for i64 {}
impl VersionNumber for u32 {}
impl VersionNumber for u64 {}

impl sealed::Sealed for i32 {}
impl sealed::Sealed for i64 {}
impl sealed::Sealed for u32 {}
impl sealed::Sealed for u64 {}

/// Reads a version in its canonical form: `"-0"`, `"+1"` and `"007"` are no versions.
pub(crate) fn parse<N: FromStr>(text: &str) -> Option<N> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = text == "0" || !digits.starts_with(['0', '+']);
    text.parse().ok().filter(|_| canonical)
}
