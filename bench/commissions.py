# SPDX-License-Identifier: Apache-2.0
"""Issue and accept of 64 clients at once on PostgreSQL, beside pgbench with the same row changes and commits."""

import contextlib
import os
import re
import shutil
import statistics
import subprocess
import tempfile

from measuring import figure, note
from postgres import Postgres

PROGRAM = os.environ.get("NEPHELE_COMMISSIONS_PROGRAM", "build/release/bin/commissions")
CLIENTS = 64
CONNECTIONS = 24  # ours; pgbench has one for each client
SECONDS = 6
ROUNDS = 3
WANTED = 2_000  # pairs of issue and accept per second
SHARE = 0.7     # of pgbench's, where the machine has less

# pgbench takes :name for a variable also within quotes. The same rows of the same tables change in the same two transactions; nothing is read, checked or locked in an order.
SCRIPT = r"""
\set n :n + 1
\set serial :base + :client_id * 1000000000 + :n
\set c :client_id + 64
BEGIN;
UPDATE identity_holding SET usage_max = usage_max + 1
 WHERE holder = 'user:' || 'u' || CAST(:c AS TEXT) AND source = 'project:' || 'p' || CAST(:c AS TEXT) AND resource = 'cyclades.vm';
UPDATE identity_holding SET usage_max = usage_max + 1
 WHERE holder = 'project:' || 'p' || CAST(:c AS TEXT) AND source = '' AND resource = 'cyclades.vm';
INSERT INTO identity_commission (serial, client, name, issued_ms) VALUES (:serial, 'cyclades', 'bench', 1772366400250);
INSERT INTO identity_provision (serial, holder, source, resource, quantity)
 VALUES (:serial, 'user:' || 'u' || CAST(:c AS TEXT), 'project:' || 'p' || CAST(:c AS TEXT), 'cyclades.vm', 1), (:serial, 'project:' || 'p' || CAST(:c AS TEXT), '', 'cyclades.vm', 1);
COMMIT;
BEGIN;
DELETE FROM identity_commission WHERE serial = :serial AND client = 'cyclades';
DELETE FROM identity_provision WHERE serial = :serial;
UPDATE identity_holding SET usage_min = usage_min + 1
 WHERE holder = 'user:' || 'u' || CAST(:c AS TEXT) AND source = 'project:' || 'p' || CAST(:c AS TEXT) AND resource = 'cyclades.vm';
UPDATE identity_holding SET usage_min = usage_min + 1
 WHERE holder = 'project:' || 'p' || CAST(:c AS TEXT) AND source = '' AND resource = 'cyclades.vm';
INSERT INTO identity_provision_log (holder, source, resource, serial, client, name, limit_amount, usage_min, usage_max,
                                    delta, issued_ms, logged_ms, reason)
 VALUES ('user:' || 'u' || CAST(:c AS TEXT), 'project:' || 'p' || CAST(:c AS TEXT), 'cyclades.vm', :serial, 'cyclades', 'bench', 9223372036854775807, :n, :n, 1,
         1772366400250, 1772366400251, 'ACCEPT:'),
        ('project:' || 'p' || CAST(:c AS TEXT), '', 'cyclades.vm', :serial, 'cyclades', 'bench', 9223372036854775807, :n, :n, 1,
         1772366400250, 1772366400251, 'ACCEPT:');
COMMIT;
"""


def ours(postgres):
    done = subprocess.run([PROGRAM, "run", postgres.url, str(CLIENTS), str(CONNECTIONS), str(SECONDS)],
                          capture_output=True, text=True, timeout=SECONDS + 60)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def pgbench(postgres, script, turn):
    done = subprocess.run(
        ["pgbench", "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "nephele", "-n", "-M", "prepared", "-c",
         str(CLIENTS), "-j", "2", "-T", str(SECONDS), "-D", "n=0", "-D", f"base={(turn + 1) * 10**12}", "-f", script,
         "nephele"], capture_output=True, text=True, timeout=SECONDS + 60)
    assert done.returncode == 0, done.stderr
    return float(re.search(r"tps = ([\d.]+) \(without", done.stdout)[1])


def measure(wanted):
    if not os.path.exists(PROGRAM) or shutil.which("pgbench") is None:
        note(f"{PROGRAM} is not built or there is no pgbench; identity.commissions is left out")
        return
    with contextlib.closing(Postgres()) as postgres, tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(SCRIPT)
        script.flush()
        subprocess.run([PROGRAM, "prepare", postgres.url, str(2 * CLIENTS)], check=True, timeout=60)
        pairs = [(ours(postgres), pgbench(postgres, script.name, turn)) for turn in range(ROUNDS)]
        mine = statistics.median(pair[0] for pair in pairs)
        peer = statistics.median(pair[1] for pair in pairs)
        # A rate that is high enough needs no neighbour.
        bound = max(1 / SHARE, peer / WANTED)
        if wanted("identity.commissions.ratio"):
            yield figure("identity.commissions.ratio", statistics.median(b / a for a, b in pairs), "×", bound,
                         ("ours, pairs per second", mine, "1/s"))
        if wanted("identity.commissions.per_s"):
            yield figure("identity.commissions.per_s", mine, "1/s", None, ("pgbench", peer, "1/s"))
