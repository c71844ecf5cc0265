"""Draws what was found in pictures: boxes over each picture, and the same as a list.

The words are those that stand in the pictures: they become text and nothing else.
"""

from ui.base.dom import SVG
from ui.words import formatting

HEADINGS = (("line", "found_lines"), ("object", "found_objects"), ("code", "found_codes"))
ROOM = 0.06
"""Of the picture's height: above a box that has so much there, its label stands."""


class FoundView:
    """``show_whole(image, id)`` gives an ``<img>`` a picture."""

    def __init__(self, dom, words, show_whole):
        self._dom, self._words, self._show_whole = dom, words, show_whole

    def draw(self, place, scenes, pictures):
        """``scenes`` as ``Turn.scenes`` has them, of ``pictures``, files of the question; one may be gone."""
        for number, scene in enumerate(scenes):
            if scene["found"]:
                file = pictures[number] if number < len(pictures) else None
                place.appendChild(self._scene(scene, file, number))
        place.appendChild(self._dom.el("p", "found-note", self._words("found_note")))

    def _scene(self, scene, file, number):
        dom, words = self._dom, self._words
        name = file["name"] if file else words("found_picture", number=number + 1)
        node = dom.el("figure", "found-scene")
        node.appendChild(dom.el("figcaption", "found-name", words("found_in", name=name), {"dir": "auto"}))
        stage = dom.el("div", "found-stage")
        ratio = str(scene["width"] / scene["height"])
        stage.style.setProperty("aspect-ratio", ratio)
        stage.style.setProperty("width", "min(100%, 75vh * " + ratio + ")")
        image = dom.el("img", attributes={"alt": name})
        shapes = self._svg("svg", {"viewBox": "0 0 " + str(scene["width"]) + " " + str(scene["height"])})
        shapes.setAttribute("preserveAspectRatio", "none")
        shapes.setAttribute("aria-hidden", "true")  # the list says it
        stage.append(image, shapes)
        lists = dom.el("div", "found-lists")
        marks, count = {}, 0
        for kind, heading in HEADINGS:
            found = [each for each in scene["found"] if each["kind"] == kind]
            if found:
                lists.appendChild(dom.el("h4", "found-heading", words(heading)))
                rows = dom.el("ol", "found-list", attributes={"start": str(count + 1)})
                for each in found:
                    count += 1
                    marks[str(count)] = self._mark(stage, shapes, each, scene, count)
                    rows.appendChild(self._row(each, count))
                lists.appendChild(rows)
        dom.on(lists, "click", lambda event: self._pressed(event, marks))
        node.append(stage, lists)
        if file:
            self._show_whole(image, file["id"])
        else:
            image.setAttribute("data-gone", "")
        return node

    def _svg(self, tag, attributes):
        node = self._dom.document.createElementNS(SVG, tag)
        for name, value in attributes.items():
            node.setAttribute(name, value)
        return node

    def _mark(self, stage, shapes, found, scene, number):
        """The box and its label: a number of the list; an object's name, too."""
        style = found["kind"] + ("" if found["sure"] else " unsure")
        points = " ".join([str(x) + "," + str(y) for x, y in found["box"]])
        box = self._svg("polygon", {"class": "found-box " + style, "points": points})
        shapes.appendChild(box)
        text = str(number)
        if found["kind"] != "line":
            text += " " + found["what"]
        share = self._share(found)
        label = self._dom.el("span", "found-label " + style, text + (" " + share if share else ""), {"dir": "auto"})
        label.setAttribute("aria-hidden", "true")
        left = min([x for x, _ in found["box"]]) / scene["width"]
        top = min([y for _, y in found["box"]]) / scene["height"]
        label.style.setProperty("left", _percent(left))
        label.style.setProperty("top", _percent(top))
        if top > ROOM:
            label.style.setProperty("transform", "translateY(-100%)")  # the text stays in sight
        stage.appendChild(label)
        return (box, label)

    def _row(self, found, number):
        dom = self._dom
        row = dom.el("li")
        attributes = {"type": "button", "data-found": str(number), "aria-pressed": "false", "dir": "auto"}
        button = dom.el("button", "found-item", attributes=attributes)
        button.appendChild(dom.el("span", None, found["what"]))
        share = self._share(found)
        if share:
            button.appendChild(dom.el("small", None, share))
        if not found["sure"]:
            button.appendChild(dom.el("small", "found-unsure", self._words("found_unsure")))
        row.appendChild(button)
        return row

    def _share(self, found):
        return "" if found["share"] is None else formatting.share(found["share"], self._words)

    def _pressed(self, event, marks):
        """One of the list stands out in the picture, until it is pressed again or another is."""
        button = event.target.closest("[data-found]")
        if not button:
            return
        on = button.getAttribute("aria-pressed") != "true"
        for other in self._dom.all("[data-found]", button.closest(".found-lists")):
            other.setAttribute("aria-pressed", "true" if on and other.isSameNode(button) else "false")
        for number, mark in marks.items():
            for node in mark:
                self._dom.attribute(node, "data-lit", "" if on and number == button.dataset.found else None)


def _percent(share):
    return str(round(100 * min(max(share, 0), 1), 2)) + "%"
