#!/bin/sh
# Every test but those of the long matrices, of which it takes one case each (`make battery` takes all).
# Unit tests first: they need no JVM. Then all others, file by file on two workers, each with a Spark session of its own.
set -u
status=0
some="not battery"
started=$(date +%s)
# With strace a test sees every file the embed job opens. Root gets it; for others that part of the test stays out.
if ! command -v strace >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update -qq && apt-get install -qq -y strace; } >/dev/null 2>&1 || echo "no strace: going on without"
fi
echo "== unit"
pytest tests/unit -m "$some" -n 2 || status=1
# Airflow reads its settings when it is imported, so its tests have a process of their own, beside the others.
beside=$(mktemp)
pytest tests/dags >"$beside" 2>&1 &
other=$!
echo "== integration, spark, media, acceptance"
# In the order they are named: the long ones first, so that both workers end together.
pytest tests/integration tests/spark tests/media tests/acceptance -m "$some" -n 2 --dist loadfile --no-loadscope-reorder || status=1
wait "$other" || status=1
echo "== dags"
cat "$beside"
rm -f "$beside"
echo "== all tests: $(($(date +%s) - started)) s, exit $status"
exit $status
