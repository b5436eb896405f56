//! The tags at both ends, as a table.

use bytes::Bytes;

use crate::edge::{Recognised, Rewrite, Shown};

/// What was seen at the origin and at the edge.
#[derive(Clone, Debug, Default)]
pub(crate) struct Comparison {
    /// The edge, if there is one.
    pub(crate) through: Option<String>,
    pub(crate) proxies: Vec<Recognised>,
    pub(crate) rows: Vec<Row>,
}

/// One question, and the tags of its answers: several if they differ.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) coding: &'static str,
    pub(crate) method: &'static str,
    pub(crate) protocol: &'static str,
    /// One list for each origin, each as long as it has different tags.
    pub(crate) origin: Vec<Vec<Tag>>,
    /// The tags that the origins send for other codings.
    pub(crate) of_other_codings: Vec<Tag>,
    pub(crate) edge: Vec<Tag>,
    /// The Content-Encoding at the edge.
    pub(crate) coded: Option<String>,
    pub(crate) revalidated: Option<String>,
    pub(crate) saved: Option<Saved>,
}

/// A tag, or none.
pub(crate) type Tag = Option<Bytes>;

/// What a save with the edge's tag is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Saved {
    /// `None` where nobody can tell.
    pub(crate) works: Option<bool>,
    /// `200`, `412 weak_tag`
    pub(crate) answer: String,
    pub(crate) asked: Asked,
}

/// How it is known whether a save works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// By a write through the edge.
    Write,
    /// By a GET with If-Match through the edge.
    EdgeRead,
    /// By a GET with If-Match at the origin: the edge answers If-Match by itself.
    OriginRead,
    /// By RFC 9110 alone: neither evaluates If-Match on GET.
    Rule,
}

impl Asked {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::EdgeRead => "read-at-edge",
            Self::OriginRead => "read-at-origin",
            Self::Rule => "not-asked",
        }
    }
}

impl Row {
    /// What was done to the tags on the way: the most of it, if they differ.
    pub(crate) fn rewrite(&self) -> Rewrite<'_> {
        let own = self.origin.iter().flatten().chain(&self.of_other_codings);
        let origin: Vec<_> = own.map(Option::as_deref).collect();
        let edge = self.edge.iter().map(Option::as_deref);
        edge.map(|tag| Rewrite::of_any(&origin, tag))
            .max()
            .unwrap_or(Rewrite::Kept)
    }
}

/// Tags for people: `"7" or W/"7"`
pub(crate) fn in_words(tags: &[Tag]) -> String {
    let shown = tags
        .iter()
        .take(SHOWN)
        .map(|tag| Shown(tag.as_deref()).to_string());
    let mut words = shown.collect::<Vec<_>>().join(" or ");
    if tags.len() > SHOWN {
        words += &format!(" or {} others", tags.len() - SHOWN);
    }
    match words.is_empty() {
        true => "no answer".to_owned(),
        false => words,
    }
}

/// How many tags of one question are shown.
const SHOWN: usize = 3;
