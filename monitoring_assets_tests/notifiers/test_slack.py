import logging
import traceback
from dataclasses import replace

import pytest

from monitoring_assets.domain.errors import DeliveryError, Fault
from monitoring_assets.domain.message import Act
from monitoring_assets.notifiers.slack import SlackChannel
from monitoring_assets_tests.notifiers.situations import PAGE
from monitoring_assets_tests.notifiers.test_conformance import slack_channel
from monitoring_assets_tests.providers.slack import AFTER, CHANNEL, FAULTS, NAME, TOKEN

ID = "5f0c2f9e-1b1e-4a0e-9f5c-000000000001"
UNCLEAR = sorted(set(FAULTS) - {"rate_limited", "invalid_auth"})


def send(slack, message=PAGE, name=ID, *, thread=None, is_retry=False, **settings):
    channel = slack_channel(slack, **settings)
    return channel.send(message, delivery_id=name, thread=thread, is_retry=is_retry)


def failure(slack, *arguments, **settings):
    with pytest.raises(DeliveryError) as failed:
        send(slack, *arguments, **settings)
    return failed.value


def about(act, title="changed"):
    return replace(PAGE, act=act, title=title)


@pytest.mark.parametrize("channel", [CHANNEL, NAME, f"#{NAME}"])
def test_an_open_is_posted_once_and_named_by_channel_and_time(slack, channel):
    reference = send(slack, channel=channel)
    assert reference == f"{CHANNEL}:{slack.messages[0].ts}"
    assert slack.called == ["chat.postMessage"]


def test_a_post_links_no_names_formats_nothing_and_unfolds_nothing(slack):
    send(slack)
    arguments = slack.messages[0].arguments
    names = ("link_names", "parse", "unfurl_links", "unfurl_media", "mrkdwn")
    assert [arguments[name] for name in names] == [False, "none", False, False, False]


def test_a_post_carries_its_delivery_id(slack):
    send(slack)
    assert slack.delivery_ids == [ID]


@pytest.mark.parametrize("act", [Act.REPLY, Act.REMINDER, Act.RESOLVE])
def test_what_follows_goes_into_the_thread(slack, act):
    thread = send(slack)
    send(slack, about(act), "2", thread=thread)
    (root,) = slack.roots
    assert [reply.text.split("\n")[0][2:] for reply in slack.replies(root)] == ["changed"]


def test_a_digest_stands_alone(slack):
    send(slack, about(Act.DIGEST), "2", thread=send(slack))
    assert len(slack.roots) == 2


@pytest.mark.parametrize("act", [Act.REPLY, Act.REMINDER, Act.RESOLVE])
def test_what_follows_nothing_stands_alone(slack, act):
    send(slack, about(act))
    assert len(slack.roots) == 1


@pytest.mark.parametrize("act", [Act.EDIT, Act.RESOLVE])
def test_the_root_is_edited_in_place(slack, act):
    thread = send(slack)
    send(slack, about(act), "2", thread=thread)
    (root,) = slack.roots
    assert (root.edits, "changed" in root.text) == (1, True)


def test_an_edit_posts_nothing(slack):
    assert (
        send(slack, about(Act.EDIT), "2", thread=send(slack)) == f"{CHANNEL}:{slack.roots[0].ts}"
    )
    assert len(slack.messages) == 1


def test_a_thread_that_began_in_a_terminal_goes_on_in_the_channel(slack):
    send(slack, about(Act.REPLY), thread="terminal")
    send(slack, about(Act.EDIT), "2", thread="terminal")
    assert len(slack.roots) == 1


@pytest.mark.parametrize("trouble", ["deleted", "too old"])
@pytest.mark.parametrize("act", [Act.EDIT, Act.RESOLVE])
def test_a_root_that_cannot_be_edited_is_left_as_it_is(slack, act, trouble):
    thread = send(slack)
    if trouble == "deleted":
        slack.messages.clear()
    slack.is_editable = False
    send(slack, about(act), "2", thread=thread)
    assert all(message.edits == 0 for message in slack.messages)


@pytest.mark.parametrize("fault", AFTER)
@pytest.mark.parametrize("channel", [CHANNEL, f"#{NAME}"])
def test_a_post_whose_answer_was_lost_is_found_and_not_repeated(slack, fault, channel):
    slack.faults.queue = [fault]
    assert failure(slack, channel=channel).fault is Fault.UNKNOWN
    assert send(slack, channel=channel, is_retry=True) == f"{CHANNEL}:{slack.messages[0].ts}"
    assert len(slack.messages) == 1


@pytest.mark.parametrize("fault", AFTER)
def test_a_reply_whose_answer_was_lost_is_found_in_its_thread(slack, fault):
    thread = send(slack)
    slack.faults.queue = [fault]
    failure(slack, about(Act.REPLY), "2", thread=thread)
    send(slack, about(Act.REPLY), "2", thread=thread, is_retry=True)
    assert len(slack.messages) == 2
    assert "conversations.history" not in slack.called


@pytest.mark.parametrize("fault", FAULTS)
def test_a_resolve_that_failed_at_the_edit_edits_and_does_not_reply_again(slack, fault):
    thread = send(slack)
    slack.faults.queue = [None, fault]
    assert failure(slack, about(Act.RESOLVE), "2", thread=thread).fault is Fault.UNKNOWN
    reference = send(slack, about(Act.RESOLVE), "2", thread=thread, is_retry=True)
    (root,) = slack.roots
    (reply,) = slack.replies(root)
    assert (reference, "changed" in root.text) == (f"{CHANNEL}:{reply.ts}", True)


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - set(AFTER)))
def test_a_post_that_never_arrived_is_repeated(slack, fault):
    slack.faults.queue = [fault]
    failure(slack)
    send(slack, is_retry=True)
    assert len(slack.messages) == 1


@pytest.mark.parametrize("fault", UNCLEAR)
def test_one_call_sends_one_request(slack, fault):
    slack.faults.queue = [fault]
    failure(slack)
    assert slack.called == ["chat.postMessage"]


def test_a_post_on_a_later_page_of_the_history_is_found(slack):
    slack.page_size = 1
    slack.faults.queue = ["dropped_after"]
    failure(slack)
    send(slack, PAGE, "other")
    send(slack, is_retry=True)
    assert len(slack.messages) == 2


def test_a_look_that_fails_postpones_the_post(slack):
    slack.faults.queue = ["error_500_before"]
    assert failure(slack, is_retry=True).fault is Fault.UNKNOWN
    assert slack.messages == []


@pytest.mark.parametrize("scope", ["channels:history", "channels:read"])
def test_without_the_scope_to_look_a_retry_says_that_it_may_be_a_repeat(slack, scope):
    slack.scopes.remove(scope)
    send(slack, channel=NAME, is_retry=True)
    assert "may be a repeat" in str(slack.messages[0].blocks)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", None), ("-1", None)])
def test_a_rate_limit_says_how_long_to_wait(slack, header, seconds):
    slack.retry_after = header
    slack.faults.queue = ["rate_limited"]
    error = failure(slack)
    assert (error.retry_after_seconds, error.fault) == (seconds, Fault.BUSY)


@pytest.mark.parametrize("act", [Act.OPEN, Act.EDIT])
def test_refused_blocks_are_sent_once_more_as_plain_text(slack, act):
    thread = send(slack) if act is Act.EDIT else None
    slack.rejects_blocks = True
    send(slack, about(act), "2", thread=thread)
    assert [m.blocks for m in slack.messages] == [[]]


def test_a_message_refused_in_both_forms_is_refused_for_good(slack):
    slack.rejects_text = True
    assert failure(slack).fault is Fault.MESSAGE
    assert slack.called == ["chat.postMessage", "chat.postMessage"]


@pytest.mark.parametrize(
    ("trouble", "hint"),
    [
        ({"is_archived": True}, "is_archived"),
        ({"is_member": False}, "invite the bot"),
        ({"token": "another"}, "check the token in SLACK_BOT_TOKEN"),
    ],
)
def test_a_destination_at_fault_says_what_to_do(slack, trouble, hint):
    for name, value in trouble.items():
        setattr(slack, name, value)
    error = failure(slack)
    assert error.fault is Fault.DESTINATION
    assert hint in str(error)


def test_an_unknown_channel_is_the_destinations_fault(slack):
    assert failure(slack, channel="nowhere").fault is Fault.DESTINATION


def test_a_missing_channel_names_the_setting(slack):
    assert "MLMON_SLACK_CHANNEL" in str(failure(slack, channel=""))


def test_a_missing_token_names_the_variable(slack):
    channel = SlackChannel({}, channel=CHANNEL, token_env="OUR_TOKEN", base_url=slack.url)
    with pytest.raises(DeliveryError, match="OUR_TOKEN") as failed:
        channel.send(PAGE, delivery_id=ID, thread=None, is_retry=False)
    assert failed.value.fault is Fault.DESTINATION


def test_the_token_is_read_at_each_send(slack):
    environment = {}
    channel = SlackChannel(environment, channel=CHANNEL, base_url=slack.url)
    environment["SLACK_BOT_TOKEN"] = TOKEN
    channel.send(PAGE, delivery_id=ID, thread=None, is_retry=False)
    assert len(slack.messages) == 1


def test_an_unreachable_slack_is_an_unknown_outcome(slack):
    channel = SlackChannel(
        {"SLACK_BOT_TOKEN": TOKEN}, channel=CHANNEL, base_url="http://127.0.0.1:1/api/"
    )
    with pytest.raises(DeliveryError) as failed:
        channel.send(PAGE, delivery_id=ID, thread=None, is_retry=False)
    assert failed.value.fault is Fault.UNKNOWN


@pytest.mark.parametrize("fault", FAULTS)
def test_the_token_is_in_no_error_and_no_log(slack, fault, caplog):
    caplog.set_level(logging.DEBUG)
    slack.faults.queue = [fault]
    error = failure(slack)
    told = "".join(traceback.format_exception(error)) + caplog.text
    assert TOKEN not in told
    assert error.__cause__ is None
