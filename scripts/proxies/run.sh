#!/usr/bin/env bash
# Runs a proxy before an origin, both on 127.0.0.1, until the standard input ends:
#
#   scripts/proxies/run.sh NAME PORT ORIGIN_PORT
#
# NAME is nginx-gzip, nginx-cache, apache (its default), apache-nochange or apache-remove (another DeflateAlterETag), varnish, squid,
# haproxy, lighttpd or caddy. With -off behind it, those that compress have the setting by which they leave all routes alone.
#
# Says "ready" when it listens. All that it writes is in a temporary folder, which goes with it.
set -euo pipefail
cd "$(dirname "$0")"

name=${1:?usage: scripts/proxies/run.sh NAME PORT ORIGIN_PORT}
port=${2:?no port}
origin=${3:?no port of the origin}

PATH=$PATH:/usr/sbin
dir=$(mktemp -d)
# The proxies give root away and then have to get at their files.
chmod 777 "$dir"
off=
fill() { # template, what else sed does…
    sed "${@:2}" -e "s|@PORT@|$port|g" -e "s|@ORIGIN@|$origin|g" -e "s|@DIR@|$dir|g" "$1" >"$dir/$1"
}

case $name in
*-off) off=yes ;;
esac
case $name in
nginx-*)
    name=${name%-off}
    fill "$name.conf" -e "s|@OFF@|${off:+gzip off;}|"
    set -- nginx -p "$dir" -c "$dir/$name.conf"
    ;;
apache | apache-*)
    fill apache.conf
    set -- apache2 -d "$dir" -f "$dir/apache.conf" -DFOREGROUND "-D$name"
    ;;
haproxy | haproxy-off)
    fill haproxy.cfg ${off:+-e /compression/d}
    set -- haproxy -db -f "$dir/haproxy.cfg"
    ;;
lighttpd | lighttpd-off)
    fill lighttpd.conf -e "s|@OFF@|${off:+\$HTTP[\"url\"] =~ \"^/\" { deflate.mimetypes = () \}}|"
    set -- lighttpd -D -f "$dir/lighttpd.conf"
    ;;
caddy | caddy-off)
    encoded=/*
    [ -z "$off" ] || encoded=/nothing/*
    fill caddy.json -e "s|@ENCODED@|$encoded|"
    # It writes its state below the home directory otherwise.
    set -- env "HOME=$dir" "XDG_CONFIG_HOME=$dir" "XDG_DATA_HOME=$dir" caddy run --config "$dir/caddy.json"
    ;;
varnish | varnish-off)
    fill varnish.vcl ${off:+-e /do_gzip/d}
    set -- varnishd -F -j none -a "127.0.0.1:$port" -f "$dir/varnish.vcl" -n "$dir/work" -s malloc,16m \
        ${off:+-p http_gzip_support=off}
    ;;
squid)
    fill squid.conf
    set -- squid -N -f "$dir/squid.conf"
    ;;
*)
    echo "run.sh: there is no $name here" >&2
    exit 2
    ;;
esac

"$@" >"$dir/log" 2>&1 &
proxy=$!
stop() {
    kill "$proxy" 2>/dev/null || true
    wait "$proxy" || true
    rm -rf "$dir"
}
trap stop EXIT

until (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    if ! kill -0 "$proxy" 2>/dev/null; then
        echo "run.sh: $name did not start" >&2
        cat "$dir"/*log >&2
        exit 1
    fi
    sleep 0.05
done
echo ready
cat >/dev/null
