#!/usr/bin/env bash
# What a release needs and a machine without an account at the registry can try: the packages are verified together as cargo would
# publish them, their documentation is built as docs.rs builds it, and the API is compared with the last release.
#
#   scripts/release.sh
#
# A tool that is missing and cannot be installed here is skipped loudly, and named again at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

PACKAGES=(tower-conditional tower-conditional-testkit tower-conditional-client tower-conditional-doctor)

dry_run() {
    # cargo keeps what it has unpacked of a package of this folder, and does not see that the same version has changed since.
    rm -rf "${CARGO_HOME:-$HOME/.cargo}"/registry/src/-*/tower-conditional*
    cargo publish --dry-run --quiet --locked --allow-dirty "${PACKAGES[@]/#/--package=}"
}

# docs.rs has nightly, sets `docsrs`, and takes features and flags from the manifest.
as_docs_rs() {
    local package
    for package in "${PACKAGES[@]}"; do
        RUSTDOCFLAGS="--cfg docsrs --cfg tower_conditional_docsrs -D warnings" CARGO_TARGET_DIR=target/docsrs \
            cargo +nightly doc --locked --no-deps --all-features --package "$package"
    done
}

compared_with_the_last_release() {
    local released
    if ! released=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null); then
        skip "semver" "nothing has been released yet; the tag of the release (v0.1.0) becomes the baseline"
    elif cargo_tool cargo-semver-checks; then
        cargo semver-checks --baseline-rev "$released"
    else
        skip "semver since $released" "cargo-semver-checks cannot be installed"
    fi
}

step "packages, as cargo would publish them" dry_run
if has_toolchain nightly; then
    step "documentation, as docs.rs builds it" as_docs_rs
else
    skip "documentation, as docs.rs builds it" "no nightly toolchain"
fi
# In the gate, for the library alone.
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if has_toolchain "$oldest" || rustup toolchain install --profile minimal --no-self-update "$oldest"; then
    step "Rust $oldest" cargo "+$oldest" check --locked --all-features "${PACKAGES[@]/#/--package=}"
else
    skip "Rust $oldest" "no such toolchain"
fi
step "API since the last release" compared_with_the_last_release
summary
