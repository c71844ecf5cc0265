"""The server that the tests' browsers visit: one address that can go down and come back."""

from __future__ import annotations

from build_support.server import Faults, Request, StaticServer, Throttle
from e2e.support.site import Site


class Web:
    """A ``StaticServer`` that keeps its port, since a browser's storage belongs to an address."""

    def __init__(self, site: Site, *, plain: bool = False, base: str = "/") -> None:
        self.site = site
        self._options = {"plain": plain, "base": base}
        self._server = StaticServer(site.folder, plain=plain, base=base)
        self._server.__enter__()
        self.up = True

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def faults(self) -> Faults:
        return self._server.faults

    def goes_down(self) -> None:
        """Nothing answers at the address any more."""
        self._server.close()
        self.up = False

    def comes_back(self) -> None:
        port = int(self.url.split(":")[2].split("/")[0])
        self._server = StaticServer(self.site.folder, port=port, **self._options)
        self._server.__enter__()
        self.up = True

    def is_fast(self) -> None:
        self._server.throttle = None

    def is_slow(self, megabits: float) -> None:
        self._server.throttle = Throttle(megabits)

    def forgets(self) -> None:
        """Only what is requested from now on counts."""
        self._server.log.clear()

    def requests(self, pattern: str = "*") -> list[Request]:
        return self._server.requests(pattern)

    def shard_requests(self) -> list[tuple[str, int, int]]:
        """(sha256, status, bytes) of every shard of the model that was asked for, in the order of the
        answers' ends; the router's don't count.

        206 is the rest of a shard, as a resumed download asks for it.
        """
        asked = [(r.path.rsplit("/", 1)[1], r.status, r.bytes) for r in self.requests("models/shards/*")]
        return [request for request in asked if request[0] not in self.site.router_shards]
