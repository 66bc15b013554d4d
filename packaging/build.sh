#!/bin/sh
# Builds in /check, in the root folder that check.sh makes: the Debian packages twice, under other circumstances each time,
# and the RPM package; and looks over both. Prints into results what is worth reading when all is well.
set -eu

cd /check
chown builder: .
tarball=$(echo daybook-*.tar.gz)
version=${tarball#daybook-}
version=${version%.tar.gz}

as_builder() {
    setpriv --reuid=builder --regid=builder --init-groups env HOME=/home/builder "$@"
}

die() {
    echo "$*" >&2
    exit 1
}

# The three places that name the version are to agree.
check_version() {
    as_builder tar -xf "$tarball"
    debian=$(dpkg-parsechangelog -l "daybook-$version/packaging/debian/changelog" -S Version)
    [ "${debian%-*}" = "$version" ] || die "packaging/debian/changelog is of $debian, and the tarball of $version"
    rpm=$(sed -n 's/^Version: *//p' "daybook-$version/packaging/rpm/daybook.spec")
    [ "$rpm" = "$version" ] || die "packaging/rpm/daybook.spec is of $rpm, and the tarball of $version"
}

# build FOLDER NAME UMASK COMMAND ...: packages in the folder, made in a source folder of that name.
build() {
    folder=$1 name=$2 mask=$3
    shift 3
    as_builder mkdir "$folder"
    as_builder cp "$tarball" "$folder/daybook_$version.orig.tar.gz"
    as_builder tar -C "$folder" -xf "$tarball"
    [ "$name" = "daybook-$version" ] || mv "$folder/daybook-$version" "$folder/$name"
    cp -R "$folder/$name/packaging/debian" "$folder/$name/debian"
    chown -R builder: "$folder"
    (cd "$folder/$name" && umask "$mask" && as_builder "$@" dpkg-buildpackage --no-sign)
}

# All but the two files that tell of the build itself.
compare() {
    for file in first/*.deb first/*.dsc first/*.debian.tar.xz; do
        if ! cmp "$file" "second/${file#first/}"; then
            diffoscope "$file" "second/${file#first/}" || true
            die "two builds differ"
        fi
        diffoscope "$file" "second/${file#first/}"
        echo "built twice with the same bytes: ${file#first/}" >> results
    done
}

# The one tag that is no fault of the packages: the number of the bug by which a package is asked for comes with an upload.
look_over_debian() {
    suppressed=initial-upload-closes-no-bugs
    # Its status also counts what is overridden.
    as_builder lintian --fail-on none --suppress-tags "$suppressed" --display-info --pedantic --show-overrides \
        first/daybook_*.changes > lintian.log
    if grep '^[EW]:' lintian.log; then
        die "lintian finds what is above"
    fi
    echo "lintian: no error and no warning, besides $suppressed; hints and overrides:" >> results
    grep -v '^N:' lintian.log >> results || true
}

# Debian's rpm has no macros of systemd: those of the specification stand for themselves, and its dependencies have Fedora's
# names, so neither is checked here.
build_rpm() {
    set -- --define "_topdir /check/rpm" --define "_unitdir /usr/lib/systemd/system" \
        --define "_sysusersdir /usr/lib/sysusers.d" --define "systemd_post() :" --define "systemd_preun() :" \
        --define "systemd_postun() :" --define "dist .check"
    as_builder mkdir -p rpm/SOURCES
    cp "$tarball" rpm/SOURCES/
    as_builder rpmbuild -ba --nodeps "$@" "daybook-$version/packaging/rpm/daybook.spec"
    cp rpm/RPMS/*/*.rpm rpm/SRPMS/*.rpm .
    as_builder rpmlint --config "daybook-$version/packaging/rpm/rpmlint.toml" \
        "daybook-$version/packaging/rpm/daybook.spec" ./*.rpm > rpmlint.log || {
        cat rpmlint.log
        exit 1
    }
    echo "rpmlint: $(tail -n 1 rpmlint.log)" >> results
}

check_version
build first "daybook-$version" 022 TZ=UTC LC_ALL=C.UTF-8
# Without its tests, which is also to work; and more than a year later, at the other end of the world.
build second elsewhere 077 DEB_BUILD_OPTIONS='nocheck parallel=2' TZ=Pacific/Kiritimati LC_ALL=C faketime -f +400d
compare
look_over_debian
build_rpm
