# SPDX-License-Identifier: BSD-3-Clause
"""Pages as a browser reads them, for the tests of those that the program writes."""
import html.parser


class Page(html.parser.HTMLParser):
    """Every element that is opened is closed in its turn; names of files outside are counted."""

    ALONE = ("meta", "!doctype")

    def __init__(self, path):
        super().__init__()
        self.open, self.outside, self.names, self.words = [], [], [], ""
        with open(path, encoding="utf-8") as opened:
            self.source = opened.read()
        self.feed(self.source)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        if tag not in self.ALONE:
            self.open.append(tag)
        self.outside += [value for key, value in attrs if key in ("src", "href", "xlink:href")]
        self.names += [value for key, value in attrs if key == "id"]

    def handle_startendtag(self, tag, attrs):
        self.outside += [value for key, value in attrs if key in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, (tag, self.open)

    def handle_data(self, data):
        self.words += data
