#!/bin/sh
# Unit tests side by side, then those with a JVM one after another: two sessions at once would be short of memory.
set -u
status=0
started=$(date +%s)
# With strace a test sees every file the embed job opens. Root gets it; for others that part of the test stays out.
if ! command -v strace >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update -qq && apt-get install -qq -y strace; } >/dev/null 2>&1 || echo "no strace: going on without"
fi
echo "== unit"
pytest tests/unit -n 2 || status=1
for kind in spark dags integration acceptance; do
    [ -n "$(find "tests/$kind" -name 'test_*.py' 2>/dev/null)" ] || continue
    echo "== $kind"
    pytest "tests/$kind" || status=1
done
echo "== all tests: $(($(date +%s) - started)) s, exit $status"
exit $status
