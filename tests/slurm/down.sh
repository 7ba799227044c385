#!/usr/bin/env bash
# Ends the Slurm that up.sh started: cancels its jobs, then ends its three daemons by the pids it kept,
# each only after checking that the process is still that daemon. Removes the state folder unless SLURM_TEST_KEEP=1.
set -uo pipefail

dir=${SLURM_TEST_DIR:-${TMPDIR:-/tmp}/slurm-test-$(id -u)}
export SLURM_CONF=$dir/etc/slurm.conf
[ -d "$dir/run" ] || { echo "slurm down: nothing at $dir" >&2; exit 0; }
if [ -z "${SLURM_TEST_LOCKED:-}" ]; then exec 9>"$dir/lock"; flock -w 120 9; fi

alive() { [ -n "$1" ] && tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -qF -- "$dir/"; }
ctld=$(cat "$dir/run/slurmctld.pid" 2>/dev/null)
if alive "$ctld"; then
    timeout 10 squeue -h -o %A 2>/dev/null | xargs -r timeout 10 scancel 2>/dev/null
    for _ in {1..50}; do [ -z "$(timeout 10 squeue -h 2>/dev/null)" ] && break; sleep 0.2; done
fi
for name in slurmd slurmctld munged; do
    pid=$(cat "$dir/run/$name.pid" 2>/dev/null)
    alive "$pid" || continue
    kill "$pid" 2>/dev/null
    for _ in {1..50}; do alive "$pid" || break; sleep 0.1; done
    alive "$pid" && kill -9 "$pid" 2>/dev/null
done
rm -f "$dir"/run/*.pid
[ -n "${SLURM_TEST_KEEP:-}" ] || rm -rf "$dir"
echo "slurm down: down" >&2
