#!/usr/bin/env bash
# Lays C++ files out as .clang-format says (version 14: others differ in details).
#
#   scripts/format.sh                  rewrites every file of the project
#   scripts/format.sh --check [BASE]   changes nothing; fails on files that differ, of those changed since BASE when given
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

format=
for name in clang-format-14 clang-format; do
  command -v "$name" >/dev/null && "$name" --version | grep -q 'version 14\.' && format=$name && break
done
[[ -n $format ]] || { echo "skipped: clang-format 14 is not installed (Debian: clang-format-14)" >&2; exit 0; }

case "${1-}" in
  "") git ls-files -z '*.cpp' '*.hpp' | xargs -0 "$format" -i ;;
  --check)
    if [[ -n ${2-} ]]; then files=(git diff -z --name-only --diff-filter=d "$2" -- '*.cpp' '*.hpp'); else files=(git ls-files -z '*.cpp' '*.hpp'); fi
    "${files[@]}" | xargs -0 --no-run-if-empty "$format" --dry-run --Werror ;;
  *) echo "usage: scripts/format.sh [--check [BASE]]" >&2; exit 2 ;;
esac
