import urllib.error
import urllib.request

from monitoring.metrics import SINK_ROWS
from monitoring.server import serve


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_metrics_and_health_follow_the_checks() -> None:
    state = {"ready": False, "alive": True}
    server = serve(0, lambda: (state["ready"], "partitions: 4"), lambda: (state["alive"], "alive"))
    try:
        assert get(f"{server.url}/readyz") == (503, "partitions: 4\n")
        assert get(f"{server.url}/startupz")[0] == 503
        state["ready"] = True
        assert get(f"{server.url}/startupz")[0] == 200
        state["ready"] = False
        assert get(f"{server.url}/startupz")[0] == 200, "once started stays started"
        assert get(f"{server.url}/healthz") == (200, "alive\n")
        state["alive"] = False
        assert get(f"{server.url}/healthz")[0] == 503
        SINK_ROWS.labels("permits_steps").inc(0)
        status, text = get(f"{server.url}/metrics")
        assert status == 200
        assert "nadi_sink_rows_total" in text
        assert "nadi_build_info" in text
        assert get(f"{server.url}/other")[0] == 404
    finally:
        server.close()


def test_a_failing_check_is_an_answer() -> None:
    def broken() -> tuple[bool, str]:
        raise RuntimeError("no broker")

    server = serve(0, broken, lambda: (True, "alive"))
    try:
        assert get(f"{server.url}/readyz") == (503, "RuntimeError: no broker\n")
    finally:
        server.close()
