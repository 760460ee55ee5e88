#!/usr/bin/env bash
# Installs what is missing, builds, and trains a classifier of handwritten digits. Arguments go to the program:
# scripts/demo.sh --help
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh
cmake --preset release
cmake --build --preset release --target digits
exec build/release/examples/digits "$@"
