// Dead letters for the tests of what is done with them.
import fc from 'fast-check';
import { categories } from '../../../src/core/dead-letter.ts';
import type { DeadLetter, LetterSummary, RawMessage } from '../../../src/core/letter.ts';
import { cloudEvents, hex } from './arbitraries.ts';

const moments = fc.nat({ max: 1_000_000 });

const facts = fc.record(
  {
    id: hex(32),
    category: fc.constantFrom(...categories),
    reason: fc.string(),
    destination: fc.constantFrom('', 'http://one.svc', 'http://two.svc'),
    attempts: fc.nat({ max: 70_000 }),
    firstFailedAt: moments,
    lastFailedAt: moments,
    history: fc.array(fc.record({ at: moments, attempt: fc.nat(), destination: fc.string() }), { maxLength: 2 }),
    deferrals: fc.nat({ max: 20 }),
  },
  { requiredKeys: ['id', 'category', 'reason', 'destination', 'attempts', 'firstFailedAt', 'lastFailedAt'] },
);

export const rawMessages: fc.Arbitrary<RawMessage> = fc.record(
  {
    bytes: fc.uint8Array({ maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    headers: fc.dictionary(fc.stringMatching(/^[a-z-]{1,9}$/), fc.string(), { maxKeys: 3 }),
    contentType: fc.string(),
  },
  { requiredKeys: ['bytes', 'headers'] },
);

export const letters: fc.Arbitrary<DeadLetter> = fc.oneof(
  fc.tuple(facts, cloudEvents).map(([rest, event]): DeadLetter => ({ ...rest, event })),
  fc.tuple(facts, rawMessages).map(([rest, raw]): DeadLetter => ({ ...rest, raw })),
);

export const summaryWith = (id: string, extra: Partial<LetterSummary> = {}): LetterSummary => ({
  id,
  category: 'unknown',
  reason: 'reason',
  destination: 'http://one.svc',
  attempts: 0,
  firstFailedAt: 0,
  lastFailedAt: 0,
  ...extra,
});
