// What the adapters are told of the configuration of a cluster.
import { describe, expect, it } from '@jest/globals';
import { callSeconds } from '../../../src/adapters/kubernetes/functions/settings.ts';
import { toConfigMap } from '../../../src/adapters/kubernetes/builds/places-map.ts';
import { clusterSettings } from '../../../src/cluster/config.ts';
import { functionSettings, registryOptions } from '../../../src/cluster/settings.ts';
import { readConfig } from '../../../src/ops/config.ts';

const required = {
  SOURCE_BUCKET: 'sources',
  TEMP_BUCKET: 'temp',
  BROKER_URL: 'http://broker',
  FUNCTIONS_BROKER_URL: 'http://functions',
  DEAD_LETTER_URL: 'http://dlq/dead-letters',
  KANIKO_IMAGE: 'kaniko',
  MONITOR_IMAGE: 'platform',
};
const configOf = (more: Record<string, string> = {}) => readConfig(clusterSettings, { ...required, ...more });

describe('the registry', () => {
  it('may send for its token to Docker Hub’s server, unless others are named', () => {
    expect(registryOptions(configOf()).tokenHosts).toEqual(['auth.docker.io']);
  });

  it('may send for its token to the hosts that are named', () => {
    const { tokenHosts } = registryOptions(configOf({ REGISTRY_TOKEN_HOSTS: 'gitlab.example.com, auth.example.com:8443' }));
    expect(tokenHosts).toEqual(['gitlab.example.com', 'auth.example.com:8443']);
  });

  it.each(['https://auth.example.com', 'auth.example.com/token', 'a,,b', ','])(
    'is not told of "%s", which names no host',
    (text) => {
      expect(() => configOf({ REGISTRY_TOKEN_HOSTS: text })).toThrow('REGISTRY_TOKEN_HOSTS');
    },
  );
});

describe('what a cluster has room for', () => {
  it('is no longer call than Knative allows by default, with what the scheduler is told at its end', () => {
    const longest = configOf({ TIMEOUT_SECONDS: '568', SCHEDULER_URL: 'http://scheduler' });
    expect(callSeconds(functionSettings(longest))).toBe(600);
    expect(() => configOf({ TIMEOUT_SECONDS: '569' })).toThrow('TIMEOUT_SECONDS');
  });

  it('is no longer queue than its object holds, and the quota of jobs beside those that ended', () => {
    expect(() => configOf({ MAX_QUEUED_JOBS: '3001' })).toThrow('MAX_QUEUED_JOBS');
    const place = {
      buildId: 'f'.repeat(16),
      uid: 'u'.repeat(36),
      tenant: 't'.repeat(100),
      priority: 10,
      createdAt: 9_999_999_999_999,
    };
    const queued = new Array(configOf({ MAX_QUEUED_JOBS: '3000' }).MAX_QUEUED_JOBS).fill(place) as (typeof place)[];
    const map = toConfigMap({ admitted: [], queued, starts: { tokens: 0, at: 0 }, lookedAt: 0 }, 'builds', 'mark');
    // What an API server takes of one object, of 1 MiB, with room for who wrote which field.
    expect(JSON.stringify(map).length).toBeLessThan(900_000);
  });
});
