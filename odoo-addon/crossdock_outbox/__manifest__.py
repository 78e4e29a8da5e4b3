{
    "name": "Crossdock outbox",
    "version": "19.0.1.0.0",
    "category": "Supply Chain",
    "summary": "Tells a Crossdock hub of every change, exactly once and in order, and shows the hub's view of a document",
    "author": "The Crossdock authors",
    "license": "LGPL-3",
    "depends": ["sale_stock", "purchase_stock", "account"],
    "data": [
        "security/crossdock_security.xml",
        "security/ir.model.access.csv",
        "views/status_views.xml",
    ],
    "uninstall_hook": "uninstall_hook",
    "installable": True,
    "application": False,
}
