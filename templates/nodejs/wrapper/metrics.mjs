// Prometheus text. Counters are plain numbers; labels are a closed set; nothing is invented between two scrapes.

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const prefix = 'knative_lambda_function';

function metric(name, type, help, samples) {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join('\n')}\n`;
}

export function createMetrics() {
  const requests = { complete: 0, empty: 0, failed: 0, error: 0, timeout: 0, undelivered: 0, rejected: 0 };
  const counts = new Array(buckets.length + 1).fill(0);
  let durationSum = 0;
  let startSeconds = 0;
  let inFlight = 0;

  function histogram() {
    const name = `${prefix}_duration_seconds`;
    let total = 0;
    const samples = buckets.map((bound, row) => `${name}_bucket{le="${bound}"} ${(total += counts[row])}`);
    total += counts[buckets.length];
    return [...samples, `${name}_bucket{le="+Inf"} ${total}`, `${name}_sum ${durationSum}`, `${name}_count ${total}`];
  }

  return {
    started: (seconds) => {
      startSeconds = seconds;
    },
    /** @param {keyof typeof requests} outcome */
    count: (outcome) => {
      requests[outcome] += 1;
    },
    began: () => {
      inFlight += 1;
    },
    ended: (milliseconds) => {
      inFlight -= 1;
      const seconds = milliseconds / 1000;
      durationSum += seconds;
      let row = 0;
      while (row < buckets.length && seconds > buckets[row]) row += 1;
      counts[row] += 1;
    },
    text: () =>
      metric(
        `${prefix}_requests_total`,
        'counter',
        'Events by what became of them.',
        Object.entries(requests).map(([outcome, count]) => `${prefix}_requests_total{outcome="${outcome}"} ${count}`),
      ) +
      metric(`${prefix}_duration_seconds`, 'histogram', 'Time the function took, in seconds.', histogram()) +
      metric(`${prefix}_in_flight`, 'gauge', 'Events in the function now.', [`${prefix}_in_flight ${inFlight}`]) +
      metric(
        'knative_lambda_cold_start_duration_seconds',
        'gauge',
        'From the start of the process until it listened, in seconds.',
        [`knative_lambda_cold_start_duration_seconds ${startSeconds}`],
      ),
  };
}
