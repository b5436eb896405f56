//! The page with places for the tables: `<!-- name -->` and `<!-- /name -->`, each on a line of its own.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

pub(crate) struct Page {
    path: PathBuf,
    /// Opened for writing before the simulation runs: a page that cannot be written fails at once.
    file: File,
    text: String,
}

impl Page {
    /// Reads a page that can be written and has a place for each of these tables. It is not changed.
    pub(crate) fn open(path: PathBuf, names: &[&str]) -> Result<Self, String> {
        let cannot = |what: &str, error| format!("cannot {what} {}: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| cannot("read", error))?;
        let file = File::options().write(true).open(&path);
        let file = file.map_err(|error| cannot("write", error))?;
        let page = Self { path, file, text };
        for name in names {
            page.around(name)?;
        }
        Ok(page)
    }

    /// Puts a table into its place.
    pub(crate) fn put(&mut self, name: &str, table: &str) -> Result<(), String> {
        let (begin, end) = marks(name);
        let (before, after) = self.around(name)?;
        self.text = format!("{before}{begin}\n{table}\n{end}{after}");
        Ok(())
    }

    /// What is before the first mark of a table, and after the second.
    fn around(&self, name: &str) -> Result<(&str, &str), String> {
        let (begin, end) = marks(name);
        let parts = self.text.split_once(&begin);
        let parts = parts.and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
        parts.ok_or_else(|| format!("{} has no place for {name}", self.path.display()))
    }

    /// Writes what was put, in place of the old page.
    pub(crate) fn write(mut self) -> Result<(), String> {
        let written = self.file.write_all(self.text.as_bytes());
        let written = written.and_then(|()| self.file.set_len(self.text.len() as u64));
        written.map_err(|error| format!("cannot write {}: {error}", self.path.display()))
    }
}

fn marks(name: &str) -> (String, String) {
    (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"))
}
