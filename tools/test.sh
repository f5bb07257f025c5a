#!/bin/sh
# Unit tests side by side, then those with a JVM one after another: two sessions at once would be short of memory.
set -u
status=0
started=$(date +%s)
echo "== unit"
pytest tests/unit -n 2 || status=1
for kind in spark dags integration acceptance; do
    [ -n "$(find "tests/$kind" -name 'test_*.py' 2>/dev/null)" ] || continue
    echo "== $kind"
    pytest "tests/$kind" || status=1
done
echo "== all tests: $(($(date +%s) - started)) s, exit $status"
exit $status
