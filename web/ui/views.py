"""Makes the views, tells each what its controls do, and draws what is dirty."""

from ui.answers.actions import TurnActions
from ui.answers.log_view import LogView
from ui.asking.agent_picker import AgentPicker
from ui.asking.composer import Composer
from ui.base.frames import Pieces
from ui.chats.chats_view import ChatsView
from ui.engine.view_state import SAMPLE
from ui.settings.engine_settings import EngineSettings
from ui.settings.models_settings import ModelsSettings
from ui.settings.settings_view import SettingsView
from ui.settings.voice_settings import VoiceSettings
from ui.status.loading_view import LoadingView
from ui.status.notices_view import NoticesView
from ui.status.status_view import StatusView
from ui.status.upgrade_view import UpgradeView
from ui.status.welcome_view import WelcomeView


class Views:
    """``page``: the App, whose parts take what the views hear."""

    def __init__(self, page):
        self._page = page
        dom, words, preferences = page.dom, page.words, page.preferences
        new_agent = page.extras.new_agent if page.bridge.has("workshop") else None
        settings, model, shown = page.settings, page.model, page.shown
        self.log = LogView(dom, words, page.clock, TurnActions(page).act, page.state)
        self.log.thumbnails = lambda place, attached: page.attachments.thumbnails.draw(place, attached)
        self.loading = LoadingView(dom, words, model.load)
        self.status = StatusView(dom)
        self.upgrade = UpgradeView(dom, model.control_upgrade)
        self.welcome = WelcomeView(dom, words, preferences, model.wait_for)
        self.notices = NoticesView(dom, page.installation.notice_action)
        self.composer = Composer(dom, page.platform.window, preferences, page.send, page.asking.stop, page.typed)
        self.composer.allows = lambda: (
            page.record.may_send() and page.attachments.may_send() and page.keeping.may_send()
        )
        self.picker = AgentPicker(dom, words, new_agent)
        self.engine_settings = EngineSettings(
            dom, words, page.timers, preferences, settings.change_engine, settings.act
        )
        self.models = ModelsSettings(
            dom, words, preferences, page.client.ask, settings.change, page.state, settings.models_settled
        )
        self.settings = SettingsView(dom, words, page.timers, settings.estimate, settings.change, settings.act)
        self.voice = VoiceSettings(page)
        self.chats = ChatsView(
            dom, words, lambda chat: page.keeping.open(chat), shown.save, shown.delete, lambda: page.keeping.more()
        )
        self._pieces = self._make_pieces()

    def translate(self):
        """The page's words have changed."""
        self._page.dom.translate(self._page.words)
        self.composer.draw_keys(self._page.words)

    def draw(self, over):
        """What is dirty, a piece after the other until ``over()``. True when something is left."""
        page = self._page
        dirty = page.state.take_dirty()
        left = self._pieces.draw(dirty, over)
        for turn_id in dirty:
            self.log.mark(turn_id)
        left = self.log.draw(page.state.conversation, over) or left
        return page.extras.draw(dirty, over) or left

    def _make_pieces(self):
        state, words = self._page.state, self._page.words
        return Pieces(
            (
                (("turns",), self._draw_turns),
                (("names",), self._draw_names),
                (("status",), self._draw_status),
                (("load",), lambda: self.loading.draw(state, words)),
                (("upgrade",), lambda: self.upgrade.draw(state, words)),
                (("names", "upgrade"), lambda: self.welcome.draw(state)),
                (("notices",), lambda: self.notices.draw(state.notices, words)),
                ((SAMPLE,), self.voice.draw),
            )
        )

    def _draw_turns(self):
        self.log.sync(self._page.state.conversation)
        self._page.keeping.drawn()

    def _draw_names(self):
        state = self._page.state
        self._page.attachments.draw()
        self._page.record.draw()
        self._page.hands_free.draw()
        self._page.words.titles = state.agent_titles
        self.picker.draw(state.agents, state.device.get("groups") or ())
        if state.conversation.turns:
            self.log.mark(state.conversation.turns[-1].id)

    def _draw_status(self):
        self.status.draw(self._page.state, self._page.words)
        self.composer.set_busy(self._page.state.conversation.current is not None)
