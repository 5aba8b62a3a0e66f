#!/bin/sh
# install.sh PROGRAM=PACKAGE... installs, on Debian and its kin, the packages whose program is missing, and says so.
# It needs root for that and nothing when all is there.
set -eu

missing=
for pair in "$@"; do
	program=${pair%%=*} package=${pair#*=}
	if PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null; then
		continue
	fi
	echo "e2e: $program is missing, to be installed: package $package"
	missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "e2e: no apt-get here: install by hand what gives you these programs: $*" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "e2e: not root: run 'sudo apt-get install --no-install-recommends$missing' and try again" >&2
	exit 1
fi

# A package that is a daemon would start it; the tests start their own, on ports of their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# shellcheck disable=SC2086 # one word for each package is meant
apt-get -qq install --yes --no-install-recommends $missing
