//! Check and write are one step: the write lock, the handler contract, and many writers at once.

mod bodies;
mod collecting_limit;
mod contract;
mod creation;
mod extractors;
mod hammer;
mod hold_lock;
mod joined;
mod keys;
mod limit;
mod linearizable;
mod nested;
mod queue;
mod release;
mod spellings;
mod unevaluated;
mod writers;
