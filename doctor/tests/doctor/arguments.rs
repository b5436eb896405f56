//! What the command says of its arguments.

use crate::support::doctor;

#[tokio::test]
async fn says_what_is_wrong_with_its_arguments() {
    let rows: [(&[&str], &str); 15] = [
        (&[], "required arguments were not provided"),
        (
            &["notes"],
            "a URL begins with http:// or https:// and a host",
        ),
        (&["https://me:secret@a/b"], "a password belongs into -H"),
        (
            &["ftp://a/b"],
            "a URL begins with http:// or https:// and a host",
        ),
        (
            &["http://a/b", "--through", "b"],
            "a URL begins with http:// or https:// and a host",
        ),
        (
            &["http://a/b", "--write", "c"],
            "this is no path such as /notes/1",
        ),
        (
            &["http://a/b", "--backend", "c"],
            "this is no address such as 10.0.0.7:443",
        ),
        (
            &["http://a/b", "--header", "c"],
            "this is no header such as 'Accept: text/plain'",
        ),
        (
            &["http://a/b", "--write", "/c", "--content-type", "\n"],
            "this is no header value",
        ),
        (
            &["http://a/b", "--write", "/c", "--body", "c"],
            "it needs {mark} in it",
        ),
        (
            &["http://a/b", "--body", "{mark}"],
            "required arguments were not provided",
        ),
        (
            &["http://a/b", "--allow", "if-macth"],
            "no rule has this name",
        ),
        (
            &["http://a/b", "--timeout", "0"],
            "this is no number of seconds up to 3600",
        ),
        (&["http://a/b", "--http1", "--http2"], "cannot be used with"),
        (
            &["http://a/b", "http://b/b", "--write", "/c"],
            "--write needs one server, or --through",
        ),
    ];
    for (arguments, message) in rows {
        let ended = doctor(arguments).await;
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(ended.stderr.contains(message), "{arguments:?} {ended:?}");
        assert_eq!(ended.stdout, "");
    }
    let help = doctor(&["--help"]).await;
    assert_eq!(help.status.code(), Some(0));
    for expected in [
        "--write <PATH>",
        "--through <URL>",
        "Examples:",
        "Exit codes:",
    ] {
        assert!(help.stdout.contains(expected), "{help:?}");
    }
}
