//! What the person sees.

use std::env;
use std::io::{IsTerminal, stdout};

use diffy::PatchFormatter;
use serde_json::Value;
use tower_conditional_client::EntityTag;

use crate::text::pretty;

/// Standard output, with colours if it is a terminal and `NO_COLOR` is not set.
pub(crate) struct Screen {
    formatter: PatchFormatter,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let coloured =
            stdout().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let formatter = PatchFormatter::new();
        Self {
            formatter: if coloured {
                formatter.with_color()
            } else {
                formatter
            },
        }
    }

    /// Shows what somebody has changed.
    pub(crate) fn change(&self, whose: &'static str, base: &Value, now: &Value) {
        let (base, now) = (pretty(base), pretty(now));
        let mut options = diffy::DiffOptions::new();
        options
            .set_original_filename("base")
            .set_modified_filename(whose);
        let patch = options.create_patch(&base, &now);
        print!("{}", self.formatter.fmt_patch(&patch));
    }
}

/// A tag for people.
pub(crate) fn tag(tag: Option<&EntityTag>) -> String {
    tag.map_or_else(
        || "a version without a tag".to_owned(),
        |tag| String::from_utf8_lossy(tag.as_bytes()).into_owned(),
    )
}
