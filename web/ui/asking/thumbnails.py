"""Draws attached files: a picture as a thumbnail that enlarges, a recording by its name."""

from ui.words import formatting


class Thumbnails:
    """``show(image, id)`` gives an ``<img>`` the thumbnail of a file, as soon as it is read."""

    def __init__(self, dom, words, show):
        self._dom, self._words, self._show = dom, words, show

    def of(self, file):
        dom, words, name = self._dom, self._words, file["name"]
        if file["kind"] != "image":
            node = dom.el("span", "recording", attributes={"dir": "auto", "title": name})
            node.append(
                dom.el("span", "recording-name", name), dom.el("small", None, formatting.size(file["size"], words))
            )
            return node
        label = words("picture_open", name=name)
        node = dom.el(
            "button", "thumb", attributes={"type": "button", "data-action": "picture", "data-file": file["id"]}
        )
        node.setAttribute("aria-label", label)
        node.setAttribute("title", name)
        image = dom.el("img", attributes={"alt": name, "draggable": "false"})
        if file.get("width"):
            image.setAttribute("width", str(file["width"]))
            image.setAttribute("height", str(file["height"]))
        node.appendChild(image)
        self._show(image, file["id"])
        return node

    def draw(self, place, attached):
        """All of them into ``place``, which is empty without any."""
        place.replaceChildren()
        place.hidden = not attached
        for file in attached:
            place.appendChild(self.of(file))
