"""What the dashboard shows are the API's numbers, through the real web server and in a real browser."""

import csv
import io

import pytest

from api import Client
from events import add_many
from processes import wait_until
from reports import CARDS, DAY, PERIODS, ask, compared, fill, rows, today, total, written
from servers import SERVERS
from world import ONE_STORE

pytestmark = ONE_STORE
EACH_PERIOD = pytest.mark.parametrize("period", PERIODS)


@pytest.fixture(scope="module")
def reader(world, web, numbers):
    """Who may read a project with more than two years of days."""
    project = f"dashboard{next(numbers)}"
    token = world.project(project)
    fill(world, project, 740)
    world.admin("refresh")
    return Client(web, project, token)


@pytest.fixture(autouse=True)
def full_windows(world):
    """A page costs several requests, and tests are faster than readers."""
    world.sql("DELETE FROM daybook.windows")


def view(tab, client, query=""):
    """Opens the page with a link that has the token, and waits for the numbers."""
    tab.driver.get(f"http://127.0.0.1:{client.server.port}/dashboard/{query}#{client.project}:{client.token}")
    tab.shown()


def shown(tab, card):
    """The number and the comparison of a card."""
    return tab.text(f"#{card} .total").split()[0], " ".join(tab.text(f"#{card} .change").split())


def table(tab, card):
    tab.until(lambda: tab.all(f"#{card} td"), "no table is open")
    return tab.run("""return Array.from(document.querySelectorAll(`#${arguments[0]} tr`),
        (row) => Array.from(row.children, (cell) => cell.textContent));""", card)


@EACH_PERIOD
def test_the_cards_have_the_apis_numbers(world, tab, reader, period):
    """Added up here from days, averages from exact sums: what the page says must be the same."""
    view(tab, reader, f"?period={period}")
    end, days = today(world), PERIODS[period]
    start, before = end - days * DAY, end - 2 * days * DAY
    for card, (field, digits, better, _) in CARDS.items():
        now, then = total(reader, field, start, end), total(reader, field, before, start)
        assert shown(tab, card) == (written(now, digits), compared(now, then, digits, better)), card


@pytest.mark.parametrize("kind", SERVERS)
def test_each_web_server_brings_the_page_and_the_api_together(world, tab, reader, kind):
    with SERVERS[kind](world) as server:
        client = Client(server, reader.project, reader.token)
        view(tab, client)
        end = today(world)
        assert shown(tab, "chats")[0] == written(total(client, "chats", end - 28 * DAY, end), 0)
        assert tab.violations() == []


def test_two_requests_are_a_period_and_three_a_year(world, tab, reader):
    """The limit is a hundred a minute, for a token that others may be using as well."""
    tab.command("Network.clearBrowserCache")
    for period, requests in ("13w", 2), ("52w", 3):
        world.sql("DELETE FROM daybook.windows")
        view(tab, reader, f"?period={period}")
        assert reader.remaining() == 100 - requests - 1


def test_a_range_of_ones_own_is_both_days_and_all_between(world, tab, reader):
    first, end = today(world) - 100 * DAY, today(world) - 60 * DAY
    view(tab, reader, f"?first={first}&last={end - DAY}")
    for card, (field, digits, better, _) in CARDS.items():
        now, then = total(reader, field, first, end), total(reader, field, first - 40 * DAY, first)
        assert shown(tab, card) == (written(now, digits), compared(now, then, digits, better)), card
    assert "a weekday stands beside another" in tab.text("#notes")
    assert not tab.all("circle.today")


def test_the_table_has_the_days_and_those_before(world, tab, reader):
    view(tab, reader, "?period=4w&tables=csat,messages")
    end = today(world)
    days = rows(reader, end - 56 * DAY, end + DAY)
    for card in "csat", "messages":
        field, digits, _, columns = CARDS[card]
        head, open_day, *over = table(tab, card)
        assert len(head) == len(columns) + 2 and len(over) == 28
        assert open_day[0].endswith(" so far") and open_day[1] == str(days[str(end)][columns[0]])
        for ago, row in enumerate(over, 1):
            day, then = days[str(end - ago * DAY)], days[str(end - (ago + 28) * DAY)]
            cells = [f"{day[column]:.{digits if column == field else 0}f}" if day[column] is not None else "–"
                     for column in columns]
            cells.append("–" if then[field] is None else f"{then[field]:.{digits}f}")
            assert row[1:] == cells, row


@pytest.mark.parametrize("card", CARDS)
def test_the_csv_of_a_card_is_the_apis(world, tab, reader, card):
    """The API's own CSV, of the whole days, cut to the columns of the card."""
    view(tab, reader, "?period=13w")
    end = today(world)
    start, columns = end - 91 * DAY, ["date", *CARDS[card][3]]
    file = tab.downloads / f"{card}_{start}_{end}.csv"
    tab.find(f"#{card} header button").click()
    wait_until(file.exists, "nothing is downloaded")
    answer = ask(reader, "summary/daily", start, end, "&format=csv").body.decode()
    expected = [",".join(row[column] for column in columns) for row in csv.DictReader(io.StringIO(answer))]
    assert len(expected) == 91
    assert file.read_bytes().decode() == "".join(f"{line}\r\n" for line in [",".join(columns), *expected])
    file.unlink()


def test_today_is_hollow_and_in_no_total(world, tab, web, project, token):
    fill(world, project, 60)
    reader = Client(web, project, token)
    view(tab, reader)
    before = shown(tab, "chats"), tab.text("#chats > p:last-of-type")
    assert len(tab.all("#chats circle.today")) == len(tab.all("#chats path.today")) == 1
    assert tab.find("#chats circle.today").value_of_css_property("fill") == "rgb(255, 255, 255)"
    assert tab.find("#chats path.today").value_of_css_property("stroke-dasharray") != "none"
    add_many(world, project, f"{today(world)}T00:00:02Z", "chat_start", 7)
    tab.find("#refresh").click()
    tab.asked()
    assert shown(tab, "chats") == before[0]
    assert int(tab.text("#chats > p:last-of-type").split()[-1]) == int(before[1].split()[-1]) + 7


def test_a_clock_that_is_ahead_does_not_take_today_for_over(world, tab, reader):
    """A day that is still counting would else be in the totals of whoever's clock is wrong."""
    view(tab, reader)
    right = [shown(tab, card) for card in CARDS]
    tab.command("Page.addScriptToEvaluateOnNewDocument",
                source="{ const now = Date.now; Date.now = () => now() + 86400000; }")
    view(tab, reader)
    end = today(world)
    tab.until(lambda: tab.find("#last").get_attribute("value") == str(end - DAY), "the page goes by its own clock")
    tab.shown()
    assert [shown(tab, card) for card in CARDS] == right


@pytest.mark.parametrize("days, compared_with", [(57, True), (56, False), (12, False)])
def test_there_is_no_comparison_without_all_days_before(world, tab, web, project, token, days, compared_with):
    """Else a project in its second month would look as if it had doubled. The 57th day is today."""
    fill(world, project, days)
    view(tab, Client(web, project, token))
    for card in CARDS:
        number, words = shown(tab, card)
        assert number != "none"
        assert ("nothing before to compare with" in words) != compared_with, words
        assert bool(tab.all(f"#{card} path.then")) == compared_with
    assert ("The first event is of" in tab.text("#notes")) != compared_with


def test_days_before_the_first_event_are_no_zeros(world, tab, web, project, token):
    """A line along zero would say that nobody came, of days of which nothing is known."""
    fill(world, project, 12)
    view(tab, Client(web, project, token))
    assert tab.find("#chats path.now").get_attribute("d").count("L") == 10
    assert tab.find("#earlier").get_attribute("aria-disabled") == "true"


def test_a_project_without_an_event_says_so(tab, web, project, token):
    view(tab, Client(web, project, token))
    assert tab.text("#status") == "No event of this project has come yet."
    assert [shown(tab, card)[0] for card in CARDS] == ["0", "0", "0", "none", "none", "0"]
    assert not tab.all("path.now")


@EACH_PERIOD
def test_weekdays_stand_beside_their_like(world, tab, reader, period):
    """A Sunday beside a Monday would show a fall that is none."""
    end, length = today(world), PERIODS[period] * DAY
    days = rows(reader, end - 2 * length, end)
    view(tab, reader, f"?period={period}")
    tab.find("#chats .chart").send_keys("\ue011")  # Home
    first = tab.find("#chats .chart").get_attribute("aria-valuetext")
    tab.find("#chats .chart").send_keys("\ue010", "\ue012")  # End, which is today, and left
    last = tab.find("#chats .chart").get_attribute("aria-valuetext")
    for text, day in (first, end - length), (last, end - DAY):
        assert day.weekday() == (day - length).weekday()
        assert text == " · ".join(f"{one:%a} {one.day} {one:%b}: {days[str(one)]['chats']}".replace("Sep:", "Sept:")
                                  for one in (day, day - length))
