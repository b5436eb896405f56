//! Random reads of static files of servers of others, and where they answer otherwise. `scripts/differential.sh` starts
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use tower_conditional::precondition::MethodClass;
use tower_conditional::validator::Absent;

use crate::generator::{Given, Known, Random, fields, given, header_map, kinds};
use crate::naive::{self, Answer, State, Tag};
use crate::support::{RANGE, evaluated};

/// What a server has: with tag and date, with a date alone, with a weak tag, and nothing.
const PATHS: [&str; 4] = ["/tagged.txt", "/dated.txt", "/weak.txt", "/absent.txt"];

/// How many requests are sent before the first answer is read.
const AT_ONCE: usize = 50;

#[derive(Clone, Debug)]
struct Request {
    method: &'static str,
    path: &'static str,
    given: Vec<Given>,
}

impl Request {
    fn plain(path: &'static str) -> Self {
        let (method, given) = ("GET", Vec::new());
        Self {
            method,
            path,
            given,
        }
    }

    fn write(&self, to: &mut Vec<u8>) {
        to.extend(
            format!(
                "{} {} HTTP/1.1\r\nHost: localhost\r\n",
                self.method, self.path
            )
            .bytes(),
        );
        for one in &self.given {
            for line in &one.lines {
                to.extend([one.field.as_bytes(), b": ", line, b"\r\n"].concat());
            }
        }
        to.extend(b"\r\n");
    }

    /// As a row of the table has it: the target, the fields and the kinds of their values.
    fn name(&self) -> String {
        let fields = self
            .given
            .iter()
            .map(|one| format!("{} ({})", one.field, one.kind));
        let target = self.path.trim_start_matches('/').trim_end_matches(".txt");
        let fields = fields.collect::<Vec<_>>().join(" and ");
        format!("{} {target}, {fields}", self.method)
    }
}

struct Response {
    status: u16,
    fields: BTreeMap<String, String>,
}

/// One server, and a connection to it.
struct Server {
    name: String,
    address: String,
    connection: Option<BufReader<TcpStream>>,
}

impl Server {
    /// Sends requests behind each other, and those again that a closed connection has left without an answer.
    fn ask(&mut self, requests: &[Request]) -> Vec<Response> {
        let mut responses: Vec<Response> = Vec::new();
        while responses.len() < requests.len() {
            let left = &requests[responses.len()..];
            let now = &left[..left.len().min(AT_ONCE)];
            let is_new = self.connection.is_none();
            let answered = self.ask_at_once(now);
            assert!(
                !is_new || !answered.is_empty(),
                "{} answers nothing to {:?}",
                self.name,
                now[0]
            );
            responses.extend(answered);
        }
        responses
    }

    /// The answers that come before the server closes the connection.
    fn ask_at_once(&mut self, requests: &[Request]) -> Vec<Response> {
        let mut bytes = Vec::new();
        requests
            .iter()
            .for_each(|request| request.write(&mut bytes));
        let mut connection = self.connection.take().unwrap_or_else(|| {
            let stream = TcpStream::connect(&self.address).unwrap();
            stream.set_nodelay(true).unwrap();
            BufReader::new(stream)
        });
        let mut responses = Vec::new();
        // Fails where the server has closed it meanwhile: then nothing is read, either.
        let _ = connection.get_mut().write_all(&bytes);
        for request in requests {
            let Some(response) = read_response(&mut connection, request.method) else {
                return responses;
            };
            let closes = response
                .fields
                .get("connection")
                .is_some_and(|value| value == "close");
            responses.push(response);
            if closes {
                return responses;
            }
        }
        self.connection = Some(connection);
        responses
    }

    /// The state of a target as a plain GET shows it; `None` if the server has no such file.
    fn state(&mut self, path: &'static str) -> Option<(State, Known)> {
        let response = self.ask(&[Request::plain(path)]).remove(0);
        let mut known = Known {
            opaque: "absent".into(),
            modified: 1_735_689_600,
        };
        if response.status == 404 && path != "/tagged.txt" {
            let state = State::Absent(Absent::ByMethod);
            return (path == "/absent.txt").then_some((state, known));
        }
        assert_eq!(response.status, 200, "{} {path}", self.name);
        let tag = response.fields.get("etag").map(|tag| Tag::of(tag));
        let date = response.fields.get("last-modified").unwrap();
        known.modified = naive::date(date.as_bytes(), now()).unwrap();
        if let Some(tag) = &tag {
            known.opaque = String::from_utf8(tag.opaque.clone()).unwrap();
        }
        // The files are years old: their dates are strong validators (section 8.8.2.2).
        Some((State::present(tag, Some((known.modified, true))), known))
    }
}

fn read_response(from: &mut impl BufRead, method: &str) -> Option<Response> {
    let mut line = String::new();
    from.read_line(&mut line)
        .ok()
        .filter(|length| *length > 0)?;
    let status = line.split(' ').nth(1)?.parse().unwrap();
    let mut fields = BTreeMap::new();
    loop {
        line.clear();
        from.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        fields.insert(name.to_lowercase(), value.trim().to_owned());
    }
    if method != "HEAD" && status != 304 {
        let length = fields
            .get("content-length")
            .expect("a length")
            .parse()
            .unwrap();
        from.take(length).read_to_end(&mut Vec::new()).ok()?;
    }
    Some(Response { status, fields })
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// The status that a file of this state has to have by our evaluation.
fn ours(request: &Request, state: &State) -> u16 {
    let headers = header_map(&request.given);
    let (method, now) = (request.method, now());
    let answer = evaluated(MethodClass::Read, method, &headers, now, state);
    let naive = naive::Request::read(MethodClass::Read, method, &headers, now).evaluate(state);
    assert!(answer == naive || answer.is_refusal(), "{request:?}");
    let has_range = request.given.iter().any(|one| one.field == RANGE);
    match answer {
        _ if matches!(state, State::Absent(_)) && !answer.is_refusal() => 404,
        Answer::Perform if has_range && method == "GET" => 206,
        Answer::Perform | Answer::PerformWithoutRange => 200,
        Answer::NotModified => 304,
        Answer::Failed(_) => 412,
        Answer::BadRequest(_) => 400,
    }
}

fn theirs(request: &Request, response: &Response) -> u16 {
    match response.status {
        // Range is defined for GET alone, and a server that obeys it on HEAD is another question (section 14.2).
        206 if request.method == "HEAD" => 200,
        status => status,
    }
}

/// The targets of a server, those first that more of the others have.
type Targets = Vec<(&'static str, (State, Known))>;

/// A server, and the smallest requests that it answers otherwise than we do.
struct Comparison<'s> {
    server: &'s mut Server,
    targets: Targets,
    random: Random,
    /// Without a field of these both answer the same.
    minimal: Vec<Request>,
}

impl Comparison<'_> {
    fn state(&self, request: &Request) -> &State {
        let target = self.targets.iter().find(|(path, _)| *path == request.path);
        &target.unwrap().1.0
    }

    fn answers(&mut self, request: &Request) -> (u16, u16) {
        let response = self.server.ask(std::slice::from_ref(request)).remove(0);
        (
            theirs(request, &response),
            ours(request, self.state(request)),
        )
    }

    fn differs(&mut self, request: &Request) -> bool {
        let (theirs, ours) = self.answers(request);
        theirs != ours
    }

    fn any(&mut self) -> Request {
        // Half of them to the first, which has both validators.
        let among = if self.random.one_in(2) {
            1
        } else {
            self.targets.len()
        };
        let target = self.random.below(among);
        let (path, (_, known)) = &self.targets[target];
        Request {
            method: if self.random.one_in(3) { "HEAD" } else { "GET" },
            path,
            given: fields(&mut self.random, known),
        }
    }

    fn is_explained(&self, request: &Request) -> bool {
        self.minimal.iter().any(|one| {
            let is_part = one.given.iter().all(|field| {
                let same = |other: &Given| (other.field, other.kind) == (field.field, field.kind);
                request.given.iter().any(same)
            });
            is_part
                && one.path == request.path
                && (one.method == "GET" || one.method == request.method)
        })
    }

    /// Leaves away each field without which the answers still differ.
    fn without_the_rest(&mut self, request: &Request) -> Request {
        let mut smallest = request.clone();
        let mut with_get = smallest.clone();
        with_get.method = "GET";
        if self.differs(&with_get) {
            smallest = with_get;
        }
        for place in (0..request.given.len()).rev() {
            let mut smaller = smallest.clone();
            smaller.given.remove(place);
            if self.differs(&smaller) {
                smallest = smaller;
            }
        }
        smallest
    }

    /// Asks for the first target, and for the plainest kinds of values, where the answers are still the same.
    fn plainest(&mut self, request: &Request) -> Request {
        let answers = self.answers(request);
        let mut plainest = request.clone();
        for target in 0..self.targets.len() {
            let mut moved = plainest.clone();
            moved.path = self.targets[target].0;
            for place in 0..moved.given.len() {
                moved = self.with_kind(&moved, place, moved.given[place].kind);
            }
            if self.answers(&moved) == answers {
                plainest = moved;
                break;
            }
        }
        for place in 0..plainest.given.len() {
            for kind in kinds(plainest.given[place].field) {
                let plainer = self.with_kind(&plainest, place, kind);
                if self.answers(&plainer) == answers {
                    plainest = plainer;
                    break;
                }
            }
        }
        plainest
    }

    fn with_kind(&mut self, request: &Request, place: usize, kind: &'static str) -> Request {
        let mut request = request.clone();
        let target = self.targets.iter().find(|(path, _)| *path == request.path);
        let known = &target.unwrap().1.1;
        let field = request.given[place].field;
        request.given[place] = given(&mut self.random, known, field, kind);
        request
    }
}

/// What of the table one server has shown: the request, their answer and ours.
type Rows = BTreeSet<(String, u16, u16)>;

fn compare(server: &mut Server, count: usize) -> Rows {
    let name = server.name.clone();
    let targets = PATHS.map(|path| (path, server.state(path)));
    let targets = targets
        .into_iter()
        .filter_map(|(path, state)| Some((path, state?)));
    let mut comparison = Comparison {
        targets: targets.collect(),
        random: Random::new(2),
        minimal: Vec::new(),
        server,
    };
    let mut rows = Rows::new();
    let (mut asked, mut differing) = (0, 0);
    while asked < count {
        let batch: Vec<_> = (0..1000.min(count - asked))
            .map(|_| comparison.any())
            .collect();
        let responses = comparison.server.ask(&batch);
        asked += batch.len();
        for (request, response) in batch.iter().zip(&responses) {
            if theirs(request, response) == ours(request, comparison.state(request)) {
                continue;
            }
            differing += 1;
            if comparison.is_explained(request) {
                continue;
            }
            let minimal = comparison.without_the_rest(request);
            comparison.minimal.push(minimal.clone());
            let plainest = comparison.plainest(&minimal);
            let (theirs, ours) = comparison.answers(&plainest);
            rows.insert((plainest.name(), theirs, ours));
        }
    }
    println!("{name}: {asked} requests, {differing} answered otherwise");
    rows
}

/// The rows of the table in the guide that name this server.
fn expected(server: &str) -> Rows {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guide/differences.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| GET ") || line.starts_with("| HEAD "));
    rows.filter_map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [request, theirs, ours, servers, _section, right] = cells[..] else {
            panic!("not a row: {line}");
        };
        assert!(["ours", "theirs", "both"].contains(&right), "{line}");
        let is_named = servers.split(", ").any(|name| name == server);
        let row = || {
            (
                request.to_owned(),
                theirs.parse().unwrap(),
                ours.parse().unwrap(),
            )
        };
        is_named.then(row)
    })
    .collect()
}

#[test]
fn servers_of_others() {
    let Ok(servers) = std::env::var("TOWER_CONDITIONAL_SERVERS") else {
        eprintln!("servers of others: scripts/differential.sh starts them");
        return;
    };
    let count = std::env::var("TOWER_CONDITIONAL_RANDOM").map_or(2000, |n| n.parse().unwrap());
    let mut is_as_expected = true;
    for server in servers.split_whitespace() {
        let (name, address) = server.split_once('=').unwrap();
        let mut server = Server {
            name: name.to_owned(),
            address: address.to_owned(),
            connection: None,
        };
        let (found, expected) = (compare(&mut server, count), expected(name));
        for (request, theirs, ours) in found.difference(&expected) {
            println!("new: | {request} | {theirs} | {ours} | {name} |");
            is_as_expected = false;
        }
        // A short run does not meet all of them.
        for (request, theirs, ours) in expected.difference(&found).filter(|_| count >= 100_000) {
            println!("gone: | {request} | {theirs} | {ours} | {name} |");
            is_as_expected = false;
        }
    }
    assert!(is_as_expected, "src/guide/differences.md says otherwise");
}
