//! The head of an answer as it stands on the wire, and what is wrong with its syntax.

use http::Method;

use crate::shown::Escaped;

#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    is_http_1_0: bool,
    /// Names in lower case, values without the whitespace around them.
    fields: Vec<(String, Vec<u8>)>,
    /// What is wrong with the syntax, in words.
    pub(super) faults: Vec<String>,
}

/// Where the content ends (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    UntilClosed,
}

impl Head {
    /// Reads a head, its empty line included. `None` if it does not begin with a status line.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = bytes.split_inclusive(|&byte| byte == b'\n');
        let status_line = lines.next()?;
        let mut faults = Vec::new();
        let version = status_line.strip_prefix(b"HTTP/1.")?;
        let (minor, rest) = version.split_first()?;
        let digits = std::str::from_utf8(rest.strip_prefix(b" ")?.get(..3)?).ok()?;
        let mut head = Self {
            status: digits.parse().ok()?,
            is_http_1_0: *minor == b'0',
            fields: Vec::new(),
            faults: Vec::new(),
        };
        let mut ends_well = ends_with_crlf(status_line);
        for line in lines {
            ends_well &= ends_with_crlf(line);
            head.read(line.trim_ascii_end(), line, &mut faults);
        }
        if !ends_well {
            faults.push("a line that ends with LF alone".to_owned());
        }
        head.faults = faults;
        Some(head)
    }

    fn read(&mut self, line: &[u8], whole: &[u8], faults: &mut Vec<String>) {
        if line.is_empty() {
            return;
        }
        if matches!(whole.first(), Some(b' ' | b'\t')) {
            faults.push(format!("a folded line: `{}`", Escaped(line)));
            if let Some((_, value)) = self.fields.last_mut() {
                value.push(b' ');
                value.extend_from_slice(line.trim_ascii());
                *value = value.trim_ascii().to_vec();
            }
            return;
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        if colon.is_none() {
            faults.push(format!("a line without a colon: `{}`", Escaped(line)));
        } else if name.ends_with(b" ") || name.ends_with(b"\t") {
            faults.push(format!("whitespace before a colon: `{}`", Escaped(line)));
        }
        let name = String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase();
        let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
        self.fields.push((name, value.to_vec()));
    }

    pub(super) fn all<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h [u8]> {
        let lines = self.fields.iter().filter(move |(line, _)| line == name);
        lines.map(|(_, value)| &value[..])
    }

    /// The only line of this name.
    pub(super) fn single<'h>(&'h self, name: &'h str) -> Option<&'h [u8]> {
        let mut lines = self.all(name);
        let line = lines.next()?;
        lines.next().is_none().then_some(line)
    }

    /// The lines of a field as they stand there.
    pub(super) fn shown(&self, name: &str) -> String {
        let lines: Vec<_> = self
            .all(name)
            .map(|value| format!("{name}: {}", Escaped(value)))
            .collect();
        match lines.as_slice() {
            [] => format!("no {name}"),
            lines => lines.join(", "),
        }
    }

    /// Whether the connection ends with this answer, as it says itself.
    pub(super) fn announces_close(&self) -> bool {
        let says = |option: &[u8]| {
            let members = self
                .all("connection")
                .flat_map(|line| line.split(|&byte| byte == b','));
            members
                .map(<[u8]>::trim_ascii)
                .any(|member| member.eq_ignore_ascii_case(option))
        };
        says(b"close") || self.is_http_1_0 && !says(b"keep-alive")
    }

    pub(super) fn framing(&self, method: &Method) -> Framing {
        if method == Method::HEAD || matches!(self.status, 100..=199 | 204 | 304) {
            return Framing::Length(0);
        }
        let is_chunked = |line: &[u8]| line.to_ascii_lowercase().ends_with(b"chunked");
        if self.all("transfer-encoding").any(is_chunked) {
            return Framing::Chunked;
        }
        let length = self.all("content-length").next();
        let length = length.and_then(|line| std::str::from_utf8(line).ok()?.parse().ok());
        length.map_or(Framing::UntilClosed, Framing::Length)
    }
}

fn ends_with_crlf(line: &[u8]) -> bool {
    line.ends_with(b"\r\n")
}
