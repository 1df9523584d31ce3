# SPDX-License-Identifier: Apache-2.0
"""The documents say what the program says: names of settings, verbs, and every sentence that they quote."""

import os
import pathlib
import re
import subprocess

import pytest

from cloud import PROGRAM

SOURCE = pathlib.Path(os.environ.get("NEPHELE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
DOCUMENTS = sorted([*SOURCE.glob("docs/**/*.md"), SOURCE / "README.md", SOURCE / "CHANGELOG.md",
                    SOURCE / "CONTRIBUTING.md"])
OPERATOR = SOURCE / "docs" / "guide" / "operator.md"
EVERYDAY = re.compile(r"\bnephele ((?:[a-z]+ ?){1,2})")


def nephele(*arguments, data):
    return subprocess.run([str(pathlib.Path(PROGRAM).resolve()), *arguments, *data], capture_output=True, text=True,
                          timeout=30, stdin=subprocess.DEVNULL,
                          env={k: v for k, v in os.environ.items() if not k.startswith("NEPHELE_")})


def synnefo_names(folder):
    """The settings of /etc/synnefo; guides may name them too."""
    program = os.environ.get("NEPHELE_MANAGE_PROGRAM")
    if program is None:
        return set()
    shown = subprocess.run([program, "setting-list", "-c", "-o", "name", "--settings-dir", str(folder)],
                           capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
    assert shown.returncode == 0, shown.stderr
    return set(shown.stdout.split())


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    shown = nephele("config", "show", data=["--data", str(tmp_path_factory.mktemp("none"))])
    assert shown.returncode == 0, shown.stderr
    names = {line.split()[0] for line in shown.stdout.splitlines()[1:] if line.strip()}
    assert {"RUNTIMES_PORT", "COMPUTE_QEMU"} <= names, names
    return names | synnefo_names(tmp_path_factory.mktemp("synnefo"))


def sources():
    """All our text, with literals that are broken over lines put together."""
    text = "\n".join(path.read_text(errors="replace") for folder in ("src", "guest", "scripts") for path in (SOURCE / folder).rglob("*")
                     if path.is_file() and path.suffix in (".cpp", ".h", ".json", ".sh", ""))
    return re.sub(r'"\s*\+?\s*\n\s*(?:std::string\()?"', "", text)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_setting_that_is_named_exists(path, settings):
    text = path.read_text()
    prefixes = "|".join(sorted({name.split("_")[0] for name in settings if "_" in name}))
    named = set(re.findall(rf"\b(?:{prefixes})_[A-Z][A-Z_]*\b", text)) | set(re.findall(r"^([A-Z][A-Z_]+) = ", text, re.M))
    # Made of parts, by the identity service's rule.
    named = {name for name in named if not re.fullmatch(r"ASTAKOS_AUTH_PROVIDERS?_(\w+_POLICY|)", name)}
    assert named <= settings, f"not in `nephele config show`: {sorted(named - settings)}"


def test_the_operators_guide_names_settings_at_all(settings):
    assert any(name in OPERATOR.read_text() for name in settings)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_environment_variable_that_is_named_exists(path):
    known = sources()
    assert [name for name in re.findall(r"\bNEPHELE_[A-Z_]+", path.read_text()) if name not in known] == []


def test_every_verb_that_is_named_exists():
    verbs = set()
    for path in DOCUMENTS:
        for code in re.findall(r"`([^`\n]+)`", path.read_text()):
            verbs |= {words.strip() for words in EVERYDAY.findall(code)}
    assert "backup" in verbs and "account create" in verbs, verbs
    for verb in sorted(verbs):
        assert nephele(*verb.split(), data=["--help"]).returncode == 0, f"nephele {verb}"


def quoted():
    rows = [line for line in OPERATOR.read_text().split("## When something is wrong")[1].splitlines()
            if line.startswith("|")]
    return [sentence for row in rows for sentence in re.findall(r'"([^"]+)"', row.split(" | ")[0])]


def test_every_sentence_that_the_operators_guide_quotes_is_one_of_ours():
    known = sources() + os.strerror(28)
    sentences = quoted()
    assert len(sentences) > 10
    for sentence in sentences:
        for part in re.split(r"…", sentence):
            part = part.strip(" :;,()")
            assert len(part) < 4 or part in known, f"nobody says {part!r} (of {sentence!r})"
