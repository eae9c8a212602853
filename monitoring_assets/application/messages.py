"""What is said in an act of a group: the stores are read when the message is sent, not before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitoring_assets.alerting.messages import (
    Story,
    digest_message,
    ranked,
    reminder_message,
    reply_message,
    root_message,
)
from monitoring_assets.application.ports import AlertStore, MeasurementStore
from monitoring_assets.config.model import ModelConfig
from monitoring_assets.domain.incident import Group, Incident
from monitoring_assets.domain.message import Act, Link, Message

DIGEST = "digest/"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMessages:
    """The `Messages` of all models.

    Attributes:
        configs: The models by name.
        links: Where a reader sees more of a model's window, by model and window key.
    """

    store: AlertStore
    measurements: MeasurementStore
    configs: Mapping[str, ModelConfig]
    links: Callable[[str, str], tuple[Link, ...]]

    def message(
        self, group_id: str, act: Act, seq: int, *, destination: str, may_have_arrived: bool
    ) -> Message | None:
        """Return what is to be said now, None where nothing is left to say."""
        if group_id.startswith(DIGEST):
            events = self.store.events(digest=group_id)
            return digest_message(group_id, events) if events else None
        group = self.store.group_of(group_id)
        if group is None or group.model not in self.configs:
            return None
        is_over = destination not in group.destinations
        if is_over and act is not Act.RESOLVE and not (act is Act.OPEN and may_have_arrived):
            return None
        story = self._story(group)
        if not story.told:
            return None
        if act is Act.REPLY:
            events = [e for e in self.store.events(group_id=group_id) if e.event.seq == seq]
            return reply_message(story, events)
        return reminder_message(story) if act is Act.REMINDER else root_message(story, act)

    def _story(self, group: Group) -> Story:
        all_of_model = self.store.find(group.model)
        told = [i for i in all_of_model if i.group_id == group.id and i.was_told]
        story = Story(config=self.configs[group.model], group=group, told=told)
        if not told:
            return story
        window = story.lead.episode.last.key
        return Story(
            config=story.config,
            group=group,
            told=told,
            hidden=_hidden_by(told, all_of_model),
            evaluations=self.measurements.of_window(group.model, window),
            links=self.links(group.model, window),
        )


def _hidden_by(told: list[Incident], incidents: list[Incident]) -> list[Incident]:
    """Return the open incidents that told ones explain, at first or second hand."""
    known, found = {i.id for i in told}, []
    rest = [i for i in incidents if i.is_open and not i.was_told and i.hidden_by]
    while new := [i for i in rest if i.hidden_by in known]:
        found += new
        known |= {i.id for i in new}
        rest = [i for i in rest if i not in new]
    return ranked(found)
