"""Follows the page's installation: its shell and newer versions, what the browser doesn't allow, and the network."""


class Installation:
    """``page``: the App, whose state, client and other parts are used by their names."""

    def __init__(self, page):
        self._page, self._state, self._bridge, self._dom = page, page.state, page.bridge, page.dom
        self._prompt = None

    def start(self):
        dom, window = self._dom, self._page.platform.window
        dom.on(window, "offline", lambda _event: self._network(False))
        dom.on(window, "online", lambda _event: self._network(True))
        dom.on(window, "beforeinstallprompt", self._may_install)
        dom.on(dom.by_id("install"), "click", lambda _event: self._install())
        self._bridge.settle(self._installing, self._reloading).then(self._settled)

    # the shell

    def _installing(self, done, total, _file):
        self._state.install = (done, total) if done < total else None
        self._state.touch("load", "status")
        self._page.redraw()

    def _reloading(self):
        self._state.boot_phase = "reload"
        self._page.keeping.reloading()

    def _settled(self, shell):
        state = self._state
        state.install = None
        if not shell.isolated:
            state.limit("no_isolation")
        if not shell.installed:
            state.limit("no_service_worker")
        self._bridge.databaseWorks().then(self._database)
        self._bridge.watchUpdates(self._update_waits)
        state.touch("load")
        if not self._page.able["moduleWorkers"]:
            self._page.phase("failed", "no_workers")
        else:
            self._page.client.start()
        self._page.redraw()

    def _database(self, works):
        if not works:
            self._state.limit("no_indexeddb")
            self._page.redraw()

    def _update_waits(self, *_):
        self._state.notice(kind="update_ready")
        self._page.redraw()

    def _network(self, online):
        if online:
            self._state.drop_notice("offline")
        else:
            self._state.notice(kind="offline")
        self._page.redraw()

    # what the person does about it

    def notice_action(self, action, index):
        if action == "update":
            self._page.keeping.leaving()
            self._bridge.applyUpdate()
        elif action == "reload":
            self._page.keeping.leaving()
            self._page.platform.window.location.reload()
        else:
            self._state.notices.pop(index)
            self._state.touch("notices")
            self._page.redraw()

    def _may_install(self, event):
        event.preventDefault()
        self._prompt = event
        self._dom.by_id("install").hidden = False

    def _install(self):
        if self._prompt:
            self._prompt.prompt()
            self._prompt = None
            self._dom.by_id("install").hidden = True
