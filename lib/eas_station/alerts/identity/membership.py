"""Which alerts change when a reception comes: the groups that are, beside those that were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from eas_station.alerts.identity import grouping, identity
from eas_station.alerts.model import HeardText, KnownAlert, Reception
from eas_station.alerts.vtec.message_order import said_at
from eas_station.alerts.vtec.vtec_events import begins


@dataclass(frozen=True, slots=True)
class Share:
    """The texts of one alert."""

    texts: tuple[HeardText, ...]  # oldest first
    owners: tuple[KnownAlert, ...]  # the alerts that it was; the first keeps its name; (): new


def shares(
    heard: HeardText | None, known: Sequence[KnownAlert], dated: Callable[[Reception], Reception]
) -> tuple[Share, ...]:
    """The alerts as they are with one more text, or none, those that change; its own first.

    An alert goes where the first text goes that was recorded of it. Where several go, they are
    joined, and the oldest keeps its name.

    Args:
        dated: gives a reception its date in the light of a trusted time.
    """
    if heard is not None and not known:
        return (Share((heard,), ()),)
    certain = None if heard is None else _certain(heard, known)
    if heard is not None and certain is not None:
        texts = (*certain.texts, heard)
        if heard.first.received_at < texts[-2].first.received_at:
            texts = _merged(texts)
        return (Share(texts, (certain,)),)
    known_texts = {_place(text, alert): text for alert in reversed(known) for text in alert.texts}
    numbers = {place: number for number, place in enumerate(known_texts)}
    listed = [*known_texts.values(), *(() if heard is None else (heard,))]
    found = grouping.groups([dated(text.first) for text in listed])
    owners: dict[int, list[KnownAlert]] = {}
    for alert in sorted(known, key=lambda alert: alert.number):
        founder = min(alert.texts, key=lambda text: text.number)
        owners.setdefault(found.home[numbers[_place(founder, alert)]], []).append(alert)
    own = None if heard is None else found.home[-1]
    ordered = sorted(range(len(found.members)), key=lambda group: (group != own, group))
    made = [
        Share(
            _merged([listed[number] for number in found.members[group]]),
            tuple(owners.get(group, ())),
        )
        for group in ordered
    ]
    return tuple(share for share in made if not _is_as_it_was(share))


def _certain(heard: HeardText, known: Sequence[KnownAlert]) -> KnownAlert | None:
    """The one alert that a message is of for certain: quickly, as most updates are.

    By CAP alone, of one event, and either one of its messages is referred to or the event's
    beginning was heard, and before.
    """
    said = heard.first.statement
    if len(known) != 1 or heard.first.via != "cap":
        return None
    if any(text.first.via != "cap" for text in known[0].texts):
        return None
    realm = identity.realm_of(heard.first)
    if any(identity.realm_of(text.first) != realm for text in known[0].texts):
        return None
    statements = [text.first.statement for text in known[0].texts]
    keys = {event.key for statement in (*statements, said) for event in statement.events}
    if len(keys) > 1:
        return None
    begun_at = [said_at(one) for one in statements if begins(one)]
    if said.events and begun_at and min(begun_at) <= said_at(said):
        return known[0]
    if begins(said):
        return None
    names = {identity.message_name(one.message) for one in statements if one.message is not None}
    referred = {identity.message_name(reference) for reference in said.references}
    return known[0] if names & referred else None


def _place(text: HeardText, alert: KnownAlert) -> object:
    """What a text of several alerts has in common: only a CAP message can be of several."""
    return text.name if text.first.via == "cap" else (alert.number, text.name)


def _merged(texts: Sequence[HeardText]) -> tuple[HeardText, ...]:
    """The texts, each once with all its hearings, oldest first."""
    found: dict[object, HeardText] = {}
    for text in sorted(texts, key=lambda text: (text.first.received_at, text.number)):
        before = found.get(text.name)
        if before is None:
            found[text.name] = text
        else:
            last_at = max(before.last_at, text.last_at)
            found[text.name] = replace(before, last_at=last_at, count=before.count + text.count)
    return tuple(found.values())


def _is_as_it_was(share: Share) -> bool:
    return len(share.owners) == 1 and share.owners[0].texts == share.texts
