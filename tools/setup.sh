#!/bin/sh
# Everything `make demo` and `make test` need: Python, Java, .venv, Spark's jars. Fast when nothing changed.
set -eu
cd "$(dirname "$0")/.."

key="$(cat requirements.lock pyproject.toml jobs/jars.lock tools/setup.py | cksum) $PWD"
if [ "$(cat .venv/.ready 2>/dev/null || true)" = "$key" ] && [ -x .venv/bin/python ] \
    && ls .jars/*.jar >/dev/null 2>&1 && { [ -n "${JAVA_HOME:-}" ] || command -v java >/dev/null; }; then
    exit 0
fi

# 3.11 first: the one the tests run on. A version manager may have a shim that only says it has none: ask each.
for candidate in "${HABEAS_PYTHON:-}" python3.11 python3.12 python3 python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' \
        >/dev/null 2>&1; then
        exec "$candidate" tools/setup.py "$key"
    fi
done

cat >&2 <<'HELP'
habeas needs Python 3.11 or 3.12 with its venv module, and found none. How to get one:
  Debian 12, Ubuntu 24.04   sudo apt-get install python3 python3-venv
  Fedora                    sudo dnf install python3.12
  macOS                     brew install python@3.12
  anywhere, with uv         uv python install 3.12
Then run make again, or name it: HABEAS_PYTHON=/path/to/python3.12 make
HELP
exit 1
