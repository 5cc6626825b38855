import { describe, expect, it } from '@jest/globals';
import { knativeService } from '../../../../src/adapters/kubernetes/functions/service.ts';
import type { FunctionSettings } from '../../../../src/adapters/kubernetes/functions/settings.ts';

const settings: FunctionSettings = {
  namespace: 'functions',
  broker: 'functions',
  deadLetterUrl: 'http://dlq/dead-letters',
  timeoutSeconds: 60,
  environment: {},
};
const spec = {
  ref: { tenant: 'tenant', function: 'function' },
  name: 'fn-function',
  image: 'registry.local/functions:tag',
  imageDigest: `sha256:${'c'.repeat(64)}`,
  runtime: 'nodejs24' as const,
  buildId: '0123456789abcdef',
  requestedAt: 1,
};

describe('the Knative Service of a function', () => {
  // What Knative would take otherwise, 300 s, cuts off a function that may take longer.
  it.each([60, 500])(
    'gives a function of %d s its time until the first byte of the answer, as until the last',
    (timeoutSeconds) => {
      const times = { createdAt: 1, appliedAt: 1, begunFor: 1 };
      const { template } = knativeService(spec, times, { ...settings, timeoutSeconds }).spec;
      expect(template.spec).toMatchObject({
        timeoutSeconds: timeoutSeconds + 2,
        responseStartTimeoutSeconds: timeoutSeconds + 2,
      });
    },
  );
});
