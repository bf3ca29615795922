"""The page for people in a real browser: what it says, that it renews itself, and that nobody's words become markup."""

import pytest

from bridge.health.page import HomePage
from bridge.health.server import HealthServer
from bridge.health.watched_meter import WatchedMeter
from bridge.sample import Layout
from tests.fakes.browser import Browser
from tests.health.plant import NOW_S, Plant, Poller

EVIL = '<img src=x onerror="document.title=`owned`"></pre></td><script>document.title="owned"</script>'


@pytest.fixture(scope="module")
def browser():
    with Browser() as one:
        yield one


class Site(Plant):
    """A bridge with a page."""

    def __init__(self, *names):
        super().__init__()
        self.log = "a line\n"
        self.pollers = {name: Poller() for name in names}
        self.status.watch(tuple(WatchedMeter(name, poller) for name, poller in self.pollers.items()))
        for name in names:
            self.reads(name, 230.5)
        page = HomePage(self.status.report, self.status.samples, lambda: self.log)
        well = {"healthy": lambda: (True, "ok"), "ready": lambda: (True, "ok")}
        self.server = HealthServer("127.0.0.1", 0, page=bytes, status=dict, home=page.html, **well)

    def reads(self, name, volts, unit="V"):
        layout = Layout(name, ("voltage_l1", "serial"), ("1-0:32.7.0", "0-0:96.1.0"), (unit, ""))
        self.pollers[name].state.succeeded(layout.sample(int(NOW_S * 1000), (volts, EVIL)), NOW_S - 2)


@pytest.fixture
def site():
    one = Site("main", EVIL, "m" * 64)
    yield one
    one.server.close()


def test_what_it_says_is_renewed_without_a_hand(browser, site):
    browser.open(site.server.address)
    assert browser.says("document.querySelector('h1').textContent") == "all is well"
    assert "230.5 V" in browser.says("document.querySelector('table').innerText")
    site.reads("main", 231.25)
    site.log += "another line\n"
    browser.until("document.querySelector('table').innerText.includes('231.25 V')")
    assert browser.says("document.querySelector('pre').innerText").endswith("another line")


def test_what_devices_and_the_log_say_is_text_and_stays_text(browser, site):
    site.log = f"{EVIL}\n"
    browser.open(site.server.address)
    site.reads("main", 229)
    browser.until("document.querySelector('table').innerText.includes('229 V')")  # renewed, too
    assert browser.says("document.title") == "all is well · dlms-bridge"
    assert browser.says("document.images.length") == 0
    assert browser.says("document.scripts.length") == 1
    assert EVIL in browser.says("document.querySelector('pre').textContent")
    assert EVIL in browser.says("document.querySelector('table').textContent")


def test_nothing_comes_from_elsewhere_and_nothing_else_may_run(browser, site):
    browser.open(site.server.address)
    fetched = browser.says("performance.getEntriesByType('resource').map(one => one.name)")
    assert all(name.startswith(site.server.address) for name in fetched)
    run = (
        "const s = document.createElement('script'); s.textContent = 'document.title = `ran`'; document.body.append(s)"
    )
    browser.says(f"(() => {{ {run} }})()")
    assert browser.says("document.title") != "ran"
    elsewhere = "fetch('http://127.0.0.1:9/').then(() => 'came', error => 'refused')"
    assert browser.says(elsewhere) == "refused"


@pytest.mark.parametrize("width", [320, 390, 768, 1200])
def test_it_fits_a_telephone_and_a_laptop(browser, site, width):
    site.says(upstream_connected=False, upstream_why="x" * 200)
    site.log = "y" * 500
    browser.open(site.server.address, width=width)
    assert browser.says("document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.says("document.querySelector('h1').className") == "bad"


def test_it_is_dark_where_one_likes_it_dark(browser, site):
    paper = "getComputedStyle(document.body).backgroundColor"
    browser.open(site.server.address)
    light = browser.says(paper)
    browser.open(site.server.address, dark=True)
    assert browser.says(paper) != light
    assert light == "rgb(246, 247, 248)"


def test_a_bridge_that_is_gone_is_not_shown_as_if_it_were_there(browser, site):
    browser.open(site.server.address)
    assert browser.says("getComputedStyle(document.getElementById('away')).display") == "none"
    site.server.close()
    browser.until("getComputedStyle(document.getElementById('away')).display === 'block'")
