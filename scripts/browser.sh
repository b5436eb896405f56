#!/bin/sh
# A Chromium for the tests of the notes page.
#
#   scripts/browser.sh path       prints the path of the one that is there; fails if there is none
#   scripts/browser.sh install    installs one if need be, and prints its path
#
# Only the path goes to standard output.
set -eu

say() {
    echo "browser.sh: $*" >&2
}

path() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return
    done
    mac='/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
    [ -x "$mac" ] && echo "$mac"
}

install() {
    if ! command -v apt-get >/dev/null; then
        say "there is no Chromium, and no apt-get to install it with"
        return 1
    fi
    say "installing Chromium"
    sudo=
    [ "$(id -u)" = 0 ] || sudo='sudo -n'
    # Fonts that look alike wherever the screenshots are taken.
    install="$sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-upgrade --no-install-recommends chromium fonts-inter fonts-jetbrains-mono"
    $install >&2 || { $sudo apt-get update >&2 && $install >&2; }
}

case ${1-} in
path)
    path
    ;;
install)
    path || { install && path; }
    ;;
*)
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0"
    exit 2
    ;;
esac
