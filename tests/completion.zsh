# Types lines into an interactive zsh, each followed by Tab, and looks for what should then stand on the terminal.
# usage: zsh -f completion.zsh FOLDER_OF_EMLIB LINE EXPECTED [LINE EXPECTED]...
zmodload zsh/zpty
zpty shell zsh -f -i
# Reads until the text has come, or for ten seconds.
wait_for() {
    local piece
    repeat 200; do
        while zpty -r -t shell piece; do said+=$piece; done
        [[ $said == *"$1"* ]] && return
        sleep 0.05
    done
    print -r -- "FAILED: '$1' does not appear; there is: ${(V)said}"
    return 1
}
failed=0 said=
zpty -w shell "PS1=; autoload -U compinit; compinit -D -u; COLUMNS=400; source ${(q)1}/_emlib; echo READ''Y"
wait_for READY || exit 1
shift
while (( $# )); do
    said=
    zpty -w -n shell "$1"$'\t'
    wait_for "$2" || failed=1
    zpty -w -n shell $'\x15'
    shift 2
done
zpty -d shell
exit $failed
