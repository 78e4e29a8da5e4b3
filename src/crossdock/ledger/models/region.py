"""Regions: the reports of this one with how far they were told, and on the coordinator's ledger what each region told."""

from __future__ import annotations

from django.db import models


class Report(models.Model):
    """A report of this region, numbered in order (`id`); kept for a while also after it was told, to be compared and told again."""

    id = models.BigIntegerField(primary_key=True)
    digest = models.TextField()
    taken_at = models.BigIntegerField()
    body = models.TextField()
    told_at = models.BigIntegerField(null=True)

    class Meta:
        db_table = "ledger_report"
        indexes = (models.Index(fields=["id"], name="report_untold", condition=models.Q(told_at__isnull=True)),)


class Reporting(models.Model):
    """How far this region's reports are: one row. `incarnation` changes when a ledger put back to an earlier moment begins anew,
    `left_out` counts reports never told because newer ones took their place. Times are microseconds since 1970."""

    id = models.BigIntegerField(primary_key=True)
    incarnation = models.TextField()
    sequence = models.BigIntegerField(default=0)
    said_at = models.BigIntegerField(default=0)
    left_out = models.BigIntegerField(default=0)
    told_at = models.BigIntegerField(null=True)
    counted_to = models.BigIntegerField(default=0)
    totals = models.TextField(default="{}")
    reconciled = models.TextField(default="{}")
    trouble = models.TextField(default="")

    class Meta:
        db_table = "ledger_reporting"


class Region(models.Model):
    """On the coordinator: a region as it stood last. `received` counts its reports here, so that `sequence - received` are missing."""

    id = models.BigIntegerField(primary_key=True)
    region = models.TextField(unique=True)
    incarnation = models.TextField()
    sequence = models.BigIntegerField(default=0)
    received = models.BigIntegerField(default=0)
    left_out = models.BigIntegerField(default=0)
    said_at = models.BigIntegerField(default=0)
    heard_at = models.BigIntegerField()
    began_anew = models.IntegerField(default=0)
    body = models.TextField(default="{}")
    reconciled = models.TextField(default="{}")

    class Meta:
        db_table = "ledger_region"


class RegionReport(models.Model):
    """On the coordinator: one report of a region, as it came."""

    id = models.BigIntegerField(primary_key=True)
    region = models.TextField()
    incarnation = models.TextField()
    sequence = models.BigIntegerField()
    digest = models.TextField()
    taken_at = models.BigIntegerField()
    heard_at = models.BigIntegerField()
    body = models.TextField()

    class Meta:
        db_table = "ledger_region_report"
        constraints = (models.UniqueConstraint(fields=["region", "incarnation", "sequence"], name="region_report_once"),)
        indexes = (models.Index(fields=["heard_at"], name="region_report_heard"),)
