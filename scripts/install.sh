#!/bin/sh
# Installs packages of Debian that are missing, and leaves alone those that are there: scripts/install.sh PACKAGE…
# Says what it does on standard error alone. Fails where there is no apt-get, or no right to use it.
set -eu

[ $# -gt 0 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
if ! command -v apt-get >/dev/null; then
    echo "install.sh: $* is missing, and there is no apt-get to install it with" >&2
    exit 1
fi
sudo=
[ "$(id -u)" = 0 ] || sudo='sudo -n'
install="$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-upgrade --no-install-recommends"
echo "install.sh: installing $*" >&2
$install "$@" >&2 || { $sudo apt-get update >&2 && $install "$@" >&2; }
