"""The measured part of docs/performance.md."""

import os
import platform
import re
import subprocess
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
BEGIN = "<!-- measured by benches/run -->\n"
END = "<!-- end of what was measured -->\n"


def table(titles, rows):
    """Returns a table in Markdown; all but the first column is numbers."""
    lines = [titles, ["---"] + ["--:"] * (len(titles) - 1), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


def machine(folder):
    """Says in one line what this was measured on."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    disk = subprocess.run(["findmnt", "-no", "FSTYPE", "-T", folder], capture_output=True, text=True,
                          check=True).stdout.strip()
    return (f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores, "
            f"{pages / (1 << 30):.0f} GiB of memory, Linux {platform.release()}, "
            f"images on {disk}")


def put(text):
    """Puts what was measured into the page, between its marks."""
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(before + BEGIN + text + END + after)
