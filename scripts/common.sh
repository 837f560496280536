# shellcheck shell=bash
# Sourced by the scripts in this folder: where things are, and how emlib is built.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cores=$(nproc)

# Open MPI refuses root unless told twice.
if [[ $(id -u) == 0 ]]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

say() { printf '\n== %s\n' "$*"; }

# quietly LOG COMMAND...: runs it with its output in LOG, and shows all of that if it fails.
quietly() {
    local log=$1 status=0
    shift
    "$@" >"$log" 2>&1 || status=$?
    if ((status)); then
        cat "$log" >&2
        printf '\nfailed (status %d): %s\nThe text above is also in %s\n' "$status" "$*" "$log" >&2
    fi
    return "$status"
}

# build FOLDER TARGET CMAKE_OPTION...: configures and builds in a folder of the checkout.
build() {
    local folder=$root/$1 target=$2
    shift 2
    mkdir -p "$folder"
    quietly "$folder/configure.log" cmake -S "$root" -B "$folder" "$@"
    quietly "$folder/build.log" cmake --build "$folder" --target "$target" --parallel "$cores"
}

# build_program: emlib itself, in build/; a build folder that is there keeps its choice about tests.
build_program() {
    local without_tests=()
    if [[ ! -e $root/build/CMakeCache.txt ]]; then
        without_tests=(-DBUILD_TESTING=OFF)
    fi
    build build emlib -DCMAKE_BUILD_TYPE=Release ${without_tests[@]+"${without_tests[@]}"}
}
