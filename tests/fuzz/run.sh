#!/bin/sh
# Builds the fuzz targets and lets each run for FUZZ_SECONDS (60), two at a time: make fuzz. FUZZ_TARGETS names some
# of them. A target begins with its inputs in corpus/; what it finds beside them goes to the build folder, where the
# next run begins with it as well. An input that breaks a rule is kept and named, and the run fails. FUZZ_CC is the
# compiler (clang).
# shellcheck disable=SC2086 # FUZZ_CFLAGS, FUZZ_LIBS, FUZZ_TARGETS and flags are lists
set -eu

source=${DAYBOOK_SOURCE:?} out=${DAYBOOK_BUILD:?}/fuzz
: "${FUZZ_SECONDS:=60}" "${FUZZ_CFLAGS:?}" "${FUZZ_LIBS:?}" "${FUZZ_CC:=clang}"
flags="-O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all"
sanitizers=address,undefined
running=
trap '[ -z "$running" ] || kill $running 2> /dev/null' EXIT
trap 'exit 130' INT TERM

die() {
    echo "fuzz/run.sh: $*" >&2
    exit 1
}

# libclang-rt-dev only comes with clang where recommended packages do.
require_fuzzer() {
    command -v $FUZZ_CC > /dev/null || die "install the Debian package clang"
    echo 'int LLVMFuzzerTestOneInput(const char *, long); int LLVMFuzzerTestOneInput(const char *d, long n) { return !d * !n; }' |
        $FUZZ_CC -fsanitize=fuzzer,$sanitizers -x c -o "$out/probe" - 2> /dev/null ||
        die "$FUZZ_CC links no fuzzers: install the Debian package libclang-rt-dev"
}

# Compiles a room of src/; a main would be one too many.
compile_room() (
    mkdir -p "$out/objects/$1"
    cd "$out/objects/$1"
    $FUZZ_CC $flags -fsanitize=fuzzer-no-link,$sanitizers $FUZZ_CFLAGS -c "$source/src/$1"/*.c
    rm -f main.o
)

# A library of src/, of which each target takes what it calls.
build_library() {
    rm -rf "$out/objects" "$out/libfuzzed.a"
    compile_room responder &
    running=$!
    compile_room common
    compile_room admin
    wait $running
    running=
    ar crs "$out/libfuzzed.a" "$out"/objects/*/*.o
}

build_target() {
    $FUZZ_CC $flags -fsanitize=fuzzer,$sanitizers $FUZZ_CFLAGS -I"$source/tests/fuzz" -o "$out/fuzz_$1" \
        "$source/tests/fuzz/fuzz_$1.c" "$out/libfuzzed.a" $FUZZ_LIBS
}

# The inputs to begin with: a target's folder, and of the import's file the same gzipped, which would be binary there.
seed() {
    rm -rf "$out/seeds/$1"
    mkdir -p "$out/seeds/$1" "$out/found/$1"
    cp "$source/tests/fuzz/corpus/$1"/* "$out/seeds/$1"
    [ "$1" = input ] || return 0
    for file in "$source/tests/fuzz/corpus/input"/*; do
        # The first byte is the target's own.
        (head -c 1 "$file" && tail -c +2 "$file" | gzip -nc) > "$out/seeds/input/${file##*/}.gz"
    done
}

# An import prints as it goes: -close_fd_mask=1 keeps that out of the log.
fuzz() {
    exec "$out/fuzz_$1" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -close_fd_mask=1 -dict="$source/tests/fuzz/words" -artifact_prefix="$out/broken-$1-" \
        "$out/found/$1" "$out/seeds/$1" > "$out/$1.log" 2>&1
}

# What became of a target, from its log.
report() {
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$1.log")
    if grep -q '^Done [0-9]* runs' "$out/$1.log"; then
        printf '%-10s %10s executions, %5s inputs kept\n' "$1" "$runs" "$(find "$out/found/$1" -type f | wc -l)"
        passed=$((passed + 1)) executions=$((executions + runs))
        return
    fi
    failed=$((failed + 1))
    printf '%-10s failed:\n' "$1"
    grep -v '^#' "$out/$1.log" | tail -n 40
    input=$(sed -n 's/.*Test unit written to //p' "$out/$1.log" | tail -n 1)
    [ -z "$input" ] || printf 'The input is %s. Again:\n    %s %s\n' "$input" "$out/fuzz_$1" "$input"
}

: "${FUZZ_TARGETS:=$(cd "$source/tests/fuzz" && echo fuzz_*.c | sed 's/fuzz_//g; s/\.c//g')}"
mkdir -p "$out"
require_fuzzer
build_library
passed=0 failed=0 executions=0
set -- $FUZZ_TARGETS
for target in "$@"; do
    build_target "$target"
    seed "$target"
done
while [ $# -gt 0 ]; do
    pair="$1 ${2-}"
    for target in $pair; do
        fuzz "$target" &
        running="$running $!"
    done
    wait $running || true # the log says how it ended
    running=
    for target in $pair; do
        report "$target"
    done
    shift
    [ $# = 0 ] || shift
done
echo "$executions executions, each target for $FUZZ_SECONDS s"
echo "fuzz: $passed passed, $failed failed"
[ $failed = 0 ]
