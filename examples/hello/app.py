"""A small JSON API with nothing but Python's standard library.

Run it by hand:   PORT=8000 python3 app.py
"""

import json
import os
import signal
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = int(os.environ.get("PORT", "8000"))
# Set anew by every deployment; the header below proves which one is answering.
RELEASE = os.environ.get("FABRIK_RELEASE", "none")


def hello():
    return {"message": "Hello from your new API"}


def health():
    return {"status": "ok"}


ROUTES = {"/": hello, "/health": health}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        route = ROUTES.get(self.path.split("?")[0])
        if route is None:
            self.answer(404, {"error": "not found"})
        else:
            self.answer(200, route())

    do_HEAD = do_GET

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Fabrik-Release", RELEASE)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def check():
    """Asks the running app whether it is well; the container's own health check."""
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=2) as answer:
        sys.exit(0 if answer.status == 200 else 1)


def serve():
    server = ThreadingHTTPServer(("0.0.0.0", PORT), Handler)

    def stop(signum, frame):
        # shutdown() waits for the loop this signal interrupted, so it needs a thread of its own.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"listening on port {PORT}, release {RELEASE}", flush=True)
    server.serve_forever()
    server.server_close()
    print("stopped", flush=True)


if __name__ == "__main__":
    check() if "--check" in sys.argv else serve()
