#!/usr/bin/env bash
# Installs what stands between client and origin in the tests, from Debian: nginx, Apache httpd, Varnish and Squid, or those that are
# named.
# Where a service manager runs, the packages may start services of their own, as after any installation.
#
#   scripts/proxies/install.sh [PROGRAM…]         installs what is missing
#   scripts/proxies/install.sh check [PROGRAM…]   fails if something is missing
set -euo pipefail

check=
if [ "${1:-}" = check ]; then
    check=yes
    shift
fi
[ $# -gt 0 ] || set -- nginx apache2 varnishd squid

PATH=$PATH:/usr/sbin
missing=()
for program in "$@"; do
    case $program in
    nginx) package=nginx-light ;;
    varnishd) package=varnish ;;
    *) package=$program ;;
    esac
    command -v "$program" >/dev/null || missing+=("$package")
    # Debian has its compressor in a package of its own.
    if [ "$program" = lighttpd ] && [ ! -e /usr/lib/lighttpd/mod_deflate.so ]; then
        missing+=(lighttpd-mod-deflate)
    fi
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$check" ]; then
    echo "install.sh: missing: ${missing[*]}" >&2
    exit 1
fi
exec "$(dirname "$0")/../install.sh" "${missing[@]}"
