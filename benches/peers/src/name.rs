//! What a row is called: the job, and who does it.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex};

const BETWEEN: &str = " | ";

/// Rows want names that live as long as the program: each is made once, however many rounds there are.
static NAMES: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);

pub(crate) fn of(job: &str, who: &str) -> &'static str {
    let name = [job, who].join(BETWEEN);
    let mut names = NAMES.lock().expect("nobody panics here");
    if let Some(known) = names.get(name.as_str()) {
        return known;
    }
    let name = name.leak();
    names.insert(name);
    name
}

/// The two parts of the name of a row.
pub fn job_and_who(name: &'static str) -> (&'static str, &'static str) {
    name.split_once(BETWEEN).unwrap_or((name, ""))
}
