#!/usr/bin/env bash
# Ends the cluster that up.sh started, by the processes that it remembered, and removes its state.
set -uo pipefail
. "$(dirname "$0")/env.sh"
if pid=$(alive door); then kill "$pid" $(pgrep -P "$pid") 2>/dev/null; fi
if pid=$(alive node); then
	kill -KILL $(pgrep -P "$pid") 2>/dev/null # the first process of the namespaces; the kernel ends the others with it
	for _ in $(seq 100); do
		alive node >/dev/null || break
		sleep 0.1
	done
	pid=$(alive node) && kill -KILL "$pid"
fi
if [ -r "$run/cgroups" ]; then # they outlive their processes
	for _ in 1 2 3 4 5; do
		left=0
		while IFS=: read -r controllers path; do
			dir=/sys/fs/cgroup/${controllers#name=}$path
			case $path in */"$group") ;; *) continue ;; esac
			[ ! -d "$dir" ] || { find "$dir" -depth -type d -exec rmdir {} \; 2>/dev/null; [ ! -d "$dir" ] || left=1; }
		done <"$run/cgroups"
		[ $left = 0 ] && break
		sleep 0.3
	done
fi
if grep -q " $run/" /proc/self/mountinfo; then die "file systems are mounted below $run: its state is kept"; fi
rm -rf --one-file-system "$run"
say "is down"
