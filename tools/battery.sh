#!/bin/sh
# `tools/battery.sh [SHARE [SEED]]`: the long matrices, or a share of them that the seed draws. Goes on where it was cut off.
set -eu
share=${1:-1}
seed=${2:-1}
export HABEAS_EXAMPLES=all
pytest tests/unit tests/integration tests/spark tests/media tests/acceptance \
    --battery "$share" --battery-seed "$seed" -n 2 --dist loadfile || [ $? = 5 ] # 5: nothing is left to run
