"""A pretend token server: Google's for service accounts and for machines, Entra's. It checks the assertion itself, with nothing but
Python's own library, and hands out tok-1, tok-2, ..."""
import base64
import contextlib
import functools
import hashlib
import http.server
import json
import subprocess
import threading
import time
import urllib.parse

SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo, RFC 8017 9.2
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@functools.lru_cache(maxsize=1)
def rsa_key():
    """(PEM, modulus), made once."""
    pem = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, check=True).stdout.decode()
    modulus = subprocess.run(["openssl", "rsa", "-modulus", "-noout"], input=pem.encode(), capture_output=True, check=True).stdout
    return pem, int(modulus.decode().split("=")[1], 16)


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(assertion):
    """The claims, if the signature is good (RS256: RSASSA-PKCS1-v1_5 over SHA-256)."""
    head, body, signature = assertion.split(".")
    assert json.loads(unpadded(head)) == {"alg": "RS256", "typ": "JWT", "kid": "key-1"}, unpadded(head)
    _, modulus = rsa_key()
    size = (modulus.bit_length() + 7) // 8
    shown = pow(int.from_bytes(unpadded(signature), "big"), 65537, modulus).to_bytes(size, "big")
    digest = hashlib.sha256(f"{head}.{body}".encode()).digest()
    wanted = b"\x00\x01" + b"\xff" * (size - 3 - len(SHA256_PREFIX) - len(digest)) + b"\x00" + SHA256_PREFIX + digest
    assert shown == wanted, "the signature is wrong"
    return json.loads(unpadded(body))


class TokenServer:
    def __init__(self, seconds=3600):
        outer = self
        self.asked, self.seconds, self.status, self.delay, self.given = [], seconds, 200, 0, 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.tell(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query))

            def do_POST(self):
                self.tell(urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()))

            def tell(self, form):
                outer.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()},
                                    {k: v[0] for k, v in form.items()}))
                time.sleep(outer.delay)
                if outer.status != 200:
                    body = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
                else:
                    outer.given += 1
                    body = {"access_token": f"tok-{outer.given}", "expires_in": outer.seconds, "token_type": "Bearer"}
                data = json.dumps(body).encode()
                # In chunks, as Google does.
                self.send_response(outer.status)
                self.send_header("content-type", "application/json; charset=utf-8")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                pieces = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (data[:20], data[20:]))
                with contextlib.suppress(ConnectionError):  # who asked is gone
                    self.wfile.write(pieces + b"0\r\n\r\n")

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path="/token"):
        return f"http://127.0.0.1:{self.port}{path}"

    def service_account(self):
        return json.dumps({"type": "service_account", "project_id": "p", "private_key_id": "key-1", "private_key": rsa_key()[0],
                           "client_email": "gateway@p.iam.gserviceaccount.com", "client_id": "1", "token_uri": self.url()})

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
