# Versions and places; read by the other scripts.
kubernetes=1.36.3 etcd=3.6.16 containerd=2.4.2 runc=1.4.3 coredns=1.14.2 helm=3.22.0 helm4=4.3.1

cache=${E2E_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rtcship-e2e}/k8s
bin=$cache/bin                       # finished programs, each with a stamp program@version
run=$cache/run                       # the state of the running cluster
port=${E2E_K8S_PORT:-6450}           # of the API server, on 127.0.0.1: the only listener outside of the namespaces
group=rtcship-e2e-$port              # cgroup
node=e2e node_ip=10.89.0.1 pods=10.89.0.0/16 services=10.97.0.0/16 api_ip=10.97.0.1

say() { echo "k8s: $*" >&2; }
die() { say "$*"; exit 1; }

# A process is known by its id and the time that it started at, so that a reused id is never taken for it.
started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
remember() { echo "$2 $(started "$2")" >"$run/$1.pid"; }
alive() { # prints the id
	local pid at
	[ -r "$run/$1.pid" ] || return 1
	read -r pid at <"$run/$1.pid"
	[ -n "$at" ] && [ "$(started "$pid")" = "$at" ] && echo "$pid"
}
