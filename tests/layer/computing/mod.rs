//! Validators that are computed from what is served: `BodyHash`, the second moment, and the probe.

mod chunkings;
mod golden_tags;
mod head;
mod left_alone;
mod probe;
mod reading_ahead;
mod second_moment;
mod support;
mod things;
