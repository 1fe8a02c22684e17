"""A PostgreSQL and a RabbitMQ of our own, from the installed binaries: stopping them harms nobody.

Each lives in a temporary folder and on free ports of the loopback interface, and is ended with us, however we end.

    with OwnPostgres() as postgres, OwnRabbit() as rabbit:
        … postgres.url, rabbit.url …
        postgres.restart("immediate")
        rabbit.wipe()
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from uuid import uuid4

import kombu
import psycopg
from psycopg import sql

from .guard import kill_group
from .server import Mode, Server, ServerFailed, ServerMissing, find, free_port, succeeds

__all__ = ["Mode", "OwnPostgres", "OwnRabbit", "Server", "ServerFailed", "ServerMissing", "free_port"]


class OwnPostgres(Server):
    """A PostgreSQL with an empty database `quanzu`, anybody of this machine trusted, fsync on."""

    name = "postgres"

    def __init__(self) -> None:
        bin_folder = find("postgres", "/usr/lib/postgresql/*/bin/postgres", "/usr/pgsql-*/bin/postgres").parent
        self.programs = {name: str(bin_folder / name) for name in ("initdb", "postgres")}
        if os.geteuid() == 0:
            self.user = _unprivileged()  # it refuses to run as root
        super().__init__()

    @property
    def url(self) -> str:
        """Where the database `quanzu` is, as SQLAlchemy and our settings take it."""
        return self.url_of("quanzu")

    def url_of(self, database: str) -> str:
        """Where one of its databases is."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """initdb."""
        if not (self.data / "PG_VERSION").exists():
            words = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]
            self._tool(self.programs["initdb"], "-D", str(self.data), *words)

    def command(self) -> list[str]:
        """The postmaster in the foreground, on TCP alone."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 300,
            "shared_buffers": "128MB",
            "fsync": "on",
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [self.programs["postgres"], "-D", str(self.data), *words]

    def answers(self) -> bool:
        """Whether `quanzu` can be opened; it is made the first time."""
        if not self.running:
            return False
        return succeeds(self._open_quanzu, psycopg.Error)

    def create_database(self, name: str) -> str:
        """Make another, empty database. Returns its URL."""
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url_of(name)

    def _open_quanzu(self) -> None:
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            there = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'quanzu'").fetchone()
            if there is None:
                connection.execute("CREATE DATABASE quanzu")

    def _dsn(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres dbname={database} connect_timeout=3"

    def _tell_to_stop(self, mode: Mode) -> None:
        os.kill(self.pid, signal.SIGINT if mode == "fast" else signal.SIGQUIT)


class OwnRabbit(Server):
    """A RabbitMQ node of its own name, cookie, ports and epmd, unknown to any other node of this machine."""

    name = "rabbitmq"

    def __init__(self) -> None:
        # Debian's wrapper in /usr/sbin changes to the user rabbitmq and its folders: the program below it does not
        self.programs = {
            name: str(find(name, f"/usr/lib/rabbitmq/bin/{name}", f"/opt/rabbitmq/sbin/{name}"))
            for name in ("rabbitmq-server", "rabbitmqctl")
        }
        self.programs["epmd"] = str(find("epmd", "/usr/lib/erlang/bin/epmd"))
        super().__init__()
        self._epmd: subprocess.Popen[bytes] | None = None
        self._write_folder()

    @property
    def url(self) -> str:
        """Where the default vhost is, as kombu and our settings take it."""
        return self.url_of("/")

    def url_of(self, vhost: str) -> str:
        """Where one of its vhosts is."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/{vhost}"

    def prepare(self) -> None:
        """An epmd of our own, in the foreground so that it ends with us."""
        self.data.mkdir(exist_ok=True)
        if self._epmd is None or self._epmd.poll() is not None:
            self._epmd = self._launch("epmd", [self.programs["epmd"]])

    def command(self) -> list[str]:
        """The node; told that systemd runs it, its script becomes the Erlang machine in place of watching over it."""
        return [self.programs["rabbitmq-server"]]

    def answers(self) -> bool:
        """Whether a client may log in."""
        return self.running and succeeds(self._log_in, *kombu.Connection(self.url).connection_errors, OSError)

    def ctl(self, *words: str) -> str:
        """What `rabbitmqctl` says about this node."""
        return self._tool(self.programs["rabbitmqctl"], "-q", "-n", self.env["RABBITMQ_NODENAME"], *words)

    def end(self) -> None:
        """Stop the node and its epmd, and delete the folder. Safe to call twice."""
        if self.running:
            kill_group(self.pid)
            self._await_end()
        if self._epmd is not None and self._epmd.poll() is None:
            kill_group(self._epmd.pid)
            self._epmd.wait()
        self.guard.forget("epmd")
        self.guard.end()

    def _log_in(self) -> None:
        with kombu.Connection(self.url, connect_timeout=3) as connection:
            connection.connect()
            connection.channel()

    def _write_folder(self) -> None:
        home = self.folder / "home"
        home.mkdir()
        cookie = home / ".erlang.cookie"
        cookie.write_text(uuid4().hex)
        cookie.chmod(0o400)
        (self.folder / "plugins").write_text("[].\n")
        (self.folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\n")
        loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        self.env |= {
            "HOME": str(home),
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"quanzu-{uuid4().hex[:8]}@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self.data),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "no-such-file"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": loopback,
            "RABBITMQ_CTL_ERL_ARGS": loopback,
            "RUNNING_UNDER_SYSTEMD": "true",
        }


def _unprivileged() -> str:
    """A user of this machine who is not root and may run a database."""
    passwd = Path("/etc/passwd").read_text("utf-8")
    names = [line.partition(":")[0] for line in passwd.splitlines()]
    return "postgres" if "postgres" in names else "nobody"
