//! Whether a database is one of this service, found out before SQLite opens it.
//!
//! SQLite changes what it opens: it rolls a journal back, empties a log, and makes files beside the database. So this
//! module reads the mark from the file itself, and leaves a foreign database exactly as it is.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// "note", in the place that SQLite has for a mark of the application (`PRAGMA application_id`).
pub(crate) const APPLICATION_ID: i32 = i32::from_be_bytes(*b"note");

/// Where the mark is in the first 100 bytes of every database (<https://www.sqlite.org/fileformat.html#the_database_header>).
const HEADER: usize = 100;
const MARK: std::ops::Range<usize> = 68..72;

/// Whether this is a database of this service, or none yet.
pub(crate) fn is_ours_or_new(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    // If it is not a file, SQLite will refuse it.
    if !file.metadata()?.is_file() {
        return Ok(true);
    }
    let mut header = Vec::with_capacity(HEADER);
    file.take(HEADER as u64).read_to_end(&mut header)?;
    let mark = header.get(MARK);
    Ok(header.is_empty() || mark == Some(&APPLICATION_ID.to_be_bytes()[..]))
}
