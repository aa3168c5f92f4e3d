"""Every way in which a request is damaged before it is sent: one function a way, drawn by a seed."""

from __future__ import annotations

import gzip
import json
import random
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from raw_http import Sending, request

from producers.gateway.examples import cloud_event

OPD, OTHER = "2.18.01", "5.02.02"
ONE, MANY = "application/cloudevents+json", "application/cloudevents-batch+json"


def good(draw: random.Random) -> dict[str, Any]:
    """A valid event of the department ``OPD``."""
    made = cloud_event("permits.steps", str(uuid.UUID(int=draw.getrandbits(128), version=4)))
    return {**made, "data": {**made["data"], "case_id": f"K-{draw.randrange(99)}"}}


class Damage:
    """Damaged requests of one sender. ``keys`` are bearer keys by name: own, other (of ``OTHER``), expired."""

    def __init__(self, draw: random.Random, keys: dict[str, str]) -> None:
        self._draw, self._keys = draw, keys
        self.ways: dict[str, Callable[[], Sending]] = {
            name.removeprefix("way_"): getattr(self, name) for name in dir(self) if name.startswith("way_")
        }

    def headers(self, media: str = ONE, key: str = "own", **more: str) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self._keys[key]}", "Content-Type": media}
        return {**bearer, **{name.replace("_", "-"): value for name, value in more.items()}}

    def body(self) -> bytes:
        return json.dumps(good(self._draw)).encode()

    def batch(self) -> bytes:
        """Good and spoilt events in one body."""
        events = [
            good(self._draw) if self._draw.random() < 0.5 else self.spoilt()
            for _ in range(self._draw.randint(1, 6))
        ]
        return json.dumps(events).encode()

    # ---- bytes

    def torn(self, body: bytes) -> bytes:
        """Bytes cut, turned, doubled."""
        raw, draw = bytearray(body), self._draw
        for _ in range(draw.randint(1, 4)):
            raw = raw or bytearray(b"[")
            at = draw.randrange(len(raw))
            match draw.randrange(4):
                case 0:
                    raw[at] ^= 1 << draw.randrange(8)
                case 1:
                    del raw[at : at + draw.randint(1, 50)]
                case 2:
                    raw[at:at] = raw[at : at + draw.randint(1, 50)]
                case 3:
                    raw[at : at + 1] = draw.choice(
                        (b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\\ud800", b"\xc3")
                    )
        return bytes(raw)

    def way_torn_event(self) -> Sending:
        return Sending(request(self.torn(self.body()), self.headers()))

    def way_torn_batch(self) -> Sending:
        return Sending(request(self.torn(self.batch()), self.headers(MANY)))

    def way_torn_request(self) -> Sending:
        """Also the request line and the headers; the end of it may be anywhere."""
        raw = self.torn(request(self.body(), self.headers()))
        return Sending(raw, unsure=True)

    def way_cut(self) -> Sending:
        body = self.body()
        return Sending(request(body[: self._draw.randrange(len(body))], self.headers()))

    # ---- how it is sent

    def way_half_a_request(self) -> Sending:
        raw = request(self.body(), self.headers())
        return Sending(raw[: self._draw.randrange(1, len(raw))], whole=False)

    def way_length_too_long(self) -> Sending:
        body = self.body()
        return Sending(
            request(body, self.headers(), length=str(len(body) + self._draw.randint(1, 999))), whole=False
        )

    def way_length_too_short(self) -> Sending:
        body = self.body()
        return Sending(request(body, self.headers(), length=str(self._draw.randrange(len(body)))), fresh=True)

    def way_length_no_number(self) -> Sending:
        wrong = self._draw.choice(("abc", "-1", "1e3", "", "99999999999999999999", "5, 7", "0x10"))
        return Sending(request(self.body(), self.headers(), length=wrong), unsure=True)

    def way_two_lengths(self) -> Sending:
        return Sending(request(self.body(), self.headers(Content_Length="7")), fresh=True)

    def way_chunks(self) -> Sending:
        """Chunked, whole or with a broken size; beside a length that says otherwise in some."""
        body = self.body()
        sizes = (f"{len(body):x}", "zz", "-5", f"{len(body) - 9:x}")
        size = self._draw.choice(sizes)
        head = request(b"", self.headers(Transfer_Encoding="chunked"))
        if self._draw.random() < 0.7:
            head = head.replace(b"Content-Length: 0\r\n", b"")
        return Sending(head + size.encode() + b"\r\n" + body + b"\r\n0\r\n\r\n", unsure=True)

    def way_gzip(self) -> Sending:
        packed = gzip.compress(self.body(), 1)
        wrong = self._draw.choice((
            self.torn(packed), packed[: self._draw.randrange(len(packed))], packed + packed, self.body(),
            gzip.compress(bytes(2_000_000), 1),
        ))  # fmt: skip
        return Sending(request(wrong, self.headers(Content_Encoding="gzip")), fresh=True)

    def way_encoding(self) -> Sending:
        name = self._draw.choice(("br", "deflate", "gzip, gzip", "x", "identity, br"))
        return Sending(request(self.body(), self.headers(Content_Encoding=name)), fresh=True)

    def way_slow(self) -> Sending:
        return Sending(request(self.torn(self.body()), self.headers()), slow=10)

    # ---- who sends, and where to

    def way_key(self) -> Sending:
        wrong = self._draw.choice((
            "Bearer", "Bearer x", "", f"Basic {self._keys['own']}", f"Bearer {self._keys['own'][:-1]}",
            f"Bearer {self._keys['own']}x", f"Bearer {self._keys['expired']}", "Bearer \x80\xff",
            f"Bearer {self._keys['own'].replace(OPD, OTHER)}",
        ))  # fmt: skip
        return Sending(request(self.body(), {**self.headers(), "Authorization": wrong}), fresh=True)

    def way_other_department(self) -> Sending:
        """Our source or our name with another department's key, and the other way round."""
        event, key = good(self._draw), self._draw.choice(("own", "other"))
        match self._draw.randrange(4):
            case 0:
                key = "other"
            case 1:
                event["data"]["opd"] = OTHER if key == "own" else OPD
            case 2:
                event["source"], key = f"/opd/{OTHER}/kas", "own"
            case 3:
                event["source"], key = self._draw.choice((
                    f"/opd/{OPD}", f"/opd/{OPD}x/a", f"/opd/{OPD}/../{OTHER}/kas", f"/opd/{OPD}/%2e%2e/x", f"opd/{OPD}/a",
                    f"/opd/{OTHER}/kas\x00/opd/{OPD}/", f"/opd/{OTHER}/../{OPD}/a", f"/OPD/{OPD}/a",
                )), "other"  # fmt: skip
        return Sending(request(json.dumps(event).encode(), self.headers(key=key)))

    def way_signature(self) -> Sending:
        wrong = {
            "webhook_id": self._draw.choice(("msg_1", "", "x" * 300)),
            "webhook_timestamp": self._draw.choice(("0", "x", "1e9", "99999999999999")),
            "webhook_signature": self._draw.choice(("v1a,AAAA", "v1,AAAA", "", " ".join(["v1a,AAAA"] * 9))),
        }
        return Sending(request(self.body(), self.headers(**wrong)))

    def way_path(self) -> Sending:
        method = self._draw.choice(("POST", "PUT", "GET", "DELETE", "PATCH", "OPTIONS", "XYZ"))
        path = self._draw.choice(
            (
                "/v1/events/",
                "/v1",
                "//",
                "/v1/events%00",
                "/v1/events/../me",
                "/v1/schemas/%ff",
                "/v1/events/x",
            )
        )
        return Sending(request(self.body(), self.headers(), method=method, path=path), fresh=True)

    def way_media_type(self) -> Sending:
        media = self._draw.choice(
            (
                "",
                "text/plain",
                "application/json",
                "application/xml",
                MANY,
                f"{ONE}; charset=utf-16",
                "x" * 900,
            )
        )
        return Sending(request(self.torn(self.body()), self.headers(media)))

    def way_idempotency_key(self) -> Sending:
        return Sending(
            request(self.body(), self.headers(Idempotency_Key=self._draw.choice(("x", "y" * 600, "é"))))
        )

    def way_binary(self) -> Sending:
        """Binary mode with an attribute that is wrong, foreign or missing."""
        event = good(self._draw)
        attributes = {
            f"ce-{n}": quote(str(event[n]), safe="/:")
            for n in ("specversion", "id", "source", "type", "time")
        }
        name = self._draw.choice(list(attributes))
        wrong = self._draw.choice(
            ("", "%", "%ff%fe", "%0d%0aX: y", "x" * 600, "%00", f"/opd/{OTHER}/kas", "1.1")
        )
        if self._draw.random() < 0.2:
            del attributes[name]
        else:
            attributes[name] = wrong
        return Sending(
            request(json.dumps(event["data"]).encode(), {**self.headers("application/json"), **attributes})
        )

    # ---- what the JSON says

    def spoilt(self) -> Any:
        """One event with something wrong, or in another department's name."""
        event, draw = good(self._draw), self._draw
        match draw.randrange(9):
            case 0:
                event["data"]["opd"] = OTHER
            case 1:
                event["source"] = f"/opd/{OTHER}/kas"
            case 2:
                event["type"] = draw.choice(
                    ("", "x", "id.go.nadi.risk.alerts.x.v1", "id.go.nadi.permits.steps.X.v1")
                )
            case 3:
                field = draw.choice(("case_id", "fee_paid", "zzz", "automatic", "mode", "corrects"))
                event["data"][field] = draw.choice(([], {}, 2**80, 1.5, -(2**63) - 1, [[]], {"a": None}))
            case 4:
                event.pop(draw.choice(("id", "source", "type", "specversion", "time", "data")))
            case 5:
                event["data"] = draw.choice((None, 1, "x", [], {}))
            case 6:
                event["time"] = draw.choice(
                    ("", "kemarin", "2026-13-01T00:00:00Z", "2026-11-28T00:00:00", 5, "9999-12-31T23:59:59Z")
                )
            case 7:
                event["data"]["event_id"] = str(uuid.UUID(int=draw.getrandbits(128), version=4))
            case 8:
                return draw.choice((None, 1, "x", [], [[]], True))
        return event

    def way_spoilt(self) -> Sending:
        return Sending(request(json.dumps(self.spoilt()).encode(), self.headers()))

    def way_spoilt_batch(self) -> Sending:
        return Sending(request(self.batch(), self.headers(MANY)))

    def way_strange_json(self) -> Sending:
        """Deep, huge, doubled names, numbers that are none, and half a surrogate pair."""
        text, draw = json.dumps(good(self._draw)), self._draw
        deep = draw.choice((300, 5_000, 50_000))
        changed = draw.choice((
            text.replace('"data": {', '"data": ' + '{"a": ' * deep + "1" + "}" * deep + ', "x": {', 1),
            text.replace('"data": {', '"data": {"fee_paid": ' + "9" * draw.choice((20, 400, 9_000)) + ", ", 1),
            text.replace('"data": {', '"data": {"fee_paid": 1e999, ', 1),
            text.replace('"data": {', '"data": {"fee_paid": NaN, ', 1),
            text.replace('"data": {', f'"source": "/opd/{OTHER}/kas", "data": {{"opd": "{OTHER}", ', 1),
            text[:-1] + f', "source": "/opd/{OTHER}/kas"}}',
            text[:-1] + f', "data": {{"case_id": "K-1", "opd": "{OTHER}"}}}}',
            text.replace("K-", "K\\ud800-", 1),
            text.replace("K-", "K\\u0000-", 1),
            "[" * deep,
            '"' + "x" * 90_000,
        ))  # fmt: skip
        media = MANY if draw.random() < 0.3 else ONE
        return Sending(request(changed.encode(), self.headers(media)))
