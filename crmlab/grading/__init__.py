"""The instructor's side of exercises: make student copies, mark what comes back.

`crmlab release` (or `python3 run.py release`) and `crmlab grade`; exercises/README.md is the way in.
"""

import os

if os.name == "nt":  # both run notebooks in processes that Windows does not have
    raise SystemExit("release and grade need Linux. On Windows run them in WSL 2: exercises/README.md, section "
                     "Where grading runs.")
