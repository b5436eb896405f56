//! The layer inside, around and beside the services of others: see `tests/`.
