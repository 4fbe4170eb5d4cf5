"""What a service says reaches the operator; what is none says that too; a token is never shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from cli.remote import Remote, RemoteRefused, RemoteUnreachable
from regesta.errors import Misconfigured

Answers = Callable[[httpx2.Response | Exception], list[httpx2.Request]]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Return a function that says what is answered, and gives the requests that came."""

    def answering(answer: httpx2.Response | Exception) -> list[httpx2.Request]:
        asked: list[httpx2.Request] = []

        def handle(request: httpx2.Request) -> httpx2.Response:
            asked.append(request)
            if isinstance(answer, Exception):
                raise answer
            return answer

        def request(method: str, url: str, *, timeout: float, **more: Any) -> httpx2.Response:
            with httpx2.Client(transport=httpx2.MockTransport(handle), timeout=timeout) as client:
                return client.request(method, url, **more)

        monkeypatch.setattr(httpx2, "request", request)
        return asked

    return answering


def test_a_document_is_asked_for_with_the_token(answers: Answers) -> None:
    asked = answers(httpx2.Response(200, json={"position": 7}))
    assert Remote("http://regesta.test/", "abc").read("/kpi/v1/events/head", {"a": "b c"}) == {"position": 7}
    (request,) = asked
    assert str(request.url) == "http://regesta.test/kpi/v1/events/head?a=b+c"
    assert (request.headers["authorization"], request.headers["accept"]) == ("Bearer abc", "application/json")


def test_a_refusal_is_the_problem_of_the_service(answers: Answers) -> None:
    problem = {"type": "https://regesta.example/problems/not-found", "title": "Not found", "detail": "no stream"}
    answers(httpx2.Response(404, json=problem))
    with pytest.raises(RemoteRefused, match="no stream") as refused:
        Remote("http://regesta.test", "abc").ask("GET", "/x")
    assert refused.value.problem == problem


@pytest.mark.parametrize("content", [b"<h1>Bad gateway</h1>", b"[1]", b"\xff"])
def test_an_error_of_something_between_is_told_as_it_came(answers: Answers, content: bytes) -> None:
    answers(httpx2.Response(502, content=content))
    with pytest.raises(RemoteRefused) as refused:
        Remote("http://regesta.test", "abc").ask("GET", "/x")
    assert (refused.value.problem["title"], refused.value.problem["status"]) == ("Bad Gateway", 502)


def test_what_answers_with_a_page_is_not_taken_for_a_service(answers: Answers) -> None:
    answers(httpx2.Response(200, html="<p>Hello</p>"))
    with pytest.raises(RemoteRefused, match="not as Regesta does"):
        Remote("http://regesta.test", "abc").read("/x")


@pytest.mark.parametrize(
    "error", [httpx2.ConnectError("refused"), httpx2.ReadTimeout("slow"), httpx2.InvalidURL("bad")]
)
def test_nothing_that_answers_is_named_by_its_address(answers: Answers, error: Exception) -> None:
    answers(error)
    with pytest.raises(RemoteUnreachable, match=r"http://regesta\.test/x does not answer"):
        Remote("http://regesta.test", "abc").ask("GET", "/x")


@pytest.mark.parametrize("token", ["", "sécret", "se cret", "secret\n"])
def test_a_token_that_cannot_be_sent_is_not_sent_and_not_shown(answers: Answers, token: str) -> None:
    asked = answers(httpx2.Response(200, json={}))
    with pytest.raises(Misconfigured) as wrong:
        Remote("http://regesta.test", token).ask("GET", "/x")
    assert asked == []
    assert not token or "cret" not in str(wrong.value)
