"""Take the pictures of the documentation from a running demo.

    mlmon demo --port 3300
    python scripts/take_screenshots.py http://127.0.0.1:3300 2026-09-09

The second argument is a day on which much is wrong, such as one of the promo week. It needs
Playwright and a Chromium (`CHROMIUM` names its program), which are no dependencies here.
"""

import os
import sys
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).parents[1] / "docs" / "images"
MODEL = "late_parcel"
_SETTLE_MS = 6000
_CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def lineage(page: Any, base: str, _day: str) -> None:
    """Show the asset graph of the model, all of it."""
    _open(page, f"{base}/locations/monitoring_assets/asset-groups/{MODEL}/lineage")
    page.mouse.click(1573, 852)  # zoom out by one step: the graph is a little higher than wide
    page.wait_for_timeout(_SETTLE_MS)


def drift_over_time(page: Any, base: str, _day: str) -> None:
    """Show how the drift of each column went over the partitions."""
    _open(page, f"{base}/assets/{MODEL}/drift_report?view=overview")
    page.get_by_text("Plots", exact=True).click()
    page.wait_for_timeout(_SETTLE_MS)
    page.get_by_text("drift channel", exact=True).first.evaluate("e => e.scrollIntoView()")
    page.wait_for_timeout(_SETTLE_MS)


def distributions(page: Any, base: str, day: str) -> None:
    """Show the distributions of a day beside the reference's."""
    _open(page, f"{base}/assets/{MODEL}/drift_report?view=partitions&partition={day}")
    page.get_by_text("Show Markdown").click()
    page.wait_for_timeout(_SETTLE_MS)


def checks(page: Any, base: str, day: str) -> None:
    """Show in which partitions a check failed, and why in one of them."""
    _open(page, f"{base}/assets/{MODEL}/quality_results?view=checks")
    page.get_by_text("Hide navigation").click()  # the table of numbers is wide
    page.get_by_text("value_ranges", exact=True).first.click()
    page.wait_for_timeout(_SETTLE_MS)
    page.get_by_text("Partitions", exact=True).last.click()
    page.wait_for_timeout(_SETTLE_MS)
    page.get_by_placeholder("Filter by partition").fill(day)
    page.wait_for_timeout(_SETTLE_MS)
    page.get_by_text(day, exact=True).locator("visible=true").last.click()
    page.wait_for_timeout(_SETTLE_MS)


def decision(page: Any, base: str, day: str) -> None:
    """Show what was decided about a day, and why."""
    _open(page, f"{base}/assets/{MODEL}/alert_decision?view=partitions&partition={day}")


def sensors(page: Any, base: str, _day: str) -> None:
    """Show the sensors."""
    _open(page, f"{base}/automation")


# The last one hides the navigation, and the UI remembers that.
PICTURES = (lineage, drift_over_time, distributions, decision, sensors, checks)


def _open(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_timeout(_SETTLE_MS)


def main(base: str, day: str, *names: str) -> None:
    """Take all pictures, or those that are named."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM"), args=_CHROMIUM_OPTIONS
        )
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        for take in PICTURES:
            if names and take.__name__ not in names:
                continue
            take(page, base, day)
            page.screenshot(path=IMAGES / f"{take.__name__}.png")
            print(f"{take.__name__}.png")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
