#!/bin/sh
# A browser for the tests of the notes page: chromium, or firefox.
#
#   scripts/browser.sh path BROWSER      prints the path of the one that is there; fails if there is none
#   scripts/browser.sh install BROWSER   installs one if need be, and prints its path
#
# Only the path goes to standard output.
set -eu

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0"
    exit 2
}

case ${2-} in
chromium)
    names='chromium chromium-browser google-chrome google-chrome-stable'
    mac='/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
    package=chromium
    ;;
firefox)
    names='firefox-esr firefox'
    mac='/Applications/Firefox.app/Contents/MacOS/firefox'
    package=firefox-esr
    ;;
*) usage ;;
esac

path() {
    for name in $names; do
        command -v "$name" && return
    done
    [ -x "$mac" ] && echo "$mac"
}

case $1 in
path)
    path
    ;;
install)
    # With fonts that look alike wherever the screenshots are taken.
    path || { "$(dirname "$0")/install.sh" "$package" fonts-inter fonts-jetbrains-mono && path; }
    ;;
*) usage ;;
esac
