"""A wheel brings what the package opens: the company's tables with their dictionary, and exercises without solutions.

Everything else about the package stands in pyproject.toml. In the workbook's own folder nothing is copied.
"""

import json
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

TABLES = Path("datasets", "lantern_leaf")


def files() -> list[Path]:
    """Return what goes into the wheel: tables, their dictionary, hand-outs that have a practice key, quick checks."""
    listed = json.loads((TABLES / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    tables = [TABLES / one["path"] for one in listed]
    keys = sorted(Path("exercises").glob("*.key.json"))
    handouts = [key.with_name(key.name.replace(".key.json", ".ipynb")) for key in keys]
    quick = Path("exercises", "quick", "key.json")
    found = [TABLES / "datapackage.json", TABLES / "VERSION", *tables, *keys, *handouts, quick]
    return [path for path in found if path.is_file()]  # some tables arrive with a later chapter


class Build(build_py):
    """Copies them into the folder crmlab/_workbook of the wheel, where crmlab/_files.py looks for them."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for path, target in self.workbook().items():
                self.mkpath(str(Path(target).parent))
                self.copy_file(str(path), target)

    def workbook(self) -> dict[Path, str]:
        return {path: str(Path(self.build_lib, "crmlab", "_workbook", path)) for path in files()}

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        return [*super().get_outputs(include_bytecode), *([] if self.editable_mode else self.workbook().values())]

    def get_source_files(self) -> list[str]:
        return [*super().get_source_files(), *map(str, files())]


setup(cmdclass={"build_py": Build})
