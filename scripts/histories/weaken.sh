#!/usr/bin/env bash
# Builds the example `postgres` from a copy with mistakes that a service can make, as target/release/weakened.
#
#   scripts/histories/weaken.sh MISTAKE…
#
#   no-swap            no statement compares the version
#   in-process-lock    every replica has a lock of its own
#   counted-versions   versions are counted for each note
#   remembered-state   a replica remembers the state of a note for a moment
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/steps.sh

[ $# -gt 0 ] || { usage "$0" && exit 2; }
target=${CARGO_TARGET_DIR:-$PWD/target}
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 130' INT TERM
git ls-files -z | tar --create --null --files-from=- | tar --extract --directory "$copy"
example=$copy/examples/postgres

# Fails where there is nothing to replace: a mistake that was not made is not found.
replace() { # what, with what
    grep -q -- "$1" "$example"/src/*.rs || { echo "weaken.sh: there is no $1" >&2; return 1; }
    sed -i "s|$1|$2|" "$example"/src/*.rs
}

for mistake in "$@"; do
    case $mistake in
    no-swap) replace 'WHERE id = $1 AND version = $2' 'WHERE id = $1 AND $2::bigint IS NOT NULL' ;;
    in-process-lock) replace '\.use_lock(lock)' '.use_lock({ drop(lock); tower_conditional::lock::InProcessLock::new() })' ;;
    counted-versions)
        replace "version = nextval('note_version')" 'version = version + 1'
        replace "DEFAULT nextval('note_version')" 'DEFAULT 1'
        ;;
    remembered-state)
        replace 'async fn get(' 'async fn get_now('
        cat >>"$example/src/store.rs" <<'RUST'

type Remembered = std::collections::HashMap<i64, (std::time::Instant, Option<Note>)>;

static REMEMBERED: std::sync::Mutex<Option<Remembered>> = std::sync::Mutex::new(None);

impl Store {
    pub(crate) async fn get(&self, id: i64) -> Result<Option<Note>> {
        let now = std::time::Instant::now();
        if let Some((since, note)) = REMEMBERED.lock().unwrap().get_or_insert_default().get(&id)
            && since.elapsed() < std::time::Duration::from_millis(50)
        {
            return Ok(note.clone());
        }
        let note = self.get_now(id).await?;
        let mut remembered = REMEMBERED.lock().unwrap();
        remembered.get_or_insert_default().insert(id, (now, note.clone()));
        Ok(note)
    }
}
RUST
        ;;
    *) usage "$0" && exit 2 ;;
    esac
done
printf '\n[[bin]]\nname = "weakened"\npath = "src/main.rs"\n' >>"$example/Cargo.toml"
cargo build --quiet --locked --release --target-dir "$target" --manifest-path "$copy/Cargo.toml" -p postgres --bin weakened
