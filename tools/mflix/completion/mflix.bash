# SPDX-License-Identifier: Apache-2.0
# Completion of mflix for bash: commands, options, and the values that are known. Needs nothing but bash itself.

_mflix()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word command='' i
    local commands='get top near trending view rate create update delete load generate warm invalidate put getkey rmkey bench plot
        stats ping doctor inspect options count export help'
    local global='--redis --store --option -o --config --env-file --json --quiet -q --no-color --version -V --help -h'
    local own=''
    COMPREPLY=()

    # The command is the first word that is neither an option nor the value of one.
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        --redis | --store | --config | --env-file | --option | -o) ((i++)) ;;
        -*) ;;
        *)
            command=$word
            break
            ;;
        esac
    done

    case $prev in
    --config | --env-file | --report) COMPREPLY=($(compgen -f -- "$cur")) && return ;;
    --out) COMPREPLY=($(compgen -d -- "$cur")) && return ;;
    --collection | -c) COMPREPLY=($(compgen -W 'movies theaters' -- "$cur")) && return ;;
    --http) COMPREPLY=($(compgen -W 'http://127.0.0.1:8080' -- "$cur")) && return ;;
    --redis) COMPREPLY=($(compgen -W 'redis://127.0.0.1:6379/0' -- "$cur")) && return ;;
    --store) COMPREPLY=($(compgen -W 'sqlite: sqlite::memory: mongodb://127.0.0.1/sample_mflix' -- "$cur")) && return ;;
    -o | --option)
        # The table of the library itself, so that this list cannot grow old.
        COMPREPLY=($(compgen -S = -W "$(mflix options 2>/dev/null | sed -n 's/^\([a-z_.]*\) .*/\1/p')" -- "$cur"))
        compopt -o nospace 2>/dev/null
        return
        ;;
    esac

    case $command in
    get) own='--title -t --document -d --no-view' ;;
    top) own='--count -n --offset' ;;
    near) own='--radius-km -r --count -n' ;;
    trending) own='--count -n' ;;
    rate) own='--title -t' ;;
    invalidate) own='--title -t --all --adopt' ;;
    load) own='--collection -c --replace --batch --jobs --errors' ;;
    generate) own='--movies --theaters --seed --out --gzip --load --jobs' ;;
    warm) own='--movies --board --theaters --limit' ;;
    put) own='--ttl-ms' ;;
    bench) own='--requests -n --titles --hot-share --hot-part --threads --seed --offset --uncached-sample --by-id --forms --store-delay-ms --http --top-share
        --seconds --report' ;;
    stats) own='--prometheus --reads --url' ;;
    inspect) own='--title -t --theater --key -k' ;;
    options) own='--markdown' ;;
    export) COMPREPLY=($(compgen -W 'movies theaters' -- "$cur")) && return ;;
    esac

    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$own $global" -- "$cur"))
    elif [[ -z $command ]]; then
        COMPREPLY=($(compgen -W "$commands" -- "$cur"))
    elif [[ $command == load || $command == create || $command == plot ]]; then
        COMPREPLY=($(compgen -f -- "$cur"))
    fi
}

complete -o filenames -F _mflix mflix
