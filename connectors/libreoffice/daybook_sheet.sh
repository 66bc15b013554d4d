#!/bin/sh
# Daybook's KPIs as a spreadsheet, one row a day, for as many years as there are:
#
#   ./daybook_sheet.sh 2024-01-01 2026-01-01 kpis.ods
#
# The second day is the one after the last. Needs curl and LibreOffice Calc; no window opens.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

# The token goes by standard input, out of sight of ps. curl waits for Retry-After at 429; what is refused then, ends this.
get() {
    printf 'header = "Authorization: Bearer %s"\n' "$DAYBOOK_TOKEN" |
        curl -K - -fsS --retry 3 -D "$work/headers" -o "$work/page" "$1"
}

# A page of CSV names the next one in the header Link.
url="$DAYBOOK_URL/rest/analytics/$DAYBOOK_PROJECT/summary/daily?from=$1&to=$2&format=csv"
while [ -n "$url" ]; do
    get "$url"
    if [ -e "$work/kpis.csv" ]; then
        tail -n +2 "$work/page" >> "$work/kpis.csv"
    else
        mv "$work/page" "$work/kpis.csv"
    fi
    url=$(tr -d '\r' < "$work/headers" | sed -n 's/^[Ll]ink: <\([^>]*\)>; rel="next"$/\1/p')
done

# Commas, quotes, UTF-8, from the first line, all columns by themselves, English numbers and days (1033), whatever the locale.
soffice -env:UserInstallation="file://$work/profile" --headless --infilter='CSV:44,34,UTF8,1,,1033,false,true' \
    --convert-to ods --outdir "$work" "$work/kpis.csv" > "$work/said" 2>&1 || {
    cat "$work/said" >&2
    exit 1
}
mv "$work/kpis.ods" "$3"
