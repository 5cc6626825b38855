// The function of the suites, events for it, specs of it, and what its test server answers (function-server.mjs).
import type { CloudEvent } from '../../src/core/cloudevent.ts';
import { serviceName, type FunctionRef } from '../../src/core/function.ts';
import type { FunctionSpec, Reply } from '../../src/ports.ts';

export const ref: FunctionRef = { tenant: 'acme', function: 'Price_Feed' };

export const eventOf = (json: unknown, id = 'event-1'): CloudEvent => ({
  specversion: '1.0',
  id,
  source: `network.notifi.${ref.tenant}`,
  type: 'network.notifi.lambda.parser.start',
  subject: ref.function,
  extensions: { correlationid: 'corr-1' },
  data: { json },
});

export type Answer = {
  version: string;
  pid: number;
  /** The most requests that this process ever had at once. */
  most: number;
  data: unknown;
  headers: Record<string, string>;
  environment: Record<string, string>;
};

export const answerOf = (reply: Reply): Answer => JSON.parse(reply.body.toString('utf8')) as Answer;

export const specOf = (of: FunctionRef, image: { image: string; imageDigest: string }, requestedAt: number): FunctionSpec => ({
  ref: of,
  name: serviceName(of),
  ...image,
  runtime: 'nodejs24',
  buildId: requestedAt.toString(16).padStart(16, '0'),
  requestedAt,
});
