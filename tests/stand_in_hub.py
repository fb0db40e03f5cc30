"""A stand-in for the hub of models and data sets, on this machine: plain HTTP, no network, answers on demand.

It speaks what huggingface_hub and datasets use to download (information about a repository, its tree, its files with
ETag, commit and byte ranges, large files by way of a signed address on another host) and refuses as the hub refuses:

    with StandInHub() as hub:
        hub.add("org/model", {"config.json": b"{}", "model.safetensors": weights}, gated=True)
        hub.tokens["hf_abc"] = {"org/model"}        # a valid token and the licences that it accepted
        hub.fail("model.safetensors", status=503, times=2)
        ... run something with HF_ENDPOINT=hub.url ...
        assert hub.sent("model.safetensors") == len(weights)
"""

import hashlib
import threading
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer

from stand_in_replies import Handler, Request


@dataclass
class Repository:
    """Files of one repository by revision: a branch or tag, and the commit that it points to."""

    gated: bool
    private: bool
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    revisions: dict[str, str] = field(default_factory=dict)

    def commit(self, revision: str) -> str | None:
        """The commit of a branch, tag or commit."""
        return revision if revision in self.commits else self.revisions.get(revision)


@dataclass
class Fault:
    """What goes wrong, in requests whose path holds `path`."""

    path: str
    method: str | None
    times: int
    status: int | None
    cut_after: int | None
    stall_s: float | None
    content: bytes | None


class StandInHub(ThreadingHTTPServer):
    """The server; a context manager that listens on a free port of this machine.

    Attributes
    ----------
    url : str
        What HF_ENDPOINT is to be.
    tokens : dict of str to set of str
        Valid tokens, each with the gated repositories whose licence it accepted.
    requests : list of Request
        Everything that was asked, in order.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.cdn = f"http://localhost:{self.server_port}/cdn"  # another host name: tokens must not go there
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.tokens: dict[str, set[str]] = {}
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.lock = threading.Lock()

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, *_):
        """Clients that hang up are part of the tests."""

    def add(
        self,
        name: str,
        files: dict[str, bytes],
        kind: str = "models",
        revision: str = "main",
        gated: bool = False,
        private: bool = False,
    ) -> str:
        """Add a revision of a repository; `kind` is ``models`` or ``datasets``. Return its commit."""
        repository = self.repositories.setdefault((kind, name), Repository(gated, private))
        content = b"".join(path.encode() + files[path] for path in sorted(files))
        commit = hashlib.sha1(revision.encode() + content).hexdigest()
        repository.commits[commit] = dict(files)
        repository.revisions[revision] = commit
        return commit

    def fail(
        self,
        path: str,
        *,
        method: str | None = None,
        times: int = 10**6,
        status: int | None = None,
        cut_after: int | None = None,
        stall_s: float | None = None,
        content: bytes | None = None,
    ) -> None:
        """Fail the next `times` requests whose path holds `path`, in one way.

        `status`: answer with it. `cut_after`: hang up after so many bytes. `stall_s`: keep silent so long, then hang
        up. `content`: send these bytes instead of the file's.
        """
        self.faults.append(Fault(path, method, times, status, cut_after, stall_s, content))

    def fault_of(self, method: str, path: str) -> Fault | None:
        """The first fault that this request meets."""
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.path in path and fault.method in (None, method):
                    fault.times -= 1
                    return fault
        return None

    def sent(self, path: str) -> int:
        """Bytes of content sent so far of files whose path holds `path`."""
        return sum(request.sent for request in self.requests if path in request.path and request.method == "GET")

    def file_of_hash(self, digest: str) -> tuple[str, bytes] | None:
        """Path and content of a large file."""
        for repository in self.repositories.values():
            for files in repository.commits.values():
                for path, content in files.items():
                    if hashlib.sha256(content).hexdigest() == digest:
                        return path, content
        return None
