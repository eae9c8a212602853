import logging
import traceback

import pytest

from monitoring_assets.domain.errors import DeliveryError
from monitoring_assets.notifiers.slack import SlackNotifier
from monitoring_assets_tests.notifiers.fake_slack import CHANNEL, FAULTS, NAME, TOKEN
from monitoring_assets_tests.notifiers.test_slack_message import notice

ID = "5f0c2f9e-1b1e-4a0e-9f5c-000000000001"
UNCLEAR = sorted(set(FAULTS) - {"rate_limited", "invalid_auth"})
AFTER = [fault for fault in FAULTS if fault.endswith("_after")]


def notifier(slack, channel=CHANNEL, environment=None, **settings):
    environment = {"SLACK_BOT_TOKEN": TOKEN} if environment is None else environment
    settings = {"base_url": slack.url, "timeout_seconds": 0.1} | settings
    return SlackNotifier(environment, channel=channel, **settings)


def send(slack, example=None, *, previous=None, is_retry=False, **settings):
    return notifier(slack, **settings).send(
        example or notice(), delivery_id=ID, previous=previous, is_retry=is_retry
    )


def failure(slack, *arguments, **settings):
    with pytest.raises(DeliveryError) as failed:
        send(slack, *arguments, **settings)
    return failed.value


@pytest.mark.parametrize("channel", [CHANNEL, NAME, f"#{NAME}"])
def test_a_notice_is_posted_once_and_named_by_channel_and_time(slack, channel):
    reference = send(slack, channel=channel)
    assert reference == f"{CHANNEL}:{slack.messages[0].ts}"
    assert slack.called == ["chat.postMessage"]


def test_a_post_links_no_names_and_unfolds_nothing(slack):
    send(slack)
    arguments = slack.messages[0].arguments
    settings = {k: arguments[k] for k in ("link_names", "parse", "unfurl_links", "unfurl_media")}
    assert settings == {
        "link_names": False,
        "parse": "none",
        "unfurl_links": False,
        "unfurl_media": False,
    }


def test_a_post_carries_its_delivery_id(slack):
    send(slack)
    assert slack.delivery_ids == [ID]


def test_the_notice_chooses_its_channel(slack):
    send(slack, notice(channel=NAME), channel="elsewhere")
    assert len(slack.messages) == 1


def test_a_notice_already_sent_is_edited(slack):
    first = send(slack)
    assert send(slack, notice(title="recovered"), previous=first) == first
    assert [(m.text, m.edits) for m in slack.messages] == [("recovered", 1)]


def test_an_edit_keeps_the_delivery_id(slack):
    send(slack, notice(title="changed"), previous=send(slack))
    assert slack.delivery_ids == [ID]


def test_an_edit_needs_no_look_into_the_history(slack):
    send(slack, previous=send(slack), is_retry=True)
    assert slack.called == ["chat.postMessage", "chat.update"]


def test_a_message_shown_in_a_terminal_before_is_posted(slack):
    send(slack, previous="terminal")
    assert len(slack.messages) == 1


def test_a_message_that_was_deleted_is_posted_anew(slack):
    first = send(slack)
    slack.messages.clear()
    assert send(slack, previous=first) != first
    assert len(slack.messages) == 1


def test_a_message_too_old_to_edit_is_followed_by_a_new_one_once(slack):
    first = send(slack)
    slack.editable = False
    slack.faults = [None, "dropped_after"]
    failure(slack, previous=first)
    second = send(slack, previous=first, is_retry=True)
    assert len(slack.messages) == 2
    assert second != first


@pytest.mark.parametrize("fault", AFTER)
@pytest.mark.parametrize("channel", [CHANNEL, f"#{NAME}"])
def test_a_post_whose_answer_was_lost_is_found_and_not_repeated(slack, fault, channel):
    slack.faults = [fault]
    assert not failure(slack, channel=channel).is_permanent
    assert send(slack, channel=channel, is_retry=True) == f"{CHANNEL}:{slack.messages[0].ts}"
    assert len(slack.messages) == 1


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - set(AFTER)))
def test_a_post_that_never_arrived_is_repeated(slack, fault):
    slack.faults = [fault]
    assert not failure(slack).is_permanent
    send(slack, is_retry=True)
    assert len(slack.messages) == 1


@pytest.mark.parametrize("fault", UNCLEAR)
def test_one_call_sends_one_request(slack, fault):
    slack.faults = [fault]
    failure(slack)
    assert slack.called == ["chat.postMessage"]


def test_a_post_found_with_an_older_text_is_edited(slack):
    slack.faults = ["dropped_after"]
    failure(slack)
    send(slack, notice(title="changed meanwhile"), is_retry=True)
    assert [(m.text, m.edits) for m in slack.messages] == [("changed meanwhile", 1)]


def test_a_post_found_with_the_same_text_is_left_alone(slack):
    slack.faults = ["dropped_after"]
    failure(slack)
    send(slack, is_retry=True)
    assert slack.messages[0].edits == 0


def test_a_post_on_a_later_page_of_the_history_is_found(slack):
    slack.page_size = 1
    slack.faults = ["dropped_after"]
    failure(slack)
    notifier(slack).send(notice(), delivery_id="other", previous=None, is_retry=False)
    send(slack, is_retry=True)
    assert len(slack.messages) == 2


def test_a_look_that_fails_postpones_the_post(slack):
    slack.faults = ["error_500_before"]
    assert not failure(slack, is_retry=True).is_permanent
    assert slack.messages == []


@pytest.mark.parametrize("scope", ["channels:history", "channels:read"])
def test_without_the_scope_to_look_a_retry_says_that_it_may_be_a_repeat(slack, scope):
    slack.scopes.remove(scope)
    send(slack, channel=NAME, is_retry=True)
    assert "may be a repeat" in str(slack.messages[0].blocks)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", None), ("-1", None)])
def test_a_rate_limit_says_how_long_to_wait(slack, header, seconds):
    slack.retry_after = header
    slack.faults = ["rate_limited"]
    error = failure(slack)
    assert (error.retry_after_seconds, error.is_permanent) == (seconds, False)


def test_refused_blocks_are_sent_once_more_as_plain_text(slack):
    slack.rejects_blocks = True
    send(slack)
    assert [m.blocks for m in slack.messages] == [[]]


def test_refused_blocks_of_an_edit_are_sent_once_more_as_plain_text(slack):
    first = send(slack)
    slack.rejects_blocks = True
    send(slack, notice(title="changed"), previous=first)
    assert [(m.text, m.blocks) for m in slack.messages] == [("changed", [])]


def test_a_notice_refused_in_both_forms_is_refused_for_good(slack):
    slack.rejects_text = True
    error = failure(slack)
    assert error.is_permanent
    assert slack.called == ["chat.postMessage", "chat.postMessage"]


@pytest.mark.parametrize(
    ("trouble", "hint"),
    [
        ({"is_archived": True}, "is_archived"),
        ({"is_member": False}, "invite the bot"),
        ({"token": "another"}, "check the token in SLACK_BOT_TOKEN"),
    ],
)
def test_a_destination_at_fault_lets_the_message_wait_and_says_what_to_do(slack, trouble, hint):
    for name, value in trouble.items():
        setattr(slack, name, value)
    error = failure(slack)
    assert not error.is_permanent
    assert hint in str(error)


def test_an_unknown_channel_lets_the_message_wait(slack):
    assert not failure(slack, channel="nowhere").is_permanent


def test_a_missing_channel_names_the_setting(slack):
    assert "MLMON_SLACK_CHANNEL" in str(failure(slack, channel=""))


def test_a_missing_token_names_the_variable(slack):
    error = failure(slack, environment={}, token_env="OUR_TOKEN")
    assert "OUR_TOKEN" in str(error)
    assert not error.is_permanent


def test_the_token_is_read_at_each_send(slack):
    environment = {}
    channel = notifier(slack, environment=environment)
    environment["SLACK_BOT_TOKEN"] = TOKEN
    channel.send(notice(), delivery_id=ID, previous=None, is_retry=False)
    assert len(slack.messages) == 1


def test_an_unreachable_slack_is_transient(slack):
    assert not failure(slack, base_url="http://127.0.0.1:1/api/").is_permanent


@pytest.mark.parametrize("fault", FAULTS)
def test_the_token_is_in_no_error_and_no_log(slack, fault, caplog):
    caplog.set_level(logging.DEBUG)
    slack.faults = [fault]
    error = failure(slack)
    told = "".join(traceback.format_exception(error)) + caplog.text
    assert TOKEN not in told
    assert error.__cause__ is None
