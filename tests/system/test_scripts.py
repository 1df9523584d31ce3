# SPDX-License-Identifier: Apache-2.0
"""The scripts that a newcomer runs first, and the checks that the house runs on itself."""

import os
import pathlib
import shutil
import subprocess

import pytest

SOURCE = pathlib.Path(os.environ.get("NEPHELE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))


def script(name, *arguments, cwd=SOURCE, **more):
    return subprocess.run([str(pathlib.Path(cwd) / "scripts" / name), *arguments], cwd=cwd, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, **more)


@pytest.mark.parametrize("name", ["deps", "up", "test", "format", "lint", "check-floors", "bench"])
def test_every_script_explains_itself(name):
    done = script(name, "--help")
    assert done.returncode == 0 and f"scripts/{name}" in done.stdout, done.stderr


def test_deps_is_quick_and_silent_when_everything_is_there():
    done = script("deps", "--list", "build", "run", "test")
    assert done.returncode == 0 and "clang-19" in done.stdout.split()
    assert script("deps", "nonsense").returncode == 2


def copy_of(tmp_path):
    for part in ("scripts", "src/base"):
        shutil.copytree(SOURCE / part, tmp_path / part)
    return tmp_path


ARROWS = {
    "src/base/x.cpp": ('#include "sql/sql.h"', 'base may not include "sql/sql.h"'),
    "src/compute/x.cpp": ('#include "clouds/qemu/qmp.h"', "compute may not include"),
    "src/runtimes/x.cpp": ('#include "compute/store.h"', "private room of compute"),
    "src/runtimes/y.cpp": ("#include <boost/beast/http.hpp>", "may be included only in: http"),
    "src/identity/x.cpp": ("#include <sqlite3.h>", "may be included only in: sql"),
    "src/base/x.h": ("#pragma once\n#include <fmt/core.h>", "belongs into .cpp files only"),
    "src/base/y.h": ("int x;", "has no #pragma once"),
    "src/misc/x.cpp": ("", "is in no module"),
}


@pytest.mark.parametrize("path", ARROWS)
def test_a_wrong_arrow_is_found_with_its_place(tmp_path, path):
    text, complaint = ARROWS[path]
    house = copy_of(tmp_path)
    assert script("check-floors", cwd=house).returncode == 0
    (house / path).parent.mkdir(parents=True, exist_ok=True)
    (house / path).write_text(text + "\n")
    done = script("check-floors", cwd=house)
    assert done.returncode == 1 and complaint in done.stderr and f"{path}:" in done.stderr, done.stderr


def test_the_arrows_of_this_house_point_down():
    done = script("check-floors")
    assert done.returncode == 0, done.stderr
