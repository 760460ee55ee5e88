#!/usr/bin/env bash
# Checks the layout of C++ files (scripts/format.sh) and runs clang-tidy with the checks of .clang-tidy.
#
#   scripts/lint.sh          every source file of the library: some twenty minutes on two cores
#   scripts/lint.sh BASE     those that changed since the commit BASE
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh --lint
scripts/format.sh --check ${1+"$1"}

cmake --preset clang >/dev/null  # it compiles each file alone, and so knows how
pattern='^(autograd|nn|optim|data|io|train)/.*\.cpp$'
if [[ -n ${1-} ]]; then changed=(git diff --name-only --diff-filter=d "$1"); else changed=(git ls-files); fi
mapfile -t files < <("${changed[@]}" | grep -E "$pattern" || true)
[[ ${#files[@]} -eq 0 ]] && exit 0
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy -p build/clang --quiet --warnings-as-errors='*' 2>/dev/null
