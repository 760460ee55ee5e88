#!/usr/bin/env bash
# Installs what is missing, builds with the preset "benchmarks", and measures xgrad beside libtorch and the machine's
# limits. Writes Markdown. How to read it: docs/performance.md
#
#   scripts/bench.sh [--json FILE] [--filter REGEX] [--quick] [--more] [--busy]
#       --json FILE     the rows as a JSON list too
#       --filter REGEX  only the workloads whose name has a match
#       --quick         few and short repetitions: to see that it runs, not to compare
#       --more          other sizes of the same workloads as well
#       --busy          one thread only, by its CPU time: for a machine that has other work to do
#   scripts/bench.sh --counters
#       allocations, page faults and peak memory instead of times
#   scripts/bench.sh --functions
#       the functions of SIMD batches, as exp(), beside xsimd's
#   scripts/bench.sh --files
#       reading safetensors and npz, beside read(2) of the same file into fresh memory
#   scripts/bench.sh --first
#       a training step of a large perceptron: the first of a process, and a later one
set -euo pipefail
caller="$PWD"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh --benchmarks >&2
cmake --preset benchmarks >&2
programs=build/benchmarks/benchmarks

if [[ ${1-} == --first ]]; then
  cmake --build --preset benchmarks --target bench_first >&2
  exec "$programs/bench_first" step
fi
if [[ ${1-} == --counters || ${1-} == --functions || ${1-} == --files ]]; then
  program=bench_${1#--}
  cmake --build --preset benchmarks --target "$program" >&2
  exec "$programs/$program"
fi
cmake --build --preset benchmarks --target bench_compare >&2
programs="$PWD/$programs"
cd "$caller"  # FILE is relative to where the command was given
exec "$programs/bench_compare" "$@"
