"""`environments/*.yaml`: what differs between test and production, and nothing else: endpoints, vault, engine, region."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from crossdock.landscape.models.access import Door
from crossdock.landscape.models.base import Duration, Name, Strict, Text
from crossdock.landscape.models.system import CredentialReference
from crossdock.landscape.models.workbench import Workbench


class Engine(Strict):
    """Who owns partitions and where the ledger is."""

    kind: Annotated[
        Literal["embedded", "postgresql", "kafka"],
        Field(
            description="`embedded`: one process, SQLite; `postgresql`: several workers; `kafka`: an event platform, ledger on PostgreSQL."
        ),
    ] = "embedded"
    url: Annotated[
        CredentialReference | str,
        Field(
            description="The ledger's database; empty: `var/ledger.sqlite3` beside the landscape. `env:NAME` keeps a password out."
        ),
    ] = ""
    brokers: Annotated[str, Field(description="For `kafka`: host:port, comma separated; CROSSDOCK_BROKERS goes before it.")] = ""
    topic: Annotated[
        str,
        Field(
            pattern=r"^[a-zA-Z0-9._-]{0,200}$",
            description="For `kafka`: the topic accepted messages wait in; empty: `crossdock.<landscape>.<environment>`.",
        ),
    ] = ""
    replicas: Annotated[int, Field(ge=1, le=9, description="For `kafka`: copies of the topic, when the hub makes it.")] = 3
    session: Annotated[
        Duration,
        Field(
            description="For `kafka`: a worker that is silent for so long counts as dead, unless the brokers ask for more "
            "(`group.min.session.timeout.ms`, 6 s by default)."
        ),
    ] = timedelta(seconds=3)
    client: Annotated[
        dict[str, CredentialReference | str],
        Field(
            description="For `kafka`: options of librdkafka, such as `security.protocol`, `sasl.username`, `sasl.password: env:NAME`."
        ),
    ] = Field(default_factory=dict)


class Vault(Strict):
    """Where `vault:` references are resolved."""

    kind: Annotated[
        Name,
        Field(
            description="`none`: only `env:` and `file:` references are used; else an entry point of the group `crossdock.vaults`."
        ),
    ] = "none"
    url: Annotated[str, Field(description="The vault's address; the `embedded` one is in the ledger and has none.")] = ""
    cache: Annotated[
        Duration,
        Field(description="How long a value read before may be used while the vault does not answer; then its use is deferred."),
    ] = timedelta(minutes=15)
    master_key: Annotated[
        str,
        Field(
            pattern=r"^(env|file):\S+$|^command:\S.*$",
            description="`embedded`: the key that wraps the data keys: `env:NAME`, `file:path`, or `command:words`, which is called with "
            "`wrap` or `unwrap` (a KMS).",
        ),
    ] = "env:CROSSDOCK_MASTER_KEY"
    master_key_next: Annotated[
        str,
        Field(
            pattern=r"^((env|file):\S+|command:\S.*)?$",
            description="`embedded`: the master key that is to follow (`crossdock vault rekey`), so that every worker has both meanwhile.",
        ),
    ] = ""
    token: Annotated[CredentialReference | None, Field(description="`hashicorp`: where the hub's token is.")] = None
    role_id: Annotated[CredentialReference | None, Field(description="`hashicorp`: the AppRole's id, instead of a token.")] = None
    secret_id: Annotated[CredentialReference | None, Field(description="`hashicorp`: the AppRole's secret id.")] = None
    mount: Annotated[str, Field(min_length=1, description="`hashicorp`: where its KV version 2 engine is mounted.")] = "secret"
    namespace: Annotated[str, Field(description="`hashicorp`: its namespace, where it has some.")] = ""
    authority: Annotated[
        str, Field(description="`hashicorp`: file with the authority that signed its certificate, where the system's do not do.")
    ] = ""
    secrets: Annotated[str, Field(description="Folder against which `file:` references are read, relative to the landscape.")] = (
        "."
    )


class Dropbox(Strict):
    """The SFTP drop-box `crossdock up` opens for partners whose transport is a `dropbox`."""

    host: Annotated[str, Field(min_length=1, description="Address to listen on.")] = "0.0.0.0"  # noqa: S104 - partners come from elsewhere
    port: Annotated[int, Field(ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")] = 2222
    host_key: Annotated[
        CredentialReference,
        Field(description="Where the server's private key is (`ssh-keygen -t ed25519 -N ''`); partners check it."),
    ]


class Encryption(Strict):
    """The keys under which payloads rest when a data class is `encrypted`."""

    key: Annotated[
        CredentialReference,
        Field(
            description="Where the data key is: 32 bytes as base64 (`openssl rand -base64 32`). What is stored from now on is sealed with it."
        ),
    ]
    previous: Annotated[
        tuple[CredentialReference, ...],
        Field(description="Keys of what was stored before; they are kept as long as retention keeps payloads."),
    ] = ()


class TrustedKey(Strict):
    """Somebody whose signature on a bundle counts here."""

    public: Annotated[
        str, Field(pattern=r"^ed25519:[0-9a-f]{64}$", description="The public key, as `crossdock signing-key show` prints it.")
    ]
    name: Annotated[Text, Field(min_length=1, description="Whose key: a person, or the pipeline that makes bundles.")]
    team: Annotated[Name | None, Field(description="The person's team; approvals are asked of teams.")] = None
    may: Annotated[
        tuple[Literal["make", "approve", "board"], ...],
        Field(
            min_length=1,
            description="`make`: sign what is promoted; `approve`: agree to it; `board`: a review board, which vouches for the people who "
            "approved on it. Where a board is named, what needs approval runs only when the board passed it.",
        ),
    ] = ("approve",)


class Promotion(Strict):
    """Which bundles may run in this environment (`crossdock promote`)."""

    keys: Annotated[tuple[TrustedKey, ...], Field(description="Whose signatures count.")] = ()
    board: Annotated[
        CredentialReference | None,
        Field(
            description="Reference to the private key of this hub's review board (`crossdock signing-key`); absent: it signs nothing."
        ),
    ] = None
    unsigned: Annotated[bool, Field(description="`true`: bundles nobody signed may run here; for development.")] = False
    approvals_expire: Annotated[Duration, Field(description="An approval counts this long.")] = timedelta(days=14)
    in_flight: Annotated[
        Literal["finish", "migrate"],
        Field(
            description="Transactions under way at a promotion: `finish` by the bundle they began with, or `migrate` to the new one."
        ),
    ] = "finish"


PublicKey = Annotated[
    str, Field(pattern=r"^ed25519:[0-9a-f]{64}$", description="A public key, as `crossdock signing-key show` prints it.")
]


class Coordination(Strict):
    """How this region's hub tells the coordinator what stands where: metadata only, never payloads."""

    url: Annotated[str, Field(pattern=r"^https?://\S+$", description="The coordinator's address.")]
    key: Annotated[
        CredentialReference,
        Field(description="Where the region's private key is (`crossdock signing-key`): it signs what is told."),
    ]
    coordinator: Annotated[PublicKey, Field(description="The coordinator's public key: only its answers count.")]
    every: Annotated[Duration, Field(description="Time between two reports.")] = timedelta(seconds=30)
    keep: Annotated[
        int,
        Field(
            ge=1, le=10_000, description="Reports kept while the coordinator cannot be reached; of more, the oldest are left out."
        ),
    ] = 240


class Coordinator(Strict):
    """This environment is the coordinator's (`crossdock coordinator`): it runs no flow, and hears of regions whose keys are named."""

    key: Annotated[CredentialReference, Field(description="Where the coordinator's private key is: it signs its answers.")]
    regions: Annotated[dict[Name, PublicKey], Field(min_length=1, description="Region and the public key of its hub.")]
    silent_after: Annotated[Duration, Field(description="A region that says nothing for so long is shown as cut off.")] = (
        timedelta(minutes=3)
    )
    keep: Annotated[Duration, Field(description="How long reports of the past are kept.")] = timedelta(days=31)


class Environment(Strict):
    """The bindings of one environment. Text values may use `${env:NAME}` and `${env:NAME:-default}`, here and nowhere else."""

    name: Annotated[Name, Field(description="The environment's name; the file's name when absent.")]
    title: Annotated[Text, Field(description="The environment's name for people.")] = ""
    region: Annotated[
        Name | None,
        Field(
            description="The region this hub serves: it runs that region's flows and knows that region's systems only. CROSSDOCK_REGION and "
            "`crossdock up --region` go before it; absent: it serves all of them."
        ),
    ] = None
    hubs: Annotated[
        dict[Name, str],
        Field(
            description="Region and the address of its hub: where senders are told to go that reach the hub of another region."
        ),
    ] = Field(default_factory=dict)
    coordination: Annotated[
        Coordination | None, Field(description="The coordinator this region's hub reports to; absent: it reports to nobody.")
    ] = None
    coordinator: Annotated[
        Coordinator | None, Field(description="This environment is the coordinator's own; absent: it is a hub's.")
    ] = None
    endpoints: Annotated[dict[Name, str], Field(description="System and its base URL in this environment.")] = Field(
        default_factory=dict
    )
    credentials: Annotated[
        dict[Name, dict[Name, CredentialReference]], Field(description="System, purpose and reference, where they differ here.")
    ] = Field(default_factory=dict)
    engine: Annotated[Engine, Field(description="Who owns partitions and where the ledger is.")] = Engine()
    vault: Annotated[Vault, Field(description="Where `vault:` references are resolved.")] = Vault()
    encryption: Annotated[
        Encryption | None,
        Field(description="The key of payloads; needed where a data class is `encrypted`. See docs/how-to/encrypt-payloads.md."),
    ] = None
    door: Annotated[
        Door, Field(description="TLS of the hub's own address, client certificates, trusted proxies, access tokens.")
    ] = Door()
    workbench: Annotated[Workbench, Field(description="The pages: under which names, and how people sign in.")] = Workbench()
    alerts: Annotated[
        Literal["send", "log"],
        Field(description="`log`: alerts are written to the log instead of being sent, so that a test wakes nobody."),
    ] = "send"
    mail: Annotated[
        CredentialReference | None,
        Field(
            description="Reference to the mail relay for alerts as an Apprise URL, for example `mailtos://user:password@smtp.example?from=hub@example.com`."
        ),
    ] = None
    address: Annotated[
        str, Field(pattern=r"^(https?://\S+)?$", description="Where people reach the pages of this hub; alerts link to it.")
    ] = ""
    promotion: Annotated[
        Promotion | None,
        Field(
            description="Which bundles may run here; absent: the landscape's own files run. See docs/how-to/promote-a-bundle.md."
        ),
    ] = None
    dropbox: Annotated[
        Dropbox | None, Field(description="Open an SFTP drop-box for partners; absent: none. See docs/how-to/sftp-drop-box.md.")
    ] = None
