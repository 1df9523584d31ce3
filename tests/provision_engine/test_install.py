# SPDX-License-Identifier: Apache-2.0
"""install.sh in a folder that stands for the machine (DESTDIR), with programs that are built already."""

import os
import shutil
import stat

import pytest
from conftest import CLIENT, SOURCE, run
from open_folder import open_folder

PARTS = ("scripts", "share", "src/client", "tests/templates", "packaging")
COMMANDS = ("provision-engine", "provision-engine-server", "provision-engine-cli", "http_cli.rb", "client.rb")
NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes somebody else")

# A stand-in for the server: what it is called with, and whether it "runs" (a file beside it says so).
SERVER = """#!/bin/sh
case $1 in
  status) [ -e "$(dirname "$(readlink -f "$0")")/running" ] || exit 3 ;;
  *) echo "server: $*" ;;
esac
"""


def fill(clone):
    for part in PARTS:
        shutil.copytree(SOURCE / part, clone / part, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(SOURCE / "install.sh", clone / "install.sh")
    (clone / "bin").mkdir()
    (clone / "bin" / "provision-engine-server").write_text(SERVER)
    (clone / "bin" / "provision-engine-server").chmod(0o755)
    shutil.copy2(CLIENT, clone / "bin" / "provision-engine-cli")
    return clone


class House:
    """A clone and a machine."""

    def __init__(self, top):
        self.clone = fill(top / "clone")
        self.root = top / "machine"
        self.root.mkdir()

    def install(self, *words, status=0, before=(), **environment):
        done = run(*before, self.clone / "install.sh", *words, cwd="/",
                   env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "DESTDIR": str(self.root),
                        "NEPHELE_BUILT": str(self.clone / "bin"), **environment})
        assert done.returncode == status, done.stdout + done.stderr
        return done

    def at(self, path):
        return self.root / path.lstrip("/")

    def files(self):
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if not path.is_dir() or path.is_symlink())

    def picture(self):
        """Every path with what is there, to see that nothing has changed."""
        return {str(path): (path.lstat().st_mode, os.readlink(path) if path.is_symlink() else
                            path.read_bytes() if path.is_file() else None) for path in self.root.rglob("*")}


@pytest.fixture
def house():
    with open_folder() as folder:
        yield House(folder)


CONF, OPT, LOGS = "/etc/provision-engine/engine.conf", "/opt/provision-engine", "/var/log/provision-engine"
SERVER_AT = "/usr/local/bin/provision-engine-server"


@pytest.mark.parametrize("words", [[], ["install"], ["install", "symlink"], ["symlink"]])
def test_without_a_word_everything_is_a_link_into_the_clone(house, words):
    done = house.install(*words)
    assert f"provision engine installed at {house.root}/opt/provision-engine\n" in done.stdout
    assert f"run engine with {house.root}/usr/local/bin/provision-engine-server start/stop\n" in done.stdout
    assert os.readlink(house.at(SERVER_AT)) == str(house.clone / "bin" / "provision-engine-server")
    for name in ("serverless_runtime", "config", "error"):
        link = house.at(f"/etc/provision-engine/schemas/{name}.json")
        assert os.readlink(link) == str(house.clone / "share" / "schemas" / f"{name}.json")
    assert not house.at(CONF).is_symlink()
    assert house.at(CONF).read_bytes() == (SOURCE / "share/etc/engine.conf").read_bytes()


@pytest.mark.parametrize("words", [["copy"], ["install", "copy"], ["copy", "install"]])
def test_copies_outlive_the_clone(house, words):
    house.install(*words)
    shutil.rmtree(house.clone)
    server = house.at(SERVER_AT)
    assert stat.S_ISREG(server.lstat().st_mode) and os.access(server, os.X_OK)
    assert run(server, "start").stdout == "server: start\n"
    for path in house.root.rglob("*"):
        assert not path.is_symlink() or path.exists(), f"{path} leads nowhere"
        assert not path.is_symlink() or str(house.clone) not in os.readlink(path)
    for path in (f"{OPT}/src/client/http_cli.rb", f"{OPT}/bin/provision-engine-cli", "/usr/local/bin/client.rb",
                 "/usr/local/bin/http_cli.rb", "/usr/local/bin/provision-engine-cli"):
        assert run(house.at(path)).stdout.startswith("CLI HTTP Client Usage:"), path
    for specification in ("../../tests/templates/sr_faas_minimal.json", "runtime_spec.json"):
        assert house.at(f"{OPT}/src/client/{specification}").exists()


@pytest.mark.parametrize("mode", ["symlink", "copy"])
def test_nothing_is_written_outside_the_four_folders(house, mode):
    house.install(mode)
    for path in house.files():
        assert path.startswith(("opt/provision-engine/", "etc/provision-engine/", "usr/local/bin/")), path
    assert sorted(os.listdir(house.at("/usr/local/bin"))) == sorted(COMMANDS)
    assert not [path for path in house.files() if path.endswith(".new")]


def test_what_is_installed_can_be_read_by_all_and_written_by_its_owner(house):
    house.install("copy")
    for path in house.root.rglob("*"):
        if not path.is_symlink() and path != house.at(CONF):
            assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644), path


def rights(path):
    about = path.stat()
    return stat.S_IMODE(about.st_mode), about.st_uid, about.st_gid


@pytest.mark.parametrize("mode", ["symlink", "copy"])
def test_the_configuration_is_for_its_owner_and_the_group_of_who_installs(house, mode):
    house.install(mode)
    assert rights(house.at(CONF)) == (0o640, os.getuid(), os.getgid())


@needs_root
def test_who_installs_through_sudo_may_read_the_configuration(house):
    house.install("copy", SUDO_UID="1234", SUDO_GID="1235")
    assert rights(house.at(CONF)) == (0o640, 0, 1235)


@needs_root
def test_an_ordinary_user_reads_the_configuration_that_he_installed(house):
    os.chown(house.root, NOBODY, NOBODY)
    house.install("copy", before=AS_NOBODY)
    assert rights(house.at(CONF)) == (0o640, NOBODY, NOBODY)


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o444])
def test_a_configuration_that_is_there_keeps_its_rights(house, mode):
    house.install("copy")
    house.at(CONF).chmod(mode)
    if os.geteuid() == 0:
        os.chown(house.at(CONF), NOBODY, NOBODY)
    before = rights(house.at(CONF))
    house.install("copy")
    house.install("update")
    assert rights(house.at(CONF)) == before and before[0] == mode


@pytest.mark.parametrize("spelling", [["provision-engine-server"], ["provision-engine"], ["provision-engine", "server"]])
@pytest.mark.parametrize("mode", ["symlink", "copy"])
def test_three_spellings_reach_the_server(house, mode, spelling):
    house.install(mode)
    for words in (["start"], ["stop"], ["start", "debug"]):
        done = run(house.at("/usr/local/bin") / spelling[0], *spelling[1:], *words)
        assert (done.returncode, done.stdout) == (0, f"server: {' '.join(words)}\n"), done.stderr


def test_the_other_spelling_without_a_server_says_so(tmp_path):
    program = tmp_path / "provision-engine"
    shutil.copy2(SOURCE / "packaging" / "provision-engine", program)
    done = run(program, "start", env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 1 and "install.sh" in done.stderr


@pytest.mark.parametrize("first", ["symlink", "copy"])
@pytest.mark.parametrize("second", ["symlink", "copy"])
def test_again_keeps_an_edited_configuration_and_replaces_programs_and_schemas(house, first, second):
    house.install(first)
    house.at(CONF).write_text(":port: 4711\n")
    (house.clone / "share/schemas/error.json").write_text('{"new": 1}\n')
    (house.clone / "bin" / "provision-engine-server").write_text("#!/bin/sh\necho two\n")
    done = house.install(second)
    assert house.at(CONF).read_text() == ":port: 4711\n"
    assert ":one_timeout:" in done.stdout and ":port:" not in done.stdout
    assert house.at("/etc/provision-engine/schemas/error.json").read_text() == '{"new": 1}\n'
    assert run(house.at(SERVER_AT), "start").stdout == "two\n"
    assert house.at(SERVER_AT).is_symlink() == (second == "symlink")


def test_an_update_keeps_the_way_it_was_installed(house):
    house.install("copy", PREFIX="/usr")
    (house.clone / "bin" / "provision-engine-server").write_text("#!/bin/sh\necho two\n")
    house.install("update")
    assert not house.at("/usr/bin/provision-engine-server").is_symlink() and not house.at("/usr/local").exists()
    assert run(house.at("/usr/bin/provision-engine-server")).stdout == "two\n"


def test_a_program_that_runs_is_not_disturbed_by_an_update(house):
    house.install("copy")
    before = house.at(SERVER_AT).stat().st_ino
    with open(house.at(SERVER_AT), "rb") as running:
        (house.clone / "bin" / "provision-engine-server").write_text("#!/bin/sh\necho two\n")
        house.install("update")
        assert running.read().decode() == SERVER
    assert house.at(SERVER_AT).stat().st_ino != before


def test_what_a_new_version_no_longer_brings_is_removed(house):
    house.install()
    (house.clone / "tests/templates/sr_faas_minimal.json").unlink()
    house.install()
    assert "opt/provision-engine/tests/templates/sr_faas_minimal.json" not in house.files()
    assert "opt/provision-engine/tests/templates/sr_faas_capacity.json" in house.files()


def test_a_clone_with_a_blank_in_its_name(tmp_path):
    (tmp_path / "my clones").mkdir()
    house = House(tmp_path / "my clones")
    house.install()
    assert run(house.at(SERVER_AT), "start").stdout == "server: start\n"
    house.install("copy")
    house.install("clean", "purge")
    assert house.files() == []


def test_prefix(house):
    house.install("copy", PREFIX="/opt/elsewhere/")
    assert house.at("/opt/elsewhere/bin/provision-engine-server").exists() and not house.at("/usr").exists()
    assert run(house.at(f"{OPT}/bin/provision-engine-cli")).returncode == 0
    house.install("purge")
    assert house.files() == []


def test_somebody_elses_client_rb_stays(house):
    other = house.at("/usr/local/bin/client.rb")
    other.parent.mkdir(parents=True)
    other.write_text("theirs")
    done = house.install()
    assert "client.rb belongs to something else" in done.stderr and other.read_text() == "theirs"
    house.install("purge")
    assert house.files() == ["usr/local/bin/client.rb"]


def test_over_the_original_with_its_links(house, tmp_path):
    """The Ruby engine's installer left links into its clone."""
    (tmp_path / "ruby").mkdir()
    for name in ("server.rb", "provision-engine-server", "error.json", "engine.conf"):
        (tmp_path / "ruby" / name).write_text("ruby")
    for link in (f"{OPT}/server.rb", SERVER_AT, "/etc/provision-engine/schemas/error.json"):
        house.at(link).parent.mkdir(parents=True, exist_ok=True)
        house.at(link).symlink_to(tmp_path / "ruby" / link.rsplit("/", 1)[1])
    house.at(CONF).write_text(":port: 1\n")
    house.install("copy")
    assert run(house.at(SERVER_AT), "x").stdout == "server: x\n" and house.at(CONF).read_text() == ":port: 1\n"
    assert {path.read_text() for path in (tmp_path / "ruby").iterdir()} == {"ruby"}, "a link was followed"
    house.install("purge")
    assert house.files() == []


# ---- clean, purge ---------------------------------------------------------------------------------------------------

def used(house):
    """As after some weeks: logs, data, an edited configuration, a pid file."""
    for path, text in ((f"{LOGS}/engine.log", "line"), (f"{LOGS}/engine.log.1700000000", "old"), (f"{OPT}/var/engine.db", "rows"),
                       ("/tmp/provision-engine-server.pid", "1\n"), ("/etc/other.conf", "theirs"), ("/opt/other/x", "theirs")):
        house.at(path).parent.mkdir(parents=True, exist_ok=True)
        house.at(path).write_text(text)
    house.at(f"{OPT}/var").chmod(0o700)


@pytest.mark.parametrize("mode", ["symlink", "copy"])
def test_clean_removes_the_programs_and_keeps_configuration_and_logs(house, mode):
    house.install(mode)
    used(house)
    house.at(CONF).write_text(":port: 4711\n")
    house.install("clean")
    assert not house.at(OPT).exists() and os.listdir(house.at("/usr/local/bin")) == []
    assert house.at(CONF).read_text() == ":port: 4711\n"
    assert house.at(f"{LOGS}/engine.log").read_text() == "line"
    assert house.at("/opt/other/x").exists()


def test_what_the_engine_remembers_survives_clean_and_comes_back(house):
    house.install()
    used(house)
    house.install("clean")
    assert stat.S_IMODE(house.at("/etc/provision-engine/kept").stat().st_mode) == 0o700
    house.install("clean")
    house.install("copy")
    assert house.at(f"{OPT}/var/engine.db").read_text() == "rows"
    assert stat.S_IMODE(house.at(f"{OPT}/var").stat().st_mode) == 0o700
    assert not house.at("/etc/provision-engine/kept").exists()


KEPT = "/etc/provision-engine/kept"


def write(house, path, text):
    house.at(path).parent.mkdir(parents=True, exist_ok=True)
    house.at(path).write_text(text)


def test_clean_loses_nothing_where_data_was_kept_before(house):
    """Cleaned, then somebody copied data of another machine to /opt and installed again."""
    house.install()
    write(house, f"{OPT}/var/engine.db", "old rows")
    house.install("clean")
    write(house, f"{OPT}/var/engine.db", "new rows")
    done = house.install("copy")
    assert f"{house.root}{KEPT}/var stays there" in done.stderr
    before = house.picture()
    done = house.install("clean", status=1)
    assert f"{OPT}/var" in done.stderr and f"{KEPT}/var" in done.stderr and "nothing was changed" in done.stderr
    assert house.picture() == before
    house.at(f"{KEPT}/var").rename(house.root / "elsewhere")
    house.install("clean")
    assert house.at(f"{KEPT}/var/engine.db").read_text() == "new rows" and not house.at(OPT).exists()
    house.install()
    assert house.at(f"{OPT}/var/engine.db").read_text() == "new rows"


@pytest.mark.parametrize("empty", [f"{KEPT}/var", f"{OPT}/var"])
def test_an_empty_folder_is_no_data(house, empty):
    house.install()
    other = ({f"{KEPT}/var", f"{OPT}/var"} - {empty}).pop()
    write(house, f"{other}/engine.db", "rows")
    house.at(empty).mkdir(parents=True)
    house.install("clean")
    assert house.at(f"{KEPT}/var/engine.db").read_text() == "rows"
    house.install()
    assert house.at(f"{OPT}/var/engine.db").read_text() == "rows" and not house.at(KEPT).exists()


def test_lists_of_packages_become_one(house):
    house.install()
    write(house, f"{OPT}/installed-packages", "lld-19\n")
    house.install("clean")
    write(house, f"{OPT}/installed-packages", "clang-19\n")
    house.install("clean")
    assert house.at(f"{KEPT}/installed-packages").read_text() == "clang-19\nlld-19\n"
    write(house, f"{OPT}/installed-packages", "cmake\n")
    house.install()
    assert house.at(f"{OPT}/installed-packages").read_text() == "clang-19\ncmake\nlld-19\n" and not house.at(KEPT).exists()


@pytest.mark.parametrize("spelled", [f":data: {OPT}/mine", f":data: '{OPT}/mine'  # here", f"data: {OPT}//mine/"])
def test_clean_refuses_while_data_of_another_name_lies_in_what_it_would_remove(house, spelled):
    house.install()
    house.at(CONF).write_text(f":port: 4711\n{spelled}\n")
    write(house, f"{OPT}/mine/engine.db", "rows")
    before = house.picture()
    done = house.install("clean", status=1)
    assert f"{house.root}{OPT}/mine (:data:)" in done.stderr and "nothing was changed" in done.stderr
    assert house.picture() == before
    house.at(f"{OPT}/mine").rename(house.root / "mine")
    house.install("clean")
    assert (house.root / "mine" / "engine.db").read_text() == "rows" and not house.at(OPT).exists()


@pytest.mark.parametrize("words", [["clean", "purge"], ["purge"]])
@pytest.mark.parametrize("cleaned", [False, True])
@pytest.mark.parametrize("mode", ["symlink", "copy"])
def test_purge_leaves_nothing_of_ours_and_all_of_others(house, mode, words, cleaned):
    house.install(mode)
    used(house)
    if cleaned:
        house.install("clean")
    house.install(*words)
    assert house.files() == ["etc/other.conf", "opt/other/x"]
    assert not house.at(LOGS).exists() and not house.at(OPT).exists() and not house.at("/etc/provision-engine").exists()
    assert (house.clone / "share" / "schemas" / "error.json").exists(), "a link was followed"


MINE = (":data: /srv/pe-data", ":log:\n  :level: 1\n  :directory: '/var/log/pe'  # here")


def used_elsewhere(house, conf=MINE):
    house.install()
    house.at(CONF).write_text("\n".join(conf) + "\n")
    for name in ("engine.db", "engine.db-wal", "engine.db-shm", "secret.key"):
        write(house, f"/srv/pe-data/{name}", "rows")
    for name in ("engine.log", "engine.log.1700000000", "CloudClient.log", "CloudClient.log.1700000000.1", "api.log"):
        write(house, f"/var/log/pe/{name}", "line")


@pytest.mark.parametrize("conf", [MINE, ("data: '/srv//pe-data/'", "log:\n    directory: /var/log/pe"),
                                  (":data: /srv/pe-data", ":log:", ":directory: /var/log/pe")])
def test_purge_finds_data_and_logs_where_they_are_configured(house, conf):
    used_elsewhere(house, conf)
    house.install("purge")
    assert house.files() == [] and not house.at("/srv/pe-data").exists() and not house.at("/var/log/pe").exists()
    assert house.at("/srv").exists() and house.at("/var/log").exists()


def test_purge_leaves_what_others_keep_in_the_configured_folders(house):
    used_elsewhere(house)
    theirs = ["srv/pe-data/engine.db.mine", "srv/pe-data/more/secret.key", "var/log/pe/CloudClient.log.saved-1.gz",
              "var/log/pe/engine.log.2024-01", "var/log/pe/my-engine.log"]
    for path in theirs:
        write(house, f"/{path}", "theirs")
    done = house.install("purge")
    assert house.files() == theirs
    for folder in ("/srv/pe-data", "/var/log/pe"):
        assert f"{house.root}{folder} stays" in done.stdout


def test_purge_removes_no_folder_of_the_system(house):
    used_elsewhere(house, (":data: /srv", ":log:\n  :directory: /var/log"))
    write(house, "/var/log/engine.log", "line")
    house.install("purge")
    assert not house.at("/var/log/engine.log").exists() and house.at("/srv").exists() and house.at("/var/log").exists()


def test_purge_finds_the_pid_file_that_is_configured(house):
    house.install()
    house.at(CONF).write_text(":pid_file: '/run/pe.pid'  # here\n")
    house.at("/run").mkdir()
    house.at("/run/pe.pid").write_text("1\n")
    house.install("purge")
    assert house.files() == []


def test_purge_takes_no_pid_file_that_the_server_would_refuse(house):
    house.install()
    house.at(CONF).write_text(":pid_file: install.sh\n")
    for path in (f"{house.root}install.sh", house.at("/tmp/provision-engine-server.pid")):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "w").close()
    house.install("purge")
    assert house.files() == [] and (house.clone / "install.sh").exists() and os.path.exists(f"{house.root}install.sh")


def test_purge_takes_the_links_of_systemd_along_and_nobody_elses(house):
    house.install("copy")
    units = house.at("/etc/systemd/system")
    (units / "multi-user.target.wants").mkdir(parents=True)
    (units / "provision-engine.service.d").mkdir()
    (units / "provision-engine.service.d" / "mine.conf").write_text("[Service]\n")
    (units / "provision-engine.service.d" / "provision-engine-embedded.conf").symlink_to(
        "/opt/provision-engine/packaging/provision-engine-embedded.conf")
    unit = "/opt/provision-engine/packaging/provision-engine.service"
    for link in (units / "provision-engine.service", units / "multi-user.target.wants" / "provision-engine.service"):
        link.symlink_to(unit)
    (units / "other.service").symlink_to("/opt/other/other.service")
    house.install("purge")
    assert house.files() == ["etc/systemd/system/other.service", "etc/systemd/system/provision-engine.service.d/mine.conf"]


@pytest.mark.parametrize("words", [["clean"], ["purge"], ["clean", "purge"]])
def test_where_nothing_is_installed_there_is_nothing_to_remove(house, words):
    house.install(*words)
    assert house.files() == []


# ---- refusals -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("words", [["remove"], ["install", "purge"], ["clean", "copy"], ["copy", "purge"], ["install", "clean"],
                                   ["update", "copy"], ["symlink", "copy"], ["-x"]])
def test_other_words_change_nothing_and_show_the_usage(house, words):
    done = house.install(*words, status=2)
    assert "./install.sh clean" in done.stderr and house.files() == []


def test_it_explains_itself(house):
    done = house.install("--help")
    assert "DESTDIR" in done.stdout and "purge" in done.stdout and house.files() == []


@needs_root
@pytest.mark.parametrize("refused", ["opt", "etc", "var/log", "usr/local/bin", "etc/provision-engine",
                                     "etc/provision-engine/schemas", "var/log/provision-engine"])
@pytest.mark.parametrize("words", [[], ["copy"], ["update"]])
def test_without_the_right_to_one_folder_it_is_named_and_nothing_changes(house, refused, words):
    for folder in ("opt", "etc", "var/log", "usr/local/bin", refused):
        (house.root / folder).mkdir(parents=True, exist_ok=True)
    for folder in house.root.rglob("*"):
        os.chown(folder, NOBODY, NOBODY)
    os.chown(house.root / refused, 0, 0)
    before = house.picture()
    done = house.install(*words, status=1, before=AS_NOBODY)
    assert f"{house.root}/{refused};" in done.stderr and "nothing was changed" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and done.stdout == ""
    assert house.picture() == before
    assert sorted(os.listdir(house.clone)) == sorted({part.split("/")[0] for part in PARTS} | {"bin", "install.sh"})


@needs_root
def test_without_any_right_all_of_them_are_named(house):
    done = house.install(status=1, before=AS_NOBODY, DESTDIR="")
    for folder in ("/opt", "/etc", "/usr/local/bin"):
        assert f"{folder}" in done.stderr
    assert done.stdout == ""


@needs_root
@pytest.mark.parametrize("words", [["clean"], ["purge"]])
def test_removing_needs_the_same_rights(house, words):
    house.install()
    used(house)
    before = house.picture()
    done = house.install(*words, status=1, before=AS_NOBODY)
    assert "nothing was changed" in done.stderr and house.picture() == before


@needs_root
@pytest.mark.parametrize("folder", ["/srv/pe-data", "/var/log/pe"])
def test_purging_needs_the_right_to_the_configured_folders(house, folder):
    used_elsewhere(house)
    for path in (house.root, *house.root.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    os.chown(house.at(folder), 0, 0)
    before = house.picture()
    done = house.install("purge", status=1, before=AS_NOBODY)
    assert f"{house.root}{folder};" in done.stderr and "nothing was changed" in done.stderr
    assert house.picture() == before
    os.chown(house.at(folder), NOBODY, NOBODY)
    house.install("purge", before=AS_NOBODY)
    assert house.files() == []


@needs_root
def test_an_ordinary_user_may_install_where_he_may_write(house):
    os.chown(house.root, NOBODY, NOBODY)
    house.install("copy", before=AS_NOBODY)
    assert house.at(SERVER_AT).stat().st_uid == NOBODY
    house.install("purge", before=AS_NOBODY)
    assert house.files() == []


def test_a_file_where_a_folder_must_be_is_named(house):
    house.at("/etc").mkdir()
    house.at("/etc/provision-engine").write_text("")
    done = house.install(status=1)
    assert f"{house.root}/etc/provision-engine;" in done.stderr and house.files() == ["etc/provision-engine"]


def test_without_programs_nothing_changes(house):
    (house.clone / "bin" / "provision-engine-server").unlink()
    done = house.install(status=1)
    assert "provision-engine-server is missing" in done.stderr and house.files() == []
