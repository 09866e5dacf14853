"""Prints html-entities.txt: the named character references of the HTML Living Standard, from Python's html.entities."""

from html.entities import html5

print("# The named character references of HTML (https://html.spec.whatwg.org/multipage/named-characters.html): name, code points.")
for name, text in sorted(html5.items()):
    print(name, *(f"{ord(character):x}" for character in text))
