"""Wraps the few DOM operations that the views need. ``document`` is passed in: a fake one in the tests."""

SVG = "http://www.w3.org/2000/svg"
ICONS = {
    "copy": "M9 9h10v10H9zM15 9V5H5v10h4",
    "again": "M19 12a7 7 0 1 1-2.2-5.1M19 4.5v3.6h-3.6",
    "edit": "m5 19 .9-3.8L15.6 5.5l2.9 2.9-9.7 9.7zM13.6 7.5l2.9 2.9",
    "save": "M12 4.5v10M7.8 10.6 12 14.8l4.2-4.2M5.5 19h13",
    "close": "m6.5 6.5 11 11m0-11-11 11",
    "aloud": "M4.5 9.6v4.8h3.1l4.4 3.6V6L7.6 9.6zM15.4 9.1a4.1 4.1 0 0 1 0 5.8M18 6.6a7.6 7.6 0 0 1 0 10.8",
    "delete": "M5.5 7h13M9.5 7V5h5v2M7 7l.8 12h8.4L17 7",
}


class Dom:
    """``bridge``: functions of bridge/page/, among them those that say what a key press is."""

    def __init__(self, document, bridge=None):
        self.document = document
        self.bridge = bridge

    def by_id(self, name):
        return self.document.getElementById(name)

    def el(self, tag, cls=None, text=None, attributes=None):
        node = self.document.createElement(tag)
        if cls:
            node.className = cls
        if text is not None:
            node.textContent = text
        for name, value in (attributes or {}).items():
            node.setAttribute(name, value)
        return node

    def button(self, action, label, icon=None, cls="quiet"):
        """A button that the views' delegated click handler finds by ``data-action``."""
        node = self.el("button", cls, attributes={"type": "button", "data-action": action})
        if icon:
            node.setAttribute("aria-label", label)
            node.setAttribute("title", label)
            picture = self.document.createElementNS(SVG, "svg")
            picture.setAttribute("viewBox", "0 0 24 24")
            picture.setAttribute("aria-hidden", "true")
            path = self.document.createElementNS(SVG, "path")
            path.setAttribute("d", ICONS[icon])
            picture.appendChild(path)
            node.appendChild(picture)
        else:
            node.textContent = label
        return node

    def all(self, selector, inside=None):
        found = (inside or self.document).querySelectorAll(selector)
        return [found[index] for index in range(found.length)]

    def on(self, node, event, handler):
        node.addEventListener(event, handler)

    def attribute(self, node, name, value):
        """Sets it, or removes it for None."""
        if value is None:
            node.removeAttribute(name)
        else:
            node.setAttribute(name, value)

    def speak(self, lang, inside=None):
        """Shows only those in ``lang`` of the texts that the page has in every language."""
        for node in self.all("[data-static]", inside):
            node.hidden = node.lang != lang

    def translate(self, words):
        """Puts the words' language into everything static that names its key."""
        self.document.documentElement.lang = words.lang
        self.speak(words.lang)
        for node in self.all("[data-words]"):
            node.textContent = words(node.dataset.words)
        for node in self.all("[data-label]"):
            label = words(node.dataset.label)
            node.setAttribute("aria-label", label)
            if node.tagName == "BUTTON":
                node.setAttribute("title", label)
        for node in self.all("[data-placeholder]"):
            node.setAttribute("placeholder", words(node.dataset.placeholder))
