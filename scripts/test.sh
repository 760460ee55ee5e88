#!/usr/bin/env bash
# Installs what is missing, builds, and runs all tests. Arguments go to ctest: scripts/test.sh -R grad
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh
cmake --preset release
cmake --build --preset release

report="$PWD/build/release/tests.xml"
status=0
ctest --preset release --parallel "$(nproc)" --output-junit "$report" "$@" || status=$?

count() { sed -n "/<testsuite /,/>/ s/.*$1=\"\([0-9]*\)\".*/\1/p" "$report" | head -1; }
tests=$(count tests) failed=$(count failures) skipped=$(($(count skipped) + $(count disabled)))
echo "$((tests - failed - skipped)) passed, $failed failed, $skipped skipped"
exit "$status"
