#!/usr/bin/env bash
# Replays recorded cases of PyTorch: scripts/conformance.sh FOLDER [--json FILE]; see docs/conformance.md.
# Exit status: 0 no case failed, 1 some did, 77 the folder is absent.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

[[ $# -gt 0 ]] || { echo "usage: scripts/conformance.sh FOLDER [--json FILE] [--op NAME] [--id ID]" >&2; exit 2; }

cd "$root"
scripts/setup.sh >&2
cmake --preset release >&2
cmake --build --preset release --target xgrad_conformance >&2
cd "$OLDPWD"
exec "$root/build/release/xgrad_conformance" "$@"
