from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0013_queues'),
    ]

    operations = [
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('bundle', models.TextField()),
                ('base', models.TextField()),
                ('name', models.TextField()),
                ('environment', models.TextField()),
                ('title', models.TextField()),
                ('reason', models.TextField()),
                ('author', models.TextField()),
                ('maker', models.TextField()),
                ('report', models.TextField()),
                ('evidence', models.TextField(default='')),
                ('opened_at', models.BigIntegerField()),
                ('gathered_at', models.BigIntegerField(null=True)),
                ('promoted_at', models.BigIntegerField(null=True)),
                ('review_due', models.BigIntegerField(null=True)),
                ('file', models.BinaryField()),
            ],
            options={
                'db_table': 'ledger_change',
            },
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('change', models.BigIntegerField(default=0)),
                ('kind', models.TextField()),
                ('author', models.TextField()),
                ('team', models.TextField()),
                ('note', models.TextField()),
                ('at', models.BigIntegerField()),
                ('signature', models.TextField(default='')),
            ],
            options={
                'db_table': 'ledger_decision',
                'indexes': [models.Index(fields=['change', 'id'], name='decision_change')],
            },
        ),
        migrations.CreateModel(
            name='Waiver',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('standard', models.TextField()),
                ('subject', models.TextField()),
                ('reason', models.TextField()),
                ('author', models.TextField()),
                ('team', models.TextField()),
                ('at', models.BigIntegerField()),
                ('until', models.BigIntegerField()),
            ],
            options={
                'db_table': 'ledger_waiver',
            },
        ),
    ]
