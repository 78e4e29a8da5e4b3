from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0014_review'),
    ]

    operations = [
        migrations.CreateModel(
            name='Onboarding',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('partner', models.TextField()),
                ('step', models.TextField()),
                ('outcome', models.TextField()),
                ('detail', models.TextField(default='{}')),
                ('author', models.TextField()),
                ('at', models.BigIntegerField()),
            ],
            options={
                'db_table': 'ledger_onboarding',
                'indexes': [models.Index(fields=['partner', 'step', 'id'], name='onboarding_step')],
            },
        ),
        migrations.RunSQL(
            "CREATE INDEX event_left_out ON ledger_event (created_at) WHERE substr(note, 1, 9) = 'left out:'",
            "DROP INDEX event_left_out",
        ),
        migrations.RunSQL(
            "CREATE INDEX exception_authorize ON ledger_exception (updated_at) WHERE step = 'authorize'",
            "DROP INDEX exception_authorize",
        ),
    ]
