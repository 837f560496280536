# Completion of emlib @version@ in bash, written by 'emlib completion bash'.

_emlib_files() { # PATTERNS WORD: folders, and files that match one of the patterns
    local pattern patterns
    read -ra patterns <<<"$1"
    compgen -d -- "$2"
    for pattern in "${patterns[@]}"; do
        compgen -f -X "!$pattern" -- "$2"
    done
}

_emlib() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} options='' rest=nothing take=''
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W '@commands@ --help --version' -- "$word")
        return
    fi
    # --model=rw is three words here
    if [[ $word == = ]]; then
        word=''
    elif [[ $before == = ]] && ((COMP_CWORD > 2)); then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    word=${word//\\/}
    if ((COMP_CWORD > 2)) && [[ " @groups@ " == *" $command "* ]]; then
        command="$command ${COMP_WORDS[2]}"
    fi
    case $command in
@cases@
    esac
    if [[ -z $take && $word == -* ]]; then
        take="words $options"
    fi
    take=${take:-$rest}
    case $take in
    models) mapfile -t COMPREPLY < <(compgen -W '@models@' -- "$word"; _emlib_files '*.so' "$word") ;;
    'words '*) mapfile -t COMPREPLY < <(compgen -W "${take#words }" -- "$word") ;;
    'files '*) mapfile -t COMPREPLY < <(_emlib_files "${take#files }" "$word") ;;
    esac
    if [[ $take == models || $take == 'files '* ]]; then
        compopt -o filenames 2>/dev/null
    fi
}
complete -F _emlib emlib
