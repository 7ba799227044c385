#!/usr/bin/env bash
# A real one-node Slurm (munged + slurmctld + slurmd) without systemd, root or not, for tests.
#
#   eval "$(bash up.sh)"     # starts it, or finds it running; sets SLURM_CONF and PATH
#   sinfo; sbatch --wrap 'hostname'
#   bash down.sh             # ends exactly what this started
#
# Only `export ...` lines go to standard output; everything else to standard error.
# Settings (environment):
#   SLURM_TEST_DIR   state folder      (default: ${TMPDIR:-/tmp}/slurm-test-<uid>; keep it short: it holds a socket)
#   SLURM_TEST_CPUS  CPUs of the node  (default: 4; may exceed the real number)
#   SLURM_TEST_MEM   MiB of the node   (default: 16000; may exceed the real number)
#   SLURM_TEST_GPUS  pretended GPUs    (default: 1, at most 6; no driver is asked)
#   SLURM_TEST_PORT  first port        (default: 26817; the next free pair is taken)
set -euo pipefail

dir=${SLURM_TEST_DIR:-${TMPDIR:-/tmp}/slurm-test-$(id -u)}
cpus=${SLURM_TEST_CPUS:-4}
mem=${SLURM_TEST_MEM:-16000}
gpus=${SLURM_TEST_GPUS:-1}
port=${SLURM_TEST_PORT:-26817}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PATH=$PATH:/usr/sbin:/sbin
export SLURM_CONF=$dir/etc/slurm.conf

say() { echo "slurm up: $*" >&2; }
die() { say "$*"; tail -n 15 "$dir"/log/*.log >&2 2>/dev/null || true; exit 1; }
# The process in a pid file is alive and is ours (its command line names our folder).
ours() { local pid; pid=$(cat "$dir/run/$1.pid" 2>/dev/null) && [ -n "$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$dir/"; }
idle() { [ "$(timeout 10 sinfo -h -o %T 2>/dev/null | sort -u)" = idle ]; }
usable() { timeout 10 sinfo -h -o %T 2>/dev/null | grep -qE '^(idle|mixed|allocated)$'; }
busy() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
start() { # start NAME COMMAND...: its own session, no standard input, its pid kept
    local name=$1; shift
    setsid "$@" </dev/null >>"$dir/log/$name.out" 2>&1 9>&- &
    echo $! >"$dir/run/$name.pid"
}

if ! command -v slurmctld slurmd munged sbatch >/dev/null; then
    [ "$(id -u)" = 0 ] || die "install slurm-wlm and munge first (apt-get install slurm-wlm munge)"
    say "installing slurm-wlm and munge"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends slurm-wlm munge; } >&2
fi

mkdir -p "$dir"/{bin,etc,run,log,ctld,slurmd}
chmod 755 "$dir" "$dir"/{bin,etc,run,log,ctld,slurmd}
exec 9>"$dir/lock"
flock -w 120 9 || die "another up.sh is at work"

if ours munged && ours slurmctld && ours slurmd && usable; then
    say "already running"
else
    [ -e "$dir/run/slurmctld.pid" ] && SLURM_TEST_DIR=$dir SLURM_TEST_KEEP=1 SLURM_TEST_LOCKED=1 bash "$here/down.sh" 9>&-
    rm -rf "$dir"/{ctld,slurmd,log,run}/*
    while busy "$port" || busy "$((port + 1))"; do port=$((port + 2)); done

    host=$(hostname -s)
    user=$(id -un)
    [ -s "$dir/etc/munge.key" ] || (umask 077; head -c 1024 /dev/urandom >"$dir/etc/munge.key")
    devices=(/dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty)
    ((gpus <= ${#devices[@]})) || die "at most ${#devices[@]} pretended GPUs"
    gres_node=; gres_types=; : >"$dir/etc/gres.conf"
    if ((gpus > 0)); then # a gres File must be a character device; nothing is ever sent to it
        gres_types="GresTypes=gpu"; gres_node="Gres=gpu:$gpus"
        for device in "${devices[@]:0:gpus}"; do echo "NodeName=$host Name=gpu File=$device"; done >"$dir/etc/gres.conf"
    fi
    cat >"$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
SlurmctldPort=$port
SlurmdPort=$((port + 1))
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
AuthInfo=socket=$dir/run/munge.socket
CredType=cred/munge
StateSaveLocation=$dir/ctld
SlurmdSpoolDir=$dir/slurmd
SlurmctldPidFile=$dir/run/slurmctld.own
SlurmdPidFile=$dir/run/slurmd.own
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.log
PlugStackConfig=/dev/null
MailProg=/bin/true
MpiDefault=none
# no cgroups: they are absent or read-only in most containers and small machines
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=0,bf_interval=1,batch_sched_delay=0
MinJobAge=600
KillWait=2
ReturnToService=2
SlurmdParameters=config_overrides
$gres_types
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$mem $gres_node State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE DefMemPerCPU=500 State=UP
CONF

    # Snakemake's Slurm job step drops every SLURM_* variable, SLURM_CONF too, before it calls srun: put it back.
    printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$SLURM_CONF" "$(PATH=${PATH//$dir\/bin:/} command -v srun)" >"$dir/bin/srun"
    chmod 755 "$dir/bin/srun"

    start munged munged --foreground --force --num-threads=2 --key-file="$dir/etc/munge.key" --socket="$dir/run/munge.socket" \
        --pid-file="$dir/run/munged.own" --seed-file="$dir/run/munge.seed" --log-file="$dir/log/munged.log"
    for _ in {1..100}; do munge --socket="$dir/run/munge.socket" -n >/dev/null 2>&1 && break; sleep 0.1; done
    munge --socket="$dir/run/munge.socket" -n >/dev/null || die "munged does not answer"
    start slurmctld slurmctld -D -c -f "$SLURM_CONF"
    start slurmd slurmd -D -c -N "$host" -f "$SLURM_CONF"
    for _ in {1..150}; do idle && break; sleep 0.2; done
    idle || die "the node is not idle after 30 s"
    say "up: $(sinfo -h -o '%P %D node, %c CPUs, %m MiB, %G, %T')"
fi
echo "export SLURM_CONF=$SLURM_CONF"
echo "export SLURM_TEST_DIR=$dir"
case ":$PATH:" in *":$dir/bin:"*) ;; *) echo "export PATH=$dir/bin:\$PATH" ;; esac
