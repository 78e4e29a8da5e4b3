from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0011_vault'),
    ]

    operations = [
        migrations.CreateModel(
            name='Offset',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('topic', models.TextField()),
                ('partition', models.SmallIntegerField()),
                ('next', models.BigIntegerField(default=0)),
            ],
            options={
                'db_table': 'ledger_offset',
                'constraints': [models.UniqueConstraint(fields=('topic', 'partition'), name='offset_partition')],
            },
        ),
    ]
