//! An engine that a script of the repository starts, installs if need be, and removes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use test_support::skip;

/// A running engine. Dropped, it is stopped and removed.
pub struct Engine {
    url: String,
    /// When it is closed, by the end of the tests however they end, the script removes the engine.
    holds_it: Option<ChildStdin>,
    script: Child,
}

impl Engine {
    /// Starts one with the `run` of a script. `None` where it cannot be had; in CI that fails.
    pub fn start(script: &str) -> Option<Self> {
        let started = Self::started(script);
        if started.is_none() {
            skip(&format!("an engine that scripts/{script} can start"));
        }
        started
    }

    fn started(script: &str) -> Option<Self> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts");
        let mut child = Command::new(scripts.join(script))
            .args(["run", "sh", "-c", r#"echo "$DATABASE_URL"; exec cat"#])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut url = String::new();
        let mut stdout = BufReader::new(child.stdout.take()?);
        stdout.read_line(&mut url).ok()?;
        let url = url.trim_end().to_owned();
        (!url.is_empty()).then_some(Self {
            url,
            holds_it: child.stdin.take(),
            script: child,
        })
    }

    /// Its URL, with a password in it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.holds_it.take());
        let _ = self.script.wait();
    }
}
