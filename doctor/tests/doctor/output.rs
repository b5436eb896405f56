//! Colours by convention, and nothing but the report on standard output.

use axum::Router;
use axum::routing::get;
use http::header::ETAG;
use tokio::process::Command;

use crate::support::{PROGRAM, serve, url};

const ESCAPE: &str = "\u{1b}[";

#[tokio::test]
async fn colours_only_where_they_are_wanted() {
    let app = Router::new().route("/", get(async || ([(ETAG, "\"v1\"")], "hello")));
    let url = url(serve(app).await, "/");
    // The output is a pipe here, so there are none unless somebody forces them.
    /// Arguments, variables of the environment, and whether there are colours.
    type Row = (
        &'static [&'static str],
        &'static [(&'static str, &'static str)],
        bool,
    );
    let rows: [Row; 7] = [
        (&[], &[], false),
        (&[], &[("NO_COLOR", "1")], false),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&["--color", "always"], &[], true),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&["--json"], &[("CLICOLOR_FORCE", "1")], false),
    ];
    for (arguments, variables, expected) in rows {
        let mut command = Command::new(PROGRAM);
        command.arg(&url).args(arguments).kill_on_drop(true);
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
            command.env_remove(name);
        }
        let output = command
            .envs(variables.iter().copied())
            .output()
            .await
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            text.contains(ESCAPE),
            expected,
            "{arguments:?} {variables:?} {text}"
        );
        // No progress where nobody watches.
        assert_eq!(output.stderr, b"");
    }
}
