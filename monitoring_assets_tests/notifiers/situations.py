"""The situations that people are told of, as messages; every channel has a picture of each.

Write the pictures anew after a change of how messages look, and read the difference:

    python -m monitoring_assets_tests.notifiers.situations
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from monitoring_assets.domain.incident import Severity
from monitoring_assets.domain.message import Act, Link, Message
from monitoring_assets.notifiers import email, pagerduty, slack_message, terminal, webhook
from monitoring_assets.notifiers.conformance import GROUP, HOSTILE

GOLDEN = Path(__file__).parent / "golden"
ID = "0b7f3f4e-5f0c-5e1a-9f5c-000000000001"
AT = datetime(2026, 1, 4, 6, 30, tzinfo=UTC)

_UI = "http://127.0.0.1:3000/assets/churn"
LINKS = (
    Link(label="Dagster", url=f"{_UI}/alert_decision?view=partitions&partition=2026-01-03"),
    Link(label="Grafana", url="https://grafana.example.org/d/mlmon?var-model=churn"),
    Link(label="report", url="http://127.0.0.1:3001/churn/2026-01-03.html"),
)
PAGE = Message(
    act=Act.OPEN,
    group=GROUP,
    model="churn",
    severity=Severity.PAGE,
    title="churn: accuracy fell to 0.81",
    summary="Accuracy fell to 0.81 (95 % interval 0.79 to 0.83) on 2026-01-03; expected at least "
    "0.87.",
    facts=(
        ("since", "2026-01-02, 2 windows of 3"),
        ("predictions", "4,812 labelled of 5,102"),
        ("segments", "country=DE 0.74, country=FR 0.86"),
        ("likely cause", "amount drifted, from the asset payments/transactions"),
    ),
    hides=("feature_drift of amount: 0.31 is above 0.1", "prediction_drift: 0.22 is above 0.1"),
    next_step="Compare amount of 2026-01-02 with the reference; mlmon explain 6d1f6a0e",
    links=LINKS,
)
TICKET = replace(
    PAGE,
    severity=Severity.TICKET,
    title="churn: 7 % of amount is missing",
    summary="7.1 % of amount is missing (6.4 % to 7.9 %) on 2026-01-03; expected at most 5 %.",
    facts=(("since", "2026-01-02"), ("predictions", "5,102")),
    hides=(),
)
SITUATIONS = {
    "open_page": PAGE,
    "open_ticket": TICKET,
    "reply": replace(
        TICKET,
        act=Act.REPLY,
        title="churn: country has new values",
        summary="3.2 % of country is new: LU, LI; expected at most 1 %.",
    ),
    "escalated": replace(
        PAGE,
        act=Act.REPLY,
        title="churn: now a page",
        summary="Accuracy fell further, to 0.74 (0.72 to 0.76), and nobody acknowledged it for 3 "
        "windows.",
        facts=(("before", "ticket since 2026-01-02"),),
    ),
    "revised": replace(
        PAGE,
        act=Act.EDIT,
        title="churn: accuracy was 0.86 after all",
        summary="412 labels came late: accuracy on 2026-01-03 was 0.86, not 0.81.",
        facts=(("was", "0.81"), ("is", "0.86")),
        hides=(),
    ),
    "resolved": replace(
        PAGE,
        act=Act.RESOLVE,
        title="churn: accuracy recovered",
        summary="Accuracy is 0.89 again since 2026-01-05; it was bad for 3 days.",
        facts=(("because", "recovered"), ("lasted", "3 days")),
        hides=(),
        next_step="",
    ),
    "reminder": replace(
        PAGE,
        act=Act.REMINDER,
        title="churn: still open, nobody acknowledged it",
        summary="Accuracy is 0.80 on 2026-01-04; open for 2 days.",
        facts=(),
        hides=(),
    ),
    "digest": Message(
        act=Act.DIGEST,
        group="digest-2026-01-04",
        model="",
        severity=Severity.INFO,
        title="Digest of 2026-01-04: 3 things that can wait",
        summary="Nothing here needs an answer today.",
        facts=(
            ("churn", "feature_drift of age: 0.14 is above 0.1, since 2026-01-03"),
            ("churn", "budget reached, 14 more replies"),
            ("parcels", "a backfill judged 365 windows: 12 would have opened an incident"),
        ),
        links=LINKS[:1],
    ),
    "hostile": replace(
        PAGE,
        model=HOSTILE,
        title=HOSTILE,
        summary=HOSTILE,
        facts=((HOSTILE, HOSTILE), *(("feature_" + "x" * 90, str(i)) for i in range(30))),
        hides=(HOSTILE,) * 30,
        next_step=HOSTILE,
        links=(
            Link(label=HOSTILE, url="javascript:alert(1)"),
            Link(label=HOSTILE, url="http://127.0.0.1/a|b>c d<!channel>"),
        ),
    ),
}


def in_slack(message):
    shown = slack_message.render(message, ID)
    return _json(
        {
            "text": shown.text,
            "blocks": [block.to_dict() for block in shown.blocks],
            "metadata": shown.metadata.to_dict(),
        }
    )


def in_pagerduty(message):
    event = {Act.OPEN: pagerduty.trigger, Act.DIGEST: pagerduty.change}.get(message.act)
    return _json(event(message)) if event else None


def in_webhook(message):
    return _json(json.loads(webhook.document(message, AT)))


def in_email(message):
    if message.act is Act.EDIT:
        return None
    thread = None if message.act in {Act.OPEN, Act.DIGEST} else "<open@example.org>"
    to, message_id = ("ml@example.org", "oncall@example.org"), f"<{ID}@example.org>"
    mail = email.render(message, "monitoring@example.org", to, message_id, thread)
    headers = [f"{name}: {value}" for name, value in mail.items()]
    return "\n".join([*headers, "", mail.get_content()])


def in_terminal(message):
    return None if message.act is Act.EDIT else terminal.render(message) + "\n"


CHANNELS = {
    "slack": (in_slack, "json"),
    "pagerduty": (in_pagerduty, "json"),
    "webhook": (in_webhook, "json"),
    "email": (in_email, "txt"),
    "terminal": (in_terminal, "txt"),
}


def pictures():
    """Yield channel, situation, file and text of every picture."""
    for channel, (render, suffix) in CHANNELS.items():
        for situation, message in SITUATIONS.items():
            text = render(message)
            if text is not None:
                yield channel, situation, GOLDEN / channel / f"{situation}.{suffix}", text


def _json(value):
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for _channel, _situation, file, text in pictures():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
