"""Names that no node may take for a file or a folder, wherever it looks."""

NAMES = [
    "..", "../secret", "a/../../secret", "..\\secret", "a\\..\\..\\secret", "/..", "./../x",
    "C:\\Windows", "C:/Windows", "c:x", "Z:", "\\\\host\\share", "//host/share\\..\\x", "\\x",
    "\\\\?\\C:\\x", "\\\\.\\pipe\\x", "~", "~root", "~/x", "~\0", "a\0b", "a\nb", "a\x1b[2Jb",
    "a\x7fb", "a\x9bb", "a\u2028b", "\ud800", "a\udcff", "con", "CON", "nul", "Nul.txt", "COM1",
    "com1.json", "lpt9.tar.gz", "com¹", "aux .x", "a/prn/b", "CONIN$", "a.", "a ./b", "a/b.",
    "a:b", "a::$DATA", "a.json:b", "a?b", "a*", "a|b", "a<b", 'a"b', "x" * 256, "é" * 128,
    "a/" * 600 + "a", "", "   ", '""',
]  # fmt: skip
