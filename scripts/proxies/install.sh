#!/usr/bin/env bash
# Installs what stands between client and origin in the tests: nginx, Apache httpd, Varnish and Squid, from Debian.
# Where a service manager runs, the packages may start services of their own, as after any installation.
#
#   scripts/proxies/install.sh          installs what is missing
#   scripts/proxies/install.sh check    fails if something is missing
set -euo pipefail

PATH=$PATH:/usr/sbin
missing=()
for program in nginx:nginx-light apache2:apache2 varnishd:varnish squid:squid; do
    command -v "${program%%:*}" >/dev/null || missing+=("${program##*:}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "${1:-}" = check ]; then
    echo "install.sh: missing: ${missing[*]}" >&2
    exit 1
fi
exec "$(dirname "$0")/../install.sh" "${missing[@]}"
