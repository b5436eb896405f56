//! Validators that are computed from what is served: `BodyHash`, the second moment, and the probe.

mod reading_ahead;
mod support;
