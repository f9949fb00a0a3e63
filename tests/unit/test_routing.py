"""Who is told of an alert, and when: routes, recipients in every spelling, policies, and who stands in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.ladder import Ladder, Rung
from notifiers.numbers import read_number
from notifiers.people import Contact, Directory, Match, Policy, Route, Stage
from notifiers.routing import Plan, Router, matches

ANNA = "+491701234567"
BEN = "+491707654321"
STRANGER = "+491511112223"
FORBIDDEN = "+491799999999"
HALF_AN_HOUR = timedelta(minutes=30)

CONTACTS = {
    "anna": Contact(name="anna", number=ANNA, language="de", timezone="Europe/Berlin"),
    "ben": Contact(name="ben", number=BEN),
    "desk": Contact(name="desk", group={"": "11"}, size=4),
    "eva": Contact(name="eva", user="9"),
}
STANDARD = Ladder(name="standard", rungs=(Rung(channel=Channel.SMS),))


def alert(**more: object) -> Alert:
    values: dict[str, object] = {
        "source": "nagios",
        "key": "db1!disk",
        "kind": Kind.PROBLEM,
        "severity": Severity.ERROR,
        "host": "db1",
        "service": "disk",
    }
    return Alert(**{**values, **more})  # type: ignore[arg-type]


def router(**more: object) -> Router:
    values: dict[str, object] = {
        "contacts": CONTACTS,
        "teams": {"ops": ("anna", "ben"), "all": ("ops", "desk", STRANGER), "ring": ("ben", "ring")},
        "ladders": {"standard": STANDARD},
        "default_ladder": "standard",
        "default_recipients": ("anna",),
        "policies": {
            "database": Policy(
                name="database", stages=(Stage(to=("ben",)), Stage(to=("ops", "desk"), after=HALF_AN_HOUR))
            )
        },
        "routes": (Route(to=("ben",)),),
        **more,
    }
    directory = Directory(**values)  # type: ignore[arg-type]
    return Router(directory, lambda text: read_number(text, "DE"), lambda number: number != FORBIDDEN)


def told(plan: Plan) -> list[tuple[str, int, timedelta]]:
    return [(start.contact.name, start.stage, start.after) for start in plan.starts]


def names(plan: Plan) -> list[str]:
    return [start.contact.name for start in plan.starts]


NOW = timedelta(0)


@pytest.mark.parametrize(
    ("match", "wanted"),
    [
        pytest.param(Match(), True, id="asks nothing"),
        pytest.param(Match(source=("icinga", "nagios")), True, id="source"),
        pytest.param(Match(source=("icinga",)), False, id="another source"),
        pytest.param(Match(instance=("berlin",)), True, id="instance"),
        pytest.param(Match(instance=("munich",)), False, id="another instance"),
        pytest.param(Match(kind=(Kind.PROBLEM,)), True, id="kind"),
        pytest.param(Match(kind=(Kind.FLAPPING, Kind.CUSTOM)), False, id="another kind"),
        pytest.param(Match(severity=(Severity.ERROR, Severity.CRITICAL)), True, id="severity"),
        pytest.param(Match(severity=(Severity.CRITICAL,)), False, id="another severity"),
        pytest.param(Match(state=("CRITICAL",)), True, id="state"),
        pytest.param(Match(state=("WARNING",)), False, id="another state"),
        pytest.param(Match(host=("db*",)), True, id="host pattern"),
        pytest.param(Match(host=("web*", "db?")), True, id="one of several host patterns"),
        pytest.param(Match(host=("db",)), False, id="a pattern matches the whole name"),
        pytest.param(Match(host=("DB*",)), False, id="patterns tell capitals apart"),
        pytest.param(Match(service=("d[iu]sk",)), True, id="service pattern"),
        pytest.param(Match(service=("cpu",)), False, id="another service"),
        pytest.param(Match(labels={"team": ("db", "dba")}), True, id="label"),
        pytest.param(Match(labels={"team": ("d*",), "env": ("prod",)}), True, id="every label"),
        pytest.param(Match(labels={"team": ("db",), "env": ("test",)}), False, id="one label fails"),
        pytest.param(Match(labels={"site": ("a",)}), False, id="a label it does not have"),
        pytest.param(Match(labels={"site": ("",)}), True, id="a label it must not have"),
        pytest.param(Match(labels={"site": ("*",)}), True, id="any value, or none"),
        pytest.param(Match(source=("nagios",), host=("web*",)), False, id="every field must match"),
    ],
)
def test_match(match: Match, wanted: bool) -> None:
    """A route matches if each of its fields does; a field does if one of its values does."""
    one = alert(instance="berlin", state="CRITICAL", labels={"team": "db", "env": "prod"})
    assert matches(match, one) is wanted


def test_the_first_route_that_matches_decides() -> None:
    """Later routes are not looked at."""
    routes = (Route(match=Match(host=("web*",)), to=("desk",)), Route(to=("ben",)), Route(to=("anna",)))
    assert names(router(routes=routes).plan(alert())) == ["ben"]


def test_one_alert_says_nothing_of_the_next() -> None:
    """One router plans for them all: each by its own route and its own recipients, whatever came before."""
    routes = (Route(match=Match(host=("web*",)), to=("desk",)), Route(match=Match(host=("db*",)), to=("ben",)))
    alerts = [alert(host="web1"), alert(host="db1"), alert(host="nas"), alert(recipients=("desk",)), alert(host="db2")]
    one = router(routes=routes)
    wanted = [["desk"], ["ben"], ["anna"], ["desk"], ["ben"]]
    assert [names(one.plan(each)) for each in (*alerts, *alerts)] == [*wanted, *wanted]


def test_no_route_matches_and_the_default_ones_are_told() -> None:
    """Nobody is named anywhere: whoever is told when nobody else can be found."""
    plan = router(routes=()).plan(alert())
    assert (names(plan), plan.by_default) == (["anna"], True)


def test_a_route_drops() -> None:
    """Nobody is told, and the plan says that this was wanted."""
    assert router(routes=(Route(drop=True),)).plan(alert(recipients=("anna",))) == Plan(dropped=True)


def test_policy_stages() -> None:
    """Everybody of a stage begins together; whoever is in several begins once, with the first of them."""
    plan = router(routes=(Route(policy="database"),)).plan(alert())
    assert told(plan) == [("ben", 0, NOW), ("anna", 1, HALF_AN_HOUR), ("desk", 1, HALF_AN_HOUR)]


def test_named_recipients_take_the_place_of_the_first_stage() -> None:
    """Later stages stay; whoever is named begins now, wherever else they stand."""
    plan = router(routes=(Route(policy="database"),)).plan(alert(recipients=("anna",)))
    assert told(plan) == [("anna", 0, NOW), ("ben", 1, HALF_AN_HOUR), ("desk", 1, HALF_AN_HOUR)]


def test_named_recipients_without_any_route() -> None:
    """Recipients that an alert names need no route."""
    plan = router(routes=()).plan(alert(recipients=("ben",)))
    assert (told(plan), plan.by_default) == ([("ben", 0, NOW)], False)


@pytest.mark.parametrize(
    ("recipient", "wanted"),
    [
        pytest.param("ben", ["ben"], id="a contact"),
        pytest.param(" ben ", ["ben"], id="blanks around it"),
        pytest.param("ops", ["anna", "ben"], id="a team"),
        pytest.param("all", ["anna", "ben", "desk", STRANGER], id="a team of teams and numbers"),
        pytest.param(BEN, ["ben"], id="a contact's number"),
        pytest.param("0170 765 43 21", ["ben"], id="a contact's number as people write it"),
        pytest.param("00491707654321", ["ben"], id="a contact's number from abroad"),
        pytest.param("491707654321", ["ben"], id="a contact's number without its plus"),
        pytest.param("(0170) 7654-321", ["ben"], id="a contact's number with separators"),
        pytest.param("number:01707654321", ["ben"], id="number: of a contact"),
        pytest.param("telnumber:01707654321", [f"telnumber:{BEN}"], id="telnumber: of a contact is one rung by auto"),
        pytest.param("0151 1112223", [STRANGER], id="another number"),
        pytest.param("number:0151 1112223", [STRANGER], id="number: of another"),
        pytest.param("telnumber:0151 1112223", [f"telnumber:{STRANGER}"], id="telnumber: of another"),
        pytest.param("user:9", ["user:9"], id="user:"),
        pytest.param("teluser: anna m ", ["teluser:anna m"], id="teluser:"),
        pytest.param("group:11", ["group:11"], id="group:"),
        pytest.param("telgroup:night shift", ["telgroup:night shift"], id="telgroup:"),
    ],
)
def test_recipients(recipient: str, wanted: list[str]) -> None:
    """A recipient is a contact, a team, a number in any spelling, or ``mode:recipient``."""
    assert names(router().plan(alert(recipients=(recipient,)))) == wanted


@pytest.mark.parametrize(
    ("recipient", "contact"),
    [
        pytest.param(
            "number:0151 1112223",
            Contact(name=STRANGER, number=STRANGER, language="de", timezone="Europe/Vienna"),
            id="a number climbs the default ladder",
        ),
        pytest.param("user:9", Contact(name="user:9", user="9"), id="a user climbs the default ladder"),
        pytest.param("group:11", Contact(name="group:11", group={"": "11"}), id="a group is one of the first gateway"),
        pytest.param(
            f"telnumber:{ANNA}",
            Contact(name=f"telnumber:{ANNA}", number=ANNA, auto_only=True, language="de", timezone="Europe/Berlin"),
            id="telnumber of a contact is in their language",
        ),
        pytest.param("teluser:9", Contact(name="teluser:9", user="9", auto_only=True), id="teluser"),
        pytest.param("telgroup:11", Contact(name="telgroup:11", group={"": "11"}, auto_only=True), id="telgroup"),
    ],
)
def test_whom_a_mode_means(recipient: str, contact: Contact) -> None:
    """The six modes of the gateway, each as the contact it makes."""
    found = router(default_language="de", default_timezone="Europe/Vienna").find(recipient)
    assert found == (contact,)


@pytest.mark.parametrize(
    "recipient",
    [
        pytest.param("nobody-knows", id="no such name"),
        pytest.param("Anna", id="names tell capitals apart"),
        pytest.param("", id="empty"),
        pytest.param("0170", id="too short for a number"),
        pytest.param("+999123456789", id="no country"),
        pytest.param("number:anna", id="number: of a name"),
        pytest.param("number:", id="number: of nothing"),
        pytest.param("telgroup: ", id="telgroup: of a blank"),
        pytest.param(FORBIDDEN, id="a number that is not allowed"),
        pytest.param(f"telnumber:{FORBIDDEN}", id="telnumber: of one that is not allowed"),
        pytest.param("sms:01707654321", id="an unknown mode"),
        pytest.param("ring", id="a team that holds itself"),
    ],
)
def test_whoever_cannot_be_found_is_stood_in_for(recipient: str) -> None:
    """The default recipients are told, with a note that names the recipient; whoever was found is told as well."""
    plan = router().plan(alert(recipients=("ben", recipient)))
    assert names(plan) == ["anna", "ben"]
    assert plan.by_default
    assert [recipient.strip() in note for note in plan.notes] == [True]


def test_nobody_of_the_first_stage_can_be_found() -> None:
    """The default recipients begin at once instead of leaving everything to the second stage."""
    policies = {"p": Policy(name="p", stages=(Stage(to=("gone",)), Stage(to=("desk",), after=HALF_AN_HOUR)))}
    plan = router(policies=policies, routes=(Route(policy="p"),)).plan(alert())
    assert told(plan) == [("anna", 0, NOW), ("desk", 1, HALF_AN_HOUR)]


def test_default_recipients_of_a_later_stage_begin_now() -> None:
    """Whoever stands in does not wait for a stage that names them as well."""
    policies = {"p": Policy(name="p", stages=(Stage(to=("gone",)), Stage(to=("anna",), after=HALF_AN_HOUR)))}
    plan = router(policies=policies, routes=(Route(policy="p"),)).plan(alert())
    assert told(plan) == [("anna", 0, NOW)]


def test_a_name_is_looked_up_before_a_number() -> None:
    """A contact may be called by digits."""
    contacts = {**CONTACTS, "01707654321": Contact(name="01707654321", user="4")}
    assert names(router(contacts=contacts).plan(alert(recipients=("01707654321",)))) == ["01707654321"]


recipients = st.lists(
    st.sampled_from(
        ["anna", "ben", "desk", "ops", "all", "ring", BEN, "0170 7654321", "group:11", "gone", "", FORBIDDEN]
    )
    | st.text(max_size=20),
    max_size=6,
).map(tuple)
stages = st.lists(
    st.builds(Stage, to=recipients, after=st.timedeltas(timedelta(0), timedelta(hours=2))), min_size=1, max_size=4
).map(tuple)


@given(stages=stages, named=recipients, default=st.sampled_from([("anna",), ("ops", "desk")]))
def test_somebody_is_always_told(stages: tuple[Stage, ...], named: tuple[str, ...], default: tuple[str, ...]) -> None:
    """Whoever is asked for, however wrongly: somebody begins at once, nobody twice, and failures are noted."""
    policies: Mapping[str, Policy] = {"p": Policy(name="p", stages=stages)}
    made = router(policies=policies, routes=(Route(policy="p"),), default_recipients=default)
    asking = alert(recipients=named)
    plan = made.plan(asking)
    assert any(start.stage == 0 for start in plan.starts)
    assert len(set(names(plan))) == len(names(plan))
    found, missing = set(), set()
    for recipient in asking.recipients or stages[0].to:
        try:
            found |= {contact.name for contact in made.find(recipient)}
        except LookupError as error:
            missing.add(str(error.args[0]))
    assert found <= set(names(plan))
    assert missing <= set(plan.notes)
