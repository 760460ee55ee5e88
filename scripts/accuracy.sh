#!/usr/bin/env bash
# Errors of the elementwise operators of one operand, value and derivative, in units of the last place: float32 over all
# 2^32 numbers, float64 against MPFR. The operators are those of tests/op_table. What is found is kept in a folder, so that a
# run that was stopped goes on where it was; about a minute an operator, and two for MPFR.
#
#   scripts/accuracy.sh                     every 4,099th float, no MPFR: a minute for all; prints what it finds
#   scripts/accuracy.sh --all               all floats, then docs/accuracy.md is written
#   scripts/accuracy.sh --all --only gelu   one row of the table
#   scripts/accuracy.sh --table             writes docs/accuracy.md from what has been found so far
#   BUILD=build/native FOLDER=/tmp/sweep scripts/accuracy.sh --all
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${BUILD:-build/release}
folder=${FOLDER:-$build/accuracy}
mode=sample only=
while (($#)); do
  case $1 in
    --all) mode=all ;;
    --table) mode=table ;;
    --only) only=${2:?--only takes the name of a row} && shift ;;
    *) sed -n '2,12p' "$0" | sed 's/^# \{0,1\}//' && exit 2 ;;
  esac
  shift
done

[[ -f $build/CMakeCache.txt ]] || cmake --preset release >/dev/null
[[ -n ${NO_BUILD-} ]] || cmake --build "$build" --target xgrad_tests_accuracy >/dev/null
program=$build/xgrad_tests_accuracy
sweep() { "$program" "a whole sweep of one operator" | grep -Ev '^(Filters|=|All tests|$)' || true; }

if [[ $mode == sample ]]; then
  folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
  export XGRAD_ACCURACY_STEP=4099 XGRAD_ACCURACY_POINTS=0
fi
mkdir -p "$folder"
if [[ $mode != table ]]; then
  sweep | while IFS= read -r row; do
    [[ -z $only || $row == "$only" ]] || continue
    XGRAD_ACCURACY_ROW=$row XGRAD_ACCURACY_FOLDER=$folder sweep
  done
fi
[[ $mode == sample ]] || XGRAD_ACCURACY_FOLDER=$folder XGRAD_ACCURACY_TABLE=docs/accuracy.md "$program" "the page on accuracy" >/dev/null
