"""Everything that is planted: the parameters of Lantern Leaf Tea, in one place, grouped by story.

Each number stands beside a sentence, its unit and the range it must stay in. Changing one here is a new data version
(`datasets/lantern_leaf/VERSION`), never a side effect. The classes are frozen; who wants another world passes
`simulate(…, parameters=replace(PARAMETERS, margin=0.20))`. Names are unique over all stories.
"""

import dataclasses
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from crmlab.company.parameters.contacts import Centre, Complaints, Messages, Requests, Touchpoints, Waiting
from crmlab.company.parameters.people import People, Referrals, Rival, Satisfaction
from crmlab.company.parameters.planted import Story
from crmlab.company.parameters.quality import Loyalty, Pilots, Processes, Quality
from crmlab.company.parameters.retail import Baskets, Campaigns, Faults, Office, Retail
from crmlab.company.parameters.subscriptions import Leaving, Mobile, Retention, Saving, Subscriptions
from crmlab.company.parameters.surveys import Market, Needs, Records, Surveys

__all__ = ["PARAMETERS", "Parameters", "as_dict", "described", "replace"]


@dataclass(frozen=True)
class Parameters:
    """The planted truth: one field a story, in it one field a planted value."""

    people: People = field(default_factory=People)
    satisfaction: Satisfaction = field(default_factory=Satisfaction)
    rival: Rival = field(default_factory=Rival)
    referrals: Referrals = field(default_factory=Referrals)
    retail: Retail = field(default_factory=Retail)
    baskets: Baskets = field(default_factory=Baskets)
    faults: Faults = field(default_factory=Faults)
    campaigns: Campaigns = field(default_factory=Campaigns)
    office: Office = field(default_factory=Office)
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    leaving: Leaving = field(default_factory=Leaving)
    saving: Saving = field(default_factory=Saving)
    retention: Retention = field(default_factory=Retention)
    surveys: Surveys = field(default_factory=Surveys)
    market: Market = field(default_factory=Market)
    needs: Needs = field(default_factory=Needs)
    records: Records = field(default_factory=Records)
    messages: Messages = field(default_factory=Messages)
    touchpoints: Touchpoints = field(default_factory=Touchpoints)
    requests: Requests = field(default_factory=Requests)
    centre: Centre = field(default_factory=Centre)
    waiting: Waiting = field(default_factory=Waiting)
    complaints: Complaints = field(default_factory=Complaints)
    quality: Quality = field(default_factory=Quality)
    processes: Processes = field(default_factory=Processes)
    pilots: Pilots = field(default_factory=Pilots)
    loyalty: Loyalty = field(default_factory=Loyalty)
    mobile: Mobile = field(default_factory=Mobile)


def _story_of() -> dict[str, str]:
    """The story each planted name belongs to; a name in two stories is refused."""
    found: dict[str, str] = {}
    for story in fields(Parameters):
        group: Any = story.default_factory
        for one in fields(group):
            if one.name in found:
                raise ValueError(f"{one.name} is planted in two stories, {found[one.name]} and {story.name}")
            found[one.name] = story.name
    return found


STORY_OF = _story_of()
PARAMETERS = Parameters()


def replace(parameters: Parameters, **changes: Any) -> Parameters:
    """A copy with other numbers, by their names: `replace(PARAMETERS, margin=0.20, fault=0.08)`.

    Raises KeyError if nothing of that name is planted, ValueError if a number is out of its range.
    """
    groups: dict[str, dict[str, Any]] = {}
    for name, value in changes.items():
        if name not in STORY_OF:
            raise KeyError(f"no parameter is called {name!r}; there are {', '.join(STORY_OF)}")
        groups.setdefault(STORY_OF[name], {})[name] = value
    made = {group: dataclasses.replace(getattr(parameters, group), **new) for group, new in groups.items()}
    return dataclasses.replace(parameters, **made)


def as_dict(parameters: Parameters = PARAMETERS) -> dict[str, Any]:
    """The parameters by their names, as plain data, for `truth/parameters.json`."""
    return {name: value for group in asdict(parameters).values() for name, value in group.items()}


def described(parameters: Parameters = PARAMETERS) -> list[dict[str, Any]]:
    """For each parameter its name, story, sentence, unit, range and value."""
    found = []
    for story in fields(parameters):
        group: Story = getattr(parameters, story.name)
        for one in fields(group):
            found.append({"name": one.name, "story": story.name, **one.metadata, "value": getattr(group, one.name)})
    return found
