//! A directory over HTTP: conditional reads and writes of files, and the files that must not be reached.

use std::ffi::OsStr;
use std::fs::{self, DirEntry, File};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use test_support::{
    Client, Example, HeldBack, Program, Protocol, Service, Write, nobody_listens_at,
    printed_commands, run_unprivileged, server,
};
use tower_conditional_testkit::{Fixture, Scratch, check};

const PROGRAM: &str = env!("CARGO_BIN_EXE_files");

/// The tests are quick; one that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

struct Files {
    directory: TempDir,
    client: Client,
    example: Example,
}

impl Files {
    async fn start(protocol: Protocol) -> Self {
        Self::start_with(protocol, &[]).await
    }

    async fn start_with(protocol: Protocol, options: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut arguments = vec![
            directory.path().as_os_str(),
            "--port".as_ref(),
            "0".as_ref(),
        ];
        arguments.extend(options.iter().map(OsStr::new));
        let example = Example::start(PROGRAM, &arguments).await;
        let client = example.client(protocol).await;
        Self {
            directory,
            client,
            example,
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// Waits until so many files are in the directory, none of them empty.
    async fn until_there_are(&self, number: usize) {
        // An upload may end, and its file with it, while it is looked at.
        let length = |file: io::Result<DirEntry>| file.and_then(|file| file.metadata());
        let lengths = || -> Vec<u64> {
            let files = fs::read_dir(self.directory.path()).unwrap();
            files.flat_map(length).map(|file| file.len()).collect()
        };
        let is_so = |lengths: Vec<u64>| lengths.len() == number && !lengths.contains(&0);
        let counted = async {
            while !is_so(lengths()) {
                tokio::task::yield_now().await;
            }
        };
        let counted = tokio::time::timeout(PATIENCE, counted).await;
        assert!(counted.is_ok(), "{:?}, not {number} files", lengths());
    }

    async fn status(&mut self, method: &str, path: &str, fields: &[(&str, &str)]) -> u16 {
        self.client.send(method, path, fields, "text").await.status
    }
}

fn dated(path: &Path, modified: SystemTime) {
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(modified)
        .unwrap();
}

#[tokio::test]
async fn whole_life_of_a_file() {
    for protocol in Protocol::BOTH {
        let mut files = Files::start(protocol).await;
        let create = [("if-none-match", "*")];
        let created = files
            .client
            .send("PUT", "/new/folder/a.txt", &create, "one\n")
            .await;
        assert_eq!(created.status, 201, "parent folders are made");
        assert_eq!(fs::read(files.path("new/folder/a.txt")).unwrap(), b"one\n");

        let read = files.client.get("/new/folder/a.txt", &[]).await;
        assert_eq!((read.status, &*read.body), (200, "one\n"));
        assert_eq!(read.field("cache-control"), "no-cache");
        assert_eq!(read.field("content-type"), "text/plain");
        assert_eq!(read.field("accept-ranges"), "bytes");
        let (one, date) = (read.field("etag"), read.field("last-modified"));
        assert!(one.starts_with('"'), "strong: {one}");
        assert_eq!(
            created.field("etag"),
            one,
            "section 9.3.4: stored as it came"
        );
        assert_eq!(created.field("last-modified"), date);

        let again = files
            .client
            .send("PUT", "/new/folder/a.txt", &create, "two")
            .await;
        let problem: Value = serde_json::from_str(&again.body).unwrap();
        assert_eq!((again.status, &problem["reason"]), (412, &"exists".into()));
        assert_eq!(again.field("content-type"), "application/problem+json");

        for method in ["GET", "HEAD"] {
            for known in [("if-none-match", one), ("if-modified-since", date)] {
                let answer = files
                    .client
                    .send(method, "/new/folder/a.txt", &[known], "")
                    .await;
                assert_eq!(
                    (answer.status, &*answer.body),
                    (304, ""),
                    "{method} {known:?}"
                );
                assert_eq!(answer.field("etag"), one);
                assert_eq!(answer.field("cache-control"), "no-cache");
            }
        }

        let guard = [("if-match", one)];
        let saved = files
            .client
            .send("PUT", "/new/folder/a.txt", &guard, "two")
            .await;
        assert_eq!(saved.status, 204);
        assert_ne!(saved.field("etag"), one);
        assert_eq!(files.status("PUT", "/new/folder/a.txt", &guard).await, 412);
        assert_eq!(
            files.status("DELETE", "/new/folder/a.txt", &guard).await,
            412
        );
        assert_eq!(
            files.status("PUT", "/new/folder/a.txt", &[]).await,
            204,
            "not required"
        );

        let current = files.client.get("/new/folder/a.txt", &[]).await;
        let guard = [("if-match", current.field("etag"))];
        assert_eq!(
            files.status("DELETE", "/new/folder/a.txt", &guard).await,
            204
        );
        assert_eq!(files.status("GET", "/new/folder/a.txt", &[]).await, 404);
        assert_eq!(
            files.status("DELETE", "/new/folder/a.txt", &guard).await,
            404
        );
        assert_eq!(files.status("PUT", "/new/folder/a.txt", &guard).await, 412);
        assert!(files.path("new/folder").is_dir());
    }
}

/// The fields of a GET, and the status and body that it gets.
type Row<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

/// Ranges are `ServeDir`'s, and what comes before them is the layer's.
#[tokio::test]
async fn ranges_of_the_same_file_only() {
    let mut files = Files::start(Protocol::Http1).await;
    fs::write(files.path("a"), "0123456789").unwrap();
    let whole = files.client.get("/a", &[]).await;
    let (tag, date) = (whole.field("etag"), whole.field("last-modified"));
    let some = ("range", "bytes=2-4");
    let none = ("range", "bytes=99-");
    let weak = format!("W/{tag}");
    let table: &[Row<'_>] = &[
        (&[some], 206, "234"),
        (&[some, ("if-range", tag)], 206, "234"),
        (&[some, ("if-range", "\"other\"")], 200, "0123456789"),
        (&[some, ("if-range", &weak)], 200, "0123456789"),
        (&[some, ("if-range", date)], 200, "0123456789"),
        (&[some, ("if-none-match", tag)], 304, ""),
        (&[none, ("if-none-match", tag)], 304, ""),
        (&[none, ("if-range", "\"other\"")], 200, "0123456789"),
        // RFC 9110, section 14.2: an unknown unit is ignored.
        (&[("range", "lines=2-4")], 200, "0123456789"),
        (
            &[
                some,
                ("if-none-match", "\"x\""),
                ("if-modified-since", date),
            ],
            206,
            "234",
        ),
    ];
    for (fields, status, body) in table {
        let answer = files.client.get("/a", fields).await;
        assert_eq!(
            (answer.status, &*answer.body),
            (*status, *body),
            "{fields:?}"
        );
        assert_eq!(answer.field("etag"), tag, "{fields:?}");
    }
    assert_eq!(files.status("GET", "/a", &[none]).await, 416);
}

#[tokio::test]
async fn a_required_precondition() {
    let mut files = Files::start_with(Protocol::Http1, &["--require"]).await;
    fs::write(files.path("a"), "text").unwrap();
    for method in ["PUT", "DELETE"] {
        assert_eq!(files.status(method, "/a", &[]).await, 428);
        assert_eq!(files.status(method, "/b", &[]).await, 428, "no oracle");
    }
    assert_eq!(
        files.status("PUT", "/b", &[("if-none-match", "*")]).await,
        201
    );
    assert_eq!(files.status("GET", "/a", &[]).await, 200);
}

/// Each is refused, with and without preconditions, and nothing outside is touched.
#[tokio::test]
async fn what_is_not_below_the_directory_is_out_of_reach() {
    let mut files = Files::start(Protocol::Http1).await;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    fs::write(files.path(".files-upload-abc"), "half").unwrap();
    fs::create_dir(files.path("folder")).unwrap();
    let paths = [
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/folder/../../secret",
        "/folder/%2e%2e/%2e%2e/secret",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/folder//a",
        "/./a",
        "/a/",
        "/a%00b",
        "/a%5cb",
        "/%ff",
        "/.files-upload-abc",
        "/.files-upload-new",
        "/folder/.files-upload-new",
        "/.files-upload-new/a",
    ];
    for path in paths {
        for precondition in [("x-none", ""), ("if-match", "*"), ("if-none-match", "*")] {
            assert_eq!(
                files.status("GET", path, &[precondition]).await,
                404,
                "GET {path}"
            );
            for method in ["PUT", "DELETE"] {
                let status = files.status(method, path, &[precondition]).await;
                assert!(matches!(status, 403 | 404), "{method} {path}: {status}");
            }
        }
    }
    let names: Vec<_> = fs::read_dir(files.directory.path()).unwrap().collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"secret");
}

#[cfg(unix)]
#[tokio::test]
async fn symbolic_links_lead_nowhere_else() {
    use std::os::unix::fs::symlink;

    let mut files = Files::start(Protocol::Http1).await;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    fs::write(files.path("a"), "inside").unwrap();
    symlink(outside.path().join("secret"), files.path("file")).unwrap();
    symlink(outside.path(), files.path("folder")).unwrap();
    symlink(outside.path().join("new"), files.path("dangling")).unwrap();
    symlink(files.path("loop"), files.path("loop")).unwrap();
    symlink("a", files.path("alias")).unwrap();

    for path in ["/file", "/folder/secret", "/dangling"] {
        assert_eq!(files.status("GET", path, &[]).await, 404, "{path}");
    }
    assert!(files.status("GET", "/loop", &[]).await >= 404);
    assert_eq!(files.client.get("/alias", &[]).await.body, "inside");
    // A file that can be written by two paths would be written under two locks.
    for path in [
        "/file",
        "/folder/secret",
        "/folder/new",
        "/dangling",
        "/loop",
        "/alias",
    ] {
        for method in ["PUT", "DELETE"] {
            assert_eq!(
                files.status(method, path, &[]).await,
                403,
                "{method} {path}"
            );
        }
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"secret");
}

#[tokio::test]
async fn folders_are_not_files() {
    let mut files = Files::start(Protocol::Http1).await;
    fs::create_dir(files.path("folder")).unwrap();
    fs::write(files.path("folder/index.html"), "index").unwrap();
    fs::write(files.path("file"), "text").unwrap();
    for path in ["/", "/folder", "/folder/", "/file/below"] {
        for method in ["GET", "HEAD"] {
            assert_eq!(
                files.status(method, path, &[]).await,
                404,
                "{method} {path}"
            );
        }
    }
    for path in ["/folder", "/file/below"] {
        assert_eq!(files.status("PUT", path, &[]).await, 409, "PUT {path}");
        assert_eq!(
            files.status("DELETE", path, &[]).await,
            404,
            "DELETE {path}"
        );
    }
    assert_eq!(
        files
            .status("PUT", &format!("/{}", "x".repeat(300)), &[])
            .await,
        403
    );
    assert_eq!(
        files
            .status("POST", "/file", &[("if-match", "\"x\"")])
            .await,
        405
    );
}

/// RFC 9110, sections 5.6.7 and 8.8.2.1: a file may have any time of modification.
#[tokio::test]
async fn odd_times_of_modification() {
    let mut files = Files::start(Protocol::Http1).await;
    let (day, epoch) = (Duration::from_secs(86_400), SystemTime::UNIX_EPOCH);
    let billion = epoch + Duration::from_millis(1_000_000_000_900);
    let table = [
        ("old", epoch - day),
        ("floored", billion),
        ("future", SystemTime::now() + 400 * day),
    ];
    for (name, modified) in table {
        fs::write(files.path(name), "text").unwrap();
        dated(&files.path(name), modified);
        let path = format!("/{name}");
        let answer = files.client.get(&path, &[]).await;
        assert_eq!((answer.status, &*answer.body), (200, "text"), "{name}");
        answer.field("etag");
        match answer.fields.get("last-modified") {
            None => assert_eq!(name, "old", "there is no way to say it"),
            Some(date) => {
                assert!(name != "floored" || date == "Sun, 09 Sep 2001 01:46:40 GMT");
                let unmodified = [("if-unmodified-since", &**date)];
                let saved = files.status("PUT", &path, &unmodified).await;
                // A date in the future is sent as that of the response, and the file is newer than that.
                let expected = if name == "future" { 412 } else { 204 };
                assert_eq!(saved, expected, "{name}");
            }
        }
    }
}

/// The tag says what the file says, also when another program writes it, in the same length and the same second.
#[tokio::test]
async fn a_change_by_another_program_changes_the_tag() {
    let mut files = Files::start(Protocol::Http1).await;
    let path = files.path("a");
    let long_ago = SystemTime::now() - Duration::from_secs(1000);
    fs::write(&path, "one").unwrap();
    dated(&path, long_ago);
    let one = files.client.get("/a", &[]).await;
    assert_eq!(
        files.client.get("/a", &[]).await.field("etag"),
        one.field("etag")
    );
    fs::write(&path, "two").unwrap();
    dated(&path, long_ago);
    let two = files.client.get("/a", &[]).await;
    assert_eq!(two.body, "two");
    assert_ne!(two.field("etag"), one.field("etag"));
    assert_eq!(
        files
            .status("PUT", "/a", &[("if-match", one.field("etag"))])
            .await,
        412
    );

    fs::remove_file(&path).unwrap();
    assert_eq!(
        files
            .status("PUT", "/a", &[("if-match", two.field("etag"))])
            .await,
        412
    );
    assert_eq!(files.status("GET", "/a", &[]).await, 404);
}

/// A large upload is written whole or not at all: what broke off leaves the old file and nothing else.
#[tokio::test]
async fn an_upload_that_breaks_off_changes_nothing() {
    let mut files = Files::start(Protocol::Http1).await;
    fs::write(files.path("a"), "old").unwrap();
    let stream = large_upload(&files.example).await;
    // The file and what is written of the next one.
    files.until_there_are(2).await;
    drop(stream);
    // The next write waits for the lock that the first one held.
    let saved = files
        .client
        .send("PUT", "/a", &[("if-match", "*")], "new")
        .await;
    assert_eq!(saved.status, 204);
    assert_eq!(files.client.get("/a", &[]).await.body, "new");
    files.until_there_are(1).await;

    let large = vec![b'y'; 3_000_000];
    assert_eq!(
        files
            .client
            .send("PUT", "/a", &[], large.clone())
            .await
            .status,
        204
    );
    assert_eq!(fs::read(files.path("a")).unwrap(), large);
}

/// Uploads that a killed process left are removed at the next start, by name, in this directory alone.
#[tokio::test]
async fn abandoned_uploads_are_removed_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let here = |name: &str| directory.path().join(name);
    fs::create_dir_all(here("folder/deeper")).unwrap();
    fs::create_dir(here(".files-upload-folder")).unwrap();
    let abandoned = [
        here(".files-upload-a"),
        here("folder/.files-upload-b"),
        here("folder/deeper/.files-upload-c"),
        here(".files-upload-folder/.files-upload-d"),
    ];
    let others = [
        here("files-upload-a"),
        here("folder/a.files-upload-"),
        here(".hidden"),
        elsewhere.path().join(".files-upload-a"),
    ];
    for path in abandoned.iter().chain(&others) {
        fs::write(path, "half").unwrap();
    }
    // A process that was killed long ago, and one whose clock is ahead.
    dated(&abandoned[0], SystemTime::UNIX_EPOCH);
    dated(
        &abandoned[1],
        SystemTime::now() + Duration::from_secs(24 * 60 * 60),
    );
    #[cfg(unix)]
    std::os::unix::fs::symlink(elsewhere.path(), here("link")).unwrap();

    let _example = over(directory.path()).await;
    for path in &abandoned {
        assert!(!path.exists(), "{} is left", path.display());
    }
    for path in &others {
        assert!(path.exists(), "{} was removed", path.display());
    }
    assert!(here(".files-upload-folder").is_dir());
}

/// A second process over the same directory starts while an upload goes on, and a third after its process was killed.
#[tokio::test]
async fn an_upload_is_removed_once_its_process_has_ended() {
    let files = Files::start(Protocol::Http1).await;
    let _stream = large_upload(&files.example).await;
    files.until_there_are(1).await;
    let left = |directory: &TempDir| fs::read_dir(directory.path()).unwrap().count();
    let _second = over(files.directory.path()).await;
    assert_eq!(left(&files.directory), 1, "the upload goes on");

    files.example.kill().await;
    assert_eq!(left(&files.directory), 1, "it had no chance");
    let _third = over(files.directory.path()).await;
    assert_eq!(left(&files.directory), 0);
}

/// Another process over a directory.
async fn over(directory: &Path) -> Example {
    let arguments = [directory.as_os_str(), "--port".as_ref(), "0".as_ref()];
    Example::start(PROGRAM, &arguments).await
}

/// The beginning of an upload that has the lock of its file while it arrives.
async fn large_upload(example: &Example) -> TcpStream {
    let head = "PUT /a HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000\r\n\r\n";
    let mut stream = TcpStream::connect(example.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; 2_000_000]).await.unwrap();
    stream
}

const FILES: Program<'_> = Program {
    path: PROGRAM,
    usage: "files DIR [--port N] [--require]",
    misuse: &[&[], &["a", "b"]],
};

const WRITE: Write<'_> = Write {
    method: "PUT",
    path: "/a",
    fields: "",
    body: "half and half",
};

#[cfg(unix)]
#[tokio::test]
async fn follows_the_rules_of_all_examples() {
    let directory = tempfile::tempdir().unwrap();
    let service = Service {
        program: FILES,
        arguments: &[directory.path().as_os_str()],
        environment: &[],
        write: WRITE,
    };
    service.follows_the_rules().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_that_cannot_be_served_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let here = |name: &str| directory.path().join(name);
    fs::write(here("file"), "text").unwrap();
    fs::create_dir(here("private")).unwrap();
    for (path, mode) in [(directory.path(), 0o755), (&here("private"), 0o000)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    for (name, reason) in [
        ("nowhere", "No such file or directory"),
        ("file", "not a directory"),
        ("private", "Permission denied"),
    ] {
        let arguments = [here(name).into_os_string(), "--port=0".into()];
        let arguments = arguments.each_ref().map(|argument| argument.as_os_str());
        let ended = run_unprivileged(PROGRAM, &arguments).await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        let line = FILES.only_line(&ended);
        let begins = format!("cannot serve {}: {reason}", here(name).display());
        assert!(line.starts_with(&begins), "{line}");
    }
}

/// Small uploads arrive before the write lock is taken, and large ones after it: neither is lost, nor half of it kept.
#[cfg(unix)]
#[tokio::test]
async fn an_upload_is_finished_or_not_done_when_the_service_stops() {
    let large = "large ".repeat(500_000);
    for body in [WRITE.body, &large] {
        let files = Files::start(Protocol::Http1).await;
        fs::write(files.path("b"), "old").unwrap();
        let address = files.example.address();
        let finished = HeldBack::begin(address, Write { body, ..WRITE }).await;
        let _given_up = HeldBack::begin(
            address,
            Write {
                body,
                path: "/b",
                ..WRITE
            },
        )
        .await;

        files.example.send("INT").await;
        nobody_listens_at(address).await;
        assert_eq!(finished.complete().await, "HTTP/1.1 201 Created");
        assert_eq!(files.example.ended().await.status.code(), Some(0));
        let here = |name: &str| files.directory.path().join(name);
        assert_eq!(fs::read_to_string(here("a")).unwrap(), body);
        assert_eq!(fs::read_to_string(here("b")).unwrap(), "old");
        let left = fs::read_dir(files.directory.path()).unwrap().count();
        assert_eq!(left, 2, "nothing is left of the other");
    }
}

/// The ranges and the content are `ServeDir`'s, what is right about them is ours.
#[tokio::test]
async fn files_are_right() {
    let files = Files::start(Protocol::Http1).await;
    fs::write(files.path("page.txt"), "a page").unwrap();
    for protocol in Protocol::BOTH {
        let scratch = Scratch::put("/new.txt", "text/plain", str::to_owned);
        let fixture = Fixture::at("/page.txt").writing(scratch);
        let report = check(server(files.example.address(), protocol), fixture).await;
        assert!(report.is_clean(), "{report}");
        assert!(report.not_checked().is_empty(), "{report}");
    }
    let left: Vec<_> = fs::read_dir(files.directory.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn commands_that_it_prints_do_what_they_say() {
    let mut files = Files::start(Protocol::Http1).await;
    if let Some(statuses) = printed_commands(&mut files.example).await {
        assert_eq!(statuses, ["201", "200", "304", "204", "412", "206"]);
    }
}
