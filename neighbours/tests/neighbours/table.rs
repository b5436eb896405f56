//! The table in `src/guide/placement.md`: a row for each neighbour, and the test that shows it.

use std::fmt::Write as _;
use std::fs;

/// The neighbour, how to put the layer there, and the tests.
const ROWS: &[(&str, &str, &[&str])] = &[
    (
        "axum, on the methods of a route",
        "`MethodRouter::route_layer`; `MethodRouter::layer` also answers for methods without a handler",
        &["axum_method_router_route_layer", "axum_method_router_layer"],
    ),
    (
        "axum, on a router",
        "`Router::route_layer`, `Router::layer`",
        &["axum_router_route_layer", "axum_router_layer"],
    ),
    (
        "axum, around the finished router",
        "`layer.layer(router)`",
        &["axum_around_the_router"],
    ),
    (
        "hyper",
        "`TowerToHyperService::new(layer.layer(service))`",
        &["hyper"],
    ),
    ("warp", "`layer.layer(warp::service(filter))`", &["warp"]),
    (
        "salvo",
        "`Router::hoop(layer.compat::<ReqBody>())`, with its feature `tower-compat`",
        &["salvo"],
    ),
    (
        "tonic",
        "around the routes, over a source that looks nothing up: calls pass with their trailers, and get no tag",
        &["tonic"],
    ),
    (
        "`option_layer`",
        "with a `map_response` around it that makes its body `axum::body::Body`: without the layer the body has that type",
        &["option_layer_there", "option_layer_not_there"],
    ),
    (
        "`HandleErrorLayer` with tower's `timeout`",
        "outside of the layer, or inside",
        &["handle_error_layer_and_tower_timeout"],
    ),
    (
        "tower-http's `TimeoutLayer`",
        "outside, so that it also ends the wait for the lock; or inside, for the handler alone",
        &["tower_http_timeout"],
    ),
    ("`CatchPanicLayer`", "outside or inside", &["catch_panic"]),
    (
        "`RequestBodyLimitLayer`",
        "outside or inside",
        &["request_body_limit"],
    ),
    ("`TraceLayer`", "outside", &["trace"]),
    (
        "`ConcurrencyLimit`",
        "outside or inside: a write that waits holds no permit of an inner one",
        &["concurrency_limit"],
    ),
    (
        "axum-login",
        "inside of `login_required!`; the source extracts `AuthSession` if users see different things",
        &["axum_login"],
    ),
    (
        "a method override (`X-HTTP-Method-Override`)",
        "outside of the layer: inside, the layer evaluates a POST, and the PUT is not guarded",
        &["method_override_belongs_outside"],
    ),
    (
        "a gateway",
        "a source that answers `Current::Delegated`, or `keep_preconditions()` over `BodyHash`: the upstream evaluates",
        &[
            "a_gateway_delegates_to_an_upstream_that_evaluates",
            "a_gateway_that_hashes_keeps_the_preconditions_for_its_upstream",
            "a_gateway_makes_the_tags_of_an_upstream_that_has_none",
        ],
    ),
    (
        "poem",
        "no: its services take a `Request` of its own, so that no layer for `http::Request` fits, `TraceLayer` neither",
        &[],
    ),
];

fn table() -> String {
    let mut table = "| neighbour | how |\n|---|---|\n".to_owned();
    for (neighbour, how, _) in ROWS {
        writeln!(table, "| {neighbour} | {how} |").unwrap();
    }
    table
}

#[test]
fn the_table_in_the_docs_is_this_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../src/guide/placement.md");
    let page = fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<!-- neighbours -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /neighbours -->").unwrap();
    let table = table();
    let current = format!("{before}<!-- neighbours -->\n{table}<!-- /neighbours -->{after}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, &current).unwrap();
    } else {
        assert!(
            page == current,
            "UPDATE_DOCS=1 cargo test in neighbours/ writes the table anew"
        );
    }
}

#[test]
fn each_row_has_its_tests() {
    let tests = [
        include_str!("around.rs"),
        include_str!("frameworks.rs"),
        include_str!("gateway.rs"),
        include_str!("login.rs"),
    ]
    .concat();
    for (neighbour, _, names) in ROWS {
        for name in *names {
            let test = format!("#[tokio::test]\nasync fn {name}(");
            assert!(tests.contains(&test), "{neighbour}: no test {name}");
        }
    }
    let named: usize = ROWS.iter().map(|(_, _, names)| names.len()).sum();
    assert_eq!(
        named,
        tests.matches("#[tokio::test]").count(),
        "a test that no row names"
    );
}
