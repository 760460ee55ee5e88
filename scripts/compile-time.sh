#!/usr/bin/env bash
# CPU time to compile a user's file (examples/overview.cpp) and a file that only includes torch/torch.h, both at -O2, in
# turns. Fails when the user's file takes more than a tenth. Skipped where libtorch's headers are not installed.
#
#   scripts/compile-time.sh [ROUNDS]     2 rounds when not given; the least time of each counts
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=${1:-2}
compiler=${CXX:-c++}

torch=
IFS=: read -ra roots <<<"${CMAKE_PREFIX_PATH-}:${CONDA_PREFIX-}:/usr/local:/usr"
for root in "${roots[@]}"; do
  [[ -n $root && -e $root/include/torch/csrc/api/include/torch/torch.h ]] && torch=$root/include && break
done
if [[ -z $torch ]]; then
  echo "skipped: libtorch is not installed (scripts/setup.sh --benchmarks)"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo '#include <torch/torch.h>' >"$work/torch.cpp"

cpu_time() {  # seconds, of the user and of the system
  local TIMEFORMAT='%U %S'
  { time "$compiler" -O2 -c -o "$work/object.o" "$@" 2>&3; } 3>&2 2>&1 | awk '{ print $1 + $2 }'
}
least() { printf '%s\n' "$@" | sort -g | head -1; }

ours=() theirs=()
for ((i = 0; i < rounds; ++i)); do
  ours+=("$(cpu_time -std=c++20 -Iinclude examples/overview.cpp)")
  theirs+=("$(cpu_time -std=c++17 -I"$torch" -I"$torch/torch/csrc/api/include" "$work/torch.cpp")")
done

"$compiler" --version | head -1
awk -v ours="$(least "${ours[@]}")" -v theirs="$(least "${theirs[@]}")" 'BEGIN {
  printf "a user'"'"'s file (examples/overview.cpp)  %6.2f s of CPU time\n", ours
  printf "#include <torch/torch.h>              %6.2f s\n", theirs
  printf "ratio                                 %6.3f  (at most 0.1)\n", ours / theirs
  exit ours > 0.1 * theirs
}'
