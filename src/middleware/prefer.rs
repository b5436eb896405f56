//! The Prefer header: whether it asks for the representation ([RFC 7240, sections 2 and 4.2]).
//!
//! [RFC 7240, sections 2 and 4.2]: https://www.rfc-editor.org/rfc/rfc7240#section-2

use http::header::{HeaderMap, HeaderName};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Whether the request says `return=representation`. If a preference is sent several times, the first counts (section 2).
pub(crate) fn asks_for_representation(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(PREFER).iter();
    let preferences = lines.flat_map(|line| split_outside_quotes(line.as_bytes(), b','));
    let first = preferences
        .map(name_and_value)
        .find(|(name, _)| name.eq_ignore_ascii_case(b"return"));
    first.is_some_and(|(_, value)| word_is(value, b"representation"))
}

/// The name and the value of a preference, without its parameters.
fn name_and_value(preference: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = split_outside_quotes(preference, b';');
    let mut sides = parts
        .next()
        .unwrap_or_default()
        .splitn(2, |&byte| byte == b'=');
    let mut side = || sides.next().unwrap_or_default().trim_ascii();
    (side(), side())
}

/// Splits at the separators outside of quoted strings. A quoted string that is never closed reaches to the end.
fn split_outside_quotes(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |&byte| {
        if is_escaped {
            is_escaped = false;
            return false;
        }
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\\' => is_escaped = is_quoted,
            _ => {}
        }
        byte == separator && !is_quoted
    })
}

/// Whether a token or quoted string is this word. The case of letters is ignored: the words of section 4.2 are literals of
/// RFC 5234.
fn word_is(word: &[u8], expected: &[u8]) -> bool {
    let quoted = word
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    let Some(quoted) = quoted else {
        return word.eq_ignore_ascii_case(expected);
    };
    let mut rest = quoted.iter().copied();
    let unescaped = std::iter::from_fn(|| match rest.next()? {
        b'\\' => rest.next(),
        byte => Some(byte),
    });
    unescaped
        .map(|byte| byte.to_ascii_lowercase())
        .eq(expected.iter().copied())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn assert_asks(lines: &[&'static str], asks: bool) {
        let lines = lines
            .iter()
            .map(|line| (PREFER, HeaderValue::from_static(line)));
        let headers: HeaderMap = {
            let mut headers = HeaderMap::new();
            lines.for_each(|(name, line)| {
                headers.append(name, line);
            });
            headers
        };
        assert_eq!(asks_for_representation(&headers), asks, "{headers:?}");
    }

    #[test]
    fn what_asks_for_the_representation() {
        for line in [
            "return=representation",
            "Return = representation",
            "return=\"representation\"",
            "RETURN=Representation",
            r#"return="represent\ation""#,
            "return=representation; foo=\"a;b\"",
            "wait=10, return=representation",
            r#"foo="a, b", return=representation"#,
            r#"foo="a\", b", return=representation"#,
            "foo;bar=\"x\" ,\treturn=representation;",
            ",, return=representation",
        ] {
            assert_asks(&[line], true);
        }
        assert_asks(&["wait=10", "return=representation"], true);
    }

    #[test]
    fn what_does_not() {
        for line in [
            "",
            "return",
            "return=minimal",
            "return=representations",
            "return=\"representation",
            "xreturn=representation",
            "foo; return=representation",
            "foo=return=representation",
            // Inside of a quoted string nothing is a preference.
            r#"foo="a, return=representation""#,
            r#"foo="a, return=representation, b""#,
            r#"foo; bar="a, return=representation, b""#,
            r#"foo="a\", return=representation, b""#,
            r#"foo="never closed, return=representation"#,
        ] {
            assert_asks(&[line], false);
        }
    }

    /// Section 2: only the first instance of a preference is considered.
    #[test]
    fn the_first_instance_counts() {
        assert_asks(&["return=minimal, return=representation"], false);
        assert_asks(&["return=minimal", "return=representation"], false);
        assert_asks(&["return=representation", "return=minimal"], true);
    }
}
