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


def section(title, table):
    """Returns a table with its title."""
    return f"\n### {title}\n\n{table}"


def put(machine, tables, order):
    """Puts tables into the page, between its marks; of those that were not made the old ones stay."""
    before, rest = PAGE.read_text().split(BEGIN)
    measured, after = rest.split(END)
    old = (part.split("\n\n", 1) for part in measured.split("\n### ")[1:])
    tables = {title: table.strip("\n") + "\n" for title, table in old} | tables
    text = "".join(section(title, tables[title]) for title in order if title in tables)
    PAGE.write_text(f"{before}{BEGIN}\n{machine}{text}\n{END}{after}")
