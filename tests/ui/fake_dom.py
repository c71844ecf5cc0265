"""As much of a document as the views that are tested without a browser touch. Events don't bubble."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ui.base.dom import Dom


class Event:
    def __init__(self, target: Element, **fields: Any) -> None:
        self.target = target
        self.prevented = False
        self.key, self.ctrlKey, self.metaKey, self.isComposing = "", False, False, False
        self.__dict__.update(fields)

    def preventDefault(self) -> None:
        self.prevented = True


class Dataset:
    def __init__(self, element: Element) -> None:
        self._element = element

    def __getattr__(self, name: str) -> str | None:
        return self._element.attributes.get(f"data-{name}")


class Style:
    def __init__(self) -> None:
        self.set: dict[str, str] = {}

    def setProperty(self, name: str, value: str) -> None:
        self.set[name] = value


class Element:
    def __init__(self, document: Document, tag: str) -> None:
        self.document, self.tag = document, tag
        self.attributes: dict[str, str] = {}
        self.children: list[Element] = []
        self.parent: Element | None = None
        self.listeners: dict[str, list[Callable[[Event], object]]] = {}
        self.className = self.value = self.text = ""
        self.hidden = self.open = self.disabled = False
        self.scrollTop = 0
        self.dataset = Dataset(self)
        self.style = Style()

    @property
    def id(self) -> str:
        return self.attributes.get("id", "")

    @id.setter
    def id(self, name: str) -> None:
        self.attributes["id"] = name

    @property
    def textContent(self) -> str:
        return self.text + "".join(child.textContent for child in self.children)

    @textContent.setter
    def textContent(self, text: str) -> None:
        self.text, self.children = text, []

    def setAttribute(self, name: str, value: str) -> None:
        self.attributes[name] = value

    def getAttribute(self, name: str) -> str | None:
        return self.attributes.get(name)

    def removeAttribute(self, name: str) -> None:
        self.attributes.pop(name, None)

    def append(self, *children: Element) -> None:
        for child in children:
            child.parent = self
            self.children.append(child)

    appendChild = append

    def replaceChildren(self) -> None:
        self.text, self.children = "", []

    def addEventListener(self, event: str, handler: Callable[[Event], object]) -> None:
        self.listeners.setdefault(event, []).append(handler)

    def fire(self, event: str, target: Element | None = None, **fields: Any) -> Event:
        """Tells this element's listeners of something that happened to ``target``, which is inside it."""
        made = Event(target or self, **fields)
        for handler in self.listeners.get(event, []):
            handler(made)
        return made

    def matches(self, selector: str) -> bool:
        if selector.startswith("."):
            return selector[1:] in self.className.split()
        if selector.startswith("["):
            name, _, value = selector[1:-1].partition("=")
            return name in self.attributes and (not value or self.attributes[name] == value)
        return self.tag == selector

    def closest(self, selector: str) -> Element | None:
        node: Element | None = self
        while node and not node.matches(selector):
            node = node.parent
        return node

    def everything(self) -> Iterator[Element]:
        yield self
        for child in self.children:
            yield from child.everything()

    def all(self, selector: str) -> list[Element]:
        return [node for node in self.everything() if node.matches(selector)]

    def querySelectorAll(self, selector: str) -> NodeList:
        return NodeList(self.all(selector))

    def isSameNode(self, other: object) -> bool:
        return self is other

    def focus(self) -> None:
        self.document.focused = self

    def scrollIntoView(self, top: bool = True) -> None:
        pass

    def showModal(self) -> None:
        self.open = True

    def close(self) -> None:
        self.open = False
        self.fire("close")


class NodeList(list[Element]):
    @property
    def length(self) -> int:
        return len(self)


class Document:
    def __init__(self, *ids: str) -> None:
        self.focused: Element | None = None
        self.documentElement = Element(self, "html")
        self.documentElement.setAttribute("data-theme", "auto")
        for name in ids:
            node = Element(self, "div")
            node.id = name
            self.documentElement.append(node)

    def addEventListener(self, event: str, handler: Callable[[Event], object]) -> None:
        self.documentElement.addEventListener(event, handler)

    def fire(self, event: str, **fields: Any) -> Event:
        return self.documentElement.fire(event, **fields)

    def createElement(self, tag: str) -> Element:
        return Element(self, tag)

    def createElementNS(self, _namespace: str, tag: str) -> Element:
        return Element(self, tag)

    def getElementById(self, name: str) -> Element:
        return next(node for node in self.documentElement.everything() if node.id == name)

    def querySelectorAll(self, selector: str) -> NodeList:
        return self.documentElement.querySelectorAll(selector)


def dom(*ids: str) -> Dom:
    """A Dom of a document with an empty element for each of ``ids``."""
    return Dom(Document(*ids))
