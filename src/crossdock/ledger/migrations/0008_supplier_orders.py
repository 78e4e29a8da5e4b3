from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_control_numbers")]
    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                fields=["system", "id"],
                name="delivery_purchase",
                condition=models.Q(name__in=["purchase_order.send", "purchase_order.change", "purchase_order.cancel"]),
            ),
        ),
    ]
