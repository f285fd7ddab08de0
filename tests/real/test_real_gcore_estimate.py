"""What gdb's gcore will write is told before it does: quota and free space are checked against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from real_captures import Bench


@pytest.mark.skipif(not Path("/usr/bin/gdb").exists(), reason="gdb is not installed")
@pytest.mark.parametrize("ballast", [0, 200])
async def test_first_estimate_of_gdbs_dump_is_near_to_its_size(tmp_path: Path, start_target: Any, ballast: int) -> None:
    bench = Bench(tmp_path)
    plan = await bench.plan(start_target(ballast_mb=ballast), "gcore")
    (step,) = plan.steps
    result = await bench.run(plan)
    await bench.service.aclose()
    assert result.verified, result.failure
    assert step.estimate.bytes == pytest.approx(result.bytes, rel=0.15)
