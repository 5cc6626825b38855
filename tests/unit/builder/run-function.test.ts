// A parser.start for a function that is not there: what waits is never lost to what happens to another build or another copy.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalObjectStore } from '../../../src/adapters/local/object-store.ts';
import type { Outcome } from '../../../src/builder/outcome.ts';
import { createPendingEvents, type PendingEvents } from '../../../src/builder/pending-events.ts';
import { createRunFunction } from '../../../src/builder/run-function.ts';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { originOf } from '../../../src/core/correlation.ts';
import { CodedError } from '../../../src/core/errors.ts';
import { parseEvent, type LambdaEvent } from '../../../src/core/events.ts';
import { fromJsonFormat } from '../../../src/core/json-format.ts';
import { createLogger } from '../../../src/ops/logger.ts';
import type { FunctionPlatform, ObjectStore } from '../../../src/ports.ts';

const ref = { tenant: 'acme-corp', function: 'price_feed' };
const event = fromJsonFormat({
  specversion: '1.0',
  id: 'one',
  source: 'network.notifi.acme-corp',
  type: 'network.notifi.lambda.parser.start',
  subject: 'price_feed',
  data: {},
});

const nothing = (): never => {
  throw new Error('Nobody should ask for this');
};

let [folder, temp]: [string, ObjectStore] = ['', createLocalObjectStore('unused')];
let pending: PendingEvents;
let rejected: CloudEvent[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-function-'));
  temp = createLocalObjectStore(folder);
  rejected = [];
  pending = createPendingEvents({
    temp,
    functionEvents: { publish: nothing },
    events: { publish: (letter) => Promise.resolve(rejected.push(letter)).then(() => 'owed') },
    logger: await createLogger({ level: 'silent', pretty: false, name: 'test' }),
    now: Date.now,
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const askedAt = 5_000;
const run = (startBuild: () => Promise<Outcome>): Promise<Outcome> => {
  const functions = { get: () => Promise.resolve(undefined) } as unknown as FunctionPlatform;
  const handle = createRunFunction({ functions, functionEvents: { publish: nothing }, pending, startBuild, now: () => askedAt });
  const parsed = parseEvent(event) as LambdaEvent<'parser.start'>;
  return handle(parsed, originOf(event, {}));
};

const started: Outcome = { ref, status: 'started', message: 'The build has started' };
const waiting = async (): Promise<string[]> => (await Array.fromAsync(pending.list())).map(({ event: { id } }) => id);

it('keeps an event from the failure of an older build that comes while its own is packed', async () => {
  const outcome = await run(async () => {
    await pending.reject(ref, new CodedError('BUILD_FAILED', 'The older build has failed'));
    return started;
  });
  expect(outcome.status).toBe('pending');
  expect(rejected).toEqual([]);
  expect(await waiting()).toEqual(['one']);
});

it('keeps when an event came: a deletion before that does not take it along, one while its build is packed does', async () => {
  await run(() => Promise.resolve(started));
  const deleted = new CodedError('FUNCTION_DELETED', 'The function was deleted');
  expect(await pending.reject(ref, deleted, (event) => event.askedAt < askedAt)).toBe(0);
  expect(await waiting()).toEqual(['one']);
  expect(await pending.reject(ref, deleted, (event) => event.askedAt === askedAt)).toBe(1);
  expect(await waiting()).toEqual([]);
});

it('keeps an event that was promised when a copy of it is refused', async () => {
  await run(() => Promise.resolve(started));
  const gone = new CodedError('SOURCE_NOT_FOUND', 'There is no source');
  await expect(run(() => Promise.reject(gone))).rejects.toBe(gone);
  expect(await waiting()).toEqual(['one']);
});

it.each([
  ['for good, when its build has failed', false, { code: 'BUILD_FAILED', retryable: false }],
  ['until later, when its build took too long', true, { code: 'BUILD_TIMEOUT', retryable: true, category: 'build_timeout' }],
])('keeps nothing of an event that is refused, whose sender is told: %s', async (_, timedOut, refusal) => {
  await expect(run(() => Promise.resolve({ ...started, failedLately: true, timedOut }))).rejects.toMatchObject(refusal);
  expect(await waiting()).toEqual([]);
});
