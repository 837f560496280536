#!/usr/bin/env bash
# Runs a guide's commands as they are written: blocks marked `sh` in their order, files from blocks marked `c NAME`, in an empty
# folder, with the installed program. usage: tutorial.sh BUILD_FOLDER CMAKE GUIDE
set -euo pipefail
build=$1 cmake=$2 guide=$3
work=$(mktemp -d "${TMPDIR:-/tmp}/emlib-tutorial-XXXXXX")
trap 'rm -rf "$work"' EXIT
"$cmake" --install "$build" --prefix "$work/prefix" >/dev/null
mkdir "$work/here"
cd "$work/here"
awk '/^```$/ { if (inside) printf "%s", end; inside = 0; next }
     /^```sh$/ { inside = 1; end = ""; next }
     /^```c / { inside = 1; print "cat >" $2 " <<\"END OF FILE\""; end = "END OF FILE\n"; next }
     inside' "$guide" >commands.sh
grep -q '^emlib fit' commands.sh
PATH=$work/prefix/bin:$PATH bash -eux commands.sh >said.txt 2>&1 || { cat said.txt; exit 1; }
tail -5 said.txt
