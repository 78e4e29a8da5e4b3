"""The frame of the API: problems for every error, writes once, pages that join, and a document that says what really happens."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from crossdock import workbench
from tests.workbench.conftest import Workbench

PROBLEM = "application/problem+json"


def problem(answer: requests.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    told = answer.json()
    assert (told["status"], told["code"], told["type"]) == (status, code, f"urn:crossdock:error:{code}")
    assert told["title"]
    assert told["hint"]
    return dict(told)


def test_every_error_is_a_problem(bench: Workbench) -> None:
    _, key = bench.service("administrator", rate=10_000)
    call = lambda *given, **more: bench.call(key["key"], *given, **more)  # noqa: E731
    problem(call("GET", "/nowhere"), 404, "api.not_found")
    problem(call("GET", "/accounts/people/nobody-of-this-name"), 404, "api.not_found")
    refused = call("PATCH", "/accounts/people")
    problem(refused, 405, "api.method")
    assert set(refused.headers["allow"].replace(" ", "").split(",")) == {"GET", "POST"}
    told = problem(
        call("POST", "/accounts/people", {"name": "", "kind": "robot", "roles": [{"role": "king"}]}), 422, "api.invalid"
    )
    assert {each["path"] for each in told["errors"]} == {"body.body.name", "body.body.kind", "body.body.roles.0.role"}
    url, headers = f"{bench.url}/api/accounts/people", {"Authorization": f"Bearer {key['key']}"}
    problem(requests.post(url, data=b"{", headers=headers, timeout=30), 400, "api.unreadable")
    problem(requests.post(url, data=b"\xff\xfe", headers=headers, timeout=30), 400, "api.unreadable")
    large = b'{"name": "' + b"x" * (11 * 1024 * 1024) + b'"}'
    problem(requests.post(url, data=large, headers=headers, timeout=60), 413, "workbench.too_large")
    problem(call("GET", "/accounts/people?limit=0"), 422, "api.invalid")
    problem(call("GET", "/accounts/people?after=AAAA"), 422, "api.invalid")
    problem(requests.get(f"{bench.url}/api/", timeout=30, allow_redirects=False), 401, "api.unauthenticated")
    problem(requests.put(url, timeout=30), 401, "api.unauthenticated")


def test_a_write_with_a_key_happens_once(bench: Workbench) -> None:
    root, body = bench.administrator, {"name": "once1"}
    first = root.api("POST", "/accounts/people", body, Idempotency_Key="k-1")
    again = root.api("POST", "/accounts/people", body, Idempotency_Key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    problem(root.api("POST", "/accounts/people", {"name": "once2"}, Idempotency_Key="k-1"), 422, "api.idempotency_conflict")
    problem(root.api("POST", "/accounts/people/once1/unlock", Idempotency_Key="k-1"), 422, "api.idempotency_conflict")
    problem(root.api("POST", "/accounts/people", body, Idempotency_Key="x" * 256), 422, "api.idempotency_key")
    # a refusal is an answer too
    assert root.api("POST", "/accounts/people", body, Idempotency_Key="k-2").status_code == 409
    assert root.api("POST", "/accounts/people", body, Idempotency_Key="k-2").headers["idempotency-replayed"] == "true"
    # one person's key says nothing to another
    _, other = bench.person("administrator")
    assert other.api("POST", "/accounts/people", {"name": "once3"}, Idempotency_Key="k-1").status_code == 201


def test_of_many_at_once_one_happens(bench: Workbench) -> None:
    _, key = bench.service("administrator", rate=10_000)
    with ThreadPoolExecutor(8) as pool:
        calls = [
            pool.submit(bench.call, key["key"], "POST", "/accounts/people", {"name": "racer"}, Idempotency_Key="race")
            for _ in range(8)
        ]
        answers = [call.result() for call in calls]
    assert {answer.status_code for answer in answers} <= {201, 409}
    fresh = [answer for answer in answers if answer.status_code == 201 and "idempotency-replayed" not in answer.headers]
    assert len(fresh) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"api.idempotency_open"}
    assert len([each for each in bench.records("workbench:account:added") if each["account"] == "racer"]) == 1


def test_a_secret_is_not_kept_to_be_shown_again(bench: Workbench) -> None:
    name, _ = bench.service("operator")
    first = bench.administrator.api("POST", f"/accounts/people/{name}/keys", {}, Idempotency_Key="secret-1")
    assert first.status_code == 201
    problem(
        bench.administrator.api("POST", f"/accounts/people/{name}/keys", {}, Idempotency_Key="secret-1"),
        409,
        "api.idempotency_secret",
    )
    assert first.json()["key"].encode() not in bench.stored()


def test_the_document_is_complete(bench: Workbench) -> None:
    document = bench.browser().get("/api/openapi.json").json()
    assert document["components"]["securitySchemes"].keys() == {"key", "session"}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["security"] == [{"key": []}, {"session": []}], where
            assert operation.get("summary"), where
            assert {"400", "401", "403", "404", "422", "429", "503"} <= operation["responses"].keys(), where
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == [PROBLEM], where
            names = {each["name"] for each in operation.get("parameters", ())}
            assert ("Idempotency-Key" in names) == (method != "get"), where


def test_no_two_shapes_have_one_name() -> None:
    """The document keeps its shapes by name alone: of two that are named alike it would describe one."""
    bases: dict[str, set[str]] = {"Schema": set()}
    places: dict[str, list[str]] = defaultdict(list)
    for file in sorted(Path(workbench.__file__).parent.rglob("*.py")):
        for each in ast.parse(file.read_text("utf-8")).body:
            if isinstance(each, ast.ClassDef):
                named = {base.value if isinstance(base, ast.Subscript) else base for base in each.bases}
                bases.setdefault(each.name, set()).update(base.id for base in named if isinstance(base, ast.Name))
                places[each.name].append(f"{file.parent.name}/{file.name}")

    def shape(name: str) -> bool:
        return name == "Schema" or any(shape(base) for base in bases.get(name, ()))

    shapes = {name: where for name, where in places.items() if shape(name)}
    assert len(shapes) > 50
    assert {name: where for name, where in shapes.items() if len(where) > 1} == {}


ENDS_ITSELF = r"^/api/accounts/(keys/\{prefix\}|people/\{name\}/(active|roles|keys))"
"""Operations with which an administrator's service ends its own key: after them everything else would only be refused."""


@pytest.mark.slow
@pytest.mark.parametrize("chosen", ["--exclude-path-regex", "--include-path-regex"])
def test_it_answers_as_its_document_says(bench: Workbench, tmp_path: Path, chosen: str) -> None:
    """Schemathesis calls every operation with what fits its schema and what does not, within a bounded time."""
    _, key = bench.service("administrator", "operator", "auditor", "approver", "partner_manager", rate=100_000)
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", f"{bench.url}/api/openapi.json", "--header", f"Authorization: Bearer {key['key']}",
         "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
         "--max-examples", "3", "--phases", "coverage,fuzzing", "--generation-deterministic", "--request-timeout", "30",
         "--exclude-path", "/api/audit/verification", chosen, ENDS_ITSELF, "--no-color"],
        capture_output=True, text=True, timeout=600, cwd=tmp_path, env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)}, check=False,
    )  # fmt: skip
    # a service of everything may have ended everybody's sessions
    assert bench.administrator.sign_in("root").status_code == 302
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    if chosen == "--exclude-path-regex":
        assert "mostly returned 429" not in done.stdout, "the key was refused, so that nothing was tried"


@pytest.mark.parametrize(
    "path",
    ["/accounts/people/%00", "/accounts/people/..%2f..%2fetc", "/accounts/keys/%F0%9F%92%A9", "/accounts/people/" + "x" * 5000],
)
def test_strange_names_are_just_not_there(bench: Workbench, path: str) -> None:
    answer = bench.administrator.api("GET", path)
    assert answer.status_code in (400, 404, 405, 414)
    assert answer.headers["content-type"] == PROBLEM or answer.status_code == 414
