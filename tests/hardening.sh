#!/bin/sh
# The programs are what the flags of configure are to make them: a flag that a later one undoes, or that a link forgets,
# shows nowhere else. Clients and web servers feed them foreign bytes.
set -eu

build=${DAYBOOK_BUILD:?} flags=" ${HARDENING-} "
failed=0
checked=0

# expect PROGRAM FLAG WHAT PATTERN: where the flag is in use, what readelf says of the program has the pattern.
expect() {
    case $flags in
    *" $2"*) ;;
    *) return 0 ;;
    esac
    checked=$((checked + 1))
    printf '%s\n' "$said" | grep -q "$4" && return 0
    echo "hardening.sh: $1 has no $3, for all that it is built with $2" >&2
    failed=1
}

command -v readelf > /dev/null || {
    echo "hardening.sh: skipped: install the Debian package binutils"
    exit 77
}
for program in daybook.fcgi daybook-admin; do
    said=$(LC_ALL=C readelf -W --file-header --program-headers --dynamic --symbols "$build/$program")
    expect $program -pie "position-independent code" 'Type: *DYN'
    expect $program -Wl,-z,relro "read-only relocations" GNU_RELRO
    expect $program -Wl,-z,relro,-z,now "immediate binding" 'BIND_NOW\|FLAGS_1.*NOW'
    expect $program -fstack-protector-strong "stack protector" __stack_chk_fail
    expect $program -D_FORTIFY_SOURCE "fortified function" '__[a-z]*printf_chk'
done
[ $failed = 0 ] || exit 1
[ $checked != 0 ] || {
    echo "hardening.sh: skipped: built without (--disable-hardening, --enable-sanitizers, or not optimised)"
    exit 77
}
echo "hardening: $checked properties of the programs are as configured"
