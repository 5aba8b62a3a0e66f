#!/bin/bash
# The first process in the cluster's namespaces: everything else is its child, and ends with it.
set -u
. "$(dirname "$0")/env.sh"
export PATH=$bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
pki=$run/pki

mount --make-rshared / || die "mounts"
mount -t sysfs sysfs /sys || die "/sys"
mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup || die "cgroup"
while IFS=: read -r _ controllers _; do
	[ -n "$controllers" ] || continue
	at=/sys/fs/cgroup/${controllers#name=} options=$controllers
	mkdir -p "$at"
	case $controllers in name=*) options=none,$controllers ;; esac
	mount -t cgroup -o "$options" cgroup "$at" || die "cgroup $controllers"
	case $controllers in *,*) for c in ${controllers//,/ }; do ln -s "$at" "/sys/fs/cgroup/$c"; done ;; esac
	mkdir -p "$at/$group"
	[ ! -e "$at/cpuset.cpus" ] || for f in cpus mems; do cat "$at/cpuset.$f" >"$at/$group/cpuset.$f"; done
done </proc/self/cgroup
for d in /run /var/lib /var/log; do mount -t tmpfs -o mode=755 tmpfs $d || die "$d"; done
mkdir -p /run/netns /run/lock /run/sysctl /var/lib/kubelet /var/lib/cni
mount --bind "$run/kubelet" /var/lib/kubelet && mount --make-rshared /var/lib/kubelet
# The kubelet would set these for the whole machine. In here it sees the values that it wants.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
	name=${setting%=*} value=${setting#*=}
	[ "$(cat /proc/sys/$name)" = "$value" ] && continue
	echo "$value" >"/run/sysctl/${name//\//.}" && mount --bind "/run/sysctl/${name//\//.}" "/proc/sys/$name"
done
ip link set lo up
ip link add pods type bridge && ip address add "$node_ip/16" dev pods && ip link set pods up && ip route add default dev pods || die "network"
echo 1 >/proc/sys/net/ipv4/ip_forward

part() { # name command...: started again when it ends
	local name=$1
	shift
	(while :; do
		"$@" >>"$run/log/$name.log" 2>&1
		sleep 1
	done) &
}
rm -f "$run"/*.sock
part etcd etcd --name e2e --data-dir "$run/etcd" --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 --unsafe-no-fsync --log-level warn
part containerd containerd --config "$run/containerd.toml"
part api kube-apiserver --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 --advertise-address="$node_ip" \
	--tls-cert-file="$pki/api.crt" --tls-private-key-file="$pki/api.key" --client-ca-file="$pki/ca.crt" \
	--service-account-issuer=https://kubernetes.default.svc.cluster.local --service-account-key-file="$pki/accounts.pub" \
	--service-account-signing-key-file="$pki/accounts.key" --service-cluster-ip-range="$services" --authorization-mode=Node,RBAC \
	--enable-admission-plugins=NodeRestriction --kubelet-client-certificate="$pki/api-client.crt" \
	--kubelet-client-key="$pki/api-client.key" --kubelet-certificate-authority="$pki/ca.crt" --kubelet-preferred-address-types=InternalIP
part door socat "UNIX-LISTEN:$run/api.sock,fork,mode=600,unlink-early" TCP:127.0.0.1:6443
for _ in $(seq 600); do
	curl -sf --cacert "$pki/ca.crt" --cert "$pki/api-client.crt" --key "$pki/api-client.key" https://127.0.0.1:6443/readyz >/dev/null && break
	sleep 0.2
done
part controllers kube-controller-manager --kubeconfig="$run/controllers.kubeconfig" --bind-address=127.0.0.1 --leader-elect=false \
	--use-service-account-credentials=true --root-ca-file="$pki/ca.crt" --service-account-private-key-file="$pki/accounts.key"
part scheduler kube-scheduler --kubeconfig="$run/scheduler.kubeconfig" --bind-address=127.0.0.1 --leader-elect=false
part kubelet kubelet --config="$run/kubelet.yaml" --kubeconfig="$run/kubelet.kubeconfig" --root-dir=/var/lib/kubelet --hostname-override="$node" --node-ip="$node_ip"
part proxy kube-proxy --config="$run/proxy.yaml"
part dns coredns -conf "$run/Corefile"
trap 'exit 0' TERM INT
while :; do
	wait
	sleep 1
done
