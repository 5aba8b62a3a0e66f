#!/bin/sh
# unpack.sh PROGRAM PACKAGE... unpacks Debian packages into the cache of the end-to-end tests if PROGRAM is not there yet.
# With DEPENDS=1 come the packages that they depend on and that this machine lacks.
# syslog-ng and rsyslog exclude each other, and installing either may take away the system's own: so neither is installed.
# Needs apt-get and dpkg-deb, no root.
set -eu

dir=${E2E_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rtcship-e2e}/debian
program=$1
shift
[ -e "$dir/$program" ] && exit 0

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
	echo "e2e: $program needs apt-get and dpkg-deb, to unpack the Debian packages $*" >&2
	exit 1
fi
[ "$(id -u)" != 0 ] || apt-get -qq update
[ -z "${DEPENDS:-}" ] || set -- $(apt-get install --simulate --no-install-recommends "$@" | awk '/^Inst/ { print $2 }')
mkdir -p "$dir"
if [ $# = 0 ]; then # the machine has it, and all that it depends on
	mkdir -p "$(dirname "$dir/$program")"
	exec ln -s "/$program" "$dir/$program"
fi
tmp=$(mktemp -d "$dir/tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
chmod 755 "$tmp" # apt-get downloads as a user of its own
echo "e2e: $program is missing, unpacking into $dir: $*"
(cd "$tmp" && apt-get -qq -o APT::Sandbox::User=root download "$@")
for deb in "$tmp"/*.deb; do
	dpkg-deb --extract "$deb" "$dir"
done
[ -e "$dir/$program" ] || { echo "e2e: $program is in none of $*" >&2; exit 1; }
