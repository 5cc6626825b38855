// Requests for builds, each of a function of its own.
import { randomBytes } from 'node:crypto';
import type { BuildRequest } from '../../src/core/build.ts';

let count = 0;

export const requestOf = (contextKey: string, fields: Partial<BuildRequest> = {}): BuildRequest => {
  const buildId = randomBytes(8).toString('hex');
  const name = `f${++count}`;
  return {
    buildId,
    ref: { tenant: 'tenant', function: name },
    buildKey: buildId.repeat(4),
    contentHash: 'a'.repeat(64),
    sourceKey: `parsers/${name}.js`,
    runtime: 'nodejs24',
    image: `registry.local/lambda:${name}-${buildId}`,
    contextKey,
    priority: 5,
    requestedAt: Date.now(),
    cause: { source: 'network.notifi.tenant', id: `cause-${count}` },
    correlationId: `correlation-${count}`,
    traceparent: '00-11111111111111111111111111111111-2222222222222222-01',
    ...fields,
  };
};
