/**
 * What each shell evaluates. The words are handed to `gwh __complete`, which knows the commands and asks the cluster:
 * the scripts hold nothing that could become old.
 */
export const scripts = {
  // Words are split here: bash would also split at "=", which stands inside of ours.
  bash: `# bash completion for gwh: source <(gwh completion bash)
_gwh() {
  local line=\${COMP_LINE:0:COMP_POINT} word lines last
  local -a words=()
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  word=\${words[\${#words[@]} - 1]}
  mapfile -t lines < <("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  ((\${#lines[@]} > 0)) || return 0
  last=\${lines[\${#lines[@]} - 1]}
  unset "lines[\${#lines[@]}-1]"
  if [[ $last == :0 ]]; then
    compopt -o default 2>/dev/null
    return 0
  fi
  local each
  for each in "\${lines[@]}"; do
    each=\${each%%$'\\t'*}
    # Of --flag=value, bash replaces what comes after the last "=".
    [[ $word == *=* && $COMP_WORDBREAKS == *=* ]] && each=\${each#"\${word%=*}="}
    COMPREPLY+=("$each")
  done
}
complete -F _gwh gwh
`,
  zsh: `#compdef gwh
# zsh completion for gwh: source <(gwh completion zsh)
_gwh() {
  local -a lines described
  local line
  lines=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ \${lines[-1]} == :0 ]]; then
    compset -P '*='
    _files
    return
  fi
  for line in "\${(@)lines[1,-2]}"; do
    if [[ $line == *$'\\t'* ]]; then
      described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    else
      described+=("\${line//:/\\\\:}")
    fi
  done
  _describe -t values value described
}
if [[ $funcstack[1] == _gwh ]]; then
  _gwh "$@"
else
  compdef _gwh gwh
fi
`,
  fish: `# fish completion for gwh: gwh completion fish | source
function __gwh_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] "$word" 2>/dev/null)
    if test "$lines[-1]" = ':0'
        set -l flag (string match -r '^--[^=]*=' -- $word)
        for path in (__fish_complete_path (string replace -r '^--[^=]*=' '' -- $word))
            echo -- "$flag$path"
        end
        return
    end
    test (count $lines) -gt 1; and printf '%s\\n' $lines[1..-2]
end
complete -c gwh -f -a '(__gwh_complete)'
`,
} as const
