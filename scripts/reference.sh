#!/usr/bin/env bash
# Makes the reference from the doc blocks of autograd/ops and the options of the other folders: docs/reference/*.md, and
# tests/reference.cpp, which compiles and runs the examples in them. Fails on a declaration without a doc block. Where NumPy and
# PyTorch are installed it also looks up the names that docs/reference/names.md gives theirs.
#
#   scripts/reference.sh           writes them
#   scripts/reference.sh --check   fails where they are not what the doc blocks say
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

check=false
case "${1-}" in
  "") ;;
  --check) check=true ;;
  *) echo "usage: scripts/reference.sh [--check]" >&2; exit 2 ;;
esac

scripts/setup.sh --docs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 scripts/reference.py filter "$work/headers" {autograd,autograd/check,autograd/ops,optim,optim/schedule,data,io,train,nn,nn/layers}/*.hpp
(cd "$work/headers" && doxygen -) >"$work/log" 2>&1 <<EOF || { cat "$work/log" >&2; exit 1; }
PROJECT_NAME = xgrad
INPUT = autograd optim data io train nn
FILE_PATTERNS = *.hpp
RECURSIVE = YES
OUTPUT_DIRECTORY = $work
GENERATE_HTML = NO
GENERATE_LATEX = NO
GENERATE_XML = YES
XML_PROGRAMLISTING = NO
MACRO_EXPANSION = YES
EXPAND_ONLY_PREDEF = YES
PREDEFINED = XGRAD_API=
SEARCH_INCLUDES = NO
MARKDOWN_SUPPORT = NO
AUTOLINK_SUPPORT = NO
JAVADOC_AUTOBRIEF = NO
EXTRACT_ALL = YES
SORT_MEMBER_DOCS = NO
QUIET = YES
WARNINGS = NO
EOF
python3 scripts/reference.py make "$work/xml" "$work/out"
if $check; then
  diff -r docs/reference "$work/out/reference" && diff tests/reference.cpp "$work/out/reference.cpp" ||
    { echo "docs/reference and tests/reference.cpp are not what the doc blocks say: run scripts/reference.sh" >&2; exit 1; }
else
  rm -rf docs/reference
  cp -r "$work/out/reference" docs/reference
  cp "$work/out/reference.cpp" tests/reference.cpp
fi
if python3 -c "import numpy, torch" 2>"$work/log"; then python3 scripts/reference.py check; fi
