"""A bucket on 127.0.0.1: as much of S3's REST API as reading and writing files needs."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4


class FakeS3:
    """Objects by path (`/bucket/key`); unfinished uploads are not among them."""

    def __init__(self):
        self.objects = {}
        self.uploads = {}
        self.refuses = False
        handler = type("Handler", (_Handler,), {"s3": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def uri(self, path):
        place = (
            f"scheme=http&region=us-east-1&endpoint_override=127.0.0.1:{self._server.server_port}"
        )
        return f"s3://key:canary-secret@{path}?{place}"


class _Handler(BaseHTTPRequestHandler):
    s3: FakeS3
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments):
        pass

    def do_PUT(self):
        path, query, body = self._request()
        if self.s3.refuses:
            return self._reply(403, "<Error><Code>AccessDenied</Code></Error>")
        if "uploadId" in query:
            self.s3.uploads[query["uploadId"][0]][int(query["partNumber"][0])] = body
        else:
            self.s3.objects[path] = body
        return self._reply(200, "", {"ETag": f'"{len(body)}"'})

    def do_POST(self):
        path, query, _body = self._request()
        if self.s3.refuses:
            return self._reply(403, "<Error><Code>AccessDenied</Code></Error>")
        if "uploads" in query:
            upload = uuid4().hex
            self.s3.uploads[upload] = {}
            return self._reply(
                200,
                "<InitiateMultipartUploadResult>"
                f"<UploadId>{upload}</UploadId></InitiateMultipartUploadResult>",
            )
        parts = self.s3.uploads.pop(query["uploadId"][0])
        self.s3.objects[path] = b"".join(parts[number] for number in sorted(parts))
        answer = "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>"
        return self._reply(200, answer)

    def do_DELETE(self):
        path, _query, _body = self._request()
        self.s3.objects.pop(path, None)
        self._reply(204, "")

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path, query, _body = self._request()
        if "list-type" in query:
            found = "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"
            return self._reply(200, found)
        if path not in self.s3.objects:
            return self._reply(404, "<Error><Code>NoSuchKey</Code></Error>")
        content = self.s3.objects[path]
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if wanted is None:
            return self._reply(200, content)
        first, last = int(wanted[1]), min(int(wanted[2]), len(content) - 1)
        headers = {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
        return self._reply(206, content[first : last + 1], headers)

    def _request(self):
        parts = urlsplit(self.path)
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b"".join(iter(self._chunk, b""))
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            body = _unchunked(body)
        return parts.path, parse_qs(parts.query, keep_blank_values=True), body

    def _chunk(self):
        size = int(self.rfile.readline(), 16)
        content = self.rfile.read(size)
        self.rfile.readline()
        return content

    def _reply(self, status, body, headers=None):
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _unchunked(body):
    content, position = b"", 0
    while True:
        end = body.index(b"\r\n", position)
        size = int(body[position:end].split(b";")[0], 16)
        if size == 0:
            return content
        content += body[end + 2 : end + 2 + size]
        position = end + 2 + size + 2
