//! The command `tower-conditional-doctor`.

use std::process::ExitCode;

fn main() -> ExitCode {
    tower_conditional_doctor::main()
}
