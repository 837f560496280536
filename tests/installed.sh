#!/usr/bin/env bash
# What a user has who only has the installed files: a program of their own, found by find_package, and models of their own.
# usage: installed.sh BUILD_FOLDER CMAKE
set -euo pipefail
build=$1 cmake=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/emlib installed XXXXXX")
trap 'rm -rf "$work"' EXIT

"$cmake" --install "$build" --prefix "$work/prefix" >/dev/null
cp -r "$here/installed" "$work/user"
cd "$work/user"
"$cmake" -S . -B build -DCMAKE_PREFIX_PATH="$work/prefix" >configure.log || { cat configure.log; exit 1; }
"$cmake" --build build >build.log || { cat build.log; exit 1; }
build/user
