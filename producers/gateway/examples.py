"""Examples of everything a sender copies, made in one place: OpenAPI, the pages, the Postman collection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from producers.gateway.contracts import PREFIX

KEY = "nadi_2-18-01_contoh.rahasia"
URL = "http://127.0.0.1:8602"

_EVENTS: Mapping[str, tuple[str, str, dict[str, Any]]] = MappingProxyType(
    {
        "permits.steps": (
            "submitted", "/opd/2.18.01/perizinan",
            {"case_id": "IZIN-2026-000123", "permit_type": "PBG", "channel": "online"},
        ),
        "revenue.receipts": (
            "receipt", "/opd/5.02.02/kas",
            {"cash_office": "KAS-01", "account": "4.1.01.09.01.0001", "amount": 1_500_000},
        ),
        "budget.disbursements": (
            "sp2d", "/opd/5.02.01/sp2d",
            {"fiscal_year": 2026, "sub_activity": "1.02.02.2.01.0001", "amount": 250_000_000},
        ),
        "population.changes": (
            "birth", "/opd/2.12.01/kependudukan", {"family_card_token": "abcdefghijklmnopqrstuvwxyz"},
        ),
        "activity.progress": (
            "progress", "/opd/1.03.01/kegiatan",
            {"fiscal_year": 2026, "sub_activity": "1.03.10.2.01.0005", "physical_bp": 4_250},
        ),
        "source.heartbeats": ("heartbeat", "/opd/2.18.01/perizinan", {"events_sent": 12}),
    }
)  # fmt: skip


def cloud_event(topic: str, id_: str = "0198c0de-0000-4000-8000-000000000001") -> dict[str, Any]:
    """One valid CloudEvent of a topic."""
    kind, source, data = _EVENTS[topic]
    return {
        "specversion": "1.0",
        "id": id_,
        "source": source,
        "type": f"{PREFIX}.{topic}.{kind}.v1",
        "time": "2026-11-28T09:30:00+07:00",
        "datacontenttype": "application/json",
        "data": data,
    }


def snippets(topic: str = "permits.steps", url: str = URL, key: str = KEY) -> dict[str, str]:
    """The same request in curl, PHP, Java and Python, by language; each runs as it stands."""
    event = json.dumps(cloud_event(topic), ensure_ascii=False)
    return {
        "curl": f"""curl -sS -X POST '{url}/v1/events' \\
  -H 'Authorization: Bearer {key}' \\
  -H 'Content-Type: application/cloudevents+json' \\
  --data '{event}'
""",
        "php": f"""<?php
$kejadian = '{event}';
$panggilan = stream_context_create(array('http' => array(
    'method' => 'POST',
    'header' => "Authorization: Bearer {key}\\r\\nContent-Type: application/cloudevents+json\\r\\n",
    'content' => $kejadian,
    'ignore_errors' => true,
)));
echo file_get_contents('{url}/v1/events', false, $panggilan), "\\n";
""",
        "java": f"""import java.net.URI;
import java.net.http.*;

public class Kirim {{
    public static void main(String[] args) throws Exception {{
        String kejadian = {json.dumps(event, ensure_ascii=False)};
        HttpRequest kiriman = HttpRequest.newBuilder(URI.create("{url}/v1/events"))
            .header("Authorization", "Bearer {key}")
            .header("Content-Type", "application/cloudevents+json")
            .POST(HttpRequest.BodyPublishers.ofString(kejadian)).build();
        HttpResponse<String> jawaban =
            HttpClient.newHttpClient().send(kiriman, HttpResponse.BodyHandlers.ofString());
        System.out.println(jawaban.statusCode() + " " + jawaban.body());
    }}
}}
""",
        "python": f"""import urllib.request

kejadian = {event!r}
kiriman = urllib.request.Request(
    "{url}/v1/events",
    kejadian.encode(),
    {{"Authorization": "Bearer {key}", "Content-Type": "application/cloudevents+json"}},
)
print(urllib.request.urlopen(kiriman).read().decode())
""",
    }


def postman(url: str = URL) -> dict[str, Any]:
    """A Postman collection (v2.1): one request a topic, the dry run, and the look-ups."""

    def item(name: str, method: str, path: str, body: Any = None, media: str = "") -> dict[str, Any]:
        headers = [{"key": "Authorization", "value": "Bearer {{kunci}}"}]
        request: dict[str, Any] = {"method": method, "header": headers, "url": f"{{{{alamat}}}}{path}"}
        if body is not None:
            headers.append({"key": "Content-Type", "value": media})
            request["body"] = {"mode": "raw", "raw": json.dumps(body, indent=2, ensure_ascii=False)}
        return {"name": name, "request": request}

    one, many = "application/cloudevents+json", "application/cloudevents-batch+json"
    permit = cloud_event("permits.steps")
    return {
        "info": {
            "name": "Gerbang Nadi",
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "variable": [{"key": "alamat", "value": url}, {"key": "kunci", "value": KEY}],
        "item": [
            *(item(f"Kirim {name}", "POST", "/v1/events", cloud_event(name), one) for name in _EVENTS),
            item("Kirim beberapa sekaligus", "POST", "/v1/events", [permit], many),
            item("Periksa tanpa mengirim", "POST", "/v1/events/validate", permit, one),
            item("Tanda terima", "GET", f"/v1/events/{permit['id']}"),
            item("Kunci saya", "GET", "/v1/me"),
            item("Daftar kontrak", "GET", "/v1/schemas"),
        ],
    }
