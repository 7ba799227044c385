#!/usr/bin/env bash
# Makes the scores of the finished study here once more through a real Slurm, and compares every byte.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if ! up=$(bash "$here/tests/slurm/up.sh" 2>slurm.log); then
    echo "skipped: no Slurm here ($(grep 'slurm up:' slurm.log | tail -n 1))"
    exit 0
fi
eval "$up"
trap 'bash "$here/tests/slurm/down.sh"' EXIT
rm slurm.log
before=$(mktemp -d)
mv results/scores "$before/"
"$here/run" snakemake -s "$here/Snakefile" --workflow-profile "$here/profiles/slurm" \
    --slurm-init-seconds-before-status-checks 2 --latency-wait 5 scores
diff -r --exclude='*.json' "$before/scores" results/scores
echo "the same bytes in $(find results/scores -name '*.csv' | wc -l) tables of scores"
