# Completion of candor for bash, and through _candor for zsh. What can be completed is read from `candor --help`, so that it is never out of date.

# Prints the words of the sections of a help text (standard input) that are wanted: "commands" or "options".
_candor_words() {
  awk -v wanted="$1" '
    /^[^ ].*:$/ { section = tolower($0) }
    /^  [^ ]/ && wanted == "commands" && section ~ /commands/ { print $1 }
    /^  -/ && wanted == "options" { n = split($1, names, ","); for (i = 1; i <= n; i++) { sub(/\{.*/, "", names[i]); print names[i] } }'
}

# Prints the values that option $1 takes, where the help text (standard input) lists them as {a,b}.
_candor_values() {
  awk -v option="$1" '
    /^  -/ { n = split($1, names, ","); mine = 0; for (i = 1; i <= n; i++) mine = mine || names[i] == option }
    mine && match($0, /\{[^} ]*,[^} ]*\}/) { values = substr($0, RSTART + 1, RLENGTH - 2); gsub(",", "\n", values); print values; exit }'
}

# Prints the models that a help text (standard input) lists as known.
_candor_known() { awk '/^[^ ]/ { known = /^Known models:$/ } /^  [^ ]/ && known { print $1 }'; }

# Prints the models of the store.
_candor_models() {
  local data=$HOME/.local/share file
  [[ $XDG_DATA_HOME != /* ]] || data=$XDG_DATA_HOME
  local folder=${CANDOR_MODELS:-$data/candor/models}
  for file in "$folder"/*.gguf; do
    [ ! -e "$file" ] || basename "$file" .gguf
  done
}

_candor_complete() {
  local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local -a commands
  local help values i
  commands=()
  help=$("$program" --help 2>/dev/null) || return
  for ((i = 1; i < COMP_CWORD; i++)); do
    if _candor_words commands <<< "$help" | grep -qxF -e "${COMP_WORDS[i]}"; then
      commands+=("${COMP_WORDS[i]}")
      help=$("$program" "${commands[@]}" --help 2>/dev/null) || return
    fi
  done
  # What an option says it takes as FILE is completed by the shell.
  if [[ $previous == -* ]] && grep -qF -e "$previous FILE" <<< "$help"; then return; fi
  values=$(_candor_values "$previous" <<< "$help")
  if [ -z "$values" ]; then
    case "$word" in
      -*) values=$(_candor_words options <<< "$help") ;;
      *) values=$(_candor_words commands <<< "$help") ;;
    esac
    if [ "${commands[0]}" = keys ]; then
      COMPREPLY=($(compgen -W "$values $("$program" keys list 2>/dev/null | grep -o '^k_[0-9a-f]*')" -- "$word"))
      return
    fi
    [ -n "$values" ] || values=$(_candor_known <<< "$help")
    [ -n "$values" ] || values=$(_candor_models)
  fi
  # Words that match nothing are files: `-o default` below.
  COMPREPLY=($(compgen -W "$values" -- "$word"))
}
complete -o default -F _candor_complete candor
