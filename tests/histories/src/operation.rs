//! One request and its answer, and the line of a file that says the same.

use std::fmt;
use std::str::FromStr;

/// The number in a note's entity tag.
pub(crate) type Version = i64;

/// What a write puts into a note: a number that no other write has.
pub(crate) type Content = u64;

/// One request, from just before it was sent to just after its answer had arrived.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Operation {
    pub(crate) client: usize,
    pub(crate) note: i64,
    pub(crate) request: Request,
    /// Microseconds of one monotonic clock.
    pub(crate) started: u64,
    pub(crate) ended: u64,
    pub(crate) answer: Answer,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Request {
    /// GET, with the tag in If-None-Match if there is one.
    Read(Option<Version>),
    /// PUT with `If-None-Match: *`.
    Create(Content),
    /// PUT with If-Match.
    Replace(Version, Content),
    /// PATCH with If-Match.
    Change(Version, Content),
    /// DELETE with If-Match.
    Delete(Version),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answer {
    /// 200 to a read.
    Found(Version, Content),
    /// 304, and the tag in it.
    NotModified(Version),
    /// 404
    Absent,
    /// 2xx to a write, with what the answer says of the note: its tag and its content.
    Done(Option<Version>, Option<Content>),
    /// 412
    Refused,
    /// The request found no server, or it was answered with a 503 that says that nothing was written.
    NotPerformed,
    /// The connection broke, no answer came in time, or the answer leaves it open.
    Unknown,
}

impl Request {
    pub(crate) const fn is_write(self) -> bool {
        !matches!(self, Self::Read(_))
    }

    pub(crate) const fn content(self) -> Option<Content> {
        match self {
            Self::Create(content) | Self::Replace(_, content) | Self::Change(_, content) => {
                Some(content)
            }
            Self::Read(_) | Self::Delete(_) => None,
        }
    }

    /// The version that If-Match names; none for a creation, which names that there is none.
    pub(crate) const fn seen(self) -> Option<Version> {
        match self {
            Self::Replace(seen, _) | Self::Change(seen, _) | Self::Delete(seen) => Some(seen),
            Self::Read(_) | Self::Create(_) => None,
        }
    }
}

impl Answer {
    /// An answer that says that the write was not performed.
    pub(crate) const fn is_refusal(self) -> bool {
        matches!(self, Self::Refused | Self::Absent | Self::NotPerformed)
    }
}

// ---- lines ----

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            client,
            note,
            started,
            ended,
            request,
            answer,
        } = self;
        write!(f, "{client}\t{note}\t{started}\t{ended}\t")?;
        match request {
            Request::Read(None) => write!(f, "read"),
            Request::Read(Some(seen)) => write!(f, "read {seen}"),
            Request::Create(content) => write!(f, "create {content}"),
            Request::Replace(seen, content) => write!(f, "replace {seen} {content}"),
            Request::Change(seen, content) => write!(f, "change {seen} {content}"),
            Request::Delete(seen) => write!(f, "delete {seen}"),
        }?;
        write!(f, "\t")?;
        match answer {
            Answer::Found(version, content) => write!(f, "found {version} {content}"),
            Answer::NotModified(version) => write!(f, "not-modified {version}"),
            Answer::Absent => write!(f, "absent"),
            Answer::Done(version, content) => {
                write!(f, "done {} {}", or_dash(*version), or_dash(*content))
            }
            Answer::Refused => write!(f, "refused"),
            Answer::NotPerformed => write!(f, "not-performed"),
            Answer::Unknown => write!(f, "unknown"),
        }
    }
}

fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

impl FromStr for Operation {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let columns: Vec<&str> = line.split('\t').collect();
        let [client, note, started, ended, request, answer] = columns[..] else {
            return Err(format!("no operation: {line}"));
        };
        Ok(Self {
            client: number(client)?,
            note: number(note)?,
            started: number(started)?,
            ended: number(ended)?,
            request: request_of(request)?,
            answer: answer_of(answer)?,
        })
    }
}

fn request_of(text: &str) -> Result<Request, String> {
    let words: Vec<&str> = text.split(' ').collect();
    Ok(match words[..] {
        ["read"] => Request::Read(None),
        ["read", seen] => Request::Read(Some(number(seen)?)),
        ["create", content] => Request::Create(number(content)?),
        ["replace", seen, content] => Request::Replace(number(seen)?, number(content)?),
        ["change", seen, content] => Request::Change(number(seen)?, number(content)?),
        ["delete", seen] => Request::Delete(number(seen)?),
        _ => return Err(format!("no request: {text}")),
    })
}

fn answer_of(text: &str) -> Result<Answer, String> {
    let words: Vec<&str> = text.split(' ').collect();
    Ok(match words[..] {
        ["found", version, content] => Answer::Found(number(version)?, number(content)?),
        ["not-modified", version] => Answer::NotModified(number(version)?),
        ["absent"] => Answer::Absent,
        ["done", version, content] => Answer::Done(optional(version)?, optional(content)?),
        ["refused"] => Answer::Refused,
        ["not-performed"] => Answer::NotPerformed,
        ["unknown"] => Answer::Unknown,
        _ => return Err(format!("no answer: {text}")),
    })
}

fn optional<T: FromStr>(text: &str) -> Result<Option<T>, String> {
    match text {
        "-" => Ok(None),
        _ => number(text).map(Some),
    }
}

pub(crate) fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("no number: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_all_of_an_operation() {
        let requests = [
            Request::Read(None),
            Request::Read(Some(7)),
            Request::Create(8),
            Request::Replace(7, 8),
            Request::Change(7, 8),
            Request::Delete(7),
        ];
        let answers = [
            Answer::Found(7, 8),
            Answer::NotModified(7),
            Answer::Absent,
            Answer::Done(None, None),
            Answer::Done(Some(7), Some(8)),
            Answer::Refused,
            Answer::NotPerformed,
            Answer::Unknown,
        ];
        for (request, answer) in requests
            .iter()
            .flat_map(|request| answers.map(|answer| (*request, answer)))
        {
            let operation = Operation {
                client: 1,
                note: 2,
                request,
                started: 3,
                ended: 4,
                answer,
            };
            assert_eq!(operation.to_string().parse(), Ok(operation));
        }
        assert!("1\t2\t3\t4\tread\tgone".parse::<Operation>().is_err());
    }
}
