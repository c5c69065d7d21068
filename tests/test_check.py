"""The check of the installation says OK, or the cure."""

import sys

import pytest

from crmlab import check, data


def test_says_ok_for_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    check.installation()
    said = capsys.readouterr().out.splitlines()
    assert [line.split(" .")[0] for line in said] == ["Python", "packages", "company tables", "real data", "figures"]
    assert all(line.endswith(" OK") for line in said if not line.startswith("real data"))


def test_says_the_cure_for_what_is_not(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def missing(name: str) -> None:
        raise data.NotHere(f"{name} are not here yet: python3 run.py setup")

    monkeypatch.setattr(data, "real", missing)
    monkeypatch.setattr(data, "load", missing)
    monkeypatch.setattr(check, "_PACKAGES", ("pandas", "no_such_package"))
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    check.installation()
    said = capsys.readouterr().out.splitlines()
    assert "this is Python 3.10; install 3.11 or newer" in said[0]
    assert "missing: no_such_package; cure: python3 run.py setup" in said[1]
    assert said[2].endswith("cities are not here yet: python3 run.py setup")
    assert said[3].endswith("cdnow_master are not here yet: python3 run.py setup")
    assert said[4].endswith("OK")


def test_a_python_newer_than_tested_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    for version in ((3, 15, 2), (3, 16, 0)):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "version_info", version)
            said.append(check._python())
    assert said[0] == "" and said[1].startswith("OK, but 3.16 is newer")
