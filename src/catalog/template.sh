#!/bin/sh
# NAME: says in one line what it does.
#
# One line of JSON asks for one operation, one line answers; docs/modules.md of hsb has them all.
set -eu

read -r start # {"hsb": 1, "name": "NAME", "cfg": {...}, ...}

# call JSON: prints the answer, and ends with a message when it is an error.
call() {
    printf '%s\n' "$1"
    read -r answer
    case $answer in
    '{"error"'*)
        echo "$answer" >&2
        exit 1
        ;;
    esac
}

call '{"call": "append", "args": ["/etc/motd", "Hello\n"]}'
