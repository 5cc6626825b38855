// Sums up the prices of a block. Data: {"prices":[{"symbol":"BTC","value":97000.5}, …]}
import lodash from 'lodash';

/**
 * @param {{ prices?: { symbol: string, value: number }[] }} data the event's data
 * @param {object} context the event, ids, logger, deadline, signal and service addresses
 */
export function handle(data, context) {
  const prices = data?.prices;
  // A broker would bring this event again and again, and it would never get better: say so.
  if (!Array.isArray(prices)) throw Object.assign(new Error('data.prices must be a list'), { retryable: false });
  if (prices.length === 0) return undefined;

  context.log.info('summing up prices', { count: prices.length });
  return lodash.mapValues(lodash.groupBy(prices, 'symbol'), (rows) => ({
    count: rows.length,
    mean: lodash.meanBy(rows, 'value'),
  }));
}
