"""Names, streets and the ways in which clerks misspell them. Own round figures; persons and streets are made up."""

# surname, pinyin, traditional form, share of people (own round figures)
_SURNAME_LIST = """王 wang 王 8|李 li 李 8|张 zhang 張 7|刘 liu 劉 6|陈 chen 陳 6|杨 yang 楊 4
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
_GIVEN_LIST = """伟 wei 偉|薇 wei 薇|维 wei 維|芳 fang 芳|方 fang 方|娜 na 娜|静 jing 靜
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


STREETS = """和平路 建设路 人民街 中山路 解放街 文化路 长江街 东风路 青年路 胜利街
花园路 湖滨路 学府街 茶园路 桥头街 新华路 河西路 钟楼街 公园路 友谊街 工农路 百花街
春晖路 丰收街 光明路 西湖街 南山路 北苑街 云锦路 翠竹街 金桂路 白鹭街""".split()


MAIL = ("post.example", "mail.example", "letter.example", "home.example")


SURNAMES = [entry.split() for entry in _SURNAME_LIST.replace("\n", "|").split("|")]
GIVEN = [entry.split() for entry in _GIVEN_LIST.replace("\n", "|").split("|")]
_TRADITIONAL = {entry[0]: entry[2] for entry in [*SURNAMES, *GIVEN]}
_SAME_SOUND = {c: [o for o, sound, _ in GIVEN if sound == p and o != c] for c, p, _ in GIVEN}


def traditional(name: str) -> str:
    """A name in traditional characters."""
    return "".join(_TRADITIONAL.get(c, c) for c in name)


def misspelt(name: str, place: float) -> str:
    """A given name with a character of the same sound; a surname alone keeps its last character twice."""
    for position in range(len(name) - 1, 0, -1):
        others = _SAME_SOUND.get(name[position], [])
        if others:
            return name[:position] + others[int(place * len(others))] + name[position + 1 :]
    return name + name[-1]


def pinyin_as_typed(pinyin: str, draw: float, forms: tuple[float, ...]) -> str:
    family, given = pinyin.split(" ")
    if draw < forms[0]:
        return f"{given} {family}"
    if draw < forms[1]:
        return (family + given).lower()
    return pinyin.lower() if draw < forms[2] else pinyin


def phone_as_typed(phone: str, typo: bool, form: float, place: float, forms: tuple[float, ...]) -> str:
    if typo:
        at = 3 + int(8 * place)
        phone = phone[:at] + str((int(phone[at]) + 1 + int(8 * form)) % 10) + phone[at + 1 :]
    if form < forms[0]:
        return "+86 " + phone
    return f"{phone[:3]}-{phone[3:7]}-{phone[7:]}" if form < forms[1] else phone


def swapped(text: str, place: float) -> str:
    at = 1 + int((text.index("@") - 2) * place)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in text)
