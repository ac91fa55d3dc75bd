# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Bash's completion for timesync, timesyncd and timesync-exporter.
#
# Nothing is listed here: verbs, options and what they take are read from the program's own --help
# each time, so this can't disagree with it.

# The --help of a program or verb, each option in one line.
_timesync_help() {
	local text

	text=$("$@" --help 2>/dev/null) || return
	echo "${text//$'\n                               '/ }"
}

# The verbs that a --help lists.
_timesync_verbs() {
	sed -nE 's/^ {2,4}([a-z][a-z-]*) +[a-z].*/\1/p' <<<"$1"
}

# The options that a --help lists, long and short.
_timesync_options() {
	sed -nE 's/^  (-., |    )?(--[a-z0-9-]+).*/\1\2/p' <<<"$1" | tr -d ' ' | tr ',' '\n'
}

# _timesync_argument HELP OPTION: what the option takes, as "NAME help text"; nothing if nothing.
_timesync_argument() {
	sed -nE "s/^  (-., |    )?${2//[^a-zA-Z0-9-]/}(, --[a-z0-9-]+)? ([A-Z]+) +(.*)/\3 \4/p" <<<"$1"
}

# The words of a help text like "udp (default) or tcp", or like "some of udp,tcp"; else none.
_timesync_choices() {
	local text=$1

	while [[ $text =~ ^([^\(]*)\ \(default[^\)]*\)(.*)$ ]]; do
		text=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
	done
	if [[ $text =~ ^[a-z0-9]+([ ,]+[a-z0-9]+)*\ +or\ [a-z0-9]+$ ]]; then
		text=${text// or / }
		echo "${text//,/ }"
	elif [[ $text =~ [a-z0-9]+(,[a-z0-9]+)+ ]]; then
		echo "${BASH_REMATCH[0]//,/ }"
	fi
}

_timesync_reply() {
	mapfile -t COMPREPLY < <(compgen "$@")
}

_timesync_files() {
	compopt -o filenames 2>/dev/null
	_timesync_reply -f -- "$1"
}

# _timesync_value ARGUMENT CURRENT OPTION: complete an option's argument.
_timesync_value() {
	local kind=${1%% *} choices before=
	choices=$(_timesync_choices "${1#* }")

	case $kind in
	FILE | PATH) _timesync_files "$2" ;;
	LIST)
		[[ $2 != *,* ]] || before=${2%,*},
		_timesync_reply -P "$before" -W "$choices" -- "${2##*,}"
		;;
	*)
		[ "$3" != --user ] || choices=$(compgen -u)
		_timesync_reply -W "$choices" -- "$2"
		;;
	esac
}

# _timesync_operand HELP CURRENT: complete an operand.
_timesync_operand() {
	local verbs
	verbs=$(_timesync_verbs "$1")

	if [ "$verbs" ]; then
		_timesync_reply -W "$verbs help --help" -- "$2"
		return
	fi
	case ${1%%$'\n\n'*} in # how it is used
	*HOST*) _timesync_reply -A hostname -- "$2" ;;
	*FILE* | *LOG* | *SCENARIO* | *DIR*) _timesync_files "$2" ;;
	*) _timesync_reply -W "$(_timesync_options "$1")" -- "$2" ;;
	esac
}

_timesync() {
	local program=${COMP_WORDS[0]/#~/$HOME} current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD - 1]} path=() help argument i

	help=$(_timesync_help "$program") || return
	for ((i = 1; i < COMP_CWORD; i++)); do
		[ "${COMP_WORDS[i]}" != help ] || continue
		_timesync_verbs "$help" | grep -qxF -e "${COMP_WORDS[i]}" || break
		path+=("${COMP_WORDS[i]}")
		help=$(_timesync_help "$program" "${path[@]}") || return
	done

	# For bash '=' is a word of its own.
	if [ "$current" = = ]; then
		current=
	elif [ "$previous" = = ] && [ "$COMP_CWORD" -gt 2 ]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi

	argument=
	[[ $previous != -* ]] || argument=$(_timesync_argument "$help" "$previous")
	if [ "$argument" ]; then
		_timesync_value "$argument" "$current" "$previous"
	elif [[ $current == -* ]]; then
		_timesync_reply -W "$(_timesync_options "$help")" -- "$current"
	else
		_timesync_operand "$help" "$current"
	fi
}

complete -F _timesync timesync timesyncd timesync-exporter
