"""The page of a history in a browser: what it shows, reads, zooms into and filters."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("selenium", reason="selenium drives the browser; it is not installed")

from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tailgate.documents.comparison import signed
from tailgate.history.figures import commits_known
from tailgate.history.store import History
from tailgate.history.trend import trends_of
from tailgate.machine.identity import machine_of
from tailgate.report.history_page import About, write_history_page
from tailgate.results.exports import Row
from tailgate.results.table import duration
from tests.browser.test_report import css, errors, shown
from tests.unit.history.made import made_commit, made_entry, made_gate, made_link, made_result

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

    from tailgate.documents.trend import Trend

COMMITS, STEP, GAP = 60, 30, 10
NAMES = ("book/bisect", "book/heap", "codec/struct")
LINE = [replace(made_commit(n), id=f"{n:02d}" * 20, parent=f"{n - 1:02d}" * 20 if n else "") for n in range(COMMITS)]
STILL = {"name": "prefers-reduced-motion", "value": "reduce"}  # or a click comes while the page still scrolls
MACHINES = [machine_of({"CPU": name}) for name in ("one", "another")]


def fill(history: History) -> None:
    """Keep a bench and a gate of every commit, on two machines: a step of 6 %, one commit that was never gated."""
    rng = np.random.default_rng(1)
    for n, commit in enumerate(LINE):
        slower = 1.06 if n >= STEP else 1.0
        factors = [slower if name == NAMES[0] else 1.0 for name in NAMES]
        results = tuple(
            made_result(name, factor * (1 + n % 2) * math.exp(rng.normal(0, 0.02)))
            for name, factor in zip(NAMES, factors, strict=True)
        )
        counted = (Row(NAMES[0], "allocations", "per operation", 4.5 + (n > 40)),)
        history.add(made_entry(n, head=commit, results=results, measures=counted, machine=MACHINES[n % 2]))
        if n in {0, GAP}:
            continue
        links = tuple(
            made_link(name, math.log(1.06) * (n == STEP and name == NAMES[0]) + rng.normal(0, 0.0036))
            for name in NAMES[:2]
        )
        history.add(made_gate(n, head=commit, base=LINE[n - 1], links=links, machine=MACHINES[n % 2]))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Trend]]:
    folder = tmp_path_factory.mktemp("history")
    history = History.open(f"sqlite:///{folder / 'history.sqlite3'}")
    fill(history)
    trends = list(trends_of(history, "books", "reproducible", 0.99, LINE))
    about = About("books", "reproducible", 0.99, 118, commits_known(history, "books"), LINE)
    return write_history_page(about, trends, folder / "history.html"), trends


@pytest.fixture
def page(browser: WebDriver, kept: tuple[Path, list[Trend]]) -> WebDriver:
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": [STILL]})
    errors(browser)
    browser.get(kept[0].as_uri())
    WebDriverWait(browser, 20).until(lambda d: d.find_elements(By.CSS_SELECTOR, "#figures figure .line"))
    return browser


def pointers(driver: WebDriver) -> list[WebElement]:
    return driver.find_elements(By.CSS_SELECTOR, "#figures .pointer")


def hover(driver: WebDriver, place: int, first: int = 0, last: int = COMMITS - 1) -> dict[str, list[str]]:
    """Put the pointer over a commit of those that are shown; return what is read there."""
    area = pointers(driver)[0]
    share = (place - first + 0.5) / (last - first + 1) - 0.5
    ActionChains(driver).move_to_element_with_offset(area, round(share * area.rect["width"]), 0).perform()
    rows = driver.find_elements(By.CSS_SELECTOR, "#figures .reading tbody tr")
    cells = [[cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")] for row in rows]
    return {name: values for name, *values in cells}


def test_it_opens_with_what_changed_and_says_nothing_in_the_console(
    page: WebDriver, kept: tuple[Path, list[Trend]]
) -> None:
    assert css(page, "h1").text == "History of books"
    (change,) = kept[1][0].changes
    row = css(page, "#changes tbody tr")
    cells = [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
    assert cells[:3] == [LINE[STEP].id[:10], "book/bisect", "step"]
    assert cells[4:] == [signed(change.log_ratio), f"[{signed(change.low)}, {signed(change.high)}]", "commit 30"]
    assert shown(page, "#benchmarks tbody th") == list(NAMES)
    label = css(page, "#figures .label")
    assert (
        label.text == f"{LINE[STEP].id[:10]} {signed(change.log_ratio)} [{signed(change.low)}, {signed(change.high)}]"
    )
    assert "1 gap where no comparison was made" in css(page, "#figures .panel .key").text
    assert errors(page) == []


def test_the_pointer_reads_commit_ratio_interval_machine_and_verdict(
    page: WebDriver, kept: tuple[Path, list[Trend]]
) -> None:
    trend = kept[1][0]
    read = hover(page, 41)
    assert css(page, "#figures .reading caption").text == f"{LINE[41].id[:10]} 2026-01-02 17:00 commit 41"
    point = trend.chain[41]
    assert point.log_ratio is not None
    assert point.low is not None
    assert point.high is not None
    assert read["chained ratio"] == [f"{signed(point.log_ratio)} [{signed(point.low)}, {signed(point.high)}]"]
    (link,) = [each for each in trend.comparisons if each.head == LINE[41].id]
    assert link.low is not None
    assert link.high is not None
    name = f"against {LINE[40].id[:10]}, machine {MACHINES[1].fingerprint}"
    assert read[name] == [f"{signed(link.log_ratio)} [{signed(link.low)}, {signed(link.high)}]", "PASS"]
    (level,) = [each for each in trend.levels if each.machine == MACHINES[1].fingerprint]
    (run,) = [each for each in level.points if each.commit == LINE[41].id]
    assert (
        read[f"machine {MACHINES[1].fingerprint}"][0] == f"p50 {duration(run.ladder[0])}, p99 {duration(run.ladder[2])}"
    )
    assert read["allocations"] == ["5.5 per operation"]
    assert hover(page, 40)["allocations"] == ["4.5 per operation"]


def test_dragging_shows_those_commits_alone_and_a_double_click_all(page: WebDriver) -> None:
    area = pointers(page)[0]
    width = float(area.rect["width"])

    def at(place: int) -> int:
        return round(((place + 0.5) / COMMITS - 0.5) * width)

    drag = ActionChains(page).move_to_element_with_offset(area, at(20), 0).click_and_hold()
    drag.move_by_offset(at(35) - at(20), 0).release().perform()
    ends = [css(page, f"#{name}").get_attribute("value") for name in ("from", "to")]
    assert ends == [LINE[20].id[:10], LINE[35].id[:10]]
    assert css(page, "#range").text == "16 of 60 commits"
    hover(page, STEP, 20, 35)
    assert css(page, "#figures .reading caption").text.startswith(LINE[STEP].id[:10])
    ActionChains(page).double_click(area).perform()
    assert css(page, "#range").text == "60 of 60 commits"


def test_commits_are_shown_by_name_and_by_keys(page: WebDriver) -> None:
    for name, place in (("from", 5), ("to", 9)):
        css(page, f"#{name}").clear()
        css(page, f"#{name}").send_keys(LINE[place].id[:6])
    css(page, "#zoom button[type=submit]").click()
    assert css(page, "#range").text == "5 of 60 commits"
    css(page, "#recent").click()
    assert css(page, "#range").text == "50 of 60 commits"
    pointers(page)[0].send_keys(Keys.HOME)
    assert css(page, "#figures .reading caption").text.startswith(LINE[10].id[:10])
    pointers(page)[0].send_keys(Keys.ARROW_RIGHT)
    assert (pointers(page)[0].get_attribute("aria-valuetext") or "").startswith(
        f"{LINE[11].id[:10]}, commit 11: chained"
    )
    css(page, "#from").clear()
    css(page, "#from").send_keys("nothing")
    css(page, "#zoom button[type=submit]").click()
    assert css(page, "#range").text == "no such commit on this line"


def test_filters_leave_what_is_chosen(page: WebDriver) -> None:
    css(page, '#filters button[data-filter="path"][value="codec"]').click()
    assert shown(page, "#benchmarks tbody th") == ["codec/struct"]
    assert shown(page, "#changes tbody th") == []
    assert shown(page, "#figures h3") == []  # book/bisect, which was open
    css(page, "#filters button[type=reset]").click()
    assert shown(page, "#figures h3") == ["book/bisect"]
    css(page, "#words").send_keys("HEAP")
    assert shown(page, "#benchmarks tbody th") == ["book/heap"]


def test_a_machine_and_a_part_can_be_left_out(page: WebDriver) -> None:
    read = hover(page, 41)
    assert f"machine {MACHINES[1].fingerprint}" in read
    before = len(page.find_elements(By.CSS_SELECTOR, "#figures .area.half .line"))
    css(page, f'#filters button[data-filter="machine"][value="{MACHINES[0].fingerprint}"]').click()
    assert f"machine {MACHINES[1].fingerprint}" not in hover(page, 41)
    assert len(page.find_elements(By.CSS_SELECTOR, "#figures .area.half .line")) == before / 2
    assert page.find_elements(By.CSS_SELECTOR, "#figures .band")
    css(page, '#filters button[data-part="interval"]').click()
    assert not page.find_elements(By.CSS_SELECTOR, "#figures .band")
    css(page, '#filters button[data-part="changes"]').click()
    assert not page.find_elements(By.CSS_SELECTOR, "#figures .label")


def test_a_change_opens_its_benchmark_at_its_commits_and_others_are_unpacked_when_they_are_asked_for(
    page: WebDriver,
) -> None:
    css(page, "#changes tbody button").click()
    assert css(page, "#range").text == "42 of 60 commits"
    css(page, '#benchmarks button[data-open="2"]').send_keys(Keys.ENTER)
    WebDriverWait(page, 20).until(lambda _: shown(page, "#figures h3") == ["codec/struct", "book/bisect"])
    codec = css(page, "#figures figure")
    assert [each.text for each in codec.find_elements(By.CSS_SELECTOR, ".ylabel")] == [
        "absolute percentiles by machine"
    ]
    codec.find_element(By.CSS_SELECTOR, "figcaption button").send_keys(Keys.ENTER)
    assert shown(page, "#figures h3") == ["book/bisect"]
    assert errors(page) == []


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_history_is_never_wider_than_the_screen(page: WebDriver, width: int) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.refresh()
    WebDriverWait(page, 20).until(lambda d: d.find_elements(By.CSS_SELECTOR, "#figures figure .line"))
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
