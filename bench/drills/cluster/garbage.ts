// What can never succeed: half of it is sent to the builders, who refuse it, half to the broker, where the refusal becomes an event.
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import type { Chance } from './chance.ts';
import { waveMs, type Planned } from './planned.ts';

type Broken = Partial<Pick<CloudEvent, 'type' | 'subject' | 'source' | 'data'>>;

const type = (name: string): string => `network.notifi.lambda.${name}`;

/** Events by the specification, but none that can be handled. */
const brokenEvents: readonly Broken[] = [
  { type: type('build.start'), data: { json: { priority: 11 } } },
  { type: type('build.start'), data: { json: { third_party_id: 'somebody-else' } } },
  { type: type('parser.start'), data: { json: { s3_key: '../../etc/passwd' } } },
  { type: type('build.start'), data: { json: { s3_key: 'no/such/source.js' } } },
  { type: type('build.cancel'), data: { json: { build_id: 'the last one' } } },
  { type: type('build.complete'), data: { json: { build_id: '0123456789abcdef', status: 'complete' } } },
  { type: type('job.start'), subject: 'never-built', data: { json: {} } },
  { type: type('parser.start'), subject: 'not/an/id', data: { json: {} } },
];

/** Not even events; only a builder's own door is offered them, since a broker takes none of it. */
const brokenRequests: readonly NonNullable<Planned['raw']>[] = [
  { headers: { 'content-type': 'application/cloudevents+json' }, body: '{"specversion":"1.0","id":' },
  { headers: { 'content-type': 'application/json', 'ce-specversion': '1.0', 'ce-type': type('build.start') }, body: '{}' },
  { headers: { 'content-type': 'application/cloudevents+json' }, body: '{"specversion":"9.9","id":"x","source":"y","type":"z"}' },
  { headers: { 'content-type': 'application/cloudevents+protobuf' }, body: 'x' },
];

const eventOf = (id: string, ref: Planned['ref'], broken: Broken): CloudEvent => ({
  specversion: '1.0',
  id,
  source: `network.notifi.${ref.tenant}`,
  type: type('build.start'),
  subject: ref.function,
  datacontenttype: 'application/json',
  extensions: {},
  ...broken,
});

export const garbage = (count: number, chance: Chance): Planned[] =>
  Array.from({ length: count }, (_, n): Planned => {
    const ref = { tenant: `tenant-${n % 12}`, function: `garbage-${n}` };
    const broken = brokenEvents[n % brokenEvents.length] ?? {};
    const event = eventOf(`garbage-${n}`, ref, broken);
    const first = chance.between(0, waveMs);
    const planned = { group: 'garbage', ref, event, at: [first, first + 500], isLast: false } as const;
    if (n % 2 === 0) return { ...planned, way: 'broker' };
    const raw = brokenRequests[n % brokenRequests.length];
    return { ...planned, way: 'direct', ...(n % 4 === 1 && raw !== undefined ? { raw } : {}) };
  });
