"""Asks a time-stamp server (RFC 3161) for the time of a seal, within five seconds altogether."""

# asn1crypto has no types, and pyhanko few.
# pyright: standard, reportMissingTypeStubs=false, reportIndexIssue=false

import asyncio

import httpx
from asn1crypto import cms, tsp
from pyhanko.sign.timestamps import TimeStamper

SECONDS = 5.0
_LARGEST = 64_000  # bytes of an answer


class NoTimeStamp(Exception):
    """The server gave none: unreachable, silent, refused, or an answer to something else. Says which."""


class HttpTimeStamper(TimeStamper):
    """pyhanko's own client leaves the digest in the answer unchecked and the answer's size unlimited."""

    def __init__(self, url: str, seconds: float = SECONDS) -> None:
        super().__init__()
        self._url, self._seconds = url, seconds

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Ask the server for a time stamp. Raises NoTimeStamp."""
        try:
            async with asyncio.timeout(self._seconds):
                token = await super().async_timestamp(message_digest, md_algorithm)
        except TimeoutError:
            raise NoTimeStamp("silent") from None
        except (httpx.HTTPError, OSError) as error:
            raise NoTimeStamp(f"unreachable or refused ({type(error).__name__})") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise NoTimeStamp("unreadable answer") from error
        if _imprint(token) != message_digest:
            raise NoTimeStamp("an answer to something else")
        return token

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        kinds = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        body = bytearray()
        async with (
            httpx.AsyncClient(timeout=self._seconds) as client,
            client.stream("POST", self._url, content=req.dump(), headers=kinds) as answer,
        ):
            answer.raise_for_status()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > _LARGEST:
                    raise ValueError("too long")
        return tsp.TimeStampResp.load(bytes(body), strict=True)


def _imprint(token: cms.ContentInfo) -> bytes:
    info = token["content"]["encap_content_info"]["content"].parsed
    return info["message_imprint"]["hashed_message"].native
