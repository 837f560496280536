#compdef emlib
# Completion of emlib @version@ in zsh, written by 'emlib completion zsh'.

_emlib_models() {
    local -a models=(@models@)
    _alternative 'models:model:compadd -a models' 'files:compiled model:_files -g "*.so"'
}

_emlib() {
    local command=$words[2]
    local -a commands=(
@commands@
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    shift words
    (( CURRENT-- ))
    if [[ " @groups@ " == *" $command "* ]] && (( CURRENT > 2 )); then
        command="$command $words[2]"
        shift words
        (( CURRENT-- ))
    fi
    case $command in
@cases@
    esac
}

if [[ $funcstack[1] == _emlib ]]; then
    _emlib "$@"
else
    compdef _emlib emlib
fi
