// Letters as Knative's RabbitMQ broker gives them up.

const data = Buffer.from(JSON.stringify({ contextId: 'context', parameters: { blockId: 1, urlForBlob: 'x'.repeat(400) } }));
const tenants = 7;
const functions = 50;

/** @param code 400 is parked at once, 503 is tried again */
export const letterFor =
  (destination: string, code: 400 | 503) =>
  (n: number): { headers: Record<string, unknown>; content: Buffer } => ({
    content: data,
    headers: {
      specversion: '1.0',
      id: `letter-${n}-0b6f4a1c9d2e`,
      source: `network.notifi.tenant-${n % tenants}`,
      subject: `parser-${n % functions}`,
      type: 'network.notifi.lambda.parser.start',
      time: '2026-01-01T00:00:00Z',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      knativeerrordest: destination,
      knativeerrorcode: code,
      knativeerrordata: 'dGhlIGZ1bmN0aW9uIHNhaWQgbm8=',
    },
  });
