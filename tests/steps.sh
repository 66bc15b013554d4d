#!/bin/sh
# A step of demo.sh, test.sh and .ci/run ends with its command: one that is over at once must not wait for its own clock for
# ever. Where one fails, the script fails, and first takes leave of what it has started.
set -eu

top=${DAYBOOK_SOURCE:?}
export top

complain() {
    echo "steps.sh: $*" >&2
    exit 1
}

# shellcheck disable=SC2016 # for the shell that is started
said=$(timeout 120 sh -c '. "$top/build-aux/setup.sh"; for n in $(seq 50); do step $n "" true; done') ||
    complain "a step that is over at once does not end: $said"
[ "$(echo "$said" | grep -c ' done$')" = 50 ] || complain "of 50 steps, not all are done: $said"

status=0
# shellcheck disable=SC2016 # for the shell that is started
said=$(sh -c '. "$top/build-aux/setup.sh"; leave() { echo "left with $1"; }; step "Failing" "Mend it." ls /nowhere' 2>&1) || status=$?
[ $status = 1 ] || complain "a script whose step has failed ends with $status"
case $said in
*"Failing failed. Mend it."*"left with 1"*) ;;
*) complain "a step that has failed says: $said" ;;
esac
echo "steps: 50 ended with their commands, and one that failed took leave"
