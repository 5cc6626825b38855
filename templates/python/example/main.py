"""Sums up the prices of a block. Data: {"prices": [{"symbol": "BTC", "value": 97000.5}, …]}"""

from statistics import fmean

from toolz import groupby, valmap


class BadData(ValueError):
    # A broker would bring this event again and again, and it would never get better: say so.
    retryable = False


def summary(rows):
    return {"count": len(rows), "mean": fmean(row["value"] for row in rows)}


def handle(data, context):
    """
    :param data: the event's data
    :param context: the event, ids, logger, deadline, cancellation and service addresses
    """
    prices = data.get("prices") if isinstance(data, dict) else None
    if not isinstance(prices, list):
        raise BadData("data.prices must be a list")
    if not prices:
        return None

    context.log.info("summing up prices", {"count": len(prices)})
    return valmap(summary, groupby("symbol", prices))
