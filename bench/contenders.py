"""Who is measured: Daybook behind its web servers, the floor program, and peers that do the same work."""

import os
import pathlib
import shutil
import subprocess

from processes import wait_until
from servers import Apache, ApacheSocket, Lighttpd, LighttpdSocket, Server
from world import BUILD, SOURCE

PEERS = SOURCE / "bench" / "peers"
LIGHTTPD_PROCESSES, APACHE_PROCESSES = 8, 16  # as shipped
PHP_CHILDREN = 8
NODE_WORKERS, NODE_CONNECTIONS = 2, 4
GO_CONNECTIONS = 8


class Floor(Lighttpd):
    """The floor program, through Daybook's lighttpd file."""

    def values(self):
        return {**super().values(), "responder": self.world.run_folder / "floor"}

    def configure(self):
        with open(BUILD / "bench" / "floor", "rb") as program:
            self.world.as_server("install", "-m", "755", "/dev/stdin", str(self.world.run_folder / "floor"),
                                 stdin=program)
        super().configure()


class OneSession(Lighttpd):
    """lighttpd whose responders stay in its session, as they do where setsid() fails: for the leader of a group."""

    def values(self):
        return {**super().values(), "responder": self.folder / "stay"}

    def configure(self):
        self.write("stay", f"#!/usr/bin/perl\nsetpgrp(0, 0);\nexec('{self.responder}');\n")
        self.world.as_server("chmod", "755", str(self.folder / "stay"))
        super().configure()


class OwnPool(Lighttpd):
    """lighttpd that starts multiwatch, so that its own responders share a socket too."""

    def values(self):
        return {**super().values(), "responder": f"/usr/bin/multiwatch -f {self.processes} -- {self.responder}",
                "processes": 1}


class Peer(Server):
    """Something else that serves the same API. lacks() says what the machine has not got for it."""

    @classmethod
    def copy(cls, world, folder):
        """The peer's files, where the servers' user can read them."""
        target = world.run_folder / folder
        world.as_server("mkdir", "-p", str(target))
        for file in (PEERS / folder).iterdir():
            with open(file, "rb") as source:
                world.as_server("install", "-m", "644", "/dev/stdin", str(target / file.name), stdin=source)
        return target


class Fastify(Peer):
    """Node with Fastify and pg: a worker for each of two processors."""

    shipped = "bench/peers/fastify"

    @staticmethod
    def lacks():
        return None if shutil.which("node") and shutil.which("npm") else "nodejs (20) and npm"

    def configure(self):
        modules = BUILD / "bench" / "fastify"
        if not (modules / "node_modules").exists():
            modules.mkdir(parents=True, exist_ok=True)
            for file in "package.json", "package-lock.json":
                shutil.copy(PEERS / "fastify" / file, modules)
            subprocess.run(["npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts"],
                           check=True, cwd=modules, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.place = self.copy(self.world, "fastify")
        archive = subprocess.run(["tar", "-C", modules, "-cf", "-", "node_modules"],
                                 check=True, capture_output=True)
        self.world.as_server("tar", "-C", str(self.place), "-xf", "-", input=archive.stdout)

    def launch(self):
        settings = {"PORT": self.port, "DAYBOOK_HOST": self.world.postgres, "NODE_ENV": "production",
                    "WORKERS": NODE_WORKERS, "CONNECTIONS": NODE_CONNECTIONS}
        return self.spawn("env", *(f"{name}={value}" for name, value in settings.items()),
                          "node", self.place / "server.js")


class Go(Peer):
    """Go's own HTTP server, with pgx."""

    shipped = "bench/peers/go"
    packages = pathlib.Path("/usr/share/gocode")

    @classmethod
    def lacks(cls):
        missing = [package for package, there in (
            ("golang-go", shutil.which("go")),
            ("golang-github-jackc-pgx-v4-dev", (cls.packages / "src/github.com/jackc/pgx").exists()))
                       if not there]
        return " ".join(missing) or None

    def configure(self):
        program = BUILD / "bench" / "go" / "server"
        environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(self.packages),
                       "GOCACHE": str(BUILD / "bench" / "go" / "cache")}
        subprocess.run(["go", "build", "-o", program, PEERS / "go" / "main.go"], check=True, env=environment)
        with open(program, "rb") as built:
            self.world.as_server("install", "-m", "755", "/dev/stdin",
                                 str(self.folder / "server"), stdin=built)

    def launch(self):
        return self.spawn("env", f"PORT={self.port}", f"DAYBOOK_HOST={self.world.postgres}",
                          f"CONNECTIONS={GO_CONNECTIONS}", self.folder / "server")


class Php(Peer):
    """PHP-FPM with PDO and OPcache, behind nginx."""

    shipped = "bench/peers/php"

    @staticmethod
    def program():
        return next((str(p) for p in sorted(pathlib.Path("/usr/sbin").glob("php-fpm*"), reverse=True)), None)

    @classmethod
    def lacks(cls):
        missing = [package for package, there in (
            ("nginx", shutil.which("nginx")), ("php-fpm", cls.program()), ("php-pgsql", has_pdo_pgsql()))
                   if not there]
        return " ".join(missing) or None

    def configure(self):
        self.place = self.copy(self.world, "php")
        self.write("fpm.conf", f"""
[global]
error_log = {self.folder}/fpm.log
[www]
listen = {self.folder}/sock
pm = static
pm.max_children = {PHP_CHILDREN}
php_admin_value[opcache.enable] = 1
php_admin_value[opcache.validate_timestamps] = 0
""")
        folders = "".join(f"    {kind}_temp_path {self.folder}/www/{kind};\n"
                          for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        self.write("nginx.conf", f"""
worker_processes 2;
pid {self.folder}/nginx.pid;
error_log {self.folder}/nginx.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
{folders}
    server {{
        listen 127.0.0.1:{self.port};
        location / {{
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME {self.place}/index.php;
            fastcgi_param DAYBOOK_HOST {self.world.postgres};
            fastcgi_pass unix:{self.folder}/sock;
        }}
    }}
}}
""")

    def launch(self):
        self.spawn(self.program(), "-F", "-y", self.folder / "fpm.conf")
        wait_until((self.folder / "sock").exists, f"php-fpm does not start; see {self.folder}/fpm.log")
        return self.spawn("nginx", "-c", self.folder / "nginx.conf", "-g", "daemon off;")


def has_pdo_pgsql():
    program = Php.program()
    return program and "pdo_pgsql" in subprocess.run([program, "-m"], capture_output=True, text=True).stdout


PEER_KINDS = {"Go": Go, "Fastify": Fastify, "PHP-FPM": Php}


def daybook_servers(world):
    """Each shipped configuration, with as many responders as it says."""
    return {"Daybook, lighttpd": Lighttpd(world, LIGHTTPD_PROCESSES),
            "Daybook, one socket": LighttpdSocket(world, LIGHTTPD_PROCESSES),
            "Daybook, Apache": ApacheSocket(world, APACHE_PROCESSES),
            "Daybook, mod_fcgid": Apache(world, APACHE_PROCESSES)}


def other_pools(world):
    """Ways to start the responders that are not shipped."""
    return {"lighttpd, in its session": OneSession(world, LIGHTTPD_PROCESSES),
            "lighttpd, multiwatch": OwnPool(world, LIGHTTPD_PROCESSES)}
