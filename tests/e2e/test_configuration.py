"""The shipped files pass their servers' own check within Debian's configuration, whatever modules are enabled."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from front_ends import ApacheProxy, Caddy, HaProxy, Nginx
from world import BUILD, ONE_STORE, SOURCE

pytestmark = ONE_STORE

SHIPPED = {"lighttpd": BUILD / "lighttpd" / "daybook.conf",
           "lighttpd-socket": BUILD / "lighttpd" / "daybook-socket.conf"}
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
    # Nor do other packages' files.
    for file in (folder / "conf-enabled").glob("*.conf"):
        if "alias" in left_out and "Alias" in file.read_text():
            file.unlink()
    text = text_of(APACHE)
    if alone:
        text = text.replace("# Define DAYBOOK_ALONE", "Define DAYBOOK_ALONE")
        assert "\nDefine DAYBOOK_ALONE" in text
    pathlib.Path(folder, "conf-enabled", "daybook.conf").write_text(text)
    assert "Syntax OK" in check("apachectl", "configtest", APACHE_CONFDIR=str(folder))


@pytest.fixture
def pair(tmp_path):
    """A certificate and its key, each in a file."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    check("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
          "/CN=kpi.example.org", "-keyout", str(key), "-out", str(certificate))
    return certificate, key


def with_pair(text, pair):
    """A shipped file that names those, and the errors of these sources."""
    certificate, key = pair
    for old, new in (("/etc/ssl/daybook/fullchain.pem", certificate), ("/etc/ssl/daybook/privkey.pem", key)):
        text = text.replace(old, str(new))
    return re.sub(r"/\S+/daybook/errors/", f"{SOURCE}/errors/", text)


def needed(kind):
    return pytest.mark.skipif(not os.path.exists(kind.present), reason=f"install the Debian package {kind.package}")


@pytest.mark.skipif(os.getuid() != 0, reason="nginx opens its ports to check a file, which takes root")
@needed(Nginx)
def test_nginx_takes_the_file_in_debians_configuration(tmp_path, pair):
    """Beside Debian's default site."""
    folder = tmp_path / "nginx"
    shutil.copytree("/etc/nginx", folder, symlinks=True)
    main = folder / "nginx.conf"
    text = main.read_text()
    for old in ("/etc/nginx", "/run", "/var/log/nginx"):
        text = text.replace(old, str(folder))
    main.write_text(text)
    (folder / "sites-enabled" / "daybook").write_text(with_pair((BUILD / Nginx.shipped).read_text(), pair))
    output = check("nginx", "-t", "-e", "stderr", "-c", str(main))
    assert "[warn]" not in output and "successful" in output


@needed(HaProxy)
def test_haproxy_takes_the_file_behind_debians(tmp_path, pair):
    """Whose defaults must not become those of the API."""
    both = tmp_path / "both.pem"
    both.write_text("".join(file.read_text() for file in pair))
    text = with_pair((BUILD / HaProxy.shipped).read_text(), pair).replace("/etc/haproxy/daybook.pem", str(both))
    whole = tmp_path / "haproxy.cfg"
    whole.write_text(pathlib.Path("/etc/haproxy/haproxy.cfg").read_text() + text)
    assert "[ALERT]" not in check("haproxy", "-c", "-f", str(whole))


@needed(ApacheProxy)
def test_apache_takes_the_site_in_debians_configuration(tmp_path, pair):
    folder = tmp_path / "apache2"
    shutil.copytree("/etc/apache2", folder, symlinks=True)
    for name in ("ssl", "socache_shmcb", "proxy", "proxy_fcgi", "reqtimeout", "deflate", "filter", "headers"):
        for file in (folder / "mods-available").glob(f"{name}.*"):
            link = folder / "mods-enabled" / file.name
            if not link.is_symlink():
                link.symlink_to(file)
    text = with_pair((BUILD / ApacheProxy.shipped).read_text(), pair)
    (folder / "sites-enabled" / "daybook.conf").write_text(text)
    assert "Syntax OK" in check("apachectl", "configtest", APACHE_CONFDIR=str(folder))


@needed(Caddy)
def test_caddy_takes_the_file(tmp_path):
    """Its own certificate and all, without asking for one."""
    output = check("caddy", "validate", "--adapter", "caddyfile", "--config", str(BUILD / Caddy.shipped),
                   HOME=str(tmp_path))
    assert "Valid configuration" in output
