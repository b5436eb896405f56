//! The pure core against RFC 9110: conformance vectors, a naive model, and tables keyed by section.
//!
//! `naive` is written from the RFC text and shares no code with the crate but its public types. Every row of every
//! table is evaluated by both: a mistake goes unnoticed only if both make it.

mod by_hand;
mod commands;
#[path = "../vectors/decision_table.rs"]
mod decision_table;
mod documented;
#[path = "../vectors/entry.rs"]
mod entry;
mod links;
mod modules;
mod naive;
mod promised;
mod properties;
#[path = "../support/src/quick_or_full.rs"]
#[expect(unreachable_pub, reason = "the file is a part of a library, too")]
mod quick_or_full;
#[cfg(feature = "axum")]
mod readme;
mod reasons;
mod required;
mod s13_1_1_if_match;
mod s13_1_2_if_none_match;
mod s13_1_3_if_modified_since;
mod s13_1_4_if_unmodified_since;
mod s13_1_5_if_range;
mod s13_2_precedence;
mod s5_6_1_lists;
mod s8_8_2_timestamps;
mod s8_8_3_entity_tags;
mod support;
mod tree;
mod vectors;
