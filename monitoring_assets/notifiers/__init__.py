"""The channels that messages go to: Slack, and the terminal where there is no Slack."""
