from . import outbox
from . import status
