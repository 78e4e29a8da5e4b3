"""Runs one simulated Shopify shop: `python -m crossdock.simulators.shopify --port 8102 --hub http://127.0.0.1:8080/in/shopify/webhook`."""

from __future__ import annotations

import argparse
import asyncio

from crossdock.simulators.shopify.simulator import Shopify

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="crossdock.simulators.shopify", description="A simulated Shopify shop on loopback.")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--hub", default="", help="where webhooks go")
    parser.add_argument("--shop", default="demo-shop.myshopify.com", help="the shop's domain")
    parser.add_argument("--first-number", type=int, default=1001, help="number of the first order")
    chosen = parser.parse_args()
    shop = Shopify(hub_url=chosen.hub, shop=chosen.shop, first_number=chosen.first_number)
    asyncio.run(shop.serve(port=chosen.port))
