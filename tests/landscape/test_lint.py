"""Every check has a landscape it complains about, at the right place, and one it is content with."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from crossdock.landscape.lint import CHECKS
from tests.landscape.conftest import Change

ORDERS, SHOP, POLICIES, OWNERSHIP = "flows/orders.yaml", "systems/shop.yaml", "policies.yaml", "ownership.yaml"

ALONE = ", when: {cause: [loss, found]}"


def depot(event: str, when: str) -> str:
    """A flow that adjusts the ERP's stock by what a warehouse tells."""
    return (
        "workflow: toy\nconsequence: Odoo sells what is not there any more.\n"
        f"trigger: {{events: [{event}], sources: [depot]}}\nroles: {{erp: erp}}\n"
        f"settings:\n  routes:\n    - {{to: [erp], command: stock.adjust{when}}}\n"
        "exception_owner: ops\nbudgets: {default: {until: {within: 4h}}}\n"
    )


def test_bins_with_a_place_of_the_erp_are_sound_however_many_there_are(find) -> None:
    found = find(
        {
            "flows/depot.yaml": depot("stock.moved", ALONE),
            "systems/depot.yaml": "kind: depotkit\nowner: ops\noptions: {location_map: bins}\n",
            "value-maps/bins.yaml": "entries: {A: WH, B: WH}\nowner: ops\n",
        }
    )
    assert not {each.code for each in found} & {
        "ambiguous-reverse",
        "counted-twice",
        "location-without-map",
        "level-as-adjustment",
    }


# code, changes to the sound landscape, file, line (0: any), words the message must have
PARTNER = """\
title: Other
state: testing
owner: ops
identifiers: [{scheme: gln, value: "4012345000009"}]
"""
BOLT_FILE = """\
title: Bolt
state: testing
owner: ops
systems: [bolt]
identifiers: [{scheme: "x12:zz", value: BOLT}]
transports: {main: {kind: https, endpoint: "https://bolt.example"}}
exchange: {ours: [{scheme: "x12:zz", value: US}]}
agreements:
  - {document: "850", direction: out, format: x12, version: "004010"}
"""


def BOLT(*changes: tuple[str, str]) -> dict[str, str]:
    """A partner that exchanges EDI, with something wrong."""
    text = BOLT_FILE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return {"systems/bolt.yaml": "kind: edi\nowner: ops\n", "partners/bolt.yaml": text}


TOLD = (
    "workflow: publication\npattern: published\nconsequence: The warehouse of data is a day behind.\n"
    "trigger: {events: [order.placed], sources: [shop]}\nbudgets: {default: {until: {within: 4h}}}\nexception_owner: ops\n"
)
LAKE_FILE = "subscribers/lake.yaml"
LAKE_TEXT = "flows: [told]\nowner: ops\nendpoint: https://lake.example\ncredentials: {webhook_secret: env:LAKE}\n"


def LAKE(*changes: tuple[str, str], name: str = "lake") -> dict[str, str]:
    """A published flow and its subscriber, with something wrong."""
    text = LAKE_TEXT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return {"flows/told.yaml": TOLD, f"subscribers/{name}.yaml": text}


TEST_ENV = "environments/test.yaml"
ALERTED = "key: {alerts: mail}"
TIER_ELSEWHERE = (ALERTED, "key: {alerts: mail, regions: [us]}")
SECRET_TOO = ("data_classes:\n", "data_classes:\n  secret: {fields: [order.note]}\n")
HEAD = "crossdock.yaml"
TWO_REGIONS: dict[str, Change] = {HEAD: ("regions: {eu: European Union}", "regions: {eu: European Union, us: States}")}
FAR: dict[str, Change] = {"systems/far.yaml": "kind: erpkit\nowner: it\nregion: us\n"}
AWAY: dict[str, Change] = {**TWO_REGIONS, "systems/erp.yaml": ("owner: it", "owner: it\nregion: us")}
HOMELESS = (
    "name: sound\ncompany: Sound Ltd\ndefault_environment: test\nregions: {eu: European Union, us: States}\n"
    "teams:\n  ops: {title: Operations, alerts: mail}\n  it: {title: IT, email: it@example.com}\n"
)


def letting_out(**other: str) -> Change:
    """Policies with a named exception."""
    said = {"leaves": "eu", "reaches": "us", "flows": "[orders]", "data_classes": "[personal]", **other}
    words = ", ".join(f"{name}: {value}" for name, value in said.items())
    return (
        "review:\n",
        f"residency:\n  crossings:\n    - {{name: orders-out, {words}, owner: it, reason: The only ERP is there.}}\nreview:\n",
    )


PROMOTED = ("region: eu", "promotion: {unsigned: true}\nregion: eu")


SHOPPER = "partners/shopper.yaml"
TIER = "tier: key\n"
CLIENT = (TIER, TIER + "clients: {erp: {secret: 'env:X'}}\n")

CASES: list[tuple[str, Mapping[str, Change], str, int, str]] = [
    # the file itself
    ("yaml-syntax", {ORDERS: "workflow: [toy\n"}, ORDERS, 2, "did not find"),
    ("yaml-encoding", {}, "systems/latin.yaml", 2, "UTF-8"),
    ("yaml-duplicate-key", {SHOP: ("owner: ops", "owner: ops\nowner: it")}, SHOP, 4, "'owner'"),
    ("yaml-alias", {SHOP: ("owner: ops", "owner: &o ops")}, SHOP, 3, "&o"),
    ("yaml-tag", {SHOP: ("owner: ops", "owner: !!python/name:os.system ops")}, SHOP, 3, "tag"),
    ("yaml-documents", {SHOP: ("owner: ops", "owner: ops\n---\nkind: x")}, SHOP, 4, "second"),
    ("yaml-depth", {SHOP: ("page: 20", "page: " + "[" * 40 + "]" * 40)}, SHOP, 8, "nested"),
    ("yaml-key", {SHOP: ("owner: ops", "? [a, b]\n: ops")}, SHOP, 3, "key"),
    ("yaml-size", {}, "value-maps/huge.yaml", 0, "larger"),
    ("unreadable", {}, "systems/folder.yaml", 0, "cannot be read"),
    ("not-a-mapping", {SHOP: "# nothing yet\n"}, SHOP, 1, "no settings"),
    ("unknown-key", {SHOP: ("owner: ops", "ownr: ops")}, SHOP, 3, "'ownr'"),
    ("missing-key", {SHOP: ("kind: shopkit\n", "")}, SHOP, 1, "'kind'"),
    ("bad-value", {SHOP: ("every: 30s", "every: 30")}, SHOP, 10, "unit"),
    ("duplicate-name", {"systems/shop2.yaml": "name: shop\nkind: shopkit\nowner: ops\n"}, "systems/shop2.yaml", 1, "already"),
    ("file-ending", {"systems/more.yml": "kind: shopkit\n"}, "systems/more.yml", 0, "end in .yaml"),
    ("stray-file", {"polices.yaml": "a: 1\n"}, "polices.yaml", 0, "nothing reads"),
    ("variable-not-set", {"environments/test.yaml": ("${env:ERP_URL:-http://127.0.0.1:1}", "${env:ERP_URL}")}, "environments/test.yaml", 2, "ERP_URL"),
    ("variable-form", {"environments/test.yaml": ("${env:ERP_URL:-http://127.0.0.1:1}", "${ERP_URL}")}, "environments/test.yaml", 2, "${ERP_URL}"),
    # references
    ("dangling-system", {ORDERS: ("erp: erp", "erp: epr")}, ORDERS, 4, "'epr'"),
    ("dangling-system", {"rules/value.yaml": ("[shop]", "[shp]")}, "rules/value.yaml", 2, "'shp'"),
    ("dangling-system", {"partners/shopper.yaml": ("[shop]", "[shp]")}, "partners/shopper.yaml", 6, "'shp'"),
    ("dangling-party", {OWNERSHIP: ("owner: erp}", "owner: epr}")}, OWNERSHIP, 5, "'epr'"),
    ("environment-unknown-system", {"environments/test.yaml": ("{erp: \"$", "{epr: \"$")}, "environments/test.yaml", 2, "'epr'"),
    ("unknown-default-environment", {"crossdock.yaml": ("default_environment: test", "default_environment: tst")}, "crossdock.yaml", 3, "'tst'"),
    ("dangling-team", {ORDERS: ("exception_owner: ops", "exception_owner: opps")}, ORDERS, 12, "'opps'"),
    ("dangling-region", {SHOP: ("region: eu", "region: mars")}, SHOP, 4, "'mars'"),
    ("dangling-calendar", {SHOP: ("calendar: depot", "calendar: deppot")}, SHOP, 11, "'deppot'"),
    ("dangling-calendar", {ORDERS: ("4h, working: depot", "4h, working: deppot")}, ORDERS, 7, "'deppot'"),
    ("dangling-cutoff", {ORDERS: ("until: {cutoff: depot/dhl", "until: {cutoff: depot/ups")}, ORDERS, 8, "'depot/ups'"),
    ("dangling-cutoff", {ORDERS: ("dispatched: {cutoff: depot/dhl", "dispatched: {cutoff: depot/ups")}, ORDERS, 11, "'depot/ups'"),
    ("dangling-alert-route", {POLICIES: ("escalate_to: chat", "escalate_to: chatt")}, POLICIES, 11, "'chatt'"),
    ("dangling-data-class", {SHOP: ("[personal]", "[private]")}, SHOP, 12, "'private'"),
    ("dangling-tier", {"partners/shopper.yaml": ("tier: key", "tier: gold")}, "partners/shopper.yaml", 3, "'gold'"),
    ("dangling-transport", {"partners/shopper.yaml": ("transport: as2", "transport: ftp")}, "partners/shopper.yaml", 9, "'ftp'"),
    ("dangling-role", {"flows/stock.yaml": ("to: erp", "to: wms")}, "flows/stock.yaml", 4, "'wms'"),
    ("dangling-value-map", {SHOP: ("service_map: services", "service_map: servcies")}, SHOP, 8, "'servcies'"),
    ("dangling-value-map", BOLT(("direction: out", "options: {maps: {units: bolt-units}}, direction: out")), "partners/bolt.yaml", 0, "'bolt-units'"),
    ("dangling-value-map", BOLT(("direction: out", "overlay: [{target: BEG03, from: BEG03, as: {value_map: bolt-x}}], direction: out")), "partners/bolt.yaml", 0, "'bolt-x'"),
    ("dangling-setting-calendar", {ORDERS: ("3, calendar: depot", "3, calendar: deppot")}, ORDERS, 5, "'deppot'"),
    ("dangling-setting-cutoff", {ORDERS: ("depot, cutoff: depot/dhl", "depot, cutoff: depot/ups")}, ORDERS, 5, "'depot/ups'"),
    ("dangling-setting-owner", {ORDERS: ("dhl, owner: ops", "dhl, owner: opps")}, ORDERS, 5, "'opps'"),
    ("dangling-setting-budget", {ORDERS: ("budget: default", "budget: defualt")}, ORDERS, 5, "'defualt'"),
    # ownership
    ("no-ownership", {OWNERSHIP: None}, OWNERSHIP, 0, "no ownership.yaml"),
    ("ownership-unknown", {OWNERSHIP: ("  product:", "  prodct:")}, OWNERSHIP, 6, "'prodct'"),
    ("ownership-unknown", {OWNERSHIP: ("[note]", "[nots]")}, OWNERSHIP, 5, "'nots'"),
    ("ownership-overlap", {OWNERSHIP: ("since: 2026-01-01", "since: 2025-12-01")}, OWNERSHIP, 6, "twice"),
    ("ownership-gap-in-time", {OWNERSHIP: ("since: 2026-01-01", "since: 2026-02-01")}, OWNERSHIP, 7, "2026-02-01 nobody"),
    ("ownership-gap-in-time", {OWNERSHIP: ("since: 2026-01-01", "since: 2026-01-01, until: 2027-01-01")}, OWNERSHIP, 7, "from 2027-01-01 on"),
    ("event-without-originator", {OWNERSHIP: ("  order.changed: {originates: [\"shop:main\"]}\n", "")}, ORDERS, 3, "order.changed"),
    ("entity-without-owner", {OWNERSHIP: ("  order:\n    owner: [shop, outlet]\n    groups:\n      notes: {fields: [note], owner: erp}\n", "")}, ORDERS, 3, "'order'"),
    ("source-not-responsible", {OWNERSHIP: ("originates: [shop, outlet]", "originates: [shop]")}, "flows/outlet.yaml", 3, "outlet"),
    ("event-never-comes", {OWNERSHIP: ("originates: [\"shop:main\"]", "originates: [outlet]")}, ORDERS, 3, "order.changed"),
    # flows
    ("no-exception-owner", {ORDERS: ("exception_owner: ops\n", "")}, ORDERS, 1, "no exception owner"),
    ("no-retry-budget", {"flows/outlet.yaml": ("budgets: {default: {until: {within: 4h}}}\n", "")}, "flows/outlet.yaml", 1, "no retry budget"),
    ("budget-without-end", {"flows/outlet.yaml": ("{until: {within: 4h}}", "{attempts: 3}")}, "flows/outlet.yaml", 5, "'default'"),
    ("no-consequence", {ORDERS: ("consequence: A late order is shipped a day late.", "consequence: because")}, ORDERS, 2, "realtime"),
    ("batch-without-schedule", {"flows/nightly.yaml": ('schedule: {cron: "30 2 * * mon-fri", calendar: depot}\n', "")}, "flows/nightly.yaml", 2, "no schedule"),
    ("schedule-without-batch", {"flows/nightly.yaml": ("timing: batch\n", "")}, "flows/nightly.yaml", 2, "real-time"),
    ("bad-cron", {"flows/nightly.yaml": ("30 2 * *", "30 25 * *")}, "flows/nightly.yaml", 3, "'25' is no hour"),
    ("direct-mismatch", {"flows/stock.yaml": ("pattern: direct", "workflow: toy")}, "flows/stock.yaml", 4, "question"),
    ("direct-mismatch", {"flows/outlet.yaml": ("workflow: toy", "workflow: toy\npattern: direct")}, "flows/outlet.yaml", 2, "asks nothing"),
    ("direct-mismatch", {"flows/stock.yaml": ("pattern: direct", "pattern: direct\nworkflow: toy")}, "flows/stock.yaml", 2, "runs no workflow"),
    ("direct-without-limit", {"flows/stock.yaml": ("time_limit: 800ms, ", "")}, "flows/stock.yaml", 4, "time limit"),
    ("direct-without-fallback", {"flows/stock.yaml": (", fallback: {mode: last_known, max_age: 15m}", "")}, "flows/stock.yaml", 4, "fallback"),
    ("no-workflow", {ORDERS: ("workflow: toy\n", "")}, ORDERS, 1, "no workflow"),
    ("no-trigger", {ORDERS: ("trigger: {events: [order.placed, order.changed], sources: [shop]}\n", "")}, ORDERS, 1, "no event"),
    ("unknown-event", {ORDERS: ("order.changed]", "order.chnged]")}, ORDERS, 3, "'order.chnged'"),
    ("unknown-event", {OWNERSHIP: ("order.changed:", "order.chnged:")}, OWNERSHIP, 12, "'order.chnged'"),
    ("started-twice", {"flows/outlet.yaml": ("[outlet]", "[outlet, shop]")}, "flows/outlet.yaml", 3, "'orders'"),
    ("unused-system", {"systems/spare.yaml": "kind: shopkit\nowner: ops\ncredentials: {webhook_secret: 'env:X'}\n"}, "systems/spare.yaml", 1, "'spare'"),
    # what is installed
    ("unknown-connector", {SHOP: ("kind: shopkit", "kind: shopkot")}, SHOP, 1, "'shopkot'"),
    ("connector-not-loadable", {SHOP: ("kind: shopkit", "kind: broken")}, SHOP, 1, "ImportError"),
    ("bad-option", {SHOP: ("page: 20", "pge: 20")}, SHOP, 8, "'pge'"),
    ("bad-option", {SHOP: ("page: 20", "page: 0")}, SHOP, 8, "greater than"),
    ("missing-credential", {SHOP: ("webhook_secret: env", "webhook_secrt: env")}, SHOP, 7, "'webhook_secret'"),
    ("poll-not-possible", {"systems/erp.yaml": "kind: erpkit\nowner: it\nendpoint: https://e\npolls: [{channel: a, every: 1m}]\n"}, "systems/erp.yaml", 4, "cannot poll"),
    ("unknown-channel", {SHOP: ("channel: orders", "channel: order")}, SHOP, 10, "'order'"),
    ("no-endpoint", {"systems/erp.yaml": "kind: erpkit\nowner: it\n", "environments/test.yaml": "region: eu\n"}, "systems/erp.yaml", 1, "environment test"),
    ("source-cannot-send", {"systems/outlet.yaml": "kind: mute\nowner: ops\n"}, "flows/outlet.yaml", 3, "outlet"),
    ("question-not-possible", {"flows/stock.yaml": ("stock.available", "stock.avaliable")}, "flows/stock.yaml", 4, "stock.avaliable"),
    ("unknown-workflow", {ORDERS: ("workflow: toy", "workflow: toi")}, ORDERS, 1, "'toi'"),
    ("workflow-not-loadable", {ORDERS: ("workflow: toy", "workflow: torn")}, ORDERS, 1, "SyntaxError"),
    ("bad-setting", {ORDERS: ("speed: 3", "sped: 3")}, ORDERS, 5, "'sped'"),
    ("event-not-taken", {ORDERS: ("order.changed]", "stock.changed]")}, ORDERS, 3, "stock.changed"),
    ("event-not-taken", {ORDERS: ("[order.placed, order.changed]", "[order.changed]")}, ORDERS, 3, "start"),
    ("command-not-possible", {"flows/outlet.yaml": ("erp: erp", "erp: outlet")}, "flows/outlet.yaml", 4, "'order.create'"),
    ("command-not-possible", {"flows/outlet.yaml": ("workflow: toy", "workflow: odd")}, "flows/outlet.yaml", 1, "'order.creat'"),
    ("missing-role", {"flows/outlet.yaml": ("{erp: erp}", "{shop: outlet}"), "systems/erp.yaml": "name: odoo\nkind: erpkit\nowner: it\n"}, "flows/outlet.yaml", 4, "'erp'"),
    # rules
    ("bad-expression", {"rules/value.yaml": ('decimal("5.00")', "5")}, "rules/value.yaml", 4, "amount"),
    ("bad-expression", {"rules/value.yaml": ("order.currency", "order.curency")}, "rules/value.yaml", 3, "'curency'"),
    ("constant-rule", {"rules/size.yaml": ("size(order.lines) <= 200", "1 < 2")}, "rules/size.yaml", 2, "always the same"),
    ("unreachable-rule", {"rules/size.yaml": ("[order.placed]", "[order.placed]\nsources: [erp]"), OWNERSHIP: None, "flows/outlet.yaml": None, ORDERS: ("{erp: erp, ", "{")}, "rules/size.yaml", 1, "no flow takes"),
    ("duplicate-rule", {"rules/size2.yaml": "events: [order.placed]\nrequire: size(order.lines) <= 200\nmessage: x\nowner: ops\n"}, "rules/size2.yaml", 2, "'size'"),
    # value maps
    ("ambiguous-reverse", {"value-maps/services.yaml": ("preferred: {standard: STD}\n", "")}, "value-maps/services.yaml", 1, "STD, Free"),
    ("preferred-unknown", {"value-maps/services.yaml": ("{standard: STD}", "{standart: STD}")}, "value-maps/services.yaml", 2, "'standart'"),
    ("preferred-unknown", {"value-maps/services.yaml": ("{standard: STD}", "{standard: EXP}")}, "value-maps/services.yaml", 2, "'EXP'"),
    ("case-clash", {"value-maps/services.yaml": ("EXP: express", "EXP: express, exp: overnight")}, "value-maps/services.yaml", 1, "case"),
    # stock
    ("level-as-adjustment", {"flows/depot.yaml": depot("stock.changed", "")}, "flows/depot.yaml", 7, "written over"),
    ("counted-twice", {"flows/depot.yaml": depot("stock.moved", "")}, "flows/depot.yaml", 7, "pick, receipt, return, transfer"),
    ("counted-twice", {"flows/depot.yaml": depot("stock.moved", ", when: {cause: [pick, loss]}")}, "flows/depot.yaml", 7, "by pick adjust"),
    ("location-without-map", {"flows/depot.yaml": depot("stock.moved", ALONE), "systems/depot.yaml": "kind: depotkit\nowner: ops\n"}, "systems/depot.yaml", 1, "'depot'"),
    ("location-without-map", {"flows/depot.yaml": depot("stock.moved", ALONE), "systems/depot.yaml": "kind: depotkit\nowner: ops\noptions: {location_map: bins}\n", "value-maps/bins.yaml": "entries: {A: WH, B: WH}\nunknown: keep\nowner: ops\n"}, "value-maps/bins.yaml", 2, "keep their names"),
    # secrets
    ("plain-secret", {SHOP: ("page: 20", "api_token: hunter2hunter2")}, SHOP, 8, "options.api_token"),
    ("plain-secret", {SHOP: ("env:SHOP_SECRET", "s3cr3t")}, SHOP, 7, "webhook_secret"),
    ("plain-secret", {SHOP: ("https://shop.example", "https://me:pass@shop.example")}, SHOP, 6, "endpoint"),
    ("plain-secret", {SHOP: ("title: The shop", "title: shpat_0123456789abcdef0123")}, SHOP, 2, "title"),
    ("plain-secret", {SHOP: ("page: 20", "thing: kJ8sQ2mZ9xW4vB7nL1pR6tY3uI0o")}, SHOP, 8, "thing"),
    ("variable-outside-environment", {SHOP: ("https://shop.example", "https://${env:HOST}")}, SHOP, 6, "endpoint"),
    # the house
    ("bad-pattern", {POLICIES: ("^[a-z]+(-[a-z0-9]+)*$", "^[a-z")}, POLICIES, 2, "regular expression"),
    ("bad-name", {"systems/x_y.yaml": "kind: shopkit\nowner: ops\ncredentials: {webhook_secret: 'env:X'}\n"}, "systems/x_y.yaml", 1, "'x_y'"),
    ("name-differs-from-file", {SHOP: ("kind: shopkit", "name: shoop\nkind: shopkit")}, SHOP, 1, "'shoop'"),
    ("no-owner", {SHOP: ("owner: ops\n", "")}, SHOP, 1, "no owner"),
    ("unknown-field", {POLICIES: ("order.customer.email", "order.customer.mail")}, POLICIES, 4, "mail"),
    ("unknown-field", {POLICIES: ("order.customer.email", "ordre.customer.email")}, POLICIES, 4, "'ordre'"),
    ("alert-loop", {POLICIES: ('["env:CHAT_URL"]', '["env:CHAT_URL"], escalate_to: mail')}, POLICIES, 11, "mail -> chat -> mail"),
    ("nobody-told", {"crossdock.yaml": ("{title: IT, email: it@example.com}", "{title: IT}")}, "crossdock.yaml", 7, "'it'"),
    ("mail-without-relay", {"environments/test.yaml": ("mail: env:MAIL_URL\n", "")}, "environments/test.yaml", 1, "'test'"),
    ("never-disturbed", {"crossdock.yaml": ("{title: IT,", '{title: IT, quiet: {mon-sun: "00:00-00:00"},')}, "crossdock.yaml", 7, "'it'"),
    ("retention-unreachable", {POLICIES: ("  - {state: settled, keep: 400d}\n", "  - {state: settled, keep: 400d}\n  - {state: settled, keep: 30d}\n")}, POLICIES, 8, "earlier"),
    ("bad-identifier", {"partners/shopper.yaml": ("4012345000009", "4012345000008")}, "partners/shopper.yaml", 7, "check digit"),
    ("edi-without-partner", {"systems/lost.yaml": "kind: edi\nowner: ops\n"}, "systems/lost.yaml", 1, "no partner's file"),
    ("mailbox-unknown", BOLT(("agreements:\n", "exchange: {mailbox: van}\nagreements:\n")), "partners/bolt.yaml", 0, "edi_mailbox"),
    ("identifier-clash", {"partners/other.yaml": PARTNER}, "partners/shopper.yaml", 7, "other"),
    ("missing-envelope-identifier", BOLT(("ours: [{scheme: \"x12:zz\", value: US}]", "strictness: strict")), "partners/bolt.yaml", 0, "names us"),
    ("agreement-without-transport", BOLT(("transports: {main: {kind: https, endpoint: \"https://bolt.example\"}}\n", "")), "partners/bolt.yaml", 0, "no transport"),
    ("bad-transport", BOLT(("kind: https", "kind: pigeon")), "partners/bolt.yaml", 0, "'pigeon'"),
    ("bad-transport", BOLT(("kind: https", "options: {auth: bearer}, kind: https")), "partners/bolt.yaml", 0, "'token'"),
    ("dangling-guide", BOLT(("direction: out", "guide: partners/bolt/850.yaml, direction: out")), "partners/bolt.yaml", 0, "no file"),
    ("dangling-guide", BOLT(("version: \"004010\"", "version: \"999999\"")), "partners/bolt.yaml", 0, "starter guide"),
    ("agreement-not-mapped", BOLT(("document: \"850\"", "commands: [invoice.send], guide: none, document: \"997X\"")), "partners/bolt.yaml", 0, "997X"),
    ("agreement-ambiguous", BOLT(("agreements:\n", "agreements:\n  - {document: \"850\", direction: out, format: x12, version: \"005010\"}\n")), "partners/bolt.yaml", 0, "twice"),
    ("edi-without-flow", BOLT(), "partners/bolt.yaml", 0, "interchange"),
    ("partner-incomplete", {"partners/shopper.yaml": ("contacts: [{role: edi, email: edi@shopper.example}]\n", "")}, "partners/shopper.yaml", 1, "nobody to call"),
    ("subscriber-is-system", LAKE(name="shop"), "subscribers/shop.yaml", 0, "system 'shop'"),
    ("dangling-subscription", LAKE(("owner: ops", "owner: nobody")), LAKE_FILE, 0, "'nobody'"),
    ("dangling-subscription", LAKE(("[told]", "[tolds]")), LAKE_FILE, 0, "'tolds'"),
    ("subscription-not-published", LAKE(("[told]", "[orders]")), LAKE_FILE, 0, "publishes nothing"),
    ("subscription-not-published", LAKE(("owner: ops", "owner: ops\nevents: [stock.moved]")), LAKE_FILE, 0, "none of its flows"),
    ("published-mismatch", {"flows/told.yaml": "workflow: publication\n"}, "flows/told.yaml", 0, "orchestrated"),
    ("flow-without-subscriber", {"flows/told.yaml": TOLD}, "flows/told.yaml", 0, "nobody listens"),
    ("subscriber-unreachable", LAKE(("endpoint: https://lake.example\n", "")), LAKE_FILE, 0, "no endpoint"),
    ("subscriber-sees-too-much", LAKE(("owner: ops", "owner: ops\nmay_see: [secrets]")), LAKE_FILE, 0, "'secrets'"),
    # segments and data classes
    ("payload-leaves-region", {**AWAY, ORDERS: ("workflow: toy", "workflow: toy\nregion: eu")}, ORDERS, 5, "'erp' is in 'us'"),
    ("payload-leaves-region", {**AWAY, ORDERS: ("workflow: toy", "workflow: toy\nregion: eu"), POLICIES: letting_out(flows="[outlet]")}, ORDERS, 5, "would leave"),
    ("payload-leaves-region", {**TWO_REGIONS, **LAKE(("owner: ops", "owner: ops\npartner: far")), "partners/far.yaml": PARTNER + "region: us\n"}, LAKE_FILE, 1, "'lake' is in 'us'"),
    ("flow-without-region", AWAY, ORDERS, 0, "eu, us"),
    ("region-missing", {HEAD: HOMELESS, **FAR}, "systems/erp.yaml", 0, "no region"),
    ("partner-out-of-region", {**TWO_REGIONS, "partners/shopper.yaml": ("region: eu", "region: us")}, "partners/shopper.yaml", 6, "'shop' is in 'eu'"),
    ("crossing-of-nothing", {**TWO_REGIONS, POLICIES: letting_out(flows="[ordres]")}, POLICIES, 0, "'ordres'"),
    ("crossing-of-nothing", {**TWO_REGIONS, POLICIES: letting_out(data_classes="[persnal]")}, POLICIES, 0, "'persnal'"),
    ("crossing-of-nothing", {POLICIES: letting_out(reaches="eu")}, POLICIES, 0, "same region"),
    ("unused-crossing", {**TWO_REGIONS, POLICIES: letting_out()}, POLICIES, 0, "nothing of the flow 'orders'"),
    ("region-without-address", {**TWO_REGIONS, **FAR}, TEST_ENV, 0, "hub of 'us'"),
    ("region-of-tier", {POLICIES: TIER_ELSEWHERE}, "partners/shopper.yaml", 5, "'eu'"),
    ("region-of-tier", {POLICIES: TIER_ELSEWHERE}, SHOP, 4, "'eu'"),
    ("region-of-tier", {POLICIES: TIER_ELSEWHERE, "partners/shopper.yaml": ("region: eu\n", "")}, "partners/shopper.yaml", 1, "names no region"),
    ("unnamed-class", {POLICIES: (ALERTED, "key: {alerts: mail, may_see: []}")}, SHOP, 12, "the tier 'key'"),
    ("unnamed-class", {POLICIES: SECRET_TOO, "partners/shopper.yaml": ("may_see: [personal]", "may_see: [secret]")}, SHOP, 12, "'shopper'"),
    ("encrypted-without-key", {POLICIES: ("restricted: true", "restricted: true, encrypted: true"), TEST_ENV: PROMOTED}, TEST_ENV, 1, "no key"),
    # doors and ways out
    ("tls-verification", {"systems/blind.yaml": "kind: shopkit\nowner: ops\noptions: {verify_ssl: false}\n"}, "systems/blind.yaml", 3, "switched off"),
    ("client-twice", {SHOPPER: CLIENT, "partners/other.yaml": PARTNER + CLIENT[1].removeprefix(TIER)}, SHOPPER, 0, "'erp'"),
    ("client-systems", {SHOPPER: (TIER, TIER + "clients: {erp: {secret: 'env:X', systems: [depot]}}\n")}, SHOPPER, 0, "'depot'"),
    ("door-unshowable", {SHOPPER: (TIER, TIER + "access: {certificates: ['subject:CN=x']}\n")}, SHOPPER, 0, "certificates"),
    ("door-unshowable", {SHOPPER: (TIER, TIER + "access: {token: true}\n")}, SHOPPER, 0, "client"),
]  # fmt: skip

READING = {
    "yaml-syntax", "yaml-encoding", "yaml-duplicate-key", "yaml-alias", "yaml-tag", "yaml-documents", "yaml-depth", "yaml-key",
    "yaml-size", "unreadable", "not-a-mapping", "unknown-key", "missing-key", "bad-value", "duplicate-name", "file-ending", "stray-file",
    "variable-not-set", "variable-form",
}  # fmt: skip
"""Codes of findings made while reading, before any check."""


def test_the_sound_landscape_has_no_finding(find) -> None:
    assert [str(each) for each in find()] == []


def test_every_code_has_a_failing_case() -> None:
    assert {case[0] for case in CASES} == set(CHECKS) | READING


@pytest.mark.parametrize(("code", "changes", "file", "line", "words"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_a_check_complains_at_the_right_place(find, folder, code, changes, file, line, words) -> None:
    root = folder(changes)
    if code == "yaml-encoding":
        (root / file).write_bytes(b"kind: shopkit\ntitle: Gesch\xe4ft\n")
    elif code == "yaml-size":
        (root / file).write_bytes(b"entries:\n" + b"  a: b\n" * 1_300_000)
    elif code == "unreadable":
        (root / file).mkdir()
    found = [each for each in find(changes) if each.code == code and each.file == file]
    assert found, [str(each) for each in find(changes)]
    assert any(words in each.message for each in found), [str(each) for each in found]
    if line:
        assert line in {each.line for each in found}, [str(each) for each in found]
    assert all(each.hint for each in found), "a finding says what to do"
    expected = (
        "error"
        if code in READING - {"stray-file", "variable-not-set"}
        else CHECKS[code].severity
        if code in CHECKS
        else "warning"
    )
    assert {each.severity for each in found} == {expected}


def test_all_findings_come_in_one_run(find) -> None:
    found = find(
        {
            SHOP: ("owner: ops", "ownr: ops"),
            ORDERS: ("erp: erp", "erp: epr"),
            "rules/value.yaml": ('decimal("5.00")', "5"),
            "value-maps/services.yaml": "entries: {STD: [}\n",
        }
    )
    assert {"unknown-key", "dangling-system", "bad-expression", "yaml-syntax"} <= {each.code for each in found}


def test_a_file_with_a_wrong_setting_is_still_checked_for_the_rest(find) -> None:
    found = {
        each.code
        for each in find(
            {
                ORDERS: ("attempts: 5, until: {within: 4h", "attempts: 0, until: {within: 4h"),
                SHOP: ("owner: ops", "ownr: x\nowner: opps"),
            }
        )
    }
    assert found == {"bad-value", "unknown-key", "dangling-team"}


def test_a_broken_file_does_not_make_references_to_it_dangle(find) -> None:
    codes = {
        each.code for each in find({SHOP: "kind: [\n", "value-maps/services.yaml": "entries: [\n", "calendars.yaml": "a: [\n"})
    }
    assert codes == {"yaml-syntax"}


@pytest.mark.parametrize(
    ("file", "wrong", "right"),
    [
        (SHOP, "ownr", "owner"),
        (ORDERS, "exeption_owner", "exception_owner"),
        ("crossdock.yaml", "team", "teams"),
        (POLICIES, "retentoin", "retention"),
    ],
)
def test_a_misspelt_key_gets_a_suggestion(find, file, wrong, right) -> None:
    found = find({file: (f"{right}:", f"{wrong}:")})
    assert any(each.code == "unknown-key" and f"'{right}'" in each.hint for each in found), [str(each) for each in found]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("token_url", "/oauth/token"),
        ("service_map", "services"),
        ("header", "X-API-Key"),
        ("api_key", "env:KEY"),
        ("note", "Ask for the password at the desk"),
        ("location", "gid://shopify/Location/1"),
        ("purpose", "customer-order-fulfilment-2026-north-warehouse"),
        ("pattern", "^[a-z]+(-[a-z0-9]+)*$"),
    ],
)
def test_what_only_looks_like_a_secret_is_left_alone(key, value) -> None:
    from crossdock.landscape.lint.secrecy import looks_secret

    assert not looks_secret(key, value)


def test_a_credential_may_come_from_every_environment(find) -> None:
    changes = {SHOP: ("credentials: {webhook_secret: env:SHOP_SECRET}\n", "")}
    assert {each.code for each in find(changes)} == {"missing-credential"}
    bound = {"environments/test.yaml": ("{erp: {api_key: env:ERP_KEY}}", "{shop: {webhook_secret: env:S}}")}
    assert find({**changes, **bound}) == []


def test_a_secret_is_never_repeated_in_a_finding(find) -> None:
    found = find({SHOP: ("env:SHOP_SECRET", "hunter2-hunter2")})
    assert found
    assert not any("hunter2" in str(each) for each in found)


def test_a_variable_that_is_not_set_is_an_error_only_where_it_is_used(find) -> None:
    changes = {"environments/test.yaml": ("${env:ERP_URL:-http://127.0.0.1:1}", "${env:ERP_URL}")}
    assert [each.severity for each in find(changes) if each.code == "variable-not-set"] == ["warning"]
    assert [each.severity for each in find(changes, environment="test") if each.code == "variable-not-set"] == ["error"]
