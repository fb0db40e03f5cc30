"""What the stand-in hub answers, request by request."""

import hashlib
import json
import re
import time
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

LARGE = (".safetensors", ".parquet", ".model")  # what the hub keeps outside git
NAME = r"[\w.-]+/[\w.-]+"
SIGNATURE = "X-Amz-Signature=5ec3e75169"  # of the address of a large file; whoever has it may download


@dataclass
class Request:
    """One request that was answered, and the bytes of content that were sent."""

    method: str
    path: str
    headers: dict[str, str]
    status: int = 0
    sent: int = 0


def entry(path: str, content: bytes) -> dict:
    """A file as the hub's tree lists it."""
    found = {"type": "file", "path": path, "size": len(content), "oid": git_hash(content)}
    if path.endswith(LARGE):
        found["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return found


def git_hash(content: bytes) -> str:
    """Name that git gives to a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Refusal(Exception):
    """Status, error code and message of a refusal."""


class Handler(BaseHTTPRequestHandler):
    """Routes the requests that a `StandInHub`, its server, gets."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def do_POST(self):
        self._answer()

    def _answer(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.request_record = Request(self.command, self.path, dict(self.headers))
        with self.server.lock:
            self.server.requests.append(self.request_record)
        self.fault = self.server.fault_of(self.command, self.path)
        if self.fault and self.fault.stall_s is not None:
            time.sleep(self.fault.stall_s)
            self.close_connection = True
            return
        try:
            if self.fault and self.fault.status is not None:
                raise Refusal(self.fault.status, None, "out of order")
            self._route(urlsplit(self.path))
        except Refusal as refusal:
            status, code, message = refusal.args
            headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
            self._send(status, json.dumps({"error": message}).encode(), headers, whole=True)

    def _route(self, url):
        path = unquote(url.path)
        if match := re.fullmatch(r"/cdn/(\w+)/.*", path):
            if SIGNATURE not in url.query:
                raise Refusal(403, None, "no signature")
            _, content = self.server.file_of_hash(match[1])
            return self._send(200, content, {"ETag": f'"{match[1]}"'})
        api = re.fullmatch(rf"/api/(models|datasets)/({NAME})(?:/(revision|tree|paths-info)/(.+)|/auth-check)?", path)
        if api:
            return self._api(*api.groups(), parse_qs(url.query), path.endswith("/auth-check"))
        match = re.fullmatch(rf"/(datasets/)?({NAME})/resolve/([^/]+)/(.+)", path)
        if match:
            return self._resolve("datasets" if match[1] else "models", *match.groups()[1:])
        raise Refusal(404, None, "Sorry, we can't find the page you are looking for.")

    def _api(self, kind, name, what, rest, query, auth_check):
        repository = self._repository(kind, name, content=auth_check)
        if auth_check:
            return self._send_json({})
        revision, _, folder = (rest or "main").partition("/") if what != "revision" else (rest, "", "")
        commit = self._commit(repository, revision)
        files = repository.commits[commit]
        if what == "paths-info":
            form = parse_qs(self.body.decode())
            asked = form.get("paths") or json.loads(self.body or b"{}").get("paths", [])
            folders = sorted({path.rpartition("/")[0] for path in files} & set(asked) - {""})
            found = [entry(path, files[path]) for path in files if path in asked]
            return self._send_json(found + [{"type": "directory", "path": path, "oid": commit} for path in folders])
        if what == "tree":
            return self._send_json(self._tree(files, folder, "recursive" in str(query), commit))
        siblings = [{"rfilename": path} for path in sorted(files)]
        information = {"id": name, "sha": commit, "private": repository.private, "siblings": siblings, "tags": []}
        return self._send_json({**information, "gated": "manual" if repository.gated else False, "downloads": 0})

    def _tree(self, files, folder, recursive, commit):
        inside = {path for path in files if not folder or path.startswith(f"{folder}/")}
        if not inside and folder:
            raise Refusal(404, "EntryNotFound", f"{folder} does not exist")
        depth = folder.count("/") + 1 if folder else 0
        folders = {"/".join(path.split("/")[:n]) for path in inside for n in range(depth + 1, path.count("/") + 1)}
        listed = [entry(path, files[path]) for path in sorted(inside) if recursive or path.count("/") == depth]
        shown = sorted(path for path in folders if recursive or path.count("/") == depth)
        return [{"type": "directory", "path": path, "oid": commit} for path in shown] + listed

    def _resolve(self, kind, name, revision, path):
        repository = self._repository(kind, name, content=path not in ("README.md", ".gitattributes"))
        commit = self._commit(repository, revision)
        content = repository.commits[commit].get(path)
        if content is None:
            raise Refusal(404, "EntryNotFound", "Entry not found")
        headers = {"X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if not path.endswith(LARGE):
            return self._send(200, content, {**headers, "ETag": f'"{git_hash(content)}"'})
        digest = hashlib.sha256(content).hexdigest()
        headers |= {"X-Linked-Size": str(len(content)), "X-Linked-Etag": f'"{digest}"'}
        headers["Location"] = f"{self.server.cdn}/{digest}/{path}?{SIGNATURE}&X-Amz-Expires=3600"
        return self._send(302, b"", headers, whole=True)

    def _repository(self, kind, name, content):
        """The repository, if the token that was sent may see it (or its content)."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ") or None
        if token is not None and token not in self.server.tokens:
            raise Refusal(401, None, "Invalid credentials in Authorization header")
        repository = self.server.repositories.get((kind, name))
        accepted = token is not None and name in self.server.tokens[token]
        if repository is None or (repository.private and not accepted):
            if token is None:  # the hub tells nobody whether a private repository exists
                raise Refusal(401, "RepoNotFound", "Invalid username or password.")
            raise Refusal(404, "RepoNotFound", "Repository not found")
        if repository.gated and content and not accepted:
            message = f"Access to {name} is restricted. You must have access to it and be authenticated to access it."
            raise Refusal(401 if token is None else 403, "GatedRepo", message)
        return repository

    def _commit(self, repository, revision):
        commit = repository.commit(revision)
        if commit is None:
            raise Refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return commit

    def _send_json(self, value):
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"}, whole=True)

    def _send(self, status, content, headers, whole=False):
        """Send `content`, or the range of it that was asked; cut or change it if a fault says so."""
        if self.fault and self.fault.content is not None and not whole:
            content = self.fault.content
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked and not whole and status == 200:
            first, last = int(asked[1]), min(int(asked[2] or len(content) - 1), len(content) - 1)
            headers = {**headers, "Content-Range": f"bytes {first}-{last}/{len(content)}"}
            status, content = 206, content[first : last + 1]
        self.request_record.status = status
        self.send_response(status)
        for name, value in {"Date": formatdate(usegmt=True), **headers, "Content-Length": len(content)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.fault and self.fault.cut_after is not None and not whole:
            content = content[: self.fault.cut_after]
            self.close_connection = True
        self.request_record.sent = len(content)
        self.wfile.write(content)
