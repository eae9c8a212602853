"""What every outbox promises, as checks that run on an empty one of any kind.

An outbox is ready when each check passes: call it with the outbox; a broken promise is an
`AssertionError`. What only one outbox promises is tested beside it.
"""
# ruff: noqa: S101

from collections.abc import Callable

from monitoring_assets.application.ports import Delivery, Opening, Outbox
from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.message import Act, Link, Message, Step

GROUP, TEAM, ONCALL = "0b7f3f4e", "team", "oncall"


def steps(*acts: Act, first: int = 1) -> list[Step]:
    """Return steps in the order of acts."""
    return [Step(seq=seq, act=act) for seq, act in enumerate(acts, first)]


def message(act: Act = Act.OPEN) -> Message:
    """Return a message that stands for no incident."""
    return Message(
        act=act,
        group="drill-1",
        model="",
        severity=Severity.TICKET,
        title="drill",
        summary="Nothing is wrong.",
        facts=(("since", "today"),),
        hides=("nothing",),
        links=(Link(label="UI", url="http://127.0.0.1:3000"),),
    )


def claimed(outbox: Outbox, destination: str = TEAM) -> Delivery:
    """Return what is claimed next; there must be something."""
    delivery = outbox.claim(destination)
    assert delivery is not None
    return delivery


def a_step_is_claimed_as_it_was_enqueued(outbox: Outbox) -> None:
    """The first claim is a first attempt and knows group, act and place."""
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN))
    delivery = claimed(outbox)
    assert (delivery.group_id, delivery.destination) == (GROUP, TEAM)
    assert (delivery.seq, delivery.act, delivery.attempt) == (1, Act.OPEN, 1)
    assert (delivery.failures, delivery.may_have_arrived) == (0, False)
    assert (delivery.thread, delivery.opening) == (None, Opening.NONE)


def a_claimed_step_is_not_claimed_again(outbox: Outbox) -> None:
    """Two senders never hold the same message."""
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN))
    claimed(outbox)
    assert outbox.claim(TEAM) is None
    assert (outbox.due(), outbox.waiting()) == ((), 1)


def enqueueing_again_changes_nothing(outbox: Outbox) -> None:
    """A step that is there already, delivered or not, is left as it is."""
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN))
    outbox.mark_sent(claimed(outbox), "C1:1.0")
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN))
    assert outbox.waiting() == 0


def a_delivered_step_waits_no_longer(outbox: Outbox) -> None:
    """Nothing is due after the delivery."""
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN))
    assert outbox.mark_sent(claimed(outbox), "C1:1.0")
    assert (outbox.claim(TEAM), outbox.waiting()) == (None, 0)


def destinations_do_not_share_steps(outbox: Outbox) -> None:
    """Each destination has its own row of each step, under a name of its own."""
    for destination in (TEAM, ONCALL):
        outbox.enqueue(GROUP, destination, steps(Act.OPEN))
    assert outbox.due() == (ONCALL, TEAM)
    names = {claimed(outbox, d).delivery_id for d in (TEAM, ONCALL)}
    assert len(names) == len((TEAM, ONCALL))


def a_step_waits_for_the_earlier_ones_of_its_group(outbox: Outbox) -> None:
    """A resolve never overtakes its open, whatever the open waits for."""
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN, Act.RESOLVE))
    first = claimed(outbox)
    assert outbox.claim(TEAM) is None
    outbox.mark_failed(first, "HTTP 500", retry_seconds=60, may_have_arrived=True)
    assert outbox.claim(TEAM) is None


def groups_do_not_wait_for_each_other(outbox: Outbox) -> None:
    """Another group goes on while one waits."""
    for group in ("a", "b"):
        outbox.enqueue(group, TEAM, steps(Act.OPEN))
    outbox.mark_failed(claimed(outbox), "HTTP 500", retry_seconds=60, may_have_arrived=True)
    assert claimed(outbox).group_id == "b"


def what_follows_knows_its_thread(outbox: Outbox) -> None:
    """A reply gets what the channel called the open of its group."""
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN, Act.REPLY))
    outbox.mark_sent(claimed(outbox), "C1:1.0")
    reply = claimed(outbox)
    assert (reply.thread, reply.opening) == ("C1:1.0", Opening.SENT)


def what_follows_knows_that_its_open_said_nothing(outbox: Outbox) -> None:
    """A step after an open that was left out, or given up, is told so."""
    for group in ("a", "b"):
        outbox.enqueue(group, TEAM, steps(Act.OPEN, Act.RESOLVE))
    first, second = claimed(outbox), claimed(outbox)
    outbox.leave_out(first)
    _give_up(outbox)(second)
    told = {delivery.group_id: delivery.opening for delivery in (claimed(outbox), claimed(outbox))}
    assert told == {"a": Opening.SILENT, "b": Opening.DEAD}


def _give_up(outbox: Outbox) -> Callable[[Delivery], bool]:
    return lambda delivery: outbox.mark_failed(
        delivery, "invalid_blocks", retry_seconds=None, may_have_arrived=False
    )


def a_failed_attempt_is_followed_by_a_retry(outbox: Outbox) -> None:
    """The next attempt knows how many failed, and whether one of them may have arrived."""
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN))
    outbox.mark_failed(claimed(outbox), "HTTP 500", retry_seconds=0, may_have_arrived=True)
    outbox.mark_failed(claimed(outbox), "HTTP 429", retry_seconds=0, may_have_arrived=False)
    third = claimed(outbox)
    assert (third.attempt, third.failures, third.may_have_arrived) == (3, 2, True)


def what_certainly_did_not_arrive_is_no_retry(outbox: Outbox) -> None:
    """After a refusal nobody needs to look whether the message is there."""
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN))
    outbox.mark_failed(claimed(outbox), "invalid_auth", retry_seconds=0, may_have_arrived=False)
    assert not claimed(outbox).may_have_arrived


def a_failed_attempt_waits_for_its_time(outbox: Outbox) -> None:
    """A message that failed is not due at once."""
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN))
    outbox.mark_failed(claimed(outbox), "HTTP 500", retry_seconds=60, may_have_arrived=True)
    assert (outbox.claim(TEAM), outbox.waiting()) == (None, 1)


def a_destination_on_hold_is_not_due(outbox: Outbox) -> None:
    """What waits there waits longer; other destinations, and what comes later, do not."""
    for destination in (TEAM, ONCALL):
        outbox.enqueue(GROUP, destination, steps(Act.OPEN))
    outbox.hold(TEAM, 60)
    assert outbox.due() == (ONCALL,)
    outbox.enqueue("later", TEAM, steps(Act.OPEN))
    assert claimed(outbox).group_id == "later"


def a_message_given_up_waits_no_longer(outbox: Outbox) -> None:
    """A dead message is neither waiting nor claimed."""
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN))
    _give_up(outbox)(claimed(outbox))
    assert (outbox.claim(TEAM), outbox.waiting()) == (None, 0)


def a_claim_is_marked_once(outbox: Outbox) -> None:
    """A sender that has already reported cannot change the message any more."""
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN))
    delivery = claimed(outbox)
    assert outbox.mark_sent(delivery, "C1:1.0")
    assert not _give_up(outbox)(delivery)
    assert not outbox.mark_sent(delivery, "C1:2.0")
    assert not outbox.leave_out(delivery)


def an_edit_is_left_out_while_another_one_waits(outbox: Outbox) -> None:
    """Several edits that wait become one: it shows the newest state when it is sent."""
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN, Act.EDIT))
    outbox.enqueue(GROUP, TEAM, steps(Act.REPLY, Act.EDIT, first=3))
    acts = []
    while (delivery := outbox.claim(TEAM)) is not None:
        acts.append(delivery.act)
        outbox.mark_sent(delivery, "C1:1.0")
    assert acts == [Act.OPEN, Act.EDIT, Act.REPLY]


def an_edit_is_not_left_out_after_another_was_claimed(outbox: Outbox) -> None:
    """An edit that is being sent may show an older state."""
    outbox.enqueue(GROUP, TEAM, steps(Act.EDIT))
    claimed(outbox)
    outbox.enqueue(GROUP, TEAM, steps(Act.EDIT, first=2))
    assert outbox.waiting() == len((1, 2))


def a_message_of_its_own_is_said_once(outbox: Outbox) -> None:
    """What stands for no incident comes back word for word, and once."""
    for _ in range(2):
        outbox.say(message(), TEAM)
    delivery = claimed(outbox)
    assert delivery.said == message()
    assert outbox.waiting() == 1


def a_stand_in_tells_another_destination_once(outbox: Outbox) -> None:
    """What could not be delivered is said elsewhere, in a group of its own, not twice."""
    outbox.enqueue(GROUP, TEAM, steps(Act.OPEN))
    delivery = claimed(outbox)
    for _ in range(2):
        outbox.stand_in(delivery, ONCALL, message())
    stand_in = claimed(outbox, ONCALL)
    assert stand_in.said is not None
    assert stand_in.said.title == "drill"
    assert stand_in.group_id == stand_in.said.group != GROUP
    assert outbox.due() == ()


OUTBOX_CHECKS: tuple[Callable[[Outbox], None], ...] = (
    a_step_is_claimed_as_it_was_enqueued,
    a_claimed_step_is_not_claimed_again,
    enqueueing_again_changes_nothing,
    a_delivered_step_waits_no_longer,
    destinations_do_not_share_steps,
    a_step_waits_for_the_earlier_ones_of_its_group,
    groups_do_not_wait_for_each_other,
    what_follows_knows_its_thread,
    what_follows_knows_that_its_open_said_nothing,
    a_failed_attempt_is_followed_by_a_retry,
    what_certainly_did_not_arrive_is_no_retry,
    a_failed_attempt_waits_for_its_time,
    a_destination_on_hold_is_not_due,
    a_message_given_up_waits_no_longer,
    a_claim_is_marked_once,
    an_edit_is_left_out_while_another_one_waits,
    an_edit_is_not_left_out_after_another_was_claimed,
    a_message_of_its_own_is_said_once,
    a_stand_in_tells_another_destination_once,
)
