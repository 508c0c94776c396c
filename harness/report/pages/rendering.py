"""Charts drawn in a process of their own, so that a crash of the renderer is an error, not the end.

The process reads a line for each chart, and answers with a line that has its SVG and PDF.
"""

import atexit
import base64
import json
import subprocess
import sys
from contextlib import suppress
from typing import Any

from harness.errors import UserError

_SCRIPT = """
import base64, json, sys
import vl_convert
for line in sys.stdin:
    asked = json.loads(line)
    try:
        svg = vl_convert.vegalite_to_svg(
            asked["chart"], vl_version=asked["version"], allowed_base_urls=[]
        )
        pdf = vl_convert.svg_to_pdf(svg)
        answer = {"svg": svg, "pdf": base64.b64encode(pdf).decode()}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
"""
_running: list["subprocess.Popen[bytes]"] = []


def drawn(name: str, chart: dict[str, Any], version: str) -> tuple[str, bytes]:
    """Return a chart as SVG and as PDF. Raises `UserError`, naming it, if the renderer fails."""
    if not _running:
        command = [sys.executable, "-P", "-c", _SCRIPT]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        _running.append(subprocess.Popen(command, **pipes))  # type: ignore[call-overload]
    (process,) = _running
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({"chart": chart, "version": version}).encode() + b"\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
    except (OSError, ValueError):
        raise UserError(f"chart '{name}': the renderer ended with status {_end()}.") from None
    if "error" in answer:
        raise UserError(f"chart '{name}' cannot be drawn: {answer['error']}")
    return answer["svg"], base64.b64decode(answer["pdf"])


@atexit.register
def _end() -> int | None:
    """End the process, if there is one, and return its exit status."""
    if not _running:
        return None
    process = _running.pop()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            pipe and pipe.close()
    return process.wait()
