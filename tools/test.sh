#!/bin/sh
# Unit tests first. Then whole runs, and beside them what needs the other core: Spark's own tests, the DAG folder, the pack.
set -u
status=0
started=$(date +%s)
# With strace a test sees every file the embed job opens. Root gets it; for others that part of the test stays out.
if ! command -v strace >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update -qq && apt-get install -qq -y strace; } >/dev/null 2>&1 || echo "no strace: going on without"
fi
echo "== unit"
pytest tests/unit -n 2 || status=1
beside=$(mktemp)
(
    failed=0
    for kind in spark dags acceptance; do
        echo "== $kind"
        pytest "tests/$kind" || failed=1
    done
    exit $failed
) >"$beside" 2>&1 &
other=$!
echo "== integration"
pytest tests/integration || status=1
wait "$other" || status=1
cat "$beside"
rm -f "$beside"
echo "== all tests: $(($(date +%s) - started)) s, exit $status"
exit $status
