"""Signing in to the console by OpenID Connect with PKCE, where a deployment asks for it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.issuer import CLIENT, Issuer, signed_console


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def urls(issuer: Issuer) -> Iterator[tuple[str, str]]:
    """Of the console and of its issuer."""
    with signed_console(issuer) as found:
        yield found


def test_who_comes_is_sent_to_the_issuer_and_back_to_where_they_were(
    issuer: Issuer, urls: tuple[str, str], open_page: OpenPage
) -> None:
    """With a challenge that the issuer holds the verifier against, the scopes, the API's audience; no token is kept."""
    console, issuing = urls
    page = open_page(f"{console}/#/webhooks?from=a-link", permitted=(issuing,))
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
    assert page.url == f"{console}/#/webhooks?from=a-link"
    [asked] = issuer.authorized
    assert (asked["client_id"], asked["response_type"], asked["code_challenge_method"]) == (CLIENT, "code", "S256")
    assert (asked["scope"], asked["audience"]) == ("openid grantwire/read grantwire/write grantwire/test", "api")
    assert asked["redirect_uri"] == f"{console}/"
    [token] = issuer.tokens
    kept = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])")
    assert token not in kept
    assert "verifier" not in kept


def test_a_token_that_ends_is_renewed_without_leaving_the_page(
    issuer: Issuer, urls: tuple[str, str], open_page: OpenPage
) -> None:
    """A form that is being filled in stays as it is."""
    console, issuing = urls
    issuer.lives = 60  # by the time it is used, it counts as ended
    page = open_page(f"{console}/", permitted=(issuing,))
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
    first = set(issuer.tokens)
    page.get_by_label("Search by name").evaluate("one => { one.value = 'x'; one.dispatchEvent(new Event('input')); }")
    expect(page.get_by_role("heading", name="No webhook fits")).to_be_visible()
    assert issuer.tokens != first
    assert len(issuer.authorized) == 1


def test_an_issuer_that_refuses_is_quoted(issuer: Issuer, urls: tuple[str, str], open_page: OpenPage) -> None:
    """Its words, and a way out."""
    console, issuing = urls
    issuer.refuses = True
    page = open_page(f"{console}/", permitted=(issuing,))
    expect(page.get_by_text("You could not be signed in: not for you.").first).to_be_visible()
    issuer.refuses = False
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()


def test_an_answer_that_nobody_asked_for_is_not_taken(
    issuer: Issuer, urls: tuple[str, str], open_page: OpenPage
) -> None:
    """A code from a link somebody sent, without the state of this browser: the sign-in begins anew."""
    console, issuing = urls
    issuer.codes["stolen"] = ("challenge", f"{console}/")
    page = open_page(f"{console}/?code=stolen&state=made-up", permitted=(issuing,))
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
    assert "stolen" in issuer.codes
    assert len(issuer.authorized) == 1


def test_signing_out_forgets_and_tells_the_issuer(issuer: Issuer, urls: tuple[str, str], open_page: OpenPage) -> None:
    """In the words of OpenID Connect and in Cognito's."""
    console, issuing = urls
    page = open_page(f"{console}/", permitted=(issuing,))
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    home = f"{console}/"
    assert issuer.signed_out == [{"client_id": CLIENT, "logout_uri": home, "post_logout_redirect_uri": home}]


def test_a_refresh_token_is_used_once(issuer: Issuer, urls: tuple[str, str], open_page: OpenPage) -> None:
    """An issuer that rotates them: each renewal brings the one before, and nobody has to sign in again."""
    console, issuing = urls
    issuer.lives = 60
    page = open_page(f"{console}/", permitted=(issuing,))
    seen = []
    for search in ("x", "xy", "xyz"):
        seen.append(set(issuer.refresh_tokens))
        with page.expect_response(lambda one: "/api/webhooks" in one.url and one.status == 200):
            page.get_by_label("Search by name").evaluate(
                "(one, text) => { one.value = text; one.dispatchEvent(new Event('input')); }", search
            )
    assert len({frozenset(one) for one in seen}) == len(seen)
    assert len(issuer.authorized) == 1


def test_a_sign_in_that_ends_is_begun_again_beside_what_one_types(
    issuer: Issuer, urls: tuple[str, str], open_page: OpenPage
) -> None:
    """The API refuses the token and the issuer renews none: a second window signs in, what was asked goes through."""
    console, issuing = urls
    page = open_page(f"{console}/", permitted=(issuing,), expected="status of 400")
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
    issuer.tokens, issuer.refuses_refresh = set(), True
    search = page.get_by_label("Search by name")
    search.evaluate("one => { one.value = 'typed'; one.dispatchEvent(new Event('input')); }")
    dialog = page.get_by_role("dialog", name="Your sign-in has ended")
    dialog.get_by_role("button", name="Not now").click()
    expect(page.get_by_role("status").filter(has_text="What you typed is still here")).to_be_visible()
    search.evaluate("one => one.dispatchEvent(new Event('input'))")
    other = page.context.new_page()
    other.goto(f"{console}/?code=stolen&state=again.made-up")
    expect(other.get_by_text("You can close this window.")).to_be_visible()
    expect(dialog).to_be_visible()
    with page.expect_popup():
        dialog.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="No webhook fits")).to_be_visible()
    expect(dialog).to_have_count(0)
    assert search.input_value() == "typed"
    assert len(issuer.authorized) == 2


def test_an_answer_for_another_page_is_not_taken(issuer: Issuer, urls: tuple[str, str], open_page: OpenPage) -> None:
    """A link that looks like the end of a second sign-in: no token is asked for, in no window."""
    console, issuing = urls
    page = open_page(f"{console}/", permitted=(issuing,))
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
    tokens = set(issuer.tokens)
    other = page.context.new_page()
    other.goto(f"{console}/?code=stolen&state=again.made-up")
    expect(other.get_by_text("You can close this window.")).to_be_visible()
    assert other.url == f"{console}/"
    assert (issuer.tokens, len(issuer.authorized)) == (tokens, 1)


def test_an_issuer_that_is_another_one_is_not_believed(
    issuer: Issuer, urls: tuple[str, str], open_page: OpenPage
) -> None:
    """Its description must be of the issuer that was asked (OpenID Connect Discovery 1.0, 4.3)."""
    console, issuing = urls
    issuer.named = "https://elsewhere.example"
    page = open_page(f"{console}/", permitted=(issuing,))
    expect(page.get_by_text("describes another issuer: https://elsewhere.example.")).to_be_visible()
    assert issuer.authorized == []


def test_what_an_issuer_says_is_only_text(issuer: Issuer, urls: tuple[str, str], open_page: OpenPage) -> None:
    """Markup as the description of an error."""
    console, issuing = urls
    issuer.refuses, issuer.words = True, "<img src=x onerror=alert(1)>"
    page = open_page(f"{console}/", permitted=(issuing,))
    expect(page.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    assert page.locator("img").count() == 0
