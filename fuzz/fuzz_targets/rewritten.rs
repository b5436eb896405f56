//! Tags that something on the way has rewritten: whole tags with a known suffix are taken as the tags they came from,
//! nothing else is, and a strict service takes none of them.
//!
//! Input: two bytes (which rewrites, what the client accepts), then lines with LF between them: the service's own
//! tag, then the field lines.
#![no_main]

use std::convert::Infallible;
use std::future::{Future, ready};

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, IF_RANGE,
    RANGE,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use libfuzzer_sys::fuzz_target;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_conditional::content_coding::{ContentCodingLayer, RewrittenTags};
use tower_conditional::source::Fixed;
use tower_conditional::{ConditionalLayer, Decision, HttpDate, Preconditions, WritePolicy};

#[allow(dead_code, reason = "the tests ask it more")]
#[path = "../../tests/core/naive.rs"]
mod naive;

use naive::{List, Tag};

/// What `RewrittenTags::suffixed` documents.
const CODINGS: [&str; 4] = ["gzip", "br", "zstd", "deflate"];

fuzz_target!(|data: &[u8]| {
    let Some((&[rewrites, accepts], text)) = data.split_first_chunk::<2>() else {
        return;
    };
    let mut lines = text.split(|&byte| byte == b'\n');
    let Some(ours) = lines.next().and_then(Tag::read) else {
        return;
    };
    let lines: Vec<HeaderValue> = lines
        .filter_map(|line| HeaderValue::from_bytes(line).ok())
        .collect();
    let case = Case {
        rewrites: Rewrites::new(rewrites),
        accepted: Accepted::new(accepts),
        ours,
        lines,
    };
    case.assert_core();
    case.assert_layer();
    case.assert_companion();
});

struct Case {
    rewrites: Rewrites,
    accepted: Accepted,
    ours: Tag,
    lines: Vec<HeaderValue>,
}

impl Case {
    fn list(&self) -> List {
        let lines: Vec<Vec<u8>> = self
            .lines
            .iter()
            .map(|line| line.as_bytes().to_vec())
            .collect();
        List::read(&lines)
    }

    fn tags(&self) -> Vec<Tag> {
        match self.list() {
            List::Tags(tags) => tags,
            List::Any | List::Malformed => Vec::new(),
        }
    }

    fn is_list(&self) -> bool {
        !self.lines.is_empty() && matches!(self.list(), List::Tags(_))
    }

    fn headers(&self, name: HeaderName) -> HeaderMap {
        let lines = self.lines.iter().map(|line| (name.clone(), line.clone()));
        lines.collect()
    }

    /// Whether a list that may have been rewritten in these ways holds ours, strongly compared and weakly.
    fn holds(&self, suffixes: &[String], weakened: bool) -> (bool, bool) {
        let forms: Vec<Vec<u8>> = std::iter::once("")
            .chain(suffixes.iter().map(String::as_str))
            .map(|suffix| [&self.ours.opaque, suffix.as_bytes()].concat())
            .collect();
        let tags = self.tags();
        let is_ours = |tag: &&Tag| forms.contains(&tag.opaque);
        let strong_enough = |tag: &Tag| !self.ours.weak && (weakened || !tag.weak);
        (
            tags.iter().filter(is_ours).any(strong_enough),
            tags.iter().any(|tag| is_ours(&tag)),
        )
    }

    fn assert_core(&self) {
        if !self.is_list() {
            return;
        }
        let strict = self.holds(&[], false);
        let tolerant = self.holds(&self.rewrites.suffixes, self.rewrites.weakened);
        let put = |headers: &HeaderMap, rewrites| self.proceeds(Method::PUT, headers, rewrites);
        let ours = self.rewrites.tolerated;

        let if_match = self.headers(IF_MATCH);
        assert_eq!(put(&if_match, None), strict.0);
        assert_eq!(put(&if_match, ours), tolerant.0);
        let if_none_match = self.headers(IF_NONE_MATCH);
        assert_eq!(put(&if_none_match, None), !strict.1);
        assert_eq!(put(&if_none_match, ours), !tolerant.1);

        // Bytes would be put behind bytes of another coding.
        let mut if_range = self.headers(IF_RANGE);
        if_range.insert(RANGE, HeaderValue::from_static("bytes=0-3"));
        let get = |rewrites| self.proceeds(Method::GET, &if_range, rewrites);
        assert_eq!(get(None), get(ours));
    }

    fn proceeds(
        &self,
        method: Method,
        headers: &HeaderMap,
        rewrites: Option<RewrittenTags>,
    ) -> bool {
        let preconditions = Preconditions::parse(&method, headers, HttpDate::UNIX_EPOCH);
        let decision = preconditions
            .accept_rewritten_tags(rewrites)
            .evaluate(&self.ours.ours().into());
        matches!(decision, Decision::Proceed)
    }

    /// Reads and writes of a tolerant route; a 304 names a tag that the client has sent, or ours.
    fn assert_layer(&self) {
        let rewrites = &self.rewrites;
        let layer = ConditionalLayer::new(Fixed::new(self.ours.ours()));
        let layer = match rewrites.tolerated {
            Some(tolerated) => layer
                .accept_rewritten_tags_on_reads(tolerated)
                .writes(WritePolicy::optional().accept_rewritten_tags(tolerated)),
            None => layer,
        };
        let service = BoxCloneSyncService::new(layer.layer(handler()));
        let (strong, weak) = self.holds(&rewrites.suffixes, rewrites.weakened);
        if self.is_list() {
            let put = send(service.clone(), Method::PUT, self.headers(IF_MATCH));
            assert_eq!(put.status() == StatusCode::OK, strong);
        }
        let get = send(service, Method::GET, self.headers(IF_NONE_MATCH));
        if self.is_list() {
            assert_eq!(get.status() == StatusCode::NOT_MODIFIED, weak);
        }
        self.assert_names_a_tag_of_the_client(&get, rewrites.weakened);
    }

    #[track_caller]
    fn assert_names_a_tag_of_the_client<B>(&self, answer: &Response<B>, may_be_weakened: bool) {
        let tag = answer
            .headers()
            .get(ETAG)
            .and_then(|tag| Tag::read(tag.as_bytes()));
        let tag = tag.expect("every answer has its tag");
        if tag == self.ours {
            return;
        }
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
        let listed = |sent: &Tag| sent.opaque == tag.opaque;
        assert!(self.tags().iter().any(listed), "{tag:?} was not sent");
        assert!(tag.weak == self.ours.weak || tag.weak && may_be_weakened);
    }

    /// What `ContentCodingLayer` makes of the request: a strict inner service evaluates as if it knew the suffixes.
    fn assert_companion(&self) {
        let suffixes: Vec<String> = CODINGS.map(|coding| format!("-{coding}")).into();
        let of_accepted: Vec<String> = self
            .accepted
            .codings
            .iter()
            .map(|coding| format!("-{coding}"))
            .collect();
        for (finish, undone) in [
            (ContentCodingLayer::new(), true),
            (ContentCodingLayer::new().weaken_tags(), false),
        ] {
            let layer = ConditionalLayer::new(Fixed::new(self.ours.ours()));
            let service = finish.layer(layer.layer(handler()));
            let service = BoxCloneSyncService::new(service);
            let none = Vec::new();
            let (for_writes, for_reads) = if undone {
                (&suffixes, &of_accepted)
            } else {
                (&none, &none)
            };
            if self.is_list() {
                let put = send(service.clone(), Method::PUT, self.headers(IF_MATCH));
                let (strong, _) = self.holds(for_writes, false);
                assert_eq!(put.status() == StatusCode::OK, strong);
                let put = send(service.clone(), Method::PUT, self.headers(IF_NONE_MATCH));
                let (_, weak) = self.holds(for_writes, false);
                assert_eq!(put.status() == StatusCode::OK, !weak);
            }
            let mut headers = self.headers(IF_NONE_MATCH);
            if let Some(accepted) = self.accepted.field {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            }
            let get = send(service, Method::GET, headers);
            if self.is_list() {
                let (_, weak) = self.holds(for_reads, false);
                assert_eq!(get.status() == StatusCode::NOT_MODIFIED, weak);
            }
            self.assert_names_a_tag_of_the_client(&get, true);
        }
    }
}

struct Rewrites {
    tolerated: Option<RewrittenTags>,
    suffixes: Vec<String>,
    weakened: bool,
}

impl Rewrites {
    fn new(choice: u8) -> Self {
        let has = |bit: u8| choice & (1 << bit) != 0;
        let (suffixed, weakened) = (has(0), has(2));
        let tolerated = match (suffixed, weakened) {
            (true, true) => Some(RewrittenTags::suffixed_or_weakened()),
            (true, false) => Some(RewrittenTags::suffixed()),
            (false, true) => Some(RewrittenTags::weakened()),
            (false, false) => None,
        };
        let mut suffixes = Vec::new();
        if suffixed {
            for opening in ["-", "--", ";"] {
                suffixes.extend(CODINGS.map(|coding| format!("{opening}{coding}")));
            }
        }
        Self {
            tolerated,
            suffixes,
            weakened,
        }
    }
}

/// A field, and the codings that it takes.
struct Accepted {
    field: Option<&'static str>,
    codings: &'static [&'static str],
}

impl Accepted {
    fn new(choice: u8) -> Self {
        let (field, codings): (_, &[&str]) = match choice % 7 {
            0 => (None, &[]),
            1 => (Some("gzip"), &["gzip"]),
            2 => (Some("gzip;q=0, BR , zstd;q=0.0"), &["br"]),
            3 => (Some("*"), &CODINGS),
            4 => (Some("*;q=0, deflate;q=0.1"), &["deflate"]),
            5 => (Some("br;q=0,, *"), &["gzip", "zstd", "deflate"]),
            _ => (Some("gzip;level=1;q=0"), &[]),
        };
        Self { field, codings }
    }
}

fn handler() -> impl Service<
    Request<Empty<Bytes>>,
    Response = Response<Full<Bytes>>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send,
> + Clone
+ Send
+ Sync
+ 'static {
    service_fn(|_| ready(Ok(Response::new(Full::from("content")))))
}

fn send<S, B>(service: S, method: Method, headers: HeaderMap) -> Response<B>
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Infallible>,
{
    let mut request = Request::new(Empty::new());
    *request.method_mut() = method;
    *request.headers_mut() = headers;
    let mut answer = std::pin::pin!(service.oneshot(request));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match answer.as_mut().poll(&mut cx) {
        std::task::Poll::Ready(Ok(answer)) => answer,
        std::task::Poll::Pending => panic!("nothing has to be waited for"),
    }
}
