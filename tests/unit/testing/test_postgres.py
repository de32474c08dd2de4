"""The server that a process of tests starts ends with it, and leaves nothing on the disk."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from eventlab.testing.postgres import VARIABLE, available

STARTED = """
import os, tempfile
from pathlib import Path
from eventlab.testing.postgres import fresh_url
tempfile.tempdir = {folder!r}
fresh_url()
(server,) = Path(tempfile.tempdir).glob("eventlab-pg-*")
print((server / "postmaster.pid").read_text().split()[0])
{end}
"""


@pytest.mark.skipif(bool(available()), reason=available())
@pytest.mark.parametrize("end", ["", "raise SystemExit(3)", "raise RuntimeError"], ids=["ends", "exits", "fails"])
def test_neither_the_server_nor_its_folder_outlives_the_process(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    # Not below pytest's own folder: whichever run of pytest begins next takes the server's leave to enter that.
    with tempfile.TemporaryDirectory() as folder:
        code = STARTED.format(folder=folder, end=end)
        # Who deletes the folder has this pipe as well: reading comes to its end only when that is done.
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, timeout=300, check=False)
        postmaster = int(done.stdout)
        with pytest.raises(ProcessLookupError):
            os.kill(postmaster, 0)
        assert list(Path(folder).glob("eventlab-pg-*")) == []
