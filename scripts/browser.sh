#!/bin/sh
# A Chromium for the tests of the notes page.
#
#   scripts/browser.sh path       prints the path of the one that is there; fails if there is none
#   scripts/browser.sh install    installs one if need be, and prints its path
#
# Only the path goes to standard output.
set -eu

path() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return
    done
    mac='/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
    [ -x "$mac" ] && echo "$mac"
}

case ${1-} in
path)
    path
    ;;
install)
    # With fonts that look alike wherever the screenshots are taken.
    path || { "$(dirname "$0")/install.sh" chromium fonts-inter fonts-jetbrains-mono && path; }
    ;;
*)
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0"
    exit 2
    ;;
esac
