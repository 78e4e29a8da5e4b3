"""Runs inside the oracle's own interpreter (never in ours): reads JSON requests from stdin, answers with what pyas2lib says."""

import base64
import json
import re
import sys

_search = re.search
# the released oscrypto reads "3.0.19" as no version at all; only this process is told otherwise
re.search = lambda pattern, text, *more: _search(
    pattern.replace(r"\d\.\d\.\d", r"\d+\.\d+\.\d+") if isinstance(pattern, str) else pattern, text, *more
)

from pyas2lib import as2  # noqa: E402

DISPOSITION_OPTIONS = "signed-receipt-protocol"


def sides(request):
    us = as2.Organization(
        as2_name=request["us"],
        sign_key=request["key"].encode(),
        decrypt_key=request["key"].encode(),
        mdn_url=request.get("mdn_url"),
    )
    them = as2.Partner(
        as2_name=request["them"],
        verify_cert=request["certificate"].encode(),
        encrypt_cert=request["certificate"].encode(),
        validate_certs=False,
        **request.get("partner", {}),
    )
    return us, them


def text(mapping):
    return {str(key): str(value) for key, value in mapping.items()}


def coded(body):
    return base64.b64encode(body).decode()


def build(request):
    us, them = sides(request)
    message = as2.Message(sender=us, receiver=them)
    message.build(
        base64.b64decode(request["body"]),
        filename=request.get("file_name"),
        content_type=request["content_type"],
        disposition_notification_to="edi@example.com",
    )
    answer = {
        "headers": text(message.headers),
        "body": coded(message.content),
        "message_id": message.message_id,
        "mic": message.mic.decode() if message.mic else "",
    }
    if "reply" in request:
        return answer
    return answer


def raw(request):
    lines = "".join(f"{key}: {value}\r\n" for key, value in request["headers"].items())
    return lines.encode() + b"\r\n" + base64.b64decode(request["body"])


def parse(request):
    us, them = sides(request)
    message = as2.Message()
    status, problem, mdn = message.parse(raw(request), lambda name: us, lambda name: them, lambda *ids: False)
    answer = {
        "status": status,
        "problem": repr(problem[0]) if problem and problem[0] else "",
        "payload": "",
        "file_name": "",
        "mic": message.mic.decode() if message.mic else "",
        "signed": message.signed,
        "encrypted": message.encrypted,
        "compressed": message.compressed,
    }
    if (problem and problem[0] is None) or not problem:
        answer["payload"] = coded(message.content)
        answer["file_name"] = message.payload.get_filename() or ""
    if mdn is not None:
        answer["mdn"] = {"headers": text(mdn.headers), "body": coded(mdn.content)}
    return answer


def receipt(request):
    us, them = sides(request)
    sent = as2.Message(sender=us, receiver=them)
    sent.message_id, sent.mic = request["message_id"], request["mic"].encode()
    mdn = as2.Mdn()
    status, detail = mdn.parse(raw(request), lambda *ids: sent)
    return {"status": status, "detail": detail or "", "about": mdn.orig_message_id or ""}


for line in sys.stdin:
    wanted = json.loads(line)
    try:
        said = {"build": build, "parse": parse, "receipt": receipt}[wanted["do"]](wanted)
    except Exception as error:
        said = {"error": repr(error)}
    print(json.dumps(said), flush=True)
