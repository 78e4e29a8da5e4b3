from . import models
from .models.outbox import uninstall_hook
