"""The shipped files pass their servers' own check within Debian's configuration, whatever modules are enabled."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from world import BUILD

SHIPPED = {"lighttpd": BUILD / "lighttpd" / "daybook.conf",
           "spawn-fcgi": BUILD / "lighttpd" / "daybook-spawn-fcgi.conf"}
APACHE = BUILD / "apache" / "daybook.conf"


def text_of(shipped):
    """A shipped file that names the responder of this build."""
    return re.sub(r'(daybook_responder *= *|DAYBOOK_RESPONDER +).*', rf'\1"{BUILD}/daybook.fcgi"', shipped.read_text())


def check(*command, **environment):
    result = subprocess.run(command, env={**os.environ, **environment}, check=False, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    assert result.returncode == 0, result.stdout
    return result.stdout


@pytest.fixture
def debian_lighttpd(tmp_path):
    """A copy of /etc/lighttpd, and what checks it."""
    folder = tmp_path / "lighttpd"
    shutil.copytree("/etc/lighttpd", folder, symlinks=True)
    main = folder / "lighttpd.conf"
    main.write_text(main.read_text().replace("/etc/lighttpd", str(folder)))
    return folder, lambda: check("lighttpd", "-tt", "-f", str(main))


@pytest.mark.parametrize("beside", [[], ["daybook-alone"], ["20-deflate"], ["daybook-alone", "20-deflate"]],
                         ids=lambda names: " ".join(names) or "bare")
@pytest.mark.parametrize("name", SHIPPED)
def test_lighttpd_takes_the_file_in_debians_configuration(debian_lighttpd, name, beside):
    """With Debian's own file for compression too, and with what a host of its own adds."""
    folder, checked = debian_lighttpd
    enabled = folder / "conf-enabled"
    (enabled / "50-daybook.conf").write_text(text_of(SHIPPED[name]))
    if "daybook-alone" in beside:
        shutil.copy(BUILD / "lighttpd" / "daybook-alone.conf", enabled / "51-daybook-alone.conf")
    if "20-deflate" in beside:
        shutil.copy(folder / "conf-available" / "20-deflate.conf", enabled)
    output = checked()
    assert not re.search("unknown config-key|deprecated|error", output, re.IGNORECASE), output


@pytest.mark.parametrize("alone", [False, True], ids=["beside", "alone"])
@pytest.mark.parametrize("left_out", [(), ("headers", "asis"), ("reqtimeout",), ("deflate",), ("deflate", "filter"),
                                      ("alias",), ("reqtimeout", "deflate", "filter", "headers", "asis")],
                         ids=lambda names: "without " + " ".join(names) if names else "all")
def test_apache_takes_the_file_in_debians_configuration(tmp_path, left_out, alone):
    """A module that is not enabled must not keep a web server with other sites from starting."""
    folder = tmp_path / "apache2"
    shutil.copytree("/etc/apache2", folder, symlinks=True)
    enabled = folder / "mods-enabled"
    # Those of Debian's that need alias or filter do not go without them.
    others = {"alias": ("autoindex", "status"), "filter": ("deflate",)}
    gone = {*left_out, *(other for name in left_out for other in others.get(name, ()))}
    for name in ("fcgid", "reqtimeout", "filter", "deflate", "headers", "asis", "alias"):
        for file in (folder / "mods-available").glob(f"{name}.*"):
            link = enabled / file.name
            if name not in gone and not link.is_symlink():
                link.symlink_to(file)
    for name in gone:
        for file in enabled.glob(f"{name}.*"):
            file.unlink()
    text = text_of(APACHE)
    if alone:
        text = text.replace("# Define DAYBOOK_ALONE", "Define DAYBOOK_ALONE")
        assert "\nDefine DAYBOOK_ALONE" in text
    pathlib.Path(folder, "conf-enabled", "daybook.conf").write_text(text)
    assert "Syntax OK" in check("apachectl", "configtest", APACHE_CONFDIR=str(folder))
