# SPDX-License-Identifier: Apache-2.0
"""Where the service says that it is, what its processes tell of each other, where it logs, what doctor says of it."""

import json
import os
import pathlib
import re
import socket
import stat
import subprocess
import threading

import httpx
import pytest

from cloud import PATIENCE, PROGRAM, Cloud, wait_for
from ports import free_port

PASSWORD = "correct-horse-battery"


class Site:
    """An identity service with a directory of settings of its own."""

    def __init__(self, folder, settings="", services=("identity",), **environment):
        self.settings = folder / "synnefo"
        self.settings.mkdir(exist_ok=True)
        (self.settings / "20-site.conf").write_text(settings)
        self.house = Cloud(name="site", services=list(services),
                           environment={"SYNNEFO_SETTINGS_DIR": str(self.settings), **environment})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.house.close()

    @property
    def endpoints(self):
        return json.loads((self.house.data / "endpoints.json").read_text())

    def mail(self):
        def newest():
            found = sorted((self.house.data / "mails").glob("*.eml")) if (self.house.data / "mails").exists() else []
            return found and found[-1].read_text()
        return wait_for("a mail", newest, 30)


def sign_up(url, email):
    """As a browser does it without scripts."""
    with httpx.Client(base_url=url, timeout=60 * PATIENCE, follow_redirects=False) as browser:
        form = browser.get("/ui/signup").text
        fields = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form)
                      or [(b, a) for a, b in re.findall(r'value="([^"]*)"[^>]*name="([^"]+)"[^>]*type="hidden"', form)])
        done = browser.post("/ui/signup", headers={"Origin": url}, data={
            **fields, "email": email, "first_name": "Ada", "last_name": "Lovelace", "password1": PASSWORD,
            "password2": PASSWORD})
        assert done.status_code in (200, 302, 303), f"{done.status_code}\n{done.text}"


def plain(mail):
    """The text of a quoted-printable mail as one reads it."""
    return mail.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")


def test_without_settings_it_listens_where_the_guides_web_server_looks(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NEPHELE_")}
    environment |= {"NEPHELE_DATA": str(tmp_path), "SYNNEFO_SETTINGS_DIR": str(tmp_path / "none")}
    shown = subprocess.run([PROGRAM, "config", "show"], capture_output=True, text=True, check=True, env=environment).stdout
    rows = {words[0]: words[1] for words in map(str.split, shown.splitlines()) if words}
    assert (rows["IDENTITY_ADDRESS"], rows["IDENTITY_PORT"]) == ("127.0.0.1", "8080")
    site = pathlib.Path(__file__).parents[2].joinpath("share", "synnefo", "synnefo-ssl").read_text()
    assert re.search(r"^ +ProxyPass +/ http://localhost:8080/ retry=0$", site, re.M)


def test_mails_hold_the_port_that_was_bound(tmp_path):
    with Site(tmp_path) as site:
        site.house.start()
        url = site.endpoints["identity"]
        assert not url.endswith(":0") and not url.endswith(":8080")
        sign_up(url, "ada@example.org")
        assert f"{url}/ui/activate?auth=" in plain(site.mail())
        catalog = httpx.post(f"{url}/identity/v2.0/tokens", timeout=30).json()["access"]["serviceCatalog"]
        assert any(end["publicURL"].startswith(url) for entry in catalog for end in entry["endpoints"]), catalog


@pytest.mark.parametrize("astakos,identity,wanted", [
    ("https://accounts.example.org/", "https://other.example.org", "https://accounts.example.org"),
    ("", "https://other.example.org", "https://other.example.org")])
def test_one_setting_decides_for_mails_links_and_cookies(tmp_path, astakos, identity, wanted):
    port = free_port()
    settings = f"ASTAKOS_BASE_URL = '{astakos}'\n" if astakos else ""
    with Site(tmp_path, settings, NEPHELE_IDENTITY_PORT=str(port)) as site:
        site.house.data.mkdir(mode=0o700)
        (site.house.data / "nephele.conf").write_text(f"IDENTITY_URL = '{identity}'\n")
        site.house.start()
        here = f"http://127.0.0.1:{port}"
        assert site.endpoints["identity"] == wanted
        page = httpx.get(f"{here}/ui/login", timeout=30)
        assert "__Host-" in page.headers["Set-Cookie"] and "Secure" in page.headers["Set-Cookie"]
        links = httpx.get(f"{here}/identity/v3", timeout=30).text
        assert f"{wanted}/identity/v3" in links
        catalog = httpx.post(f"{here}/identity/v2.0/tokens", timeout=30).text
        assert wanted in catalog


def test_endpoints_of_other_processes_stay_while_they_live(tmp_path):
    with Site(tmp_path) as site:
        site.house.start()
        identity = site.endpoints["identity"]
        beside = Cloud(name="beside", services=["runtimes"], data=site.house.data)
        try:
            beside.start()
            assert site.endpoints == {"identity": identity, "runtimes": beside.url}
            site.house.kill()
            beside.stop()
            beside.start()
            assert site.endpoints == {"runtimes": beside.url}, "a dead process tells nothing"
            site.house.start()
            assert site.endpoints["runtimes"] == beside.url and "identity" in site.endpoints
        finally:
            beside.close()


LOGGING = """
LOGGING_SETUP = {
    'version': 1,
    'formatters': {'brief': {'format': '%%(name)s [%%(levelname)s] %%(message)s'}},
    'handlers': {
        'file': {'class': 'logging.handlers.WatchedFileHandler', 'filename': '%(file)s', 'formatter': 'brief'},
        'syslog': {'class': 'logging.handlers.SysLogHandler', 'address': '%(socket)s', 'facility': 'local3',
                   'formatter': 'brief'},
    },
    'root': {'handlers': ['file'], 'level': 'WARNING'},
    'loggers': {'astakos': {'handlers': ['syslog'], 'level': '%(level)s', 'propagate': 0}},
}
"""


@pytest.mark.parametrize("level", ["INFO", "ERROR"])
def test_the_web_process_logs_as_the_settings_say(tmp_path, level):
    """Accounts' events go to the daemon at their own level, and nowhere else."""
    lines = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "log"))
        daemon.settimeout(0.2)
        ended = threading.Event()

        def listen():
            while not ended.is_set():
                try:
                    lines.append(daemon.recv(65536).decode())
                except TimeoutError:
                    pass

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            log = tmp_path / "astakos.log"
            with Site(tmp_path, LOGGING % {"file": log, "socket": tmp_path / "log", "level": level}) as site:
                site.house.start()
                sign_up(site.endpoints["identity"], "ada@example.org")
                site.mail()
                site.house.stop()
        finally:
            ended.set()
            listener.join()
        said = [line for line in lines if "account.signed_up" in line]
        assert bool(said) == (level == "INFO"), lines
        assert all(line.startswith("<158>") and "astakos [INFO]" in line for line in said), "local3, info"
        assert log.exists() and "account.signed_up" not in log.read_text()


def test_a_log_that_cannot_be_written_is_said_at_the_start(tmp_path):
    settings = LOGGING % {"file": "/nowhere/at/all.log", "socket": "/dev/null", "level": "INFO"}
    with Site(tmp_path, settings) as site:
        done = site.house.run("serve", "identity", check=False)
        assert done.returncode != 0
        assert "/nowhere/at/all.log" in done.stderr, done.stderr


DATABASES = "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'synnefo', 'HOST': 'db.example.org'}}\n"


def test_the_first_start_leaves_what_openstack_needs():
    """As the guide prints it, and after a restart at another port."""
    house = Cloud(name="openrc")
    try:
        openrc, said = house.data / "admin-openrc", []
        for _ in range(2):
            house.start()
            assert stat.S_IMODE(openrc.stat().st_mode) == 0o600
            url = json.loads((house.data / "endpoints.json").read_text())["identity"]
            assert f"{url}/identity/v3" in openrc.read_text()
            done = subprocess.run(["sh", "-c", ". ./admin-openrc && openstack token issue -f json"], cwd=house.data,
                                  env={"PATH": os.environ["PATH"], "HOME": str(house.directory), "LC_ALL": "C.UTF-8"},
                                  capture_output=True, text=True, timeout=120 * PATIENCE, stdin=subprocess.DEVNULL)
            assert done.returncode == 0, done.stdout + done.stderr
            said.append(json.loads(done.stdout))
            house.stop()
        assert said[0]["user_id"] == said[1]["user_id"] and said[0]["id"] != said[1]["id"]
        words = house.output.read_text()
        password = [line.split("=", 1)[1].strip("'") for line in openrc.read_text().splitlines() if "OS_PASSWORD" in line]
        assert password and password[0] not in words
    finally:
        house.close()


@pytest.mark.parametrize("verb", ["serve", "doctor"])
def test_another_database_than_that_of_snf_manage_is_refused(tmp_path, verb):
    with Site(tmp_path, DATABASES) as site:
        done = site.house.run(verb, "identity", check=False)
        assert done.returncode != 0 and "DATABASES in /etc/synnefo" in done.stdout + done.stderr, done.stderr


class TestDoctor:
    def test_of_a_service_that_can_run(self, tmp_path):
        with Site(tmp_path, "EMAIL_HOST = 'mail.example.org'\n") as site:
            said = site.house.run("doctor", "identity").stdout
            assert "ok  mails go to mail.example.org:25" in said
            assert "ok  the identity service can listen" in said
            assert "ok  an account was made and signed in" in said
            assert said.endswith("ok  this machine can serve identity\n")
            assert not list(pathlib.Path(site.house.data).parent.glob("data/nephele.db")), "it leaves nothing"

    @pytest.mark.parametrize("settings,complaint", [
        ("ASTAKOS_MODERATION_ENABLED = 'perhaps'\n", "ASTAKOS_MODERATION_ENABLED"),
        ("ASTAKOS_RE_USER_EMAIL_PATTERNS = ['(']\n", "ASTAKOS_RE_USER_EMAIL_PATTERNS"),
        ("SERVER_EMAIL = 'no address'\n", "SERVER_EMAIL")])
    def test_of_wrong_settings(self, tmp_path, settings, complaint):
        with Site(tmp_path, settings) as site:
            done = site.house.run("doctor", "identity", check=False)
            assert done.returncode == 1
            assert "NO  " in done.stdout and complaint in done.stdout, done.stdout

    def test_of_a_port_that_is_taken(self, tmp_path):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with Site(tmp_path, NEPHELE_IDENTITY_PORT=str(port)) as site:
                done = site.house.run("doctor", "identity", check=False)
                assert done.returncode == 1 and "IDENTITY_PORT" in done.stdout, done.stdout

    def test_beside_one_that_runs(self, tmp_path):
        with Site(tmp_path) as site:
            site.house.start()
            assert "ok  an identity service runs here already" in site.house.run("doctor", "identity").stdout


def test_doctor_of_everything_looks_at_identity_too(tmp_path):
    with Site(tmp_path, "SERVER_EMAIL = 'no address'\n") as site:
        done = site.house.run("doctor", check=False)
        assert done.returncode == 1 and "SERVER_EMAIL" in done.stdout, done.stdout


