"""Texts that are hard to read and dangerous to show, for names, values and files."""

BAD_UTF8 = [("a stray continuation byte", b"\x80"), ("an open sequence", b"\xe2\x82"),
            ("an overlong slash", b"\xc0\xaf"), ("an overlong NUL", b"\xc0\x80"),
            ("an encoded surrogate", b"\xed\xa0\x80"), ("byte 0xff", b"\xff"), ("beyond U+10FFFF", b"\xf4\x90\x80\x80"),
            ("latin-1", b"\xe9"), ("five bytes", b"\xf8\x88\x80\x80\x80")]

NAMES = [
    ("nothing", ""), ("a space", " "), ("a dot", "."), ("two dots", ".."), ("a slash", "/"),
    ("/etc/passwd", "/etc/passwd"), ("a path upwards", "../../../etc/passwd"), ("a letter", "x"),
    ("10,000 letters", "x" * 10_000), ("a million letters", "x" * 1_000_000), ("a line feed", "a\nb"),
    ("many line feeds", "\n" * 100), ("a carriage return", "abc\rcandor: all is well"), ("a tab", "a\tb"),
    ("NUL", "a\0b"), ("NUL alone", "\0"), ("a bell", "\x07"), ("a backspace", "a\b\b\bb"), ("DEL", "\x7f"),
    ("a red sequence", "\x1b[31mred\x1b[0m"), ("a cleared screen", "\x1b[2J\x1b[H"),
    ("a window title", "\x1b]0;title\x07"), ("a C1 sequence", "\x9b31mred"),
    ("a hyperlink", "\x1b]8;;http://example.org\x1b\\a\x1b]8;;\x1b\\"), ("a device query", "\x1b[c\x1b[6n"),
    ("right to left", "\u202egnp.exe"), ("an isolate", "\u2066a\u2069"), ("zero width", "a\u200bb"),
    ("a BOM", "\ufeffa"), ("a line separator", "a\u2028b"), ("a paragraph separator", "a\u2029b"),
    ("combining marks", "a" + "\u0301" * 2000), ("emoji", "\U0001f469\u200d\U0001f467" * 50),
    ("a private character", "\ue000"), ("a noncharacter", "\uffff"), ("an astral letter", "\U0001d54f"),
    ("formats", "%s%n%x{}{0}"), ("quotes", "\"'`"), ("backslashes", "\\\\\\"), ("JSON", '{"a": [1]}'),
    ("a shell command", "$(touch x);`touch x`|touch x"), ("__metadata__ in capitals", "__METADATA__"),
    ("an interlinear mark", "\ufff9a\ufffb"), ("a tag", "\U000e0041"), ("a soft hyphen", "a\u00adb"),
    ("a variation selector", "a\ufe0f"), ("a Mongolian separator", "a\u180eb"),
]
