#!/usr/bin/env bash
# Builds everything that the cluster consists of from source, through the Go module proxy, into the cache: ten to twenty minutes
# the first time, nothing after that. There is no registry and no download of binaries. Debian packages bring the rest.
# build.sh helm builds Helm 3 and 4 only.
set -euo pipefail
. "$(dirname "$0")/env.sh"
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$bin" "$cache/src"
exec 9>"$cache/build.lock" && flock 9
export GOFLAGS="-buildvcs=false -p=2" CGO_ENABLED=0

packages=()
[ "${1:-}" = helm ] || [ -x /usr/lib/cni/bridge ] || packages+=(containernetworking-plugins)
for program in socat:socat nft:nftables jq:jq openssl:openssl ip:iproute2 curl:curl gcc:gcc pkg-config:pkg-config; do
	[ "${1:-}" != helm ] || break
	command -v "${program%:*}" >/dev/null || packages+=("${program#*:}")
done
[ "${1:-}" = helm ] || [ -e /usr/include/seccomp.h ] || packages+=(libseccomp-dev)
if [ ${#packages[@]} -gt 0 ]; then
	say "installing ${packages[*]}"
	apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "${packages[@]}" >/dev/null
fi

missing() { [ ! -e "$bin/$1@$2" ] && say "building $1 $2"; }
finished() { rm -f "$bin/$1@"*; touch "$bin/$1@$2"; }

# scratch MODULE LINES makes a module in which to build a program that `go install` refuses.
scratch() {
	mkdir -p "$cache/src/$1"
	printf 'module e2e/%s\n\ngo 1.26.0\n\n%s\n' "$1" "$2" >"$cache/src/$1/go.mod"
	cd "$cache/src/$1"
}
installed() { # program version package tags ldflags
	missing "$1" "$2" || return 0
	GOBIN=$cache/src/bin nice go install -trimpath -tags "$4" -ldflags "-s -w $5" "$3@v$2"
	mv "$cache/src/bin/$(basename "$3")" "$bin/$1"
	finished "$1" "$2"
}

# Helm comes first: it is what most people want. It takes the version of Kubernetes that `helm template` assumes from the linker.
k=helm.sh/helm/v3/pkg minor=$(cut -d. -f2 <<<"$kubernetes")
installed helm "$helm" helm.sh/helm/v3/cmd/helm '' "-X $k/chartutil.k8sVersionMajor=1 -X $k/chartutil.k8sVersionMinor=$minor -X $k/lint/rules.k8sVersionMajor=1 -X $k/lint/rules.k8sVersionMinor=$minor"
installed helm4 "$helm4" helm.sh/helm/v4/cmd/helm '' ''
[ "${1:-}" != helm ] || exit 0

for program in kubelet kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubectl; do
	missing $program "$kubernetes" || continue
	# The staging modules are required at v0.0.0 and replaced by folders that are not in the module: point them at what was published.
	scratch kubernetes "require k8s.io/kubernetes v$kubernetes"
	source=$(go mod download -json "k8s.io/kubernetes@v$kubernetes" | jq -r .Dir)
	sed -n "s#^\s*\(k8s.io/[a-z0-9-]*\) => \./staging.*#replace \1 => \1 v0.${kubernetes#1.}#p" "$source/go.mod" >>go.mod
	flags="-s -w"
	for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
		flags+=" -X $p.gitVersion=v$kubernetes -X $p.gitMajor=1 -X $p.gitMinor=$minor"
	done
	nice go build -mod=mod -trimpath -ldflags "$flags" -o "$bin/$program" "k8s.io/kubernetes/cmd/$program"
	finished $program "$kubernetes"
done
if missing etcd "$etcd"; then
	scratch etcd "require go.etcd.io/etcd/server/v3 v$etcd"
	nice go build -mod=mod -trimpath -ldflags '-s -w' -o "$bin/etcd" go.etcd.io/etcd/server/v3
	finished etcd "$etcd"
fi
for program in containerd containerd-shim-runc-v2 ctr; do
	installed $program "$containerd" github.com/containerd/containerd/v2/cmd/$program 'no_btrfs no_zfs no_devmapper' ''
done
if missing runc "$runc"; then
	CGO_ENABLED=1 GOBIN=$bin nice go install -trimpath -tags 'seccomp netgo osusergo' -ldflags '-s -w -extldflags -static' "github.com/opencontainers/runc@v$runc"
	finished runc "$runc"
fi
if missing coredns "$coredns"; then
	scratch coredns "require github.com/coredns/coredns v$coredns"
	cat >main.go <<'GO'
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
)

func main() {
	dnsserver.Directives = []string{"bind", "errors", "kubernetes"}
	coremain.Run()
}
GO
	nice go build -mod=mod -trimpath -ldflags '-s -w' -o "$bin/coredns" .
	finished coredns "$coredns"
fi
(cd "$here/.." && go build -trimpath -o "$bin/pause" ./pause && "$bin/pause" -image "$cache/pause.tar")
cat >"$bin/k8s-load" <<SH
#!/bin/sh
# k8s-load ARCHIVE: an image into the cluster's containerd
exec "$bin/ctr" -a "$run/containerd.sock" -n k8s.io images import --local "\$@"
SH
chmod 755 "$bin/k8s-load"
