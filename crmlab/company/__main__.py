"""Write the company's tables: `python -m crmlab.company [folder]`; see `publish`."""

import sys
from pathlib import Path

from crmlab.company.publish import TARGET, write

if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
