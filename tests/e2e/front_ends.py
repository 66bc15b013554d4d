"""The web servers that have a host of their own, speak TLS by their shipped files, and share a socket with a pool of
responders that does not end when they do.
"""

import os
import re
import shutil
import socket
import ssl
import subprocess

import pytest

from pool import Pool
from processes import wait_until
from servers import Server, reserve_port
from world import BUILD, PRIVATE

HOST = "daybook.example"


class FrontEnd(Server):
    """Started on its shipped file, TLS included, with the paths, ports and names of this folder."""

    is_alone = True
    headers = {"Host": HOST}
    # The Debian package, and a file by which to know that it is there.
    package = None
    present = None

    def __init__(self, world, processes=4):
        super().__init__(world, processes)
        self.plain_port, self.plain_lock = reserve_port()

    def values(self):
        return {"patience": 60}

    @property
    def header_seconds(self):
        """How long a client may take to send a head: as shipped, or as short as the wait for a stand-in."""
        return min(20, self.values()["patience"])

    @property
    def socket_path(self):
        return self.folder / "sock"

    @property
    def certificate(self):
        return self.folder / "certificate.pem"

    @property
    def key(self):
        return self.folder / "key.pem"

    def replacements(self):
        """Patterns that the shipped file has, and what is put in their place."""
        raise NotImplementedError

    def shipped_file(self):
        text = (BUILD / self.shipped).read_text()
        own = [(r"kpi\.example\.org", HOST), (r"/\S+/daybook/errors/", f"{self.folder}/errors/"),
               (r"/\S+/daybook/dashboard", str(self.world.dashboard))]
        for pattern, value in [*own, *self.replacements()]:
            text, count = re.subn(pattern, lambda match, value=value: match.expand(str(value)), text,
                                  flags=re.MULTILINE)
            assert count or (pattern, value) in own, pattern
        return text

    def make_certificate(self):
        self.world.as_server(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", str(self.key), "-out",
            str(self.certificate), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def configure(self):
        self.make_certificate()

    def spawn(self, *command, log="server.log", **options):
        """With what it says in a file of the folder."""
        options.setdefault("stdin", subprocess.DEVNULL)
        environment = {**os.environ, **self.environment, "HOME": str(self.folder)}
        child = subprocess.Popen([PRIVATE, "run", self.world.postgres, "sh", "-c", 'exec "$@" 2>> "$0"',
                                  self.folder / log, *map(str, command)], env=environment,
                                 stdout=subprocess.DEVNULL, **options)
        self.children.append(child)
        return child

    def spawn_responders(self):
        """A pool on a socket that outlives it, as daybook.socket makes it."""
        self.environment["DAYBOOK_DATABASE"] = self.database
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.socket_path))
            if os.getuid() == 0:
                shutil.chown(self.socket_path, "postgres", "postgres")
            listener.listen(1024)
            self.spawn(*Pool(self).command(), log="responders.log", stdin=listener)

    def launch(self):
        self.spawn_responders()
        self.launch_server()
        wait_until(lambda: len(self.responders()) == self.processes, f"responders are missing; see {self.folder}")

    def launch_server(self):
        raise NotImplementedError

    def stop(self):
        try:
            super().stop()
        finally:
            self.plain_lock.close()

    def connect(self, timeout=30):
        """A connection with TLS, by which the server has shown the certificate of its file."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        return context.wrap_socket(super().connect(timeout), server_hostname=HOST)

    def plain(self, data):
        """Sends bytes to where the server speaks HTTP in clear; all that comes back."""
        with socket.create_connection(("127.0.0.1", self.plain_port), 30) as connection:
            connection.sendall(data)
            return b"".join(iter(lambda: connection.recv(65536), b""))


class Nginx(FrontEnd):
    """nginx."""

    shipped = "nginx/daybook.conf"
    package, present = "nginx-light", "/usr/sbin/nginx"

    def replacements(self):
        return [(r"/run/daybook/responder\.sock", self.socket_path),
                (r"listen 80;", f"listen 127.0.0.1:{self.plain_port};"), (r"^ *listen \[::\]:80;\n", ""),
                (r"listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl;"), (r"^ *listen \[::\]:443 ssl;\n", ""),
                (r"/etc/ssl/daybook/fullchain\.pem", self.certificate),
                (r"/etc/ssl/daybook/privkey\.pem", self.key),
                (r"(fastcgi_read_timeout +)60s", rf"\g<1>{self.values()['patience']}s"),
                (r"(client_header_timeout +)20s", rf"\g<1>{self.header_seconds}s")]

    def configure(self):
        super().configure()
        self.write("daybook.conf", self.shipped_file())
        places = "".join(f"    {kind}_temp_path {self.folder}/temp-{kind};\n"
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        # As Debian's nginx.conf, as far as it matters.
        self.write("nginx.conf", f"""
daemon off;
pid {self.folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 768; }}
http {{
    access_log off;
{places}
    default_type application/octet-stream;
    gzip on;
    include {self.folder}/daybook.conf;
}}
""")

    def launch_server(self):
        self.spawn("nginx", "-e", "stderr", "-c", self.folder / "nginx.conf")


class HaProxy(FrontEnd):
    """HAProxy, by its fcgi-app."""

    shipped = "haproxy/daybook.cfg"
    package, present = "haproxy", "/usr/sbin/haproxy"

    def replacements(self):
        return [(r"/run/daybook/responder\.sock", self.socket_path),
                (r"bind :80$", f"bind 127.0.0.1:{self.plain_port}"), (r"bind :443 ", f"bind 127.0.0.1:{self.port} "),
                (r"/etc/haproxy/daybook\.pem", self.folder / "both.pem"),
                (r"(timeout server +)60s", rf"\g<1>{self.values()['patience']}s"),
                (r"(timeout http-request +)20s", rf"\g<1>{self.header_seconds}s")]

    def configure(self):
        super().configure()
        both = "".join(self.world.as_server("cat", str(file), stdout=subprocess.PIPE, text=True).stdout
                       for file in (self.certificate, self.key))
        self.write("both.pem", both)
        self.write("haproxy.cfg", "global\n    maxconn 500\n\n" + self.shipped_file())

    def launch_server(self):
        self.spawn("haproxy", "-db", "-f", self.folder / "haproxy.cfg")


class ApacheProxy(FrontEnd):
    """Apache with mod_proxy_fcgi."""

    shipped = "apache/daybook-proxy.conf"
    package, present = "apache2", "/usr/lib/apache2/modules/mod_proxy_fcgi.so"
    # What the shipped file asks for, and what Debian enables by itself.
    modules = ("mpm_event", "authz_core", "alias", "filter", "proxy", "proxy_fcgi", "socache_shmcb", "ssl",
               "reqtimeout", "deflate", "headers", "dir", "mime", "setenvif")

    def replacements(self):
        return [(r"/run/daybook/responder\.sock", self.socket_path),
                (r"\*:80>", f"127.0.0.1:{self.plain_port}>"), (r"\*:443>", f"127.0.0.1:{self.port}>"),
                (r"/etc/ssl/daybook/fullchain\.pem", self.certificate),
                (r"/etc/ssl/daybook/privkey\.pem", self.key),
                (r"(Define DAYBOOK_PATIENCE +)60", rf"\g<1>{self.values()['patience']}"),
                (r"header=20-40", f"header={self.header_seconds}-{2 * self.header_seconds}")]

    def configure(self):
        super().configure()
        load = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in self.modules)
        self.write("daybook.conf", self.shipped_file())
        self.write("apache.conf", f"""
ServerRoot "{self.folder}"
ServerName localhost
Listen 127.0.0.1:{self.port}
Listen 127.0.0.1:{self.plain_port}
PidFile "{self.folder}/apache.pid"
ErrorLog "{self.folder}/apache.log"
{load}
TypesConfig /dev/null
DefaultRuntimeDir "{self.folder}"
DocumentRoot "{self.folder}/www"
Include "{self.folder}/daybook.conf"
""")

    def launch_server(self):
        self.spawn("apache2", "-f", self.folder / "apache.conf", "-DFOREGROUND")


class Caddy(FrontEnd):
    """Caddy, with a certificate from a file."""

    shipped = "caddy/Caddyfile"
    package, present = "caddy", "/usr/bin/caddy"

    def replacements(self):
        ports = (f"{{\n\tadmin off\n\thttp_port {self.plain_port}\n\thttps_port {self.port}\n"
                 "\tdefault_bind 127.0.0.1\n\tskip_install_trust\n")
        return [(r"/run/daybook/responder\.sock", self.socket_path), (r"\A((?:#.*\n|\n)*){\n", r"\1" + ports),
                (r"# tls /etc/ssl/daybook/fullchain\.pem /etc/ssl/daybook/privkey\.pem",
                 f"tls {self.certificate} {self.key}"),
                (r"(\s+read_timeout +)60s", rf"\g<1>{self.values()['patience']}s"),
                (r"(read_header +)20s", rf"\g<1>{self.header_seconds}s")]

    def configure(self):
        super().configure()
        self.write("Caddyfile", self.shipped_file())

    def launch_server(self):
        self.spawn("caddy", "run", "--adapter", "caddyfile", "--config", self.folder / "Caddyfile")


def at_hand(kind):
    """A kind of web server, or the test is skipped for want of it."""
    if issubclass(kind, FrontEnd) and not os.path.exists(kind.present):
        pytest.skip(f"install the Debian package {kind.package}")
    return kind


FRONT_ENDS = {"nginx": Nginx, "haproxy": HaProxy, "apache-proxy": ApacheProxy, "caddy": Caddy}
