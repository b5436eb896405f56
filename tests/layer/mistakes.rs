//! What the compiler says to the likeliest mistakes: one line of each message, because the rest is the compiler's own
//! and changes with it. On other toolchains than CI's nothing is looked at.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use serde_json::Value;

/// CI's toolchain.
const RUSTC: &str = "rustc 1.95.";

struct Mistake {
    what: &'static str,
    /// Stands in an async function.
    code: &'static str,
    says: &'static str,
}

const MISTAKES: [Mistake; 7] = [
    Mistake {
        what: "a closure by itself as a source",
        code: "let _ = ConditionalLayer::new(async |_: &Parts| Ok::<_, SourceError>(TAG));",
        says: "closures become a source with `source_fn(db, |head| \
               head.uri.path().strip_prefix(\"/notes/\")?.parse().ok(), async |id: i64, db: Db| …)`",
    },
    Mistake {
        what: "a value that identifies no resource",
        code: "let _ = source_fn((), |_| Some(1.5_f64), async |_, ()| Ok::<_, SourceError>(TAG));",
        says: "`Option<f64>` does not identify a resource",
    },
    Mistake {
        what: "an Ok that does not say its error type",
        code: "let _ = source_fn((), |_| (), async |(), ()| Ok(TAG));",
        says: "cannot satisfy `_: Into<SourceError>`",
    },
    Mistake {
        what: "a body extractor that identifies",
        code: "let version = async |_: i64, ()| Ok::<_, SourceError>(TAG); \
               let _ = extractor_source((), |Json(id): Json<i64>| id, version);",
        says: "it cannot use a body extractor (`Json`, `String`), because the handler reads the body",
    },
    Mistake {
        what: "a service that cannot be cloned",
        code: "struct Unique; \
               let unique = Unique; \
               let inner = service_fn(move |_: Request| { \
                   let _ = &unique; \
                   async { Ok::<_, Infallible>(Response::new(Body::empty())) } \
               }); \
               let layered = ConditionalLayer::new(FromResponse).layer(inner); \
               let _ = layered.oneshot(Request::new(Body::empty())).await;",
        says: "the trait bound `Unique: Clone` is not satisfied",
    },
    Mistake {
        what: "tags compared by an operator",
        code: "let _ = TAG == TAG;",
        says: "binary operation `==` cannot be applied to type `EntityTag`",
    },
    Mistake {
        what: "a content coding layer served by axum as it is",
        code: "let service = ContentCodingLayer::new().layer(Router::new()); \
               let listener = TcpListener::bind(\"127.0.0.1:0\").await.unwrap(); \
               let _ = axum::serve(listener, ServiceExt::<Request>::into_make_service(service));",
        says: "expected `Response<Body>`, found `Response<ConditionalBody<Body>>`",
    },
];

const BEFORE: &str = "
    #![allow(unused_imports)]
    use std::convert::Infallible;
    use axum::{Json, Router, ServiceExt, body::Body, extract::{Path, Request}};
    use axum::http::{StatusCode, request::Parts};
    use axum::response::Response;
    use tokio::net::TcpListener;
    use tower::{Layer as _, ServiceExt as _, service_fn};
    use tower_conditional::extract::extractor_source;
    use tower_conditional::content_coding::ContentCodingLayer;
    use tower_conditional::{ConditionalLayer, EntityTag, FromResponse, SourceError, source_fn};
    const TAG: EntityTag = EntityTag::from_static(\"\\\"1\\\"\");
    pub async fn mistake() {
";

#[test]
fn the_compiler_names_the_mistake() {
    let version = Command::new("rustc").arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    if !version.starts_with(RUSTC) {
        // Not `eprintln!`, which is shown of failed tests alone.
        let version = version.trim();
        writeln!(
            io::stderr(),
            "SKIPPED: messages of {version}, which is not {RUSTC}x"
        )
        .unwrap();
        return;
    }
    let libraries = libraries();
    let folder = tempfile::tempdir().unwrap();

    let nothing = compile("let _ = ();", &folder.path().join("nothing"), &libraries);
    assert!(nothing.status.success(), "{nothing:?}");
    thread::scope(|scope| {
        let compile = |mistake: &'static Mistake| {
            let place = folder.path().join(mistake.what.replace(' ', "_"));
            let answer = compile(mistake.code, &place, &libraries);
            (mistake, String::from_utf8(answer.stderr).unwrap())
        };
        let running: Vec<_> = MISTAKES
            .iter()
            .map(|mistake| scope.spawn(move || compile(mistake)))
            .collect();
        for thread in running {
            let (mistake, message) = thread.join().unwrap();
            let what = mistake.what;
            assert!(message.contains(mistake.says), "{what}:\n{message}");
        }
    });
}

fn compile(code: &str, place: &Path, libraries: &HashMap<String, PathBuf>) -> Output {
    let source = place.with_extension("rs");
    fs::write(&source, format!("{BEFORE}{code}\n}}")).unwrap();
    let mut rustc = Command::new("rustc");
    rustc
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata"])
        .arg("-o")
        .arg(place.with_extension("rmeta"));
    for (name, library) in libraries {
        rustc
            .arg("--extern")
            .arg(format!("{name}={}", library.display()));
        rustc.arg("-L").arg(format!(
            "dependency={}",
            library.parent().unwrap().display()
        ));
    }
    rustc.arg(source).output().unwrap()
}

/// The libraries that this test was linked with, which cargo has built already.
fn libraries() -> HashMap<String, PathBuf> {
    let program = env::current_exe().unwrap();
    let profile_folder = program.ancestors().nth(2).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["test", "--no-run", "--test=layer", "--locked", "--offline"])
        .args(["--quiet", "--message-format=json"])
        .arg("--target-dir")
        .arg(profile_folder.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    if profile_folder.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.output().unwrap();
    assert!(built.status.success(), "{built:?}");
    let messages = String::from_utf8(built.stdout).unwrap();
    let messages = messages
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    messages
        .filter_map(|message| library_in(&message))
        .collect()
}

fn library_in(message: &Value) -> Option<(String, PathBuf)> {
    let name = message["target"]["name"].as_str()?;
    let needed = ["axum", "tokio", "tower", "tower_conditional"];
    let files = message["filenames"].as_array()?.iter();
    let library = files
        .filter_map(Value::as_str)
        .find(|file| file.ends_with(".rlib"))?;
    needed
        .contains(&name)
        .then(|| (name.to_owned(), library.into()))
}
