# shellcheck shell=bash
# Sourced by the tests that run the program: what a command should end with and say.
failures=0 checks=0

# expect STATUS PATTERN COMMAND...: exit status, and an extended regular expression that stdout and stderr together match
expect() {
    local status=$1 pattern=$2
    shift 2
    local said
    said=$("$@" 2>&1)
    local got=$?
    checks=$((checks + 1))
    if [ "$got" -ne "$status" ] || ! grep -qE -- "$pattern" <<<"$said"; then
        failures=$((failures + 1))
        printf 'FAILED: %s\n  exit %s, expected %s, and to match: %s\n%s\n' "$*" "$got" "$status" "$pattern" "$said"
    fi
}
check() {
    checks=$((checks + 1))
    "$@" || { failures=$((failures + 1)); printf 'FAILED: %s\n' "$*"; }
}
# The last line, and whether all is well.
finish() {
    printf '%d checks, %d failed\n' $checks $failures
    [ $failures -eq 0 ]
}
