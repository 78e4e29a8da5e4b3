from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Paper",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.CharField(max_length=80)),
                ("place", models.PositiveSmallIntegerField(default=0)),
                ("system", models.CharField(max_length=64)),
                ("order_number", models.CharField(max_length=64)),
                ("kind", models.CharField(max_length=16)),
                ("number", models.CharField(max_length=64)),
                ("message", models.BigIntegerField()),
                ("author", models.CharField(max_length=150)),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("summary", models.CharField(blank=True, max_length=200)),
                ("packages", models.JSONField(default=list)),
            ],
            options={
                "indexes": [models.Index(fields=["system", "order_number", "-id"], name="portal_paper_order")],
                "constraints": [models.UniqueConstraint(fields=("system", "token", "place"), name="portal_paper_once")],
            },
        ),
    ]
