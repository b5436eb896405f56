//! Lists of tokens, and the list that several modules add to: Vary ([RFC 9110, section 12.5.5]).
//!
//! [RFC 9110, section 12.5.5]: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5

use http::header::{HeaderMap, HeaderValue, VARY};

/// Adds the members of `names` that Vary does not list yet. `*` lists everything
/// ([RFC 9110, section 12.5.5](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5)).
pub(crate) fn add_vary(fields: &mut HeaderMap, names: &HeaderValue) {
    if !fields.contains_key(VARY) {
        fields.insert(VARY, names.clone());
        return;
    }
    let missing: Vec<&[u8]> = members(names)
        .filter(|name| !fields.get_all(VARY).iter().any(|line| lists(line, name)))
        .collect();
    if missing.is_empty() {
        return;
    }
    let present = fields.get_all(VARY).iter().flat_map(members);
    let combined = present.chain(missing).collect::<Vec<_>>().join(&b", "[..]);
    if let Ok(combined) = HeaderValue::from_bytes(&combined) {
        fields.insert(VARY, combined);
    }
}

/// Whether the line has this member, or `*`.
fn lists(line: &HeaderValue, name: &[u8]) -> bool {
    members(line).any(|member| member == b"*" || member.eq_ignore_ascii_case(name))
}

/// The members of a list of tokens.
pub(crate) fn members(line: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    line.as_bytes()
        .split(|&byte| byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_vary(before: &[&'static str], added: &'static str, after: &[&str]) {
        let lines = before.iter().map(|line| HeaderValue::from_static(line));
        let mut fields: HeaderMap = lines.map(|line| (VARY, line)).collect();
        add_vary(&mut fields, &HeaderValue::from_static(added));
        let found: Vec<_> = fields.get_all(VARY).iter().collect();
        assert_eq!(found, after, "{before:?} and {added}");
    }

    #[test]
    fn vary_lists_each_field_once() {
        assert_vary(&[], "accept", &["accept"]);
        assert_vary(&["accept"], "prefer", &["accept, prefer"]);
        assert_vary(&["Accept"], "accept", &["Accept"]);
        assert_vary(&["accept, prefer"], "prefer", &["accept, prefer"]);
        assert_vary(&["accept"], "accept, prefer", &["accept, prefer"]);
        assert_vary(&["accept"], " ,prefer,, ", &["accept, prefer"]);
        assert_vary(&["*"], "accept", &["*"]);
        assert_vary(&["accepted"], "accept", &["accepted, accept"]);
        assert_vary(&[""], "accept", &["accept"]);
        // Several lines are one list (section 5.3).
        assert_vary(&["accept", "prefer"], "prefer", &["accept", "prefer"]);
        assert_vary(&["accept", "prefer"], "te", &["accept, prefer, te"]);
    }

    #[test]
    fn empty_members_are_none() {
        let line = HeaderValue::from_static(", a ,, b\t,");
        let found: Vec<_> = members(&line).collect();
        assert_eq!(found, [b"a", b"b"]);
    }
}
