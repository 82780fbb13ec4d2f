"""Events that would come back to Grantwire: refused where the webhook is saved, tested, sent, and put in."""

from grantwire.samples import sample_payload
from tests.functional.conftest import World, event_file
from tests.functional.test_webhooks_api import at, created, events_to, guide, paths
from tests.receivers import Authority, answer, answering, receiving

OWN = event_file("test_draft")["requestContext"]["domainName"]


def test_a_webhook_that_calls_our_own_api_is_not_saved(world: World) -> None:
    """Created, replaced or changed, however the host is spelled; the rule says why."""
    webhook = created(world)
    path, url = f"/api/webhooks/{webhook['id']}", f"https://{OWN.upper()}./api/events?a={{{{data.id}}}}"
    refused = [
        world.api("POST", "/api/webhooks", guide(name="Loop", url=url)),
        world.api("PUT", path, guide(url=url), headers=at(1)),
        world.api("PATCH", path, {"url": url}, headers=at(1)),
    ]
    assert [one.status for one in refused] == [422] * 3
    assert [paths(one) for one in refused] == [["url"]] * 3
    assert "is Grantwire's own API" in refused[0].json["message"]
    assert world.api("GET", path).json["url"] == guide()["url"]


def test_a_draft_that_calls_our_own_api_is_not_sent(world: World) -> None:
    """The test says so in the words of the delivery."""
    status, tested = world.http("/api/webhooks/test", {"webhook": guide(url=f"https://{OWN}/api/events", headers=[])})
    assert status == 200
    assert tested["outcome"] == "failed"
    assert "is Grantwire's own API: its events would come back to it for ever" in tested["sentence"]


def test_an_event_tells_how_often_it_was_sent_on(world: World, authority: Authority) -> None:
    """The header of the request that brought it is counted up in the request that it leads to."""
    arrived = events_to(world)
    with receiving(answering(answer()), authority.server_context()) as receiver:
        created(world, url=receiver.url, active=True)
        put = world.api("POST", "/api/events", sample_payload("RequestCreated"), headers={"Grantwire-Hops": "2"})
        assert put.status == 202
        [event] = arrived()
        assert event["detail"]["grantwire_hops"] == 2
        world.dispatch(event)
    assert b"Grantwire-Hops: 3" in receiver.requests[0].split(b"\r\n")


def test_an_event_that_was_sent_on_too_often_is_not_taken(world: World) -> None:
    """Neither by the API, nor by dispatch, should it have come onto the bus some other way."""
    payload = sample_payload("RequestCreated")
    refused = [
        world.api("POST", "/api/events", payload, headers={"Grantwire-Hops": "4"}),
        world.api("POST", "/api/events", payload | {"grantwire_hops": 4}),
        world.api("POST", "/api/events", payload, headers={"Grantwire-Hops": "many"}),
    ]
    assert [one.status for one in refused] == [422] * 3
    assert [paths(one) for one in refused] == [["Grantwire-Hops"]] * 3
    world.dispatch(event_file("request_created") | {"detail": payload | {"grantwire_hops": 4}})
    [letter] = world.dead_letters()
    assert "the event went through Grantwire 4 times" in letter["reason"]
