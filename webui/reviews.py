"""The review of the face bank that was looked through last, behind its token in the WebUI's server.

What the page is answered comes from ReviewAnswers, as for the command's own server.
"""

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..training.banks.review import Review
from ..training.banks.review_answers import (
    LARGEST_BODY,
    Answer,
    ReviewAnswers,
    refusal,
    web_file,
)

BASE = "/tps-portrait/review"
FAREWELL = "What you decided lies beside the pictures. Close this window, and save the face bank."

_answers: ReviewAnswers | None = None


def begin(review: Review) -> None:
    """Makes this the review that there is, under a new token."""
    global _answers
    _answers = ReviewAnswers(review, None, FAREWELL)


def end() -> None:
    """From now on there is none: the next one is being made."""
    global _answers
    _answers = None


def current() -> Review | None:
    """The review that there is, if any."""
    return _answers.review if _answers else None


def address() -> str:
    """The page's, seen from the WebUI's own; "" where there is no review."""
    return f"{BASE[1:]}/{_answers.token}/" if _answers else ""


def add_routes(app) -> None:
    """Adds the page to the WebUI's app."""
    app.add_api_route(f"{BASE}/{{path:path}}", _get, methods=["GET"], include_in_schema=False)
    app.add_api_route(f"{BASE}/{{path:path}}", _post, methods=["POST"], include_in_schema=False)


async def _get(request: Request) -> Response:
    first, _, rest = request.path_params["path"].partition("/")
    if first == "web":
        return _sent(await run_in_threadpool(web_file, rest))
    answers = _behind(first, request)
    return _sent(await run_in_threadpool(answers.get, rest) if answers else _forbidden())


async def _post(request: Request) -> Response:
    first, _, rest = request.path_params["path"].partition("/")
    answers = _behind(first, request)
    if not answers:
        return _sent(_forbidden())
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            return _sent(refusal(HTTPStatus.BAD_REQUEST, "the request is too long"))
    return _sent(await run_in_threadpool(answers.post, rest, bytes(body)))


def _behind(token: str, request: Request) -> ReviewAnswers | None:
    """What is behind the token; None where it is wrong, or another site asks."""
    answers = _answers
    origin, site = map(request.headers.get, ("origin", "sec-fetch-site"))
    # Proxies change the host. What browsers say of the site no page can.
    ours = site == "same-origin" or not origin or urlsplit(origin).netloc == request.headers["host"]
    return answers if answers and ours and answers.knows(token) else None


def _forbidden() -> Answer:
    return refusal(HTTPStatus.FORBIDDEN, "open the review from the WebUI's tab TPS Portrait")


def _sent(answer: Answer) -> Response:
    return Response(answer.content, int(answer.status), answer.headers)
