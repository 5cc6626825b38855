import { describe, expect, it } from '@jest/globals';
import { isUnderWay } from '../../../src/core/changed-object.ts';
import type { EventData } from '../../../src/core/events.ts';

type Changed = EventData<'object.changed'>;

const metadata = {
  name: 'build-0123456789abcdef',
  annotations: { 'build.notifi.network/third-party-id': 'tenant', 'build.notifi.network/parser-id': 'function' },
};
const changed = (kind: Changed['kind'], status: unknown, more: object = {}): Changed => ({
  kind,
  metadata,
  spec: {},
  status,
  ...more,
});
const having = (type: string, status: string): object => ({
  conditions: [
    { type: 'Other', status: 'True' },
    { type, status },
  ],
});

describe('a changed object', () => {
  it.each([
    ['a job that was created', changed('Job', undefined)],
    ['a job that runs', changed('Job', { active: 1, conditions: [] })],
    ['a job that waits', changed('Job', having('Suspended', 'True'))],
    ['a job that has not failed', changed('Job', having('Failed', 'False'))],
    [
      'a job whose monitor has written of the end, and is about to tell of it',
      changed('Job', {}, { metadata: { ...metadata, annotations: { 'build.notifi.network/phase': 'complete' } } }),
    ],
    ['a service whose readiness nobody knows', changed('Service', having('Ready', 'Unknown'))],
    ['a trigger that was created', changed('Trigger', undefined)],
  ])('is under way: %s', (_, object) => {
    expect(isUnderWay(object)).toBe(true);
  });

  it.each([
    ['a job that is complete', changed('Job', having('Complete', 'True'))],
    ['a job that is about to be', changed('Job', having('SuccessCriteriaMet', 'True'))],
    ['a job that has failed', changed('Job', having('Failed', 'True'))],
    ['a job that is about to fail', changed('Job', having('FailureTarget', 'True'))],
    ['a job that is being deleted', changed('Job', {}, { metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } })],
    ['a service that is ready', changed('Service', having('Ready', 'True'))],
    ['a service that can not be ready', changed('Service', having('Ready', 'False'))],
    ['a trigger that is ready', changed('Trigger', having('Ready', 'True'))],
    ['one that only its name is told of', { kind: 'Job' as const, metadata }],
  ])('is to be looked at: %s', (_, object) => {
    expect(isUnderWay(object)).toBe(false);
  });

  it.each([null, 'text', 7, [], { conditions: 'none' }, { conditions: [null, 1, 'x', { type: 1, status: {} }] }])(
    'is under way when its status is no status: %j',
    (status) => {
      expect(isUnderWay(changed('Job', status))).toBe(true);
    },
  );
});
