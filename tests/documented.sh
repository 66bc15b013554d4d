#!/bin/sh
# Every endpoint is in the man page and in the OpenAPI document. Every setting, command and option that a program prints
# is in its man page, and the page has no setting or command that the program lacks: a page that drifts from the code
# misleads an operator.
set -eu

build=${DAYBOOK_BUILD:?} source=${DAYBOOK_SOURCE:?}
failed=0
checked=0

complain() {
    echo "documented.sh: $*" >&2
    failed=1
}

# The source of a page without comments, its hyphens plain and long options spelled as they are typed.
page() {
    sed -e '/^\.\\"/d' -e 's/\\-/-/g' -e 's/\\&//g' -e 's/Fl  *-/--/g' "$source/man/$1.in"
}

# The DAYBOOK_* names on standard input, one to a line.
names() {
    tr -cs 'A-Z0-9_' '\n' | sed -n '/^DAYBOOK_./p' | sort -u
}

# Whether the list has the line.
has() {
    printf '%s\n' "$1" | grep -Fqx -e "$2"
}

# A list that is empty means that this test no longer understands what it reads.
need() {
    [ -n "$2" ] || complain "found no $1"
}

# No page names a folder that configure may move.
for file in "$source"/man/*.8.in; do
    checked=$((checked + 1))
    if grep -Fn /usr/local "$file" >&2; then
        complain "${file##*/} names /usr/local; write @prefix@, @pkglibexecdir@, @pkgdatadir@ or @sbindir@"
    fi
done

# The settings of a program against the section ENVIRONMENT of its page.
check_settings() {
    environment=$(page "$1.8" | sed -n '/^\.Sh ENVIRONMENT/,/^\.Sh /p')
    described=$(printf '%s\n' "$environment" | sed -n 's/^\.It Ev \(DAYBOOK_[A-Z0-9_]*\)$/\1/p')
    known=$("$build/$1" --help | names)
    need "settings in $1 --help" "$known"
    for name in $known; do
        checked=$((checked + 1))
        has "$described" "$name" || complain "$1.8 does not describe the setting $name"
    done
}

# No setting is described that the program does not know.
check_no_other_settings() {
    for name in $(printf '%s\n' "$environment" | names); do
        has "$known" "$name" || complain "$1.8 has the setting $name, which $1 does not know"
    done
}

# The item of a command: from its line to the next item, or the end of the list.
item() {
    page daybook-admin.8 | awk -v command="$1" '
        /^\.(It|El)/ { inside = index($0 " ", ".It Cm " command " ") == 1 }
        inside'
}

check_settings daybook.fcgi
check_no_other_settings daybook.fcgi
check_settings daybook-admin

# A usage line is "  daybook-admin COMMAND [OPERAND] [--option VALUE] ...", the command in small letters.
help=$("$build/daybook-admin" --help)
usages=$(printf '%s\n' "$help" | sed -n 's/^  daybook-admin \([a-z].*\)$/\1/p')
need "commands in daybook-admin --help" "$usages"
commands=
while read -r usage; do
    [ -n "$usage" ] || continue
    command=$(printf '%s\n' "$usage" | sed 's/ *[^a-z ].*//')
    commands="$commands$command
"
    checked=$((checked + 1))
    text=$(item "$command")
    [ -n "$text" ] || complain "daybook-admin.8 does not describe the command $command"
    for option in $(printf '%s\n' "$usage" | tr -cs 'a-z-' '\n' | sed -n '/^--[a-z]/p'); do
        checked=$((checked + 1))
        has "$(printf '%s\n' "$text" | tr -cs 'a-z-' '\n')" "$option" ||
            complain "daybook-admin.8 does not describe the option $option of $command"
    done
done << EOF
$usages
EOF

options=$(printf '%s\n' "$help" | sed -n 's/^  \(--[a-z-]*\).*/\1/p')
need "options in daybook-admin --help" "$options"
described=$(page daybook-admin.8 | sed -n 's/^\.It \(--[a-z-]*\).*/\1/p')
for option in $options; do
    checked=$((checked + 1))
    has "$described" "$option" || complain "daybook-admin.8 does not describe the option $option"
done

described=$(page daybook-admin.8 | sed -n 's/^\.It Cm \([a-z][a-z ]*[a-z]\).*/\1/p')
while read -r command; do
    has "$commands" "$command" ||
        complain "daybook-admin.8 has the command $command, which daybook-admin does not know"
done << EOF
$described
EOF

# An endpoint's row in the table begins {"AREA", "KPI", "page_...
endpoints=$(sed -n 's|^ *{NAMED("\([a-z]*\)", "\([a-z_/-]*\)"), "page_.*|/rest/\1/PROJECT/\2|p' "$source/src/responder/endpoint.c")
need "endpoints in endpoint.c" "$endpoints"
for endpoint in $endpoints; do
    checked=$((checked + 1))
    page daybook.fcgi.8 | grep -Fqx ".It Pa $endpoint" || complain "daybook.fcgi.8 does not describe the endpoint $endpoint"
done

# The document has each endpoint as a path of the same name.
for endpoint in $endpoints; do
    checked=$((checked + 1))
    path=$(printf '%s\n' "$endpoint" | sed 's/PROJECT/{project_id}/')
    grep -Fqx "    \"$path\": {" "$source/openapi/openapi.json" ||
        complain "openapi.json does not have the path $path"
done

# A script that Makefile.am does not name would not be installed; one that it names twice is left of a merge.
for file in $(cd "$source" && find sql feeds -name '*.sql') $(cd "$source" && find docs/feeds -name '*.md'); do
    checked=$((checked + 1))
    count=$(tr -s ' \t' '\n' < "$source/Makefile.am" | grep -Fcx "$file" || true)
    [ "$count" = 1 ] || complain "Makefile.am names $file $count times"
done

[ $failed = 0 ] || exit 1
echo "documented: $checked endpoints, settings, commands, options and scripts are where they must be named"
