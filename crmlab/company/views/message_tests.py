"""What to say, where, and for what reward: three more tests of messages, by lot."""

import numpy as np
import pandas as pd
from scipy import special

from crmlab.company.tables import customer_ids, labels, table
from crmlab.company.views.messages import pack_profit, receptive, still_reachable
from crmlab.company.world import World, stage

REWARDS = (0, 2, 5, 10)  # yuan for a completed profile


@stage("message tests")
def message_tests(world: World) -> dict[str, pd.DataFrame]:
    """Arms, chances and purchases in the tests of content and of channel."""
    p = world.parameters
    age = (world["people"]["age"].to_numpy() - p.people.age_mean) / p.people.age_spread
    made = {}
    for name, day, planted, tilt in (
        ("content", p.messages.content_day, p.messages.contents, dict.fromkeys(p.messages.contents, 0.0)),
        ("channel", p.messages.channel_day, p.messages.channels, p.messages.channel_age),
    ):
        person = still_reachable(world, day)
        alive = world["alive"][person] >= day
        arm = np.floor(4 * world.uniform(f"{name} arm", person)).astype(int)
        lift = np.array(list(planted.values())) * np.exp(np.outer(age[person], list(tilt.values())))
        lift = lift * (receptive(world, person) * np.where(alive, 1.0, p.messages.gone))[:, None]
        chance = np.where(alive, p.messages.base_later * p.messages.base, p.messages.base_gone)[:, None] + lift
        own = np.take_along_axis(chance, arm[:, None], 1)[:, 0]
        bought = world.uniform(f"{name} buys", person) < own
        less = np.where(arm == 1, p.messages.content_voucher, 0.0) if name == "content" else 0.0
        frame = pd.DataFrame({"person": person, "arm": arm, "bought": bought})
        frame["profit"] = pack_profit(world, name, person, bought, less)
        for k, label in enumerate(planted):
            frame[f"chance_{label}"] = chance[:, k]
        made[name] = frame
    return made


def _message_test(world: World, name: str, arms: tuple[str, ...]) -> pd.DataFrame:
    frame = world["message tests"][name]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "arm": labels(frame["arm"], arms),
            "bought": frame["bought"],
            "profit": frame["profit"],
        }
    )


@table(
    "content_test",
    grain="a member in the content test of September 2024",
    chapter="10",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: member
    arm! string: content of the message, by lot; none: no message
    bought! boolean: bought a tasting pack within three weeks
    profit! number [yuan]: margin of that pack, the voucher taken off, the cost of the message not
    """,
)
def content_test(world: World) -> pd.DataFrame:
    return _message_test(world, "content", tuple(world.parameters.messages.contents))


@table(
    "channel_test",
    grain="a member in the channel test of October 2024",
    chapter="10",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: member
    arm! string: channel of the message, by lot; none: no message
    bought! boolean: bought a tasting pack within three weeks
    profit! number [yuan]: margin of that pack, the voucher taken off, the cost of the message not
    """,
)
def channel_test(world: World) -> pd.DataFrame:
    return _message_test(world, "channel", tuple(world.parameters.messages.channels))


@stage("rewards")
def rewards(world: World) -> pd.DataFrame:
    """Who was asked for a profile at which reward, the chances, and what she did."""
    p = world.parameters.messages
    person = still_reachable(world, p.reward_day)
    arm = np.floor(len(REWARDS) * world.uniform("reward arm", person)).astype(int)
    concern = world.normal("privacy concern", person)
    size = np.log1p(np.array(REWARDS))
    opts = special.expit(p.opt_in[0] + p.opt_in[1] * size + p.opt_in[2] * concern[:, None])
    completes = special.expit(p.complete[0] + p.complete[1] * size)
    opted = world.uniform("reward opts in", person) < np.take_along_axis(opts, arm[:, None], 1)[:, 0]
    frame = pd.DataFrame({"person": person, "arm": arm, "opted_in": opted})
    frame["completed"] = opted & (world.uniform("reward completes", person) < completes[arm])
    for k, reward in enumerate(REWARDS):
        frame[f"opts_{reward}"] = opts[:, k]
        frame[f"completes_{reward}"] = opts[:, k] * completes[k]
    return frame


@table(
    "reward_test",
    grain="a member asked for her profile in November 2024",
    chapter="10",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: member
    reward! integer [yuan]: offered for a completed profile, by lot
    opted_in! boolean: opened the questionnaire and agreed to the use of her answers
    completed! boolean: completed it
    """,
)
def reward_test(world: World) -> pd.DataFrame:
    frame = world["rewards"]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "reward": np.array(REWARDS)[frame["arm"]],
            "opted_in": frame["opted_in"],
            "completed": frame["completed"],
        }
    )


@table(
    "truth/contact_tests",
    grain="a member: her chances under every arm of the tests of messages",
    chapter="10",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: member
    content_none number [probability]: chance of buying under the arm none of the content test; missing if not in
        it
    content_price number [probability]: chance of buying under the arm price of the content test; missing if not
        in it
    content_story number [probability]: chance of buying under the arm story of the content test; missing if not
        in it
    content_advice number [probability]: chance of buying under the arm advice of the content test; missing if not
        in it
    channel_none number [probability]: chance of buying under the arm none of the channel test; missing if not in
        it
    channel_letter number [probability]: chance of buying under the arm letter of the channel test; missing if not
        in it
    channel_text number [probability]: chance of buying under the arm text of the channel test; missing if not in
        it
    channel_wechat number [probability]: chance of buying under the arm wechat of the channel test; missing if not
        in it
    opt_in_0 number [probability]: chance of opting in at a reward of 0 yuan; missing if not in the test
    opt_in_2 number [probability]: chance of opting in at a reward of 2 yuan; missing if not in the test
    opt_in_5 number [probability]: chance of opting in at a reward of 5 yuan; missing if not in the test
    opt_in_10 number [probability]: chance of opting in at a reward of 10 yuan; missing if not in the test
    complete_0 number [probability]: chance of completing the profile at a reward of 0 yuan; missing if not in the
        test
    complete_2 number [probability]: chance of completing the profile at a reward of 2 yuan; missing if not in the
        test
    complete_5 number [probability]: chance of completing the profile at a reward of 5 yuan; missing if not in the
        test
    complete_10 number [probability]: chance of completing the profile at a reward of 10 yuan; missing if not in
        the test
    frequency_base number [probability]: chance of buying in a month without a message; missing if not in the
        frequency test
    frequency_slope number [probability]: a of the response a·f·exp(−k·f) to f messages a month
    """,
)
def truth_contact_tests(world: World) -> pd.DataFrame:
    """The chances of each person under every arm of the tests she was in."""
    p = world.parameters.messages
    parts = {}
    for name, arms in (("content", p.contents), ("channel", p.channels)):
        frame = world["message tests"][name].set_index("person")
        parts[name] = frame[[f"chance_{arm}" for arm in arms]].set_axis([f"{name}_{arm}" for arm in arms], axis=1)
    frame = world["rewards"].set_index("person")
    for what, chance in (("opts", "opt_in"), ("completes", "complete")):
        columns = [f"{what}_{reward}" for reward in REWARDS]
        parts[what] = frame[columns].set_axis([f"{chance}_{reward}" for reward in REWARDS], axis=1)
    test = world["frequency"].drop_duplicates("person").set_index("person")[["base", "slope"]]
    parts["frequency"] = test.set_axis(["frequency_base", "frequency_slope"], axis=1)
    table = pd.concat(parts.values(), axis=1).sort_index().round(5)
    table.insert(0, "customer_id", customer_ids(world, table.index.to_numpy()))
    return table.reset_index(drop=True)
