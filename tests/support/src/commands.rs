//! The commands on the screen are the first thing that a stranger tries.

use std::process::Stdio;

use tokio::process::Command;

use crate::process::{Example, has_tool};

/// Does what the program prints, and gives back the statuses of all answers; nothing where there is no curl.
///
/// # Panics
///
/// When the commands are not those of this server.
pub async fn printed_commands(example: &mut Example) -> Option<Vec<String>> {
    if !has_tool("curl") {
        return None;
    }
    let printed = example.printed_up_to("Ctrl-C stops it.").await;
    let commands: Vec<_> = printed
        .lines()
        .filter(|line| line.starts_with("  "))
        .collect();
    let url = format!("url=http://{}", example.address());
    assert!(commands[0].contains(&url), "{printed}");

    // Some of them write files.
    let directory = tempfile::tempdir().unwrap();
    let ran = Command::new("sh")
        .args(["-c", &commands.join("\n")])
        .current_dir(directory.path())
        .stderr(Stdio::null())
        .output()
        .await
        .unwrap();
    let output = String::from_utf8(ran.stdout).unwrap();
    // A body ends where it ends, with or without a new line.
    let answers = output.split("HTTP/1.1 ").skip(1);
    Some(answers.map(|answer| answer[..3].to_owned()).collect())
}
