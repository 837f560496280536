#!/usr/bin/env bash
# What a user has who only has the installed files, in a folder that was moved after the installation: the program with its pages and
# completion, programs of their own found by find_package and by pkg-config.
# usage: installed.sh BUILD_FOLDER CMAKE
set -uo pipefail
build=$1 cmake=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$here/expect.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/emlib installed XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

"$cmake" --install "$build" --prefix "$work/first" >/dev/null || exit 1
mv first prefix
prefix=$work/prefix emlib=$work/prefix/bin/emlib

# ---- what is there ----
check test -e prefix/share/emlib/slurm/fit.sbatch
check test -n "$(find prefix/share/doc -name LICENSE)"
for script in "$here"/../scripts/emlib-*; do
    [ ! -e "$script" ] || check test -x "prefix/bin/$(basename "$script")"
done
for module in python/emlib.py R/emlib.R; do
    [ ! -e "$here/../scripts/$(basename $module)" ] || check test -e prefix/share/emlib/$module
done
check test -z "$(find prefix -name __pycache__)"

# ---- manual pages: one for each command of --help, in good order ----
pages=prefix/share/man/man1
commands=$("$emlib" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
check test "$(wc -l <<<"$commands")" -gt 12
for command in $commands; do
    check test -s "$pages/emlib-$command.1"
done
# groff's own warnings, without those of mandoc, which is another implementation
[ -z "$(command -v groff)" ] || check test -z "$(groff -man -Tutf8 -ww -z "$pages"/*.1 2>&1)"
[ -z "$(command -v mandoc)" ] || expect 0 '^$' mandoc -T lint -W warning "$pages"/*.1
check grep -q '^\\fB\\-m\\fR, \\fB\\-\\-model\\fR=\\fIMODEL\\fR$' $pages/emlib-fit.1
# Scripts have pages where their help runs.
for script in prefix/bin/emlib-*; do
    if [ -e "$script" ] && /usr/bin/python3 -B "$script" --help >/dev/null 2>&1; then
        check test -s "$pages/$(basename "$script").1"
    fi
done
SOURCE_DATE_EPOCH=86400 expect 0 '1970-01-02' "$emlib" manual model build
expect 2 "there is no command 'frobnicate'" "$emlib" manual frobnicate
expect 2 'exists' "$emlib" manual --folder "$pages"

# ---- completion in bash: words of a line, the last one unfinished; what Tab would offer, in one line ----
touch trials.csv data.h5 fit.h5 'a b.h5' manifest.tsv mine.so mine.c
tab() {
    bash --norc -c 'source "$1" && shift && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) && { _emlib 2>/dev/null; true; } &&
        printf "%s\n" "${COMPREPLY[@]}"' bash "$prefix/share/bash-completion/completions/emlib" "$@" | sort | tr '\n' '|'
}
offers() { # EXPECTED WORD...
    local expected=$1 got
    shift
    got=$(tab "$@")
    check test "$got" = "$expected" || echo "  for: $*: $got"
}
offers 'simulate|' emlib sim
offers 'build|check|new|' emlib model ''
offers '--accelerate|' emlib fit data.h5 --acc
offers 'fixed|' emlib fit data.h5 --group f
offers 'full|' emlib fit data.h5 --covariance = f
offers 'importance|laplace|quadrature|' emlib fit --evidence ''
offers 'rw_lapse|' emlib fit data.h5 --model rw_la
offers 'rw_lapse|' emlib fit data.h5 -m rw_la
offers 'mine.so|' emlib fit data.h5 --model mi
offers 'a b.h5|data.h5|fit.h5|prefix|' emlib fit ''
offers 'a b.h5|' emlib show 'a\ '
offers 'manifest.tsv|prefix|' emlib batch ''
offers 'bootstrap|' emlib export fit.h5 --table b
offers 'mine.c|' emlib model build min
offers 'bash|zsh|' emlib completion ''
offers '|' emlib fit data.h5 --tol ''
# Every option of every command's help is offered, and nothing else.
for command in $commands; do
    [ "$command" = model ] || check test "$(tab emlib "$command" -- | tr '|' '\n')" = \
        "$("$emlib" "$command" --help | grep -oE '^ {2,6}(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | grep -vx -- --usage | sort)"
done

# ---- completion in zsh, typed at a terminal of its own ----
[ -z "$(command -v zsh)" ] || expect 0 '^$' zsh -f "$here/completion.zsh" "$prefix/share/zsh/site-functions" \
    'emlib sim' 'emlib simulate' 'emlib fit --acc' 'emlib fit --accelerate' 'emlib fit --model=rw_la' 'emlib fit --model=rw_lapse' \
    'emlib fit dat' 'emlib fit data.h5' 'emlib fit --group f' 'emlib fit --group fixed' 'emlib model b' 'emlib model build'

# ---- the example: the same program, built in two ways, says what emlib says ----
cp -r "$(find prefix/share/doc -name example)" by_cmake
cp -r by_cmake by_make
"$cmake" -S by_cmake -B by_cmake/build -DCMAKE_PREFIX_PATH="$prefix" >log.txt || cat log.txt
"$cmake" --build by_cmake/build >log.txt || cat log.txt
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name emlib.pc)")
check test "$(pkg-config --modversion emlib)" = "$("$emlib" --version | sed 's/emlib //')"
make -C by_make >log.txt 2>&1 || cat log.txt
by_cmake/build/learning study.h5 >cmake.txt
check by_make/learning study.h5 >make.txt
check cmp cmake.txt make.txt
expect 0 'converged' "$emlib" fit study.h5 --model rw -o study_rw.h5
for parameter in alpha beta; do
    told=$("$emlib" export study_rw.h5 --table subjects | sed 's/"[^"]*"//g' | awk -F, -v name="$parameter" 'NR == 1 {for (i = 1; i <= NF; i++) at[$i] = i}
        NR == 2 {printf "%.4f %.4f %.4f", $at[name "_unconstrained"], $at[name "_sd"], $at[name]}')
    check test "$(awk -v name="$parameter" '$1 == name && $2 == "MAP" {print $3, $5, $7}' make.txt)" = "$told"
done
finish
