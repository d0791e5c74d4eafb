"""Write docs/files.md: a line per Python file, the first of its docstring.

python -m tests.support.files_md
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("manifests", "pages", "balance", "augment", "train", "experiments")
HEAD = """# Every file

`manifests` holds what all rooms share and imports none of them; `pages` imports `manifests`; `balance`, `augment` and
`train` import these two and never each other; `experiments` may import all. `dvc.yaml` links the commands, which stand
at a room's top; one folder is one stage's code. Written by `make files` from the first line of each file's docstring.
"""


def text() -> str:
    """The whole page."""
    parts = [HEAD]
    for room in ROOMS:
        for folder in sorted({path.parent for path in (ROOT / room).rglob("*.py")}):
            about = _first_line(folder / "__init__.py")
            parts.append(f"\n## {folder.relative_to(ROOT)}/\n\n{about}\n\n| file | |\n|---|---|\n")
            files = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
            parts += [f"| `{path.name}` | {_first_line(path)} |\n" for path in files]
    return "".join(parts)


def _first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


if __name__ == "__main__":
    (ROOT / "docs/files.md").write_text(text(), encoding="utf-8")
