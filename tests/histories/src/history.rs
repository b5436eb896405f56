//! What the database says was written: the rows of a trigger, which knows nothing of requests.

use crate::operation::{Content, Version, number};

/// One change of a note, in the order in which the database made the changes of that note.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) note: i64,
    /// None where there was no note.
    pub(crate) before: Option<Version>,
    /// None where the change is a deletion.
    pub(crate) after: Option<Version>,
    pub(crate) content: Option<Content>,
}

/// Reads a line of PostgreSQL's `COPY … TO STDOUT`: note, version before, version after and content.
pub(crate) fn row(line: &str) -> Result<Row, String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [note, before, after, content] = columns[..] else {
        return Err(format!("no row of the history: {line}"));
    };
    Ok(Row {
        note: number(note)?,
        before: nullable(before)?,
        after: nullable(after)?,
        content: nullable(content)?,
    })
}

fn nullable<T: std::str::FromStr>(text: &str) -> Result<Option<T>, String> {
    match text {
        "\\N" => Ok(None),
        _ => number(text).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_none() {
        let deleted = Row {
            note: 3,
            before: Some(14),
            after: None,
            content: None,
        };
        assert_eq!(row("3\t14\t\\N\t\\N"), Ok(deleted));
        assert!(row("3\t14").is_err());
    }
}
