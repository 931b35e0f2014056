"""Twilio's own client for Python, unmodified but for its base URL, against `conformance serve`.

Takes the base URL of a stand-in whose people do as `people.toml` beside this file says. Credentials come from ACCOUNT_SID,
AUTH_TOKEN, API_KEY and API_SECRET. Ends with 0 and one line per topic, or with a traceback.
"""

import os
import sys
import time
from datetime import date, datetime, timedelta, timezone

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

FROM = "+815012345678"
TAKER, BUSY, HAND, NOWHERE = "+819000000001", "+819000000002", "+819000000003", "+819000000004"
HELLO = "<Response><Say>hello</Say></Response>"


def client(base_url, user, password):
    made = Client(user, password, account_sid=os.environ["ACCOUNT_SID"], http_client=TwilioHttpClient(timeout=5))
    made.api.base_url = base_url
    return made


def until(look, patience=10.0):
    """Looks again and again until there is something to see."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if seen := look():
            return seen
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def refused(code, status, work):
    try:
        work()
    except TwilioRestException as error:
        assert (error.code, error.status) == (code, status), error
        assert error.msg, "an error says why"
        return
    raise AssertionError(f"not refused with {code}")


def calls(twilio):
    call = twilio.calls.create(to=TAKER, from_=FROM, twiml=HELLO, status_callback_event=["initiated", "completed"])
    assert call.status == "queued" and call.direction == "outbound-api", call.status
    assert call.sid.startswith("CA") and len(call.sid) == 34
    assert abs(call.date_created - datetime.now(timezone.utc)) < timedelta(seconds=60)
    done = until(lambda: (it := twilio.calls(call.sid).fetch()).status == "completed" and it)
    assert int(done.duration) >= 1 and done.start_time and done.end_time, done.duration
    busy = twilio.calls.create(to=BUSY, from_=FROM, url="https://a.example/voice")
    until(lambda: busy.fetch().status == "busy")


def cancelling(twilio):
    call = twilio.calls.create(to=HAND, from_=FROM, twiml=HELLO)
    until(lambda: call.fetch().status == "ringing")
    assert call.update(status="canceled").status == "canceled"
    refused(21220, 400, lambda: call.update(status="completed"))
    assert call.delete()
    refused(20404, 404, call.fetch)


def lists(twilio):
    sids = [twilio.calls.create(to=NOWHERE, from_=FROM, twiml=HELLO).sid for _ in range(7)]
    until(lambda: all(call.status == "failed" for call in twilio.calls.list(to=NOWHERE)))
    listed = [call.sid for call in twilio.calls.stream(to=NOWHERE, page_size=3)]
    assert listed == sids[::-1], "newest first, page by page, none twice"
    assert len(twilio.calls.list(to=NOWHERE, limit=2)) == 2
    assert twilio.calls.list(status="busy", to=NOWHERE) == []
    assert {call.to for call in twilio.calls.list(status="busy")} == {BUSY}
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    assert twilio.calls.list(start_time_after=today - timedelta(days=1), to=TAKER)
    assert not twilio.calls.list(start_time_before=today - timedelta(days=1), to=TAKER)


def messages(twilio):
    message = twilio.messages.create(to=TAKER, from_=FROM, body="落ちました")
    assert message.status == "queued" and message.num_segments == "1"
    until(lambda: message.fetch().status == "delivered")
    lost = twilio.messages.create(to=BUSY, from_=FROM, body="x")
    assert until(lambda: (it := lost.fetch()).status == "undelivered" and it).error_code == 30005
    until(lambda: [it.body for it in twilio.messages.list(from_=TAKER)] == ["了解 1"])
    assert [it.sid for it in twilio.messages.list(to=BUSY, date_sent=date.today())] in ([lost.sid], [])
    assert message.update(body="").body == ""
    assert message.delete()


def errors(twilio, base_url):
    def create(**fields):
        return lambda: twilio.calls.create(**{"to": TAKER, "from_": FROM, "url": "https://a.example/", **fields})

    refused(21211, 400, create(to="09012345678"))
    refused(21212, 400, create(from_="rinban"))
    refused(21205, 400, create(url="/voice"))
    refused(21217, 400, create(to="+15005550001"))
    refused(21216, 400, create(to="+15005550004"))
    refused(21208, 400, create(timeout=601))
    refused(21602, 400, lambda: twilio.messages.create(to=TAKER, from_=FROM, body=""))
    refused(21610, 400, lambda: twilio.messages.create(to="+15005550004", from_=FROM, body="x"))
    refused(20404, 404, lambda: twilio.calls("CA" + "0" * 32).fetch())
    wrong = client(base_url, os.environ["ACCOUNT_SID"], "not the token")
    refused(20003, 401, lambda: wrong.calls("CA" + "0" * 32).fetch())


def main(base_url):
    twilio = client(base_url, os.environ["ACCOUNT_SID"], os.environ["AUTH_TOKEN"])
    by_key = client(base_url, os.environ["API_KEY"], os.environ["API_SECRET"])
    for name, work in [
        ("account", lambda: twilio.api.accounts(os.environ["ACCOUNT_SID"]).fetch().status == "active" or sys.exit("status")),
        ("calls", lambda: calls(twilio)),
        ("calls by an API key", lambda: calls(by_key)),
        ("cancelling", lambda: cancelling(twilio)),
        ("lists", lambda: lists(twilio)),
        ("messages", lambda: messages(twilio)),
        ("errors", lambda: errors(twilio, base_url)),
    ]:
        work()
        print("passed:", name)


if __name__ == "__main__":
    main(sys.argv[1])
