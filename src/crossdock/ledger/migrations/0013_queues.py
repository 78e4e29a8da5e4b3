"""What each system's queue holds is found without reading past what others have waiting."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0012_offsets'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('state', 0)), fields=['system', 'id'], name='message_queue'),
        ),
    ]
