from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0016_regions'),
    ]

    operations = [
        migrations.CreateModel(
            name='Assertion',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('digest', models.TextField(unique=True)),
                ('expires_at', models.BigIntegerField()),
            ],
            options={
                'db_table': 'ledger_assertion',
                'indexes': [models.Index(fields=['expires_at'], name='assertion_expires')],
            },
        ),
        migrations.CreateModel(
            name='ClientRevocation',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('client', models.TextField(unique=True)),
                ('revoked_at', models.BigIntegerField()),
                ('revoked_by', models.TextField()),
                ('reason', models.TextField()),
            ],
            options={
                'db_table': 'ledger_client_revocation',
            },
        ),
        migrations.CreateModel(
            name='Token',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('digest', models.TextField(unique=True)),
                ('client', models.TextField()),
                ('systems', models.TextField()),
                ('expires_at', models.BigIntegerField()),
            ],
            options={
                'db_table': 'ledger_token',
                'indexes': [models.Index(fields=['expires_at'], name='token_expires'), models.Index(fields=['client'], name='token_client')],
            },
        ),
    ]
