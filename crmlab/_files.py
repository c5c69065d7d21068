"""Where the workbook's files are: in its folder, or inside the package where only that was installed."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
INSTALLED = (_PACKAGE / "_workbook").is_dir()  # setup.py puts tables and exercises there, in a wheel only
ROOT = _PACKAGE / "_workbook" if INSTALLED else _PACKAGE.parent
