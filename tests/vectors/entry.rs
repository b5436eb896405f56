//! The entries of `preconditions.json` as they stand there, for the tests of the core and of the layer.

use serde::Deserialize;

const FILE: &str = include_str!("preconditions.json");

#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) request_headers: Vec<(String, String)>,
    pub(crate) current: Validators,
    pub(crate) now: Option<String>,
    pub(crate) has_range: bool,
    pub(crate) unconditional_status: u16,
    pub(crate) expect: Expect,
    pub(crate) rfc9110_agrees: bool,
    pub(crate) rfc_decides: bool,
    pub(crate) basis: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Validators {
    pub(crate) exists: bool,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    #[serde(default)]
    pub(crate) last_modified_strong: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Expect {
    pub(crate) outcome: String,
}

impl Entry {
    pub(crate) fn all() -> Vec<Self> {
        serde_json::from_str(FILE).unwrap()
    }

    /// The preconditions as rows of tables have them.
    pub(crate) fn lines(&self) -> Vec<(&str, &str)> {
        let lines = self.request_headers.iter();
        lines.map(|(name, text)| (&name[..], &text[..])).collect()
    }

    pub(crate) fn is_decided(&self) -> bool {
        self.rfc9110_agrees && self.rfc_decides
    }

    /// Without its preconditions the request would be refused, and not because the target is missing: such a request
    /// never reaches the core.
    pub(crate) fn is_refused_otherwise(&self) -> bool {
        !matches!(self.unconditional_status, 200..=299 | 404 | 410 | 412)
    }

    pub(crate) fn is_missing(&self) -> bool {
        matches!(self.unconditional_status, 404 | 410)
    }
}
