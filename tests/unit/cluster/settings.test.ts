// What the adapters are told of the configuration of a cluster.
import { describe, expect, it } from '@jest/globals';
import { clusterSettings } from '../../../src/cluster/config.ts';
import { registryOptions } from '../../../src/cluster/settings.ts';
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
