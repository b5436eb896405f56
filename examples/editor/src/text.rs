//! The file that is edited.

use std::env;
use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempPath;

/// The text that the person edits, in a file that is removed at the end, unless it is [kept](Self::kept).
pub(crate) struct Text {
    /// By its name alone: an editor may put another file in its place.
    path: TempPath,
}

impl Text {
    pub(crate) fn of(value: &Value) -> Result<Self, String> {
        let file = tempfile::Builder::new().suffix(".json").tempfile();
        let text = Self {
            path: file.map_err(no_file)?.into_temp_path(),
        };
        text.write(value)?;
        Ok(text)
    }

    pub(crate) fn write(&self, value: &Value) -> Result<(), String> {
        self.write_text(&pretty(value))
    }

    fn write_text(&self, text: &str) -> Result<(), String> {
        fs::write(&self.path, text).map_err(no_file)
    }

    /// Opens the editor, and reads what it leaves.
    pub(crate) fn edit(&mut self) -> Result<Value, String> {
        let editor = ["VISUAL", "EDITOR"]
            .into_iter()
            .find_map(|name| env::var(name).ok());
        let editor = editor.unwrap_or_else(|| "vi".to_owned());
        // As git does it: the variable may have arguments.
        let edited = Command::new("sh")
            .args(["-c", &format!("{editor} \"$@\""), &editor])
            .arg(&*self.path)
            .status();
        match edited {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(self.kept(&format!("{editor}: {status}"))),
            Err(error) => return Err(format!("{editor}: {error}")),
        }
        let text = fs::read_to_string(&self.path).map_err(no_file)?;
        serde_json::from_str(&text).map_err(|error| self.kept(&format!("this is no JSON: {error}")))
    }

    /// Opens the editor with both changes in the text, in the form that git has for it.
    pub(crate) fn edit_conflict(
        &mut self,
        base: &Value,
        mine: &Value,
        theirs: &Value,
    ) -> Result<Value, String> {
        let [base, mine, theirs] = [base, mine, theirs].map(pretty);
        let text = diffy::merge(&base, &mine, &theirs).unwrap_or_else(|conflicting| conflicting);
        self.write_text(&text)?;
        self.edit()
    }

    /// Keeps the file, and says where.
    pub(crate) fn kept(&mut self, why: &str) -> String {
        self.path.disable_cleanup(true);
        format!("{why}\nYour text is in {}.", self.path.display())
    }
}

fn no_file(error: std::io::Error) -> String {
    format!("the temporary file: {error}")
}

pub(crate) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
