"""A connector fresh from the scaffold passes the public suite, and the suite finds what is broken in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import crossdock
from crossdock.connectors.scaffold import FolderTaken, NameUnusable, create

pytestmark = pytest.mark.slow

PACKAGE = "src/crossdock_acme_wms"


def search_path(*folders: Path) -> str:
    """What pip would make importable: the new packages, and the hub under test."""
    return os.pathsep.join([*(str(folder / "src") for folder in folders), str(Path(crossdock.__file__).parents[1])])


def run_pytest(folder: Path, *arguments: str) -> tuple[int, str]:
    environment = {**os.environ, "PYTHONPATH": search_path(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_new_connector_passes_its_conformance_tests_at_once(tmp_path: Path) -> None:
    folder = create("acme-wms", tmp_path)
    code, output = run_pytest(folder)
    assert code == 0, output
    passed = re.search(r"(\d+) passed", output)
    assert passed and int(passed[1]) > 45, output


def test_a_new_connector_is_lint_clean_and_names_its_entry_point(tmp_path: Path) -> None:
    folder = create("acme-wms", tmp_path)
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
    assert 'acme_wms = "crossdock_acme_wms.connector:AcmeWmsConnector"' in (folder / "pyproject.toml").read_text()
    assert "$" not in (folder / PACKAGE / "connector.py").read_text()


@pytest.mark.parametrize("name", ["", "a", "Acme", "acme_wms", "1st", "acme-", "../evil", "class", "x" * 41, "a b"])
def test_a_name_that_gives_no_package_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(NameUnusable):
        create(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    create("acme", tmp_path)
    with pytest.raises(FolderTaken):
        create("acme", tmp_path)


BREAKS = [
    ("connector.py", '"idempotency-key": command.id', '"idempotency-key": command.key', "test_a_command_is_carried_out_once"),
    ("connector.py", "return EffectAbsent()", "return EffectFound({})", "test_silence_is_never_taken_for_yes_or_no"),
    ("connector.py", 'topics=frozenset({"stock.level"})', 'topics=frozenset({"stock.level", "x"})', "test_every_declared_topic"),
    ("connector.py", "found = [mapping", "found = [] or [mapping", "test_a_poll|test_overlap|test_it"),
    ("connector.py", 'int(cursor.get("after", 0))', "0", "test_a_poll_finds_what_happened"),
    ("connector.py", "more=len(levels) == size", "more=False", "test_a_poll_finds_what_happened"),
    ("connector.py", "return Probe(healthy=False, message=error.message)", "return Probe(healthy=True)", "is_not_called_healthy"),
    (
        "connector.py",
        "        errors.judge(answer, self.context.clock.now())",
        "        if answer.status >= 400:\n            raise ContractBroken(f'HTTP {answer.status} {sent}')",
        "test_an_outage_is_deferred",
    ),
    (
        "connector.py",
        "        errors.judge(answer",
        "        if answer.status == 422:\n            raise ContractBroken(str(sent))\n        errors.judge(answer",
        "test_a_business_refusal",
    ),
    (
        "connector.py",
        "        errors.verify(request",
        "        import asyncio\n        asyncio.get_running_loop().create_task(asyncio.sleep(9), name='x')\n        errors.verify(request",
        "test_a_signed_request_is_split",
    ),
    ("connector.py", "errors.verify(request", "(lambda *_: None)(request", "test_a_wrong_signature_is_refused"),
    (
        "mapping.py",
        "        raise AnswerLost(",
        "        return {'answer': {}, 'references': []}\n        raise AnswerLost(",
        "malformed",
    ),
    ("mapping.py", ":{content}", ":{id(level)}:{__import__('time').time_ns()}", "test_the_same_request_again|overlap"),
    ("mapping.py", "    if not isinstance(number, int) or", "    if", "test_garbage_ends_as_an_error"),
    ("mapping.py", ':stock:{counted.sku}:{number}"', ":{__import__('uuid').uuid4()}\"", "test_mapping_is_pure|same_fact"),
    ("mapping.py", 'f"{system}/stock/{counted.sku}", number', 'f"{system}/stock/{counted.sku}", -number', "overtook"),
    ("errors.py", "> tolerance", "> 10**9", "test_a_signature_from_another_day"),
    ("errors.py", "raise_for_transport_status(answer, now)", "raise TargetRefused(str(answer.status))", "throttling"),
    ("errors.py", "raise_for_transport_status(answer, now)", "raise TargetRefused('no')", "expired_credential"),
    ("errors.py", "isascii() and", "isascii() or", "test_strange_signatures"),
]


HARMLESS = next(number for number, (_, _, new, _) in enumerate(BREAKS) if new == "found = [] or [mapping")


OPTIONS = ["-q", "-rfE", "-p", "no:cacheprovider", "--import-mode=importlib", "--tb=no", "-o", "asyncio_mode=auto"]


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> dict[int, set[str]]:
    """Each break in a connector of its own, all in one run: number of the break -> names of the tests that failed."""
    place = tmp_path_factory.mktemp("breaks")
    folders = []
    for number, (file, old, new, _) in enumerate(BREAKS):
        folder = create(f"acme-b{number}", place)
        path = folder / f"src/crossdock_acme_b{number}" / file
        source = path.read_text()
        assert old in source, old
        path.write_text(source.replace(old, new))
        folders.append(folder)
    wanted = {f"acme-b{number}/": names.split("|") for number, (*_, names) in enumerate(BREAKS)}
    (place / "conftest.py").write_text(
        f"WANTED = {wanted!r}\n"
        "def pytest_collection_modifyitems(items):\n"
        "    items[:] = [i for i in items for folder, names in WANTED.items()\n"
        "                if folder in i.nodeid and any(name in i.nodeid for name in names)]\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, "--rootdir", str(place), *map(str, folders)],
        cwd=place,
        env={**os.environ, "PYTHONPATH": search_path(*folders), "COLUMNS": "500"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    found: dict[int, set[str]] = {number: set() for number in range(len(BREAKS))}
    for number, name in re.findall(r"^(?:FAILED|ERROR) crossdock-acme-b(\d+)/.*?::(test_\w+)", done.stdout, re.MULTILINE):
        found[int(number)].add(name)
    assert re.search(r"\d+ passed", done.stdout), done.stdout + done.stderr
    return found


@pytest.mark.parametrize("number", range(len(BREAKS)), ids=[f"{b[0][:-3]}-{b[3]}" for b in BREAKS])
def test_the_suite_finds_a_broken_connector(failures: dict[int, set[str]], number: int) -> None:
    """Each way to break it fails the test that is there for it (and a change that breaks nothing fails none)."""
    if number == HARMLESS:
        assert failures[number] == set()
        return
    for name in BREAKS[number][3].split("|"):
        assert any(name in failed for failed in failures[number]), f"{name} did not fail, only {failures[number]}"


def test_silence_taken_for_no_is_found(tmp_path: Path) -> None:
    """A connector that calls a lost answer deferred, although its command must not be repeated."""
    folder = create("acme-wms", tmp_path)
    path = folder / PACKAGE / "connector.py"
    text = path.read_text().replace('repeatable=frozenset({"document.send"}),', "")
    path.write_text(text.replace("body=body, params=params", "body=body, params=params, safe=True"))
    code, output = run_pytest(folder, "-k", "test_silence_is_never_taken_for_yes_or_no")
    assert code == 1, output
    assert "4 failed" in output


def test_a_secret_in_an_error_is_found_wherever_it_hides(tmp_path: Path) -> None:
    folder = create("acme-wms", tmp_path)
    connector = folder / PACKAGE / "connector.py"
    text = connector.read_text()
    call = '"/v1/stock", params={"after": str(after)'
    assert call in text
    connector.write_text(text.replace(call, '"/v1/stock", params={"key": self.context.secret("api_key"), "after": str(after)'))
    code, output = run_pytest(folder, "-k", "test_a_poll_finds_what_happened")
    assert code == 0, "query parameters given as params are not kept in exchanges"
    connector.write_text(
        text.replace('"/v1/stock", params={"after"', 'f"/v1/stock?key={self.context.secret(\'api_key\')}", params={"after"')
    )
    code, output = run_pytest(folder, "-k", "test_a_failed_poll_says_why or test_the_next_poll")
    assert code == 1
    assert "a secret came out of the connector: exchange GET: URL" in output
