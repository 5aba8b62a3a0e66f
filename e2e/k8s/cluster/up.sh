#!/usr/bin/env bash
# Starts a Kubernetes of one node in namespaces of its own (mounts, processes, network, cgroups): etcd, API server, controllers,
# scheduler, kubelet, kube-proxy, CoreDNS, containerd. About ten seconds. Needs root; changes nothing outside. A second call finds
# it running. down.sh ends it.
set -euo pipefail
. "$(dirname "$0")/env.sh"
here=$(cd "$(dirname "$0")" && pwd)
[ "$(id -u)" = 0 ] || die "root is needed; or set KUBECONFIG to a cluster of your own"
case $run/ in /run/* | /var/lib/* | /var/log/*) die "E2E_CACHE lies where the cluster puts file systems of its own: $run" ;; esac
grep -q '^[1-9][0-9]*:.*memory' /proc/self/cgroup || die "written for a machine with cgroup v1; set KUBECONFIG to a cluster of your own"
bash "$here/build.sh"

kc="$bin/kubectl --kubeconfig $run/kubeconfig --request-timeout=5s"
if alive node >/dev/null && alive door >/dev/null && $kc get --raw "/api/v1/nodes/$node/proxy/healthz" >/dev/null 2>&1; then
	say "runs already"
	exit 0
fi
[ ! -e "$run/node.pid" ] || bash "$here/down.sh"
mkdir -p "$run"/{pki,log,cni,containerd,kubelet,etcd}
chmod 700 "$run"

pki=$run/pki
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$pki/$1.key"; }
key ca
openssl req -x509 -new -key "$pki/ca.key" -days 30 -subj /CN=e2e -out "$pki/ca.crt" -addext basicConstraints=critical,CA:TRUE
issue() { # name subject usage [names]
	key "$1"
	printf 'extendedKeyUsage=%s\n%s\n' "$3" "${4:+subjectAltName=$4}" >"$pki/$1.ext"
	openssl req -new -key "$pki/$1.key" -subj "$2" | openssl x509 -req -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial \
		-days 30 -extfile "$pki/$1.ext" -out "$pki/$1.crt" 2>/dev/null
}
issue api /CN=kube-apiserver serverAuth "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:$node_ip,IP:$api_ip"
issue api-client /O=system:masters/CN=api clientAuth
issue kubelet-server "/O=system:nodes/CN=system:node:$node" serverAuth "DNS:$node,IP:$node_ip"
openssl genrsa -out "$pki/accounts.key" 2048 2>/dev/null
openssl rsa -in "$pki/accounts.key" -pubout -out "$pki/accounts.pub" 2>/dev/null
account() { # file subject port
	issue "$1" "$2" clientAuth
	cat >"$run/$1.kubeconfig" <<Y
apiVersion: v1
kind: Config
clusters: [{name: e2e, cluster: {server: "https://127.0.0.1:$3", certificate-authority: "$pki/ca.crt"}}]
users: [{name: e2e, user: {client-certificate: "$pki/$1.crt", client-key: "$pki/$1.key"}}]
contexts: [{name: e2e, context: {cluster: e2e, user: e2e}}]
current-context: e2e
Y
}
account kubelet "/O=system:nodes/CN=system:node:$node" 6443
account controllers /CN=system:kube-controller-manager 6443
account scheduler /CN=system:kube-scheduler 6443
account proxy /CN=system:kube-proxy 6443
account dns /O=system:masters/CN=dns 6443
account admin /O=system:masters/CN=admin "$port"
mv "$run/admin.kubeconfig" "$run/kubeconfig"

: >"$run/resolv.conf"
cat >"$run/kubelet.yaml" <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $node_ip
failCgroupV1: false # refused from 1.35 on otherwise
cgroupDriver: cgroupfs
cgroupRoot: /$group
failSwapOn: false
containerRuntimeEndpoint: unix://$run/containerd.sock
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $pki/ca.crt}}
tlsCertFile: $pki/kubelet-server.crt
tlsPrivateKeyFile: $pki/kubelet-server.key
clusterDomain: cluster.local
clusterDNS: [$node_ip]
resolvConf: $run/resolv.conf
oomScoreAdj: 0 # a lower one may need a capability that is not there
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}
makeIPTablesUtilChains: false
Y
cat >"$run/proxy.yaml" <<Y
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
hostnameOverride: $node
clusterCIDR: $pods
clientConnection: {kubeconfig: $run/proxy.kubeconfig}
conntrack: {maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
Y
cat >"$run/Corefile" <<Y
.:53 {
	bind $node_ip
	errors
	kubernetes cluster.local {
		kubeconfig $run/dns.kubeconfig e2e
	}
}
Y
cat >"$run/containerd.toml" <<Y
version = 3
root = "$run/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri"]
[grpc]
  address = "$run/containerd.sock"
[ttrpc]
  address = "/run/containerd/ttrpc.sock"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "localhost/pause:e2e"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = "$run/cni"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
    BinaryName = "$bin/runc"
Y
cat >"$run/cni/pods.conflist" <<Y
{"cniVersion": "1.0.0", "name": "e2e", "plugins": [{"type": "bridge", "bridge": "pods", "isGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "$pods", "gateway": "$node_ip"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
Y

grep '^[1-9]' /proc/self/cgroup | sed "s#^[0-9]*:##; s#/*\$#/$group#" >"$run/cgroups" # for down.sh
setsid unshare --mount --propagation private --pid --fork --mount-proc --cgroup --net --kill-child=SIGKILL \
	env E2E_CACHE="$(dirname "$cache")" E2E_K8S_PORT="$port" bash "$here/node.sh" >"$run/log/node.log" 2>&1 </dev/null 9>&- &
remember node $!
until [ -S "$run/api.sock" ]; do
	alive node >/dev/null || die "the node did not start: $(tail -3 "$run/log/node.log")"
	sleep 0.1
done
setsid socat "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" "UNIX-CONNECT:$run/api.sock" >"$run/log/door.log" 2>&1 </dev/null &
remember door $!

patient() { # seconds what command...
	local until=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		alive node >/dev/null || die "the node ended: $(tail -3 "$run/log/node.log")"
		[ $SECONDS -lt $until ] || die "waited too long for $what; see $run/log"
		sleep 0.3
	done
}
patient 120 "the API server" $kc get --raw /readyz
patient 60 "containerd" "$bin/k8s-load" "$cache/pause.tar"
$kc create clusterrolebinding e2e-proxy --clusterrole=system:node-proxier --user=system:kube-proxy >/dev/null 2>&1 || true
patient 120 "the kubelet" $kc get --raw "/api/v1/nodes/$node/proxy/healthz"
patient 120 "the node" $kc wait --for=condition=Ready "node/$node" --timeout=3s
patient 60 "service accounts" $kc -n default get serviceaccount default
say "Kubernetes $kubernetes runs: export KUBECONFIG=$run/kubeconfig PATH=$bin:\$PATH"
