import { describe, expect, it } from '@jest/globals';
import { addressed } from '../../../src/builder/pending-events.ts';
import { attributesOf, cloudEvent, type CloudEvent } from '../../../src/core/cloudevent.ts';

const ref = { tenant: 'acme', function: 'indexer' };

const eventWith = (id: string, source = 'test-cli'): CloudEvent =>
  cloudEvent(Object.entries({ specversion: '1.0', id, source, type: 'network.notifi.lambda.parser.start' }), undefined);

describe('an event addressed to its function', () => {
  it('keeps its id, with a suffix of its source', () => {
    expect(addressed(eventWith('test-123'), ref)).toMatchObject({
      id: 'test-123-9b40f156',
      source: 'network.notifi.acme',
      subject: 'indexer',
      extensions: { originid: 'test-123', originsource: 'test-cli' },
    });
  });

  it.each([8_183, 8_184, 8_192])('is still an event when its id has %i characters', (length) => {
    const event = addressed(eventWith('x'.repeat(length)), ref);
    expect(() => cloudEvent(attributesOf(event), undefined)).not.toThrow();
    expect(event.extensions.originid).toBe('x'.repeat(length));
  });

  it('stays two events when two long ids begin alike', () => {
    const ids = ['a', 'b'].map((last) => addressed(eventWith('x'.repeat(8_190) + last), ref).id);
    expect(new Set(ids).size).toBe(2);
    expect(addressed(eventWith(`${'x'.repeat(8_190)}a`), ref).id).toBe(ids[0]);
  });
});
