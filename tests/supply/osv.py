"""A double of OSV's interface, as far as ``uv audit`` uses it: which vulnerabilities a version has, and what each is.

Paths and forms as https://google.github.io/osv.dev/api/ has them: ``POST /v1/querybatch``, ``GET /v1/vulns/ID``.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_WHEN = "2026-01-01T00:00:00Z"


@contextmanager
def osv(known: dict[str, tuple[str, str | None]], asked: list[str]) -> Iterator[str]:
    """Serve ``known``: package → id of its vulnerability and the version that ends it. Gives its address.

    ``asked`` gets each package that was asked for, as ``name==version``.
    """

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            asked.extend(f"{one['package']['name']}=={one['version']}" for one in queries)
            results = [
                {"vulns": [{"id": known[name][0], "modified": _WHEN}]} if name in known else {}
                for name in (one["package"]["name"] for one in queries)
            ]
            self._answer({"results": results})

        def do_GET(self) -> None:
            number = self.path.rpartition("/")[2]
            [(name, ended)] = [(name, ended) for name, (one, ended) in known.items() if one == number]
            events = [{"introduced": "0"}, *([{"fixed": ended}] if ended else [])]
            ranges = [{"type": "ECOSYSTEM", "events": events}]
            affected = [{"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges}]
            self._answer({"id": number, "modified": _WHEN, "summary": f"{name} falls over", "affected": affected})

        def _answer(self, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
