# SPDX-License-Identifier: Apache-2.0
"""What snf-manage stands on: settings, database, key and logs."""

import json
import re
import socket

from conftest import GUIDE


def test_without_a_database_one_sentence_says_so(site):
    done = site.manage("user-list")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(f"CommandError: there is no database: {site.data} holds none")
    assert len(done.stderr.splitlines()) == 1 and not site.data.exists()


def test_a_wrong_setting_stops_every_verb_with_its_place(site):
    site.make()
    site.write("20-snf-astakos-app-settings.conf", "\nASTAKOS_RECAPTCHA_ENABLED = 'perhaps'\n")
    done = site.manage("user-list")
    assert done.returncode == 1
    assert "20-snf-astakos-app-settings.conf:2: ASTAKOS_RECAPTCHA_ENABLED is \"perhaps\"; write true or false" in done.stderr
    assert site.manage("help").returncode == 0


def test_the_guides_files_are_taken_and_no_secret_is_shown(copy_of_guide):
    site = copy_of_guide
    rows = {row["name"]: row for row in json.loads(site.ok("setting-list", "--output-format", "json"))}
    assert rows["ASTAKOS_IM_MODULES"]["value"] == "local, shibboleth"
    assert rows["ASTAKOS_IM_MODULES"]["origin"].endswith("20-snf-astakos-app-settings.conf:4")
    assert rows["ASTAKOS_RECAPTCHA_ENABLED"]["value"] == "true"
    assert rows["EMAIL_HOST_PASSWORD"]["value"] == "(hidden)"
    for form in ("pretty", "csv", "json"):
        said = site.ok("setting-list", "--output-format", form)
        assert "hunter" not in said and "private_key!" not in said and "kept and never" not in said
    assert "ASTAKOS_COOKIE_NAME" not in site.ok("setting-list", "--changed", "-o", "name")


def test_foreign_names_are_warned_of_when_asked(copy_of_guide):
    site = copy_of_guide
    assert site.manage("setting-list").stderr == ""
    warned = site.manage("setting-list", "-v", "2").stderr
    assert re.search(r"30-site\.conf:\d+: MIDDLEWARE_CLASSES is not a known setting", warned)
    assert "INSTALLED_APPS is left out" in warned and "hunter" not in warned


def test_the_sample_is_a_file_of_settings(site):
    site.write("20-sample.conf", re.sub(r"(?m)^#(?! )", "", site.ok("setting-sample")))
    changed = json.loads(site.ok("setting-list", "--changed", "--output-format", "json"))
    assert len(changed) > 120 and site.command_logs() == []


def test_the_log_goes_where_the_dictionary_says(site):
    site.make("alice")
    site.write("10-snf-webproject-logging.conf", f"""
LOGGING_SETUP = {{
    'version': 1,
    'formatters': {{'verbose': {{'format': '%(asctime)s [%(process)d] %(name)s [%(levelname)s] %(message)s'}}}},
    'handlers': {{
        'file': {{'class': 'logging.handlers.WatchedFileHandler', 'filename': '{site.settings}/synnefo.log',
                  'formatter': 'verbose'}},
        'admin': {{'class': 'logging.FileHandler', 'filename': '{site.settings}/admin.log'}},
    }},
    'loggers': {{'synnefo.admin': {{'handlers': ['admin'], 'propagate': False}}}},
    'root': {{'handlers': ['file'], 'level': 'INFO'}},
}}
""")
    site.ok("user-modify", "alice", "--set-inactive")
    logged = (site.settings / "synnefo.log").read_text()
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[\d+\] astakos \[INFO\] account\.deactivated account=", logged)
    assert re.search(r"^command verb=user-modify by=.* done=true$", (site.settings / "admin.log").read_text())
    site.write("20-own.conf", "SNF_MANAGE_LOGGING_SETUP = {'version': 1}\n")
    site.ok("user-modify", "alice", "--set-active")
    assert (site.settings / "synnefo.log").read_text() == logged


def test_syslog_gets_what_the_guide_says(site):
    site.make("alice")
    path = site.settings / "devlog"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(path))
        daemon.settimeout(20)
        text = (GUIDE / "10-snf-webproject-logging.conf").read_text().replace("/dev/log", str(path))
        (site.settings / "10-snf-webproject-logging.conf").write_text(text)
        site.ok("user-modify", "alice", "--set-inactive")
        lines = [daemon.recv(9000).decode() for _ in range(2)]
        assert re.match(r"<30>\w{3} [ \d]\d [\d:]{8} snf-manage\[\d+\]: ", lines[0])
        assert "astakos identity [INFO] account.deactivated" in lines[0]
        assert "synnefo.admin manage [INFO] command verb=user-modify" in lines[1]


def test_a_wrong_dictionary_names_its_line(site):
    site.make("alice")
    site.write("10-l.conf", "LOGGING_SETUP = {\n  'version': 1,\n  'handlers': {'h': {'class': 'x.Loud'}}}\n")
    done = site.manage("user-list")
    assert done.returncode == 1 and "10-l.conf:3: handler 'h' is of class 'x.Loud'" in done.stderr


def test_postgresql_of_djangos_settings(site, database):
    site.write("10-snf-webproject-database.conf", f"""
DATABASES = {{'default': {{'ENGINE': 'django.db.backends.postgresql_psycopg2', 'NAME': 'nephele', 'USER': 'nephele',
    'PASSWORD': 'p@ss/word', 'HOST': '127.0.0.1', 'PORT': '{database.port}'}}}}
""")
    done = site.manage("user-list")  # the key is missing
    assert done.returncode == 1 and "SECRET_KEY_FILE" in done.stderr and "p@ss" not in done.stderr
    site.data.mkdir(mode=0o700)  # a node that drives no machines needs no more than these two
    (site.data / "nephele.conf").write_text(f"SECRET_KEY_FILE = '{site.settings}/key'\n")
    (site.settings / "key").write_text("5a" * 32 + "\n")
    (site.settings / "key").chmod(0o600)
    site.ok("user-list")
    assert database.rows("select count(*) from identity_account") == [["0"]]
    database.stop()
    done = site.manage("user-list")
    assert done.returncode == 1 and done.stderr.startswith("CommandError: ")
    assert "p@ss" not in done.stderr and "p%40ss" not in done.stderr


def test_a_key_of_another_installation_is_refused(site):
    site.make("alice")
    (site.data / "secret.key").write_text("0" * 64 + "\n")
    done = site.manage("user-list")
    assert done.returncode == 1 and "secret key is not the one of the database" in done.stderr
