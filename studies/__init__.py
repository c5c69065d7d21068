"""Is what was planted there, over many companies? One declaration a chapter, one engine, one report.

Each module `ch….py` (and `spine.py`, for the company itself) declares in `STUDY` its planted effects and how they are
estimated. `python -m studies` makes 200 companies for each and writes `studies/README.md`; the tests run a fixed
small part of the same declarations.
"""
