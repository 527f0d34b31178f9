"""A headless Chromium, and the page of the golden results in it."""

from __future__ import annotations

import http.server
import shutil
import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

pytest.importorskip("jinja2", reason="the page is a template of Jinja's")
webdriver = pytest.importorskip("selenium.webdriver", reason="selenium drives the browser; it is not installed")

# The imports below need what is asked for above.
import reports.kinds  # noqa: E402, F401  the page draws the wire and the ledger too
from tailgate.report.gather import gather  # noqa: E402
from tailgate.report.html import render  # noqa: E402
from tailgate.report.page import build_page, write_page  # noqa: E402
from tailgate.results.load import load_results  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver

    from tailgate.results.load import Results

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--window-size=1280,1000"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, whatever host is asked for: it is the browser's proxy too, so nothing leaves the machine."""

    def do_GET(self) -> None:
        self.path = urlsplit(self.path).path  # a proxy is asked for whole addresses
        super().do_GET()

    def do_CONNECT(self) -> None:
        self.send_error(403)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def pages(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the page of the golden results, and one of a hundred benchmarks."""
    folder = tmp_path_factory.mktemp("pages") / "build"
    shutil.copytree(root / "tests" / "golden" / "reports", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    write_page(gather([folder]), folder / "report.html")
    results = many(load_results(folder / "bench" / "results.json"), 100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tailgate.report.page.load_results", lambda _: results)
        page = build_page(gather([folder]), folder)
    (folder / "hundred.html").write_text(render(page), encoding="utf-8")
    return folder


def many(results: Results, number: int) -> Results:
    """Multiply benchmarks, in groups of five."""
    plain = [each for each in results.benchmarks if not each.stages()]
    made = []
    for place in range(number):
        one, group = plain[place % len(plain)], f"path-{place // 5}"
        name = f"implementation-{place % 5}"
        made.append(replace(one, name=f"{group}/{name}", path=group, group=group, implementation=name, role=""))
    return replace(results, benchmarks=tuple(made))


@pytest.fixture(scope="session")
def served(pages: Path) -> Iterator[str]:
    """Serve the pages on loopback; yield the address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(pages)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory, served: str) -> Iterator[WebDriver]:
    """Start Chromium once, with a fresh profile and the test's own server as the proxy of everything."""
    chromium, helper = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
    if chromium is None or helper is None:
        pytest.skip("Chromium or its chromedriver is not here: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    profile = tmp_path_factory.mktemp("profile")
    proxy = served.removeprefix("http://")
    for flag in (*FLAGS, f"--user-data-dir={profile}", f"--proxy-server={proxy}", "--proxy-bypass-list=<-loopback>"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(helper))
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser: WebDriver, pages: Path) -> WebDriver:
    """Open the page from disk, as a person does, afresh."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    still = {"name": "prefers-reduced-motion", "value": "reduce"}  # or a click comes while the page still scrolls
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": [still]})
    browser.get_log("browser")  # type: ignore[no-untyped-call]  # selenium does not annotate it
    browser.get((pages / "report.html").as_uri())
    return browser
