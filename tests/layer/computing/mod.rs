//! Validators that are computed from what is served: `BodyHash`, the second moment, and the probe.

mod around_others;
mod chunkings;
mod file_metadata;
mod golden_tags;
mod head;
mod left_alone;
mod not_tagged;
mod one_behaviour;
mod probe;
mod probe_answers;
mod reading_ahead;
mod router_wide;
mod second_moment;
mod sockets;
mod things;
