"""Runs one simulated WooCommerce shop: `python -m crossdock.simulators.woocommerce --port 8103 --hub http://127.0.0.1:8080/in/woo/webhook`."""

from __future__ import annotations

import argparse
import asyncio

from crossdock.simulators.woocommerce.simulator import WooCommerce

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="crossdock.simulators.woocommerce", description="A simulated WooCommerce shop on loopback."
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--hub", default="", help="where webhooks go")
    parser.add_argument("--first-id", type=int, default=700, help="ids (and so order numbers) count from here")
    chosen = parser.parse_args()
    shop = WooCommerce(hub_url=chosen.hub, first_id=chosen.first_id)
    asyncio.run(shop.serve(port=chosen.port))
