"""Customer records as three systems keep them: typed by hand, twice over, out of date; and who they really are.

Every person has one true name, phone, e-mail address and address at a time. About one in nine also has a
second record in another system. A record shows what was true when it was made, with the errors of its system.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlab.company import parameters as P
from crmlab.company.people import first_days
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World, stage

SYSTEMS = ("store", "web", "call centre")
SECOND_RECORD, THIRD_RECORD = 0.10, 0.01
SHARED_PHONE = 0.5  # of people who live with an earlier customer
LIVES_WITH = 0.15
# chances by system: store, web, call centre
MISSING_PHONE = (0.04, 0.10, 0.01)
MISSING_EMAIL = (0.60, 0.03, 0.45)
MISSING_ADDRESS = (0.25, 0.08, 0.12)
MISSING_PINYIN = (0.40, 0.0, 0.30)
TYPO = (0.04, 0.02, 0.06)
NEW_PHONE, NEW_EMAIL = 0.08, 0.10  # changed since the first record was made

# surname, pinyin, traditional form, share of people (own round figures)
_SURNAMES = """王 wang 王 8|李 li 李 8|张 zhang 張 7|刘 liu 劉 6|陈 chen 陳 6|杨 yang 楊 4
黄 huang 黃 4|赵 zhao 趙 3|吴 wu 吳 3|周 zhou 周 3|徐 xu 徐 2|孙 sun 孫 2
马 ma 馬 2|朱 zhu 朱 2|胡 hu 胡 2|郭 guo 郭 2|何 he 何 2|林 lin 林 2
罗 luo 羅 2|高 gao 高 2|郑 zheng 鄭 1|梁 liang 梁 1|谢 xie 謝 1|宋 song 宋 1
唐 tang 唐 1|许 xu 許 1|韩 han 韓 1|冯 feng 馮 1|邓 deng 鄧 1|曹 cao 曹 1
彭 peng 彭 1|曾 zeng 曾 1|肖 xiao 肖 1|田 tian 田 1|董 dong 董 1|潘 pan 潘 1
袁 yuan 袁 1|蔡 cai 蔡 1|蒋 jiang 蔣 1|余 yu 余 1|于 yu 于 1|杜 du 杜 1
叶 ye 葉 1|程 cheng 程 1|苏 su 蘇 1|魏 wei 魏 1|吕 lü 呂 1|丁 ding 丁 1
任 ren 任 1|卢 lu 盧 1|姚 yao 姚 1|钟 zhong 鍾 1|姜 jiang 姜 1|崔 cui 崔 1
谭 tan 譚 1|陆 lu 陸 1"""
# given-name characters with pinyin and traditional form; those of one sound stand in for each other in typos
_GIVEN = """伟 wei 偉|薇 wei 薇|维 wei 維|芳 fang 芳|方 fang 方|娜 na 娜|静 jing 靜
晶 jing 晶|敬 jing 敬|丽 li 麗|莉 li 莉|力 li 力|强 qiang 強|磊 lei 磊
蕾 lei 蕾|军 jun 軍|君 jun 君|俊 jun 俊|洋 yang 洋|阳 yang 陽|扬 yang 揚
勇 yong 勇|咏 yong 詠|艳 yan 艷|燕 yan 燕|岩 yan 岩|杰 jie 傑|洁 jie 潔
捷 jie 捷|娟 juan 娟|涛 tao 濤|桃 tao 桃|明 ming 明|鸣 ming 鳴|超 chao 超
秀 xiu 秀|霞 xia 霞|平 ping 平|萍 ping 萍|刚 gang 剛|桂 gui 桂|英 ying 英
颖 ying 穎|莹 ying 瑩|华 hua 華|花 hua 花|玉 yu 玉|宇 yu 宇|雨 yu 雨
兰 lan 蘭|岚 lan 嵐|红 hong 紅|宏 hong 宏|虹 hong 虹|鹏 peng 鵬|慧 hui 慧
辉 hui 輝|惠 hui 惠|建 jian 建|健 jian 健|文 wen 文|雯 wen 雯|斌 bin 斌
彬 bin 彬|琳 lin 琳|霖 lin 霖|雪 xue 雪|学 xue 學|梅 mei 梅|美 mei 美
佳 jia 佳|家 jia 家|欣 xin 欣|新 xin 新|鑫 xin 鑫|怡 yi 怡|毅 yi 毅
思 si 思|婷 ting 婷|晨 chen 晨|辰 chen 辰|浩 hao 浩|昊 hao 昊"""
_STREETS = """和平路 建设路 人民街 中山路 解放街 文化路 长江街 东风路 青年路 胜利街
花园路 湖滨路 学府街 茶园路 桥头街 新华路 河西路 钟楼街 公园路 友谊街 工农路 百花街
春晖路 丰收街 光明路 西湖街 南山路 北苑街 云锦路 翠竹街 金桂路 白鹭街""".split()
_MAIL = ("post.example", "mail.example", "letter.example", "home.example")

_surnames = [entry.split() for entry in _SURNAMES.replace("\n", "|").split("|")]
_given = [entry.split() for entry in _GIVEN.replace("\n", "|").split("|")]
_TRADITIONAL = {entry[0]: entry[2] for entry in [*_surnames, *_given]}
_SAME_SOUND = {c: [o for o, sound, _ in _given if sound == p and o != c] for c, p, _ in _given}


@stage("identity")
def identity(world: World) -> pd.DataFrame:
    """The truth of every person: name, household, and phone, e-mail and address, old and new."""
    n = world.people
    ids = np.arange(n)
    city = world["people"]["city"].to_numpy()
    home = _households(world, city)
    surname = world.choice("surname", ids, [float(s[3]) for s in _surnames])
    first = np.floor(len(_given) * world.uniform("given 1", ids)).astype(int)
    second = np.floor(len(_given) * world.uniform("given 2", ids)).astype(int)
    two = world.uniform("given length", ids) < 0.78
    number = np.floor(10**8 * world.uniform("phone", ids)).astype(int)
    new_number = np.floor(10**8 * world.uniform("phone new", ids)).astype(int)
    prefix = np.array([139, 136, 158, 188, 177, 152])[np.floor(6 * world.uniform("prefix", ids)).astype(int)]
    shares = (home != ids) & (world.uniform("shared phone", ids) < SHARED_PHONE)
    digits = np.floor(1000 * world.uniform("mail digits", ids)).astype(int)
    host = np.floor(len(_MAIL) * world.uniform("mail host", ids)).astype(int)
    rows: list[tuple[Any, ...]] = []
    for i in range(n):
        s, g = _surnames[surname[i]], [_given[first[i]]] + ([_given[second[i]]] if two[i] else [])
        given = "".join(x[1] for x in g)
        mail = f"{given}.{s[1].replace('ü', 'u')}{digits[i]}@{_MAIL[host[i]]}"
        rows.append((s[0] + "".join(x[0] for x in g), f"{s[1].capitalize()} {given.capitalize()}", mail))
    frame = pd.DataFrame(rows, columns=["name", "pinyin", "email"])
    frame["email_new"] = [f"t{d:03d}.{m}" for d, m in zip(digits, frame["email"], strict=True)]
    own = np.array([f"{p}{x:08d}" for p, x in zip(prefix, number, strict=True)], dtype=object)
    frame["phone"] = np.where(shares, own[home], own)
    frame["phone_new"] = [f"{p}{x:08d}" for p, x in zip(prefix, new_number, strict=True)]
    frame["address"] = _addresses(world, "address", home)
    frame["address_new"] = _addresses(world, "address new", ids)
    frame["household"] = home
    moves = world["life_events"].query("event == 'moved'").drop_duplicates("person").set_index("person")["day"]
    frame["moved"] = moves.reindex(ids).to_numpy()
    return frame


def _households(world: World, city: NDArray[Any]) -> NDArray[np.int64]:
    """Head of each person's household: herself, or the nearest of the forty people before her in her city."""
    ids = np.arange(world.people)
    joins = world.uniform("lives with", ids) < LIVES_WITH
    home = ids.copy()
    open_rows = joins.copy()
    for back in range(1, 41):
        earlier = ids - back
        fits = open_rows & (earlier >= 0)
        fits &= city[np.maximum(earlier, 0)] == city
        fits &= ~joins[np.maximum(earlier, 0)]
        home[fits] = earlier[fits]
        open_rows &= ~fits
    return home


def _addresses(world: World, name: str, home: NDArray[Any]) -> list[str]:
    street = np.floor(len(_STREETS) * world.uniform(f"{name} street", home)).astype(int)
    house = 1 + np.floor(180 * world.uniform(f"{name} house", home)).astype(int)
    flat = 101 + np.floor(2200 * world.uniform(f"{name} flat", home)).astype(int)
    return [f"{_STREETS[s]}{h}号{f}室" for s, h, f in zip(street, house, flat, strict=True)]


@stage("records")
def records(world: World) -> pd.DataFrame:
    """One row a record: whose it is, in which system, made when, and what is written in it."""
    ids = np.arange(world.people)
    young = np.where(world["people"]["age"].to_numpy() < 42, 1.0, 0.0)
    chances = np.column_stack([0.65 - 0.35 * young, 0.20 + 0.40 * young, 0.15 - 0.05 * young])
    main = world.choice("main system", ids, chances)
    step = 1 + np.floor(2 * world.uniform("second system", ids)).astype(int)
    draw = world.uniform("second record", ids)
    first = first_days(world)
    parts = [
        pd.DataFrame({"person": ids, "copy": 0, "system": main, "day": first}),
        pd.DataFrame({"person": ids, "copy": 1, "system": (main + step) % 3, "day": first}),
        pd.DataFrame({"person": ids, "copy": 2, "system": (main + 3 - step) % 3, "day": first}),
    ]
    frame = pd.concat([parts[0], parts[1][draw < SECOND_RECORD], parts[2][draw < THIRD_RECORD]])
    frame = frame.sort_values(["person", "copy"], ignore_index=True)
    key = frame["person"].to_numpy() * 4 + frame["copy"].to_numpy()
    left = np.maximum(P.DAYS - 1 - frame["day"].to_numpy(), 0)
    late = np.floor(left * world.uniform("record day", key)).astype(int)
    frame["day"] += np.where(frame["copy"] > 0, late, 0)
    rest = np.maximum(P.DAYS - 1 - frame["day"].to_numpy(), 0)
    checked = world.uniform("verified", key) < 0.35
    frame["verified"] = np.where(checked, frame["day"] + np.floor(rest * world.uniform("verified day", key)), P.DAYS)
    willing = world.uniform("consent", frame["person"]) < 0.7
    frame["consent"] = np.where(world.uniform("consent kept", key) < 0.9, willing, ~willing)
    frame["key"] = key
    return _written(world, frame)


def _written(world: World, frame: pd.DataFrame) -> pd.DataFrame:
    """Put into each record what was true on its day, and the errors of its system."""
    truth = world["identity"].iloc[frame["person"]].reset_index(drop=True)
    key, system = frame["key"].to_numpy(), frame["system"].to_numpy()
    again = (frame["copy"] > 0).to_numpy()

    def hit(name: str, chance: Any) -> NDArray[np.bool_]:
        return world.uniform(f"record {name}", key) < (np.array(chance)[system] if np.ndim(chance) else chance)

    moved = (truth["moved"] <= frame["day"]).to_numpy()
    phone = np.where(again & hit("new phone", NEW_PHONE), truth["phone_new"], truth["phone"])
    mail = np.where(again & hit("new mail", NEW_EMAIL), truth["email_new"], truth["email"])
    address = np.where(moved, truth["address_new"], truth["address"])
    place = world.uniform("record place", key)
    frame["name"] = [
        _misspelt(name, p) if typo else "".join(_TRADITIONAL.get(c, c) for c in name) if old else name
        for name, typo, old, p in zip(truth["name"], hit("name", TYPO), hit("traditional", 0.05), place, strict=True)
    ]
    frame["name_pinyin"] = _blank(
        [_pinyin(p, u) for p, u in zip(truth["pinyin"], world.uniform("record pinyin", key), strict=True)],
        hit("no pinyin", MISSING_PINYIN),
    )
    frame["phone"] = _blank(
        [_phone(p, typo, u, q) for p, typo, u, q in
         zip(phone, hit("phone", TYPO), world.uniform("record phone form", key), place, strict=True)],
        hit("no phone", MISSING_PHONE),
    )  # fmt: skip
    frame["email"] = _blank(
        [_swapped(m, p) if typo else m for m, typo, p in zip(mail, hit("mail", TYPO), place, strict=True)],
        hit("no mail", MISSING_EMAIL),
    )
    wide = hit("wide digits", 0.06)
    frame["address"] = _blank(
        [
            _wide(a) if w else a.replace("室", "") if p < 0.2 else a
            for a, w, p in zip(address, wide, place, strict=True)
        ],
        hit("no address", MISSING_ADDRESS),
    )
    city = [P.CITIES[c] for c in world["people"]["city"].to_numpy()[frame["person"]]]
    frame["city"] = [c.lower() if low else c for c, low in zip(city, hit("city", 0.03), strict=True)]
    return frame


def _misspelt(name: str, place: float) -> str:
    """A given name with a character of the same sound; a surname alone keeps its last character twice."""
    for position in range(len(name) - 1, 0, -1):
        others = _SAME_SOUND.get(name[position], [])
        if others:
            return name[:position] + others[int(place * len(others))] + name[position + 1 :]
    return name + name[-1]


def _pinyin(pinyin: str, draw: float) -> str:
    family, given = pinyin.split(" ")
    if draw < 0.08:
        return f"{given} {family}"
    if draw < 0.16:
        return (family + given).lower()
    return pinyin.lower() if draw < 0.24 else pinyin


def _phone(phone: str, typo: bool, form: float, place: float) -> str:
    if typo:
        at = 3 + int(8 * place)
        phone = phone[:at] + str((int(phone[at]) + 1 + int(8 * form)) % 10) + phone[at + 1 :]
    if form < 0.08:
        return "+86 " + phone
    return f"{phone[:3]}-{phone[3:7]}-{phone[7:]}" if form < 0.18 else phone


def _swapped(text: str, place: float) -> str:
    at = 1 + int((text.index("@") - 2) * place)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in text)


def _blank(values: list[str], empty: NDArray[np.bool_]) -> pd.Series:
    return pd.Series(values, dtype="str").mask(empty)


def record_ids(frame: pd.DataFrame) -> list[str]:
    """Ids that say nothing about the person: the letter of the system and a scrambled number."""
    scrambled = (frame["key"].to_numpy() * 7_368_787 + 1_234_567) % 99_999_989
    return [f"{'SWC'[s]}{x:08d}" for s, x in zip(frame["system"], scrambled, strict=True)]


@table("crm_records")
def crm_records(world: World) -> pd.DataFrame:
    frame = world["records"]
    made = pd.DataFrame(
        {
            "record_id": record_ids(frame),
            "system": labels(frame["system"], SYSTEMS),
            **{name: frame[name] for name in ("name", "name_pinyin", "phone", "email", "address", "city")},
            "created": dates(frame["day"]),
            "verified": dates(frame["verified"]),
            "consent": frame["consent"],
        }
    )
    return made.sort_values("record_id", ignore_index=True)


@table("truth/entities")
def truth_entities(world: World) -> pd.DataFrame:
    frame = world["records"]
    home = world["identity"]["household"].to_numpy()[frame["person"]]
    made = pd.DataFrame(
        {
            "record_id": record_ids(frame),
            "customer_id": customer_ids(world, frame["person"]),
            "household_id": [f"H{h + 1:06d}" for h in home],
        }
    )
    return made.sort_values("record_id", ignore_index=True)


@table("order_records")
def order_records(world: World) -> pd.DataFrame:
    """Under which record each order was booked: the record of its channel's system if there is one by then."""
    frame = world["records"]
    placed = world["orders"][["order_id", "person", "day", "channel"]]
    wanted = np.where(placed["channel"] == 0, 0, 1)
    first = frame[frame["copy"] == 0].set_index("person")["key"]
    chosen = first.reindex(placed["person"]).to_numpy()
    for system in (0, 1):
        mine = frame[frame["system"] == system].drop_duplicates("person").set_index("person")
        key = mine["key"].reindex(placed["person"]).to_numpy()
        made = mine["day"].reindex(placed["person"]).to_numpy()
        use = (wanted == system) & ~np.isnan(key) & (made <= placed["day"].to_numpy())
        chosen = np.where(use, key, chosen)
    names = pd.Series(record_ids(frame), index=frame["key"])
    return pd.DataFrame({"order_id": placed["order_id"], "record_id": names.reindex(chosen.astype(int)).to_numpy()})


@table("verified_sample")
def verified_sample(world: World) -> pd.DataFrame:
    """Records checked with the customer at the end of 2024: what is true now."""
    frame = world["records"]
    chosen = frame[world.uniform("verified sample", frame["key"]) < 0.04]
    truth = world["identity"].iloc[chosen["person"]].reset_index(drop=True)
    moved = truth["moved"].notna()
    copies = frame.groupby("person")["copy"].max().reindex(chosen["person"]).to_numpy()
    new_phone = world.uniform("record new phone", chosen["person"] * 4 + copies) < NEW_PHONE
    new_mail = world.uniform("record new mail", chosen["person"] * 4 + copies) < NEW_EMAIL
    made = pd.DataFrame(
        {
            "record_id": record_ids(chosen),
            "name": truth["name"].to_numpy(),
            "phone": np.where((copies > 0) & new_phone, truth["phone_new"], truth["phone"]),
            "email": np.where((copies > 0) & new_mail, truth["email_new"], truth["email"]),
            "address": np.where(moved, truth["address_new"], truth["address"]),
        }
    )
    return made.sort_values("record_id", ignore_index=True)


@table("address_changes")
def address_changes(world: World) -> pd.DataFrame:
    moves = world["life_events"].query("event == 'moved'")
    return pd.DataFrame(
        {"customer_id": customer_ids(world, moves["person"]), "date": dates(moves["day"])}
    ).reset_index(drop=True)
