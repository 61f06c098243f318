"""Reads what callgrind wrote: cost by function, by folder of ours, by library.

Format: https://valgrind.org/docs/manual/cl-format.html. Names are compressed `(id) name`, positions relative; a line
after `calls=` holds the cost of the callee, inclusive.
"""
import collections
import pathlib
import re

NAMED = re.compile(r"^(fl|fi|fe|fn|ob|cfl|cfi|cfn|cob)=(?:\((\d+)\)(?: (.*))?|(.*))$")
SPACE = {"fl": "file", "fi": "file", "fe": "file", "cfl": "file", "cfi": "file",
         "fn": "function", "cfn": "function", "ob": "object", "cob": "object"}


class Profile:
    """Instructions of one dump, or of several added together."""

    def __init__(self):
        self.total = 0
        self.self_cost = collections.Counter()  # by function
        self.inclusive = collections.Counter()
        self.files = collections.defaultdict(collections.Counter)  # function -> file -> self cost
        self.objects = {}  # function -> binary or library
        self.calls = collections.Counter()  # by callee

    def read(self, path):
        """Adds one callgrind output file; returns its total."""
        names = {"file": {}, "function": {}, "object": {}}
        at = {"fl": "???", "fn": "???", "ob": "???", "cfn": "???"}
        before, pending, said = self.total, False, None
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                first = line[:1]
                if first.isdigit() or first in "+-*":
                    self._cost(line, at, pending)
                    pending = False
                elif line.startswith("totals:"):
                    said = int(line.split()[1])
                elif line.startswith("calls="):
                    self.calls[at["cfn"]] += int(line[6:].split()[0])
                    pending = True
                else:
                    _name(line, names, at)
        if said != self.total - before:
            raise ValueError(f"{path}: its functions cost {self.total - before}, it says {said}")
        return said

    def _cost(self, line, at, is_call):
        parts = line.split()
        if len(parts) < 2:
            return
        cost, function = int(parts[1]), at["fn"]
        self.inclusive[function] += cost
        if is_call:
            return
        self.total += cost
        self.self_cost[function] += cost
        self.files[function][at["fl"]] += cost
        self.objects[function] = at["ob"]

    def add(self, other):
        self.total += other.total
        for name in ("self_cost", "inclusive", "calls"):
            getattr(self, name).update(getattr(other, name))
        for function, files in other.files.items():
            self.files[function].update(files)
        self.objects.update(other.objects)

    def minus(self, other):
        """What this run cost more than `other`."""
        difference = Profile()
        difference.total = self.total - other.total
        for name in ("self_cost", "inclusive", "calls"):
            mine, theirs = getattr(self, name), getattr(other, name)
            getattr(difference, name).update({k: v - theirs[k] for k, v in mine.items() if v != theirs[k]})
        difference.files, difference.objects = self.files, self.objects
        return difference

    def group_of(self, function, root):
        """Our folder (`gateway/net`), or the library, whose code most of this function is."""
        best, cost = None, -1
        for file, spent in self.files[function].items():
            folder = _folder(file, root)
            if folder and spent > cost:
                best, cost = folder, spent
        if best:
            return best
        if function.startswith("steelyard::") or function.startswith("std::") and "steelyard::" in function:
            return "steelyard (inlined library code)"
        library = pathlib.PurePath(self.objects.get(function, "???")).name
        return re.sub(r"\.so.*|-\d.*", "", library) if ".so" in library else _by_header(self.files[function], library)

    def groups(self, root):
        found = collections.Counter()
        for function, cost in self.self_cost.items():
            found[self.group_of(function, root)] += cost
        return found


def _by_header(files, library):
    return "boost (header)" if any("/boost/" in file for file in files) else library


def _folder(file, root):
    """Folder below the sources, from an absolute or a relative file name."""
    path = pathlib.PurePath(file)
    if path.is_absolute():
        if not path.is_relative_to(root):
            return None
        path = path.relative_to(root)
    parts = path.parts
    return "/".join(parts[:-1]) if parts and parts[0] in ("gateway", "router", "policies", "config") else None


def _name(line, names, at):
    match = NAMED.match(line.rstrip("\n"))
    if not match:
        return
    what, number, named, plain = match.groups()
    table = names[SPACE[what]]
    if number is not None:
        if named:
            table[number] = named
        value = table.get(number, "???")
    else:
        value = plain
    if what in ("fi", "fe"):
        at["fl"] = value
    elif what in at:
        at[what] = value


def short(function, width=150):
    """A function's name without template noise and without callgrind's file prefix."""
    text = re.sub(r"\(anonymous namespace\)::", "", function)
    text = re.sub(r"std::basic_string_view<char, std::char_traits<char> >", "string_view", text)
    text = re.sub(r"std::__cxx11::basic_string<[^<>]*(<[^<>]*>[^<>]*)*>", "string", text)
    text = re.sub(r"steelyard::", "", text)
    text = re.sub(r"boost::asio::", "asio::", text)
    text = re.sub(r"::_ZN[0-9A-Za-z_]*\.Frame\*", " (coroutine)", text)
    return text if len(text) <= width else text[: width - 3] + "..."
