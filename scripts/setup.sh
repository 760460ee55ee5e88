#!/usr/bin/env bash
# Installs what building xgrad takes and is not there yet. Debian: by apt-get, with sudo when not root. Elsewhere it says
# what is missing.
#
#   scripts/setup.sh                 what the library, the tests and the examples take
#   scripts/setup.sh --benchmarks    also Google Benchmark, and libtorch and xsimd to compare with
#   scripts/setup.sh --lint          also clang, clang-format 14 and clang-tidy
#   scripts/setup.sh --docs          also doxygen and python3, which make docs/reference
set -euo pipefail

# What to look for (a command, a command or a Python module that we can do without, or a header), and the package that has it: Debian's
# name, conda-forge's name.
needed=(
  "command ${CXX:-c++}                    g++                  cxx-compiler"
  "command cmake                          cmake                cmake"
  "command ninja                          ninja-build          ninja"
  "useful ccache                          ccache               ccache"
  "header xtensor/xtensor_config.hpp      libxtensor-dev       xtensor=0.24"
  "header xtensor-blas/xlinalg.hpp        libxtensor-blas-dev  xtensor-blas=0.20"
  "header openblas_config.h               libopenblas-dev      openblas"
  "header zlib.h                          zlib1g-dev           zlib"
  "header catch2/catch.hpp|catch2/catch_all.hpp  catch2        catch2"
  "header nlohmann/json.hpp               nlohmann-json3-dev   nlohmann_json"
  "header mpfr.h                          libmpfr-dev          mpfr"
  "header CLI/CLI.hpp                     libcli11-dev         cli11"
  "useful pkg-config                      pkg-config           pkg-config"
  "python numpy                           python3-numpy        numpy"
)
case "${1-}" in
  "") ;;
  --benchmarks)
    needed+=(
      "header benchmark/benchmark.h       libbenchmark-dev     benchmark"
      "header xsimd/xsimd.hpp             libxsimd-dev         xsimd=8"
      "header torch/csrc/api/include/torch/torch.h  libtorch-dev  libtorch"
    ) ;;
  --lint)
    needed+=(
      "useful clang++                     clang                clangxx"
      "useful clang-format                clang-format-14      clang-format=14"
      "useful clang-tidy                  clang-tidy           clang-tools"
    ) ;;
  --docs)
    needed+=(
      "command doxygen                    doxygen              doxygen"
      "command python3                    python3              python"
    ) ;;
  *) echo "usage: scripts/setup.sh [--benchmarks|--lint|--docs]" >&2; exit 2 ;;
esac

shopt -s nullglob
prefixes="${CMAKE_PREFIX_PATH-}:${CONDA_PREFIX-}:/usr/local:/usr"
folders=()
IFS=: read -ra roots <<<"$prefixes"
for root in "${roots[@]}"; do
  [[ -n $root ]] && folders+=("$root"/include "$root"/include/openblas* "$root"/include/*-linux-gnu{,/openblas-*})
done

has_header() {  # alternatives are separated by |
  local name folder
  for name in ${1//|/ }; do
    for folder in "${folders[@]}"; do [[ -e $folder/$name ]] && return; done
  done
  return 1
}

has_module() {  # in any of the Pythons that the tests try
  local python
  for python in python3 /usr/bin/python3; do "$python" -c "import $1" 2>/dev/null && return; done
  return 1
}

debian=() conda=() complete=true
for line in "${needed[@]}"; do
  read -r kind what debian_name conda_name <<<"$line"
  case $kind in
    header) has_header "$what" && continue ;;
    python) has_module "$what" && continue ;;
    *) command -v "$what" >/dev/null && continue ;;
  esac
  debian+=("$debian_name") conda+=("$conda_name")
  [[ $kind == useful || $kind == python ]] || complete=false
done

as_root=()
[[ $(id -u) -eq 0 ]] || as_root=(sudo)
if [[ ${#debian[@]} -eq 0 ]]; then
  exit 0
elif command -v apt-get >/dev/null && { [[ $(id -u) -eq 0 ]] || command -v sudo >/dev/null; }; then
  echo "Installing ${debian[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${debian[@]}"
elif [[ $complete == false ]]; then
  cat >&2 <<MESSAGE
These packages are missing, and this script installs packages on Debian alone, as root or by sudo.
  Debian, Ubuntu: apt-get install ${debian[*]}
  conda-forge:    conda install -c conda-forge ${conda[*]}
MESSAGE
  exit 1
fi
