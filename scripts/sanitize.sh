#!/usr/bin/env bash
# Builds with a sanitizer and runs the tests: scripts/sanitize.sh address|thread [ctest's arguments]
# "address" is the undefined-behaviour sanitizer too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1-}" in
  address) preset=asan-ubsan ;;
  thread) preset=tsan ;;
  *) echo "usage: scripts/sanitize.sh address|thread [ctest's arguments]" >&2; exit 2 ;;
esac
shift

scripts/setup.sh
cmake --preset "$preset"
cmake --build --preset "$preset"
# OpenBLAS is not instrumented: with threads of its own the thread sanitizer would not see how they are synchronised.
[[ $preset == tsan ]] && export OPENBLAS_NUM_THREADS=1
# Tests ask for more memory than there is: operator new throws then, as it does without a sanitizer.
export ASAN_OPTIONS="allocator_may_return_null=1:${ASAN_OPTIONS-}"
export TSAN_OPTIONS="allocator_may_return_null=1:${TSAN_OPTIONS-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS-}"
# The users' projects of tests/consume show nothing more with a sanitizer.
exec ctest --preset "$preset" --label-exclude consume --parallel "$(nproc)" "$@"
