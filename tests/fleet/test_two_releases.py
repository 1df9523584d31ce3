# SPDX-License-Identifier: Apache-2.0
"""Managers of two releases in one space: one factory is upgraded alone to see the effect (admin guide, l. 598). The built
vcycled is the one; the other is played from the contract (2.3, 2.10), twice: an early one with its own spellings, and a
later one that writes more than this release knows."""

import pytest
from factory import Factory
from house import SPACE, configure, folder_of, now, once

OTHER = "factory2.example.com"
MINE = "factory1.example.com"


@pytest.fixture
def cloud(cloud):
    cloud.set(boot=0)
    return cloud


def early(when):
    """As the first releases of Vcycle wrote: times with a fraction, blanks, few files."""
    return {"created": f"{when}.25\n", "started": f"{when + 5}.75", "updated": f"{when + 5}", "machinetype_name": "a\n",
            "manager": OTHER, "manager_heartbeat": f"{now()}.5", "zone": ""}


def later(when):
    """Of a release to come: what we know, in more words, and what we do not."""
    return {"created": f"{when}", "started": f"{when + 5}", "updated": f"{when + 5}", "machinetype_name": "a",
            "manager": OTHER, "manager_heartbeat": f"{now()}", "zone": "nova", "format": "7\n",
            "state.json": '{"epoch": 3, "phase": {"name": "RUNNING"}}', "attestation/quote": "\0\1binary\xff",
            "jobfeatures/job_id": "", "jobfeatures/energy_job": "12.5", "joboutputs/log.new": "words",
            "limits": "max_wallclock_seconds 86400\nfizzle_seconds 0\nenergy_budget 12.5 kWh\nnonsense\n\n"}


RELEASES = {"early": early, "later": later}


class OtherRelease:
    """Its machine on the cloud, and its files."""

    def __init__(self, factory, cloud, release):
        self.factory, self.cloud, self.made = factory, cloud, now() - 30
        self.number = cloud.add_servers(1, prefix="vcycle-a-other", flavor="1", created=self.made, launched=self.made + 5,
                                        metadata={"machinetype": "a", "space": SPACE})[0]
        self.name = next(one["name"] for one in cloud.world()["servers"] if one["id"] == self.number)
        self.files = release(self.made)
        if "jobfeatures/job_id" in self.files:
            self.files["jobfeatures/job_id"] = self.number
        self.folder = folder_of(factory, self.name)
        self.write(self.files)

    def write(self, files):
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("latin-1"))

    def picture(self, folder=None):
        folder = folder or self.folder
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def lease(self, text):
        (self.factory.lib / f"shared/spaces/{SPACE}/lease").write_text(text)


def machines(cloud):
    return {one["name"] for one in cloud.world()["servers"]}


@pytest.fixture
def factory():
    with Factory(MINE) as made:
        yield made


@pytest.fixture(params=RELEASES)
def other(request, factory, cloud):
    configure(factory, cloud, space="gocdb_sitename = UKI-TEST\n")
    factory.conf.write_text(factory.conf.read_text().replace("max_machines = 1\n", "max_machines = 2\n"))
    return OtherRelease(factory, cloud, RELEASES[request.param])


def test_the_others_machine_counts_and_is_left_alone(factory, cloud, other):
    before = other.picture()
    for _ in range(3):
        once(factory)
    assert len(machines(cloud)) == 2, "two of this type, whoever made them"
    assert other.picture() == before
    (own,) = machines(cloud) - {other.name}
    assert (folder_of(factory, own) / "manager").read_text().strip() == MINE
    seen = factory.seen()
    assert seen[other.name]["state"] == "Running" and seen[other.name]["started_time"] == other.made + 5

    # It ends, and that is its own manager's to deal with: no record, no deletion, no abort by us.
    cloud.change_server(other.number, status="SHUTOFF", power_state=4)
    for _ in range(3):
        once(factory)
    assert other.picture() == before and other.name in machines(cloud) and factory.records() == []


@pytest.mark.parametrize("words", ["", " protocol=2 epoch=41", "\nsecond line\n" + "x" * 1000])
def test_who_has_the_lease_creates_alone_whatever_else_it_says(factory, cloud, other, words):
    other.lease(f"{OTHER} {now() + 600}{words}\n")
    for _ in range(2):
        once(factory)
    assert machines(cloud) == {other.name}
    assert f"manager {OTHER} creates in this space" in factory.vcycle("explain").stdout
    # Given back: a time that is over.
    other.lease(f"{OTHER} 0{words}\n")
    once(factory)
    assert len(machines(cloud)) == 2
    # And what we leave there says the same to the other: a name, a blank, whole seconds that are over.
    text = (factory.lib / f"shared/spaces/{SPACE}/lease").read_text().splitlines()[0].split(" ")
    assert text[0] == MINE and int(text[1]) <= now()


def test_a_lease_that_nobody_understands_hinders_nobody_for_long(factory, cloud, other):
    """Damaged, or of a release that shares otherwise: the next one writes it anew."""
    for text in ("", "{\"holder\": \"factory2\"}\n", f"{OTHER} soon\n", f"{OTHER}\n", "\0\0\0\0"):
        other.lease(text)
        once(factory)
        assert (factory.lib / f"shared/spaces/{SPACE}/lease").read_text().split(" ")[0] == MINE, text
    assert len(machines(cloud)) == 2


def test_a_silent_manager_of_another_release_is_taken_over_from_with_all_that_it_wrote(factory, cloud, other):
    other.write({"manager_heartbeat": f"{now() - 7201}"})
    once(factory)
    assert (other.folder / "manager").read_text().strip() == MINE
    once(factory)
    kept = {name for name in other.files if name not in ("manager", "manager_heartbeat", "jobfeatures/job_id")}
    pictured = other.picture()
    assert {name: pictured[name] for name in kept} == {name: other.files[name].encode("latin-1") for name in kept}
    assert (other.folder / "jobfeatures/job_id").read_text().strip() == other.number
    cloud.change_server(other.number, status="SHUTOFF", power_state=4)
    once(factory)
    assert factory.records() == [other.number] and factory.records("apel-outgoing") == [other.number]
    record = next((factory.lib / "apel-archive").glob("*/*")).read_text()
    assert f"\nStartTime: {other.made + 5}\n" in record
    cloud.set(delete=0)
    for _ in range(4):
        once(factory)
    assert other.name not in machines(cloud) and factory.records() == [other.number]
    gone = folder_of(factory, other.name, "deleted")
    pictured = other.picture(gone)
    assert {name: pictured[name] for name in kept} == {name: other.files[name].encode("latin-1") for name in kept}


def test_what_we_write_an_early_release_can_read(factory, cloud, other):
    """Its own reading, from the contract: int(text) of times, names with nothing around them."""
    once(factory)
    once(factory)
    (own,) = machines(cloud) - {other.name}
    folder = folder_of(factory, own)
    for name in ("created", "started", "updated", "manager_heartbeat"):
        assert abs(int((folder / name).read_text()) - now()) < 600, name
    assert (folder / "machinetype_name").read_text() == "a" and (folder / "manager").read_text() == MINE
    assert (folder / "jobfeatures/job_id").read_text() == factory.seen()[own]["uuid"]
    assert int((folder / "jobfeatures/allocated_cpu").read_text()) == 1
    # Taken from us by the other: from then on it is not ours to act on.
    (folder / "manager").write_text(OTHER)
    (folder / "manager_heartbeat").write_text(f"{now()}.5")
    cloud.change_server(factory.seen()[own]["uuid"], status="SHUTOFF", power_state=4)
    for _ in range(2):
        once(factory)
    assert own in machines(cloud) and factory.records() == []
