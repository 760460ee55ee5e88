#!/usr/bin/env bash
# Errors of the elementwise operators of one operand over float32, values and derivatives, in units of the last place.
#
#   scripts/accuracy.sh                every 4,099th float: a minute
#   scripts/accuracy.sh --step N       every Nth
#   scripts/accuracy.sh --all          all 2^32: days
#   BUILD=build/native scripts/accuracy.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${BUILD:-build/release}
step=4099
while (($#)); do
  case $1 in
    --all) step=1 ;;
    --step) step=${2:?--step takes a number} && shift ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" && exit 2 ;;
  esac
  shift
done
[[ $step =~ ^[1-9][0-9]*$ ]] || { echo "--step must be a whole number above 0, but it is $step." >&2; exit 2; }

[[ -f $build/CMakeCache.txt ]] || cmake --preset release >/dev/null
cmake --build "$build" --target xgrad_tests_accuracy >/dev/null
XGRAD_ACCURACY_STEP=$step "$build/xgrad_tests_accuracy" "[accuracy]"
