"""What all pretend providers do in the same way: a server on a free port of this machine until it is stopped, whole requests in, whole
answers or streams out."""
import http.server
import json
import threading


class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def asked(self):
        """The head, with names in lower case, and the body of the request."""
        body = b""
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
        return {name.lower(): value for name, value in self.headers.items()}, body

    def whole(self, status, answer, head=None, keep=None):
        """An answer in one piece: bytes, or what becomes JSON. `keep.told` has them before the client does."""
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        if keep is not None:
            keep.told = data
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(data)), **self.more_head(), **(head or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def begin_stream(self, kind="text/event-stream"):
        """The head of a stream that ends with the connection."""
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("connection", "close")
        for name, value in self.more_head().items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True

    def more_head(self):
        return getattr(self.server, "answer_head", {})


class Provider:
    """Base of a pretend provider; serve() comes last in its constructor. `server.answer_head`: more fields for its answers."""

    def serve(self, handler):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
