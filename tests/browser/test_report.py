from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("selenium", reason="selenium drives the browser; it is not installed")

from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By

from tailgate.results import histogram
from tailgate.results.bench_report import LABELS
from tailgate.results.load import load_results
from tailgate.results.summary import ladder
from tailgate.results.table import duration

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement


def errors(driver: WebDriver) -> list[str]:
    entries = driver.get_log("browser")  # type: ignore[no-untyped-call]  # selenium does not annotate it
    return [entry["message"] for entry in entries if entry["level"] in {"SEVERE", "WARNING"}]


def requests(driver: WebDriver, page: str) -> list[str]:
    """Return the addresses that a page asked for since the last call: the browser's own pages ask for others."""
    entries = driver.get_log("performance")  # type: ignore[no-untyped-call]  # selenium does not annotate it
    events = [json.loads(entry["message"])["message"] for entry in entries]
    sent = [each["params"] for each in events if each["method"] == "Network.requestWillBeSent"]
    return [each["request"]["url"] for each in sent if each["documentURL"] == page]


def css(driver: WebDriver, selector: str) -> WebElement:
    return driver.find_element(By.CSS_SELECTOR, selector)


def shown(driver: WebDriver, selector: str) -> list[str]:
    return [each.text for each in driver.find_elements(By.CSS_SELECTOR, selector) if each.is_displayed()]


def press(driver: WebDriver, kind: str, name: str) -> None:
    css(driver, f'#filters button[data-filter="{kind}"][value="{name}"]').click()


def readings(driver: WebDriver, chart: str) -> dict[str, list[str]]:
    rows = driver.find_elements(By.CSS_SELECTOR, f"#{chart} .reading tbody tr")
    cells = [[cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")] for row in rows]
    return {name.split(" ", 1)[1]: values for name, *values in cells}


def test_page_renders_without_a_word_in_the_console(opened: WebDriver) -> None:
    assert css(opened, "h1").text == "Tailgate report"
    assert len(shown(opened, "figure.chart h3")) == 6
    assert errors(opened) == []


def test_no_request_leaves(browser: WebDriver, served: str) -> None:
    page = f"{served}/report.html"
    errors(browser)
    browser.get(page)
    ActionChains(browser).move_to_element(css(browser, "#curves-decode .pointer")).perform()
    assert requests(browser, page) == [page]
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert errors(browser) == []


def test_a_request_that_a_page_makes_is_seen(browser: WebDriver, served: str) -> None:
    page = f"{served}/bench/"  # a list of files: the report's own policy would forbid to ask
    browser.get(page)
    asks = "const done = arguments[0]; fetch('http://elsewhere.test/a', {mode: 'no-cors'}).finally(() => done());"
    browser.execute_async_script(asks)
    assert {page, "http://elsewhere.test/a"} <= set(requests(browser, page))
    errors(browser)


def test_pointer_reads_the_values_of_the_results(opened: WebDriver, pages: Path) -> None:
    members = load_results(pages / "bench" / "results.json").groups()["decode"]
    chart = css(opened, "#curves-decode .pointer")
    for label, percent in (("p50", 50.0), ("p99", 99.0), ("p99.9", 99.9)):
        tick = next(t for t in opened.find_elements(By.CSS_SELECTOR, "#curves-decode .tick.x") if t.text == label)
        across = tick.rect["x"] + tick.rect["width"] / 2 - chart.rect["x"] - chart.rect["width"] / 2
        ActionChains(opened).move_to_element_with_offset(chart, round(across), 0).perform()
        assert css(opened, "#curves-decode .reading thead th").text == label
        seen = readings(opened, "curves-decode")
        assert len(seen) == len(members)
        for each, values in zip(members, seen.values(), strict=True):
            expected = [histogram.percentile(of, percent) for of in (each.raw(), each.reproducible())]
            assert values == [duration(ns) for ns in expected]


def test_reading_goes_with_the_pointer(opened: WebDriver) -> None:
    ActionChains(opened).move_to_element(css(opened, "#curves-decode .pointer")).perform()
    assert css(opened, "#curves-decode .reading").is_displayed()
    ActionChains(opened).move_to_element(css(opened, "#curves-decode h3")).perform()
    assert not css(opened, "#curves-decode .reading").is_displayed()


def test_tap_of_a_finger_reads_and_the_reading_stays(opened: WebDriver) -> None:
    pointer = css(opened, "#curves-decode .pointer")
    opened.execute_script("arguments[0].scrollIntoView({block: 'center'})", pointer)
    box = opened.execute_script("const r = arguments[0].getBoundingClientRect(); return [r.x, r.y]", pointer)
    touch = {"type": "touchStart", "touchPoints": [{"x": box[0] + 40, "y": box[1] + 40}]}
    opened.execute_cdp_cmd("Input.dispatchTouchEvent", touch)
    opened.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert css(opened, "#curves-decode .reading").is_displayed()


def test_keys_read_the_curves_and_tell_a_screen_reader(opened: WebDriver, pages: Path) -> None:
    member = load_results(pages / "bench" / "results.json").groups()["decode"][0]
    pointer = css(opened, "#curves-decode .pointer")
    pointer.send_keys(Keys.HOME)
    assert pointer.get_attribute("aria-valuenow") == "0"
    pointer.send_keys(Keys.ARROW_RIGHT)
    assert pointer.get_attribute("aria-valuenow") == "1"
    pointer.send_keys(Keys.END)
    assert pointer.get_attribute("aria-valuenow") == pointer.get_attribute("aria-valuemax")
    greatest = duration(histogram.maximum(member.raw()))
    assert (pointer.get_attribute("aria-valuetext") or "").startswith(f"max: json (bottleneck), raw {greatest}")
    pointer.send_keys(Keys.ESCAPE)
    assert not css(opened, "#curves-decode .reading").is_displayed()


def test_path_filter_leaves_its_charts_and_rows(opened: WebDriver) -> None:
    press(opened, "path", "decode")
    assert shown(opened, "figure.chart h3") == ["decode", "Latency against rate"]
    assert shown(opened, "#summary tbody th") == ["decode", "decode/msgspec"]
    assert all(name.startswith("decode/") for name in shown(opened, "#tails .row:not(.axis) .name"))
    press(opened, "path", "pipeline")
    assert shown(opened, "figure.chart h3") == ["decode", "pipeline", "Latency against rate"]
    css(opened, "#filters button[type=reset]").click()
    assert len(shown(opened, "figure.chart h3")) == 6


def test_implementation_filter_leaves_its_curves(opened: WebDriver) -> None:
    press(opened, "implementation", "orjson")
    assert shown(opened, "#curves-decode .legend li")[0].startswith("\u25b2 orjson")
    assert opened.execute_script(
        "return [...document.querySelectorAll('#curves-decode svg g[data-series]')]"
        ".map(g => getComputedStyle(g).display)"
    ) == ["none", "none", "inline"]
    ActionChains(opened).move_to_element(css(opened, "#curves-decode .pointer")).perform()
    assert list(readings(opened, "curves-decode")) == ["orjson"]


def test_reproducible_curves_can_be_switched_off(opened: WebDriver) -> None:
    css(opened, '#filters button[data-part="reproducible"]').click()
    kinds = opened.execute_script(
        "return [...document.querySelectorAll('#curves-decode polyline')]"
        ".filter(l => getComputedStyle(l).display !== 'none').map(l => l.dataset.part)"
    )
    assert set(kinds) == {"raw"}
    ActionChains(opened).move_to_element(css(opened, "#curves-decode .pointer")).perform()
    assert [cell.text for cell in opened.find_elements(By.CSS_SELECTOR, "#curves-decode .reading thead th")][1:] == [
        "raw"
    ]


def test_legend_hides_one_curve(opened: WebDriver) -> None:
    button = css(opened, "#curves-decode .legend button")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert not css(opened, '#curves-decode svg g[data-series="0"]').is_displayed()
    ActionChains(opened).move_to_element(css(opened, "#curves-decode .pointer")).perform()
    assert "json (bottleneck)" not in readings(opened, "curves-decode")


def test_table_behind_a_picture_has_the_results(opened: WebDriver, pages: Path) -> None:
    css(opened, "#curves-decode summary").click()
    heads = shown(opened, "#curves-decode thead th")
    members = load_results(pages / "bench" / "results.json").groups()["decode"]
    rows = opened.find_elements(By.CSS_SELECTOR, "#curves-decode details tbody tr")
    for row, each in zip(rows, members, strict=True):
        cells = [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
        for label, ns in zip(LABELS, ladder(each.raw()), strict=True):
            assert cells[heads.index(label)].removeprefix("~") == duration(ns)


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_page_is_never_wider_than_the_screen(opened: WebDriver, pages: Path, width: int) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    opened.get((pages / "report.html").as_uri())
    assert opened.execute_script("return document.documentElement.scrollWidth") <= width


_OVERLAPS = """
return [...document.querySelectorAll('tbody th')].filter((cell) => {
  const words = document.createRange(); words.selectNodeContents(cell);
  return words.getBoundingClientRect().right > cell.getBoundingClientRect().right + 1;
}).map((cell) => cell.textContent);
"""


def test_names_of_rows_stay_in_their_column_on_a_phone(opened: WebDriver, pages: Path) -> None:
    metrics = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    opened.get((pages / "report.html").as_uri())
    opened.execute_script(
        "document.querySelector('#summary tbody th').textContent = 'codec[direction=encode,message=market]'"
    )
    assert opened.execute_script(_OVERLAPS) == []


_CONTRAST = """
const light = (c) => {
  const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map((v) => {
    v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const paper = light(getComputedStyle(document.body).backgroundColor);
const ratio = (c) => { const v = light(c); return (Math.max(v, paper) + 0.05) / (Math.min(v, paper) + 0.05); };
const all = (of) => [...document.querySelectorAll(of)];
const least = (of, property) => Math.min(...all(of).map((e) => ratio(getComputedStyle(e)[property])));
return [least('p:not(.unseen), h2, td, th, .tick, small, .says', 'color'), least('polyline', 'stroke')];
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_lines_stand_out_in_light_and_dark(opened: WebDriver, scheme: str) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    words, lines = opened.execute_script(_CONTRAST)
    assert words >= 4.5
    assert lines >= 3.0


def test_on_paper_every_table_is_open_and_the_controls_are_gone(opened: WebDriver) -> None:
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    opened.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert opened.execute_script("return document.querySelectorAll('details:not([open])').length") == 0
    assert not css(opened, "#filters").is_displayed()
    opened.execute_script("dispatchEvent(new Event('afterprint'))")
    assert opened.execute_script("return document.querySelectorAll('details[open]').length") == 0


def test_everything_that_can_be_pressed_has_a_name(opened: WebDriver) -> None:
    nameless = opened.execute_script(
        "return [...document.querySelectorAll('a, button, [tabindex], [role=img], [role=slider], section, nav')]"
        ".filter(e => !(e.ariaLabel || e.textContent.trim() || e.getAttribute('aria-labelledby'))).length"
    )
    assert nameless == 0
    levels = opened.execute_script("return [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_hundred_benchmarks_weigh_little_and_open_without_a_word(opened: WebDriver, pages: Path) -> None:
    page = pages / "hundred.html"
    assert page.stat().st_size < 5_000_000
    opened.get(page.as_uri())
    assert len(opened.find_elements(By.CSS_SELECTOR, 'figure.chart[id^="curves-"] .legend li[data-path]')) == 100
    assert opened.execute_script("return document.querySelectorAll('*').length") < 15_000
    assert errors(opened) == []
