"""What pages share in memory is right for all of them at once."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from explorer.state import cache

NUM_EVENTS = 20_000


def test_two_pages_that_read_a_log_at_once_see_each_event_once(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"kind": "step", "step": i}) + "\n" for i in range(NUM_EVENTS))
    for turn in range(10):
        file = tmp_path / f"{turn}.jsonl"
        file.write_text(lines)
        together = threading.Barrier(4)

        def read(file: Path = file, together: threading.Barrier = together) -> None:
            together.wait()
            cache.events(file)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [event["step"] for event in cache.events(file)] == list(range(NUM_EVENTS))
