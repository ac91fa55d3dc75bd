# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Bash's completion for timesync-lab: verbs and options come from its --help, scenarios from its list.

# _timesync_lab_argument HELP OPTION: what the option takes, as DIR; nothing if nothing.
_timesync_lab_argument() {
	sed -nE "s/^ .*${2//[^a-zA-Z0-9-]/} ([A-Z][A-Z:]*)( .*|$)/\1/p" <<<"$1" | head -n 1
}

_timesync_lab() {
	local program=${COMP_WORDS[0]/#~/$HOME} current=${COMP_WORDS[COMP_CWORD]} help words argument=
	local previous=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	compopt -o filenames 2>/dev/null
	if [ "$COMP_CWORD" = 1 ]; then
		words=$("$program" --help 2>/dev/null | sed -nE 's/^    ([a-z]+) +[a-z].*/\1/p')
		mapfile -t COMPREPLY < <(compgen -W "$words --help" -- "$current")
		return
	fi
	help=$("$program" "${COMP_WORDS[1]}" --help 2>/dev/null) || return
	[[ $previous != -* ]] || argument=$(_timesync_lab_argument "$help" "$previous")
	if [[ $argument == DIR* ]]; then
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
	elif [[ $argument == FILE* ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	elif [ "$argument" ]; then
		return
	elif [[ $current == -* ]]; then
		words=$(grep -oE -- '--[a-z][a-z-]*' <<<"$help" | sort -u)
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
	else
		words=
		[[ $help != *SCENARIO* ]] || words=$("$program" list 2>/dev/null | cut -d ' ' -f 1)
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"; compgen -f -- "$current")
	fi
}

complete -F _timesync_lab timesync-lab
