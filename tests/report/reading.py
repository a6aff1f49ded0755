"""A page read back: whether it is well formed, what it asks of outside, what it says."""

import re
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input", "wbr", "col", "source"}
INLINE = {"a", "b", "code", "g", "i", "path", "rect", "circle"}
BESIDE = {"th", "td", "dd", "text", "span", "tspan"}
RUNS = {"script", "iframe", "object", "embed", "base", "form", "foreignobject", "image", "use", "audio", "video"}
ASKS = {"src", "href", "xlink:href", "srcset", "action", "formaction", "poster", "data", "background", "ping"}
UNSEEN = {"style", "title"}
"""Of the title of the page and of those in drawings a reader sees nothing before the mouse rests there."""


class Page(HTMLParser):
    """The tags, faults and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.skeleton: list[tuple[str, ...]] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.anchors: list[str] = []
        self._open: list[str] = []
        self._text = ""
        if not html.startswith("<!doctype html>"):
            self.faults.append("no doctype")
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is left open" for tag in self._open]
        self.faults += [f"id {each} twice" for each in {each for each in self.ids if self.ids.count(each) > 1}]
        self.faults += [f"#{each} is nowhere" for each in self.anchors if each not in self.ids]

    @property
    def text(self) -> str:
        """What a reader sees, one line for each block."""
        lines = (" ".join(line.split()) for line in self._text.split("\n"))
        return "\n".join(line for line in lines if line)

    def handle_starttag(self, tag, attrs):
        self._seen(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self._seen(tag, attrs)

    def handle_endtag(self, tag):
        self._block(tag)
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:] or 'nothing'} at line {self.getpos()[0]}")
        else:
            self._open.pop()

    def handle_data(self, data):
        if "style" in self._open:
            self._styled(data)
        if not UNSEEN & set(self._open):
            self._text += data if "pre" in self._open else data.replace("\n", " ")

    def handle_comment(self, data):
        self.faults.append(f"comment: {data[:40]}")

    def _seen(self, tag, attrs):
        self._block(tag)
        self.skeleton.append((tag, *(name for name, _ in attrs)))
        values = {name: value or "" for name, value in attrs}
        if len(values) < len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag in RUNS or (tag == "meta" and values.get("http-equiv", "").lower() == "refresh"):
            self.faults.append(f"<{tag}> asks or runs")
        for name, value in values.items():
            if name.startswith("on"):
                self.faults.append(f"{name} runs")
            if name in ASKS and value.startswith("#"):
                self.anchors.append(value[1:])
            elif name in ASKS and not value.startswith("data:"):
                self.faults.append(f"{name} asks for {value[:40]}")
        self._styled(values.get("style", ""))
        self.ids += [values["id"]] if "id" in values else []

    def _styled(self, style):
        self.faults += [f"style asks: {each}" for each in re.findall(r"url\([^)]*|@import[^;]*|image-set\(", style)]

    def _block(self, tag):
        if tag in BESIDE:
            self._text += " "
        elif tag not in INLINE:
            self._text += "\n"
