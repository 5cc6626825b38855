import { describe, expect, it } from '@jest/globals';
import { categories, isPermanent } from '../../../src/core/dead-letter.ts';
import { CodedError, errors, toCodedError, type ErrorCode } from '../../../src/core/errors.ts';

type Row = { status: number; retryable: boolean; title: string; category: (typeof categories)[number]; resource?: boolean };
const rows = Object.entries(errors as Record<ErrorCode, Row>) as [ErrorCode, Row][];

describe.each(rows)('the error %s', (code, row) => {
  it('has a name, a sentence and a known category', () => {
    expect(code).toMatch(/^[A-Z]+(?:_[A-Z]+)*$/);
    expect(row.title).toMatch(/^[A-Z].*[^.]$/);
    expect(categories).toContain(row.category);
  });

  it('has a status that a Knative broker takes as it is meant: retried when it can heal, dropped when it cannot', () => {
    const brokerRetries = [404, 408, 409, 429].includes(row.status) || row.status >= 500;
    if (row.resource === true)
      expect({ status: row.status, retryable: row.retryable }).toEqual({ status: 404, retryable: false });
    else expect(brokerRetries).toBe(row.retryable);
  });

  it('is judged by the dead-letter queue as it was answered: parked when it is permanent, retried when it is not', () => {
    expect(isPermanent(row.category)).toBe(!row.retryable);
  });

  it('gives its row to an error of that code', () => {
    const error = new CodedError(code, 'message');
    expect({ status: error.status, retryable: error.retryable, category: error.category }).toEqual({
      status: row.status,
      retryable: row.retryable,
      category: row.category,
    });
  });
});

describe('the catalogue', () => {
  it('answers 4xx with nothing that can heal but 429, and 404 only for what a URL names', () => {
    for (const [code, { status, retryable, resource }] of rows) {
      if (retryable && status < 500) expect({ code, status }).toEqual({ code, status: 429 });
      if (status === 404) expect({ code, resource }).toEqual({ code, resource: true });
      expect([408, 409]).not.toContain(status);
    }
  });

  it('has no two codes with the same sentence, because nobody could tell them apart', () => {
    expect(new Set(rows.map(([, { title }]) => title)).size).toBe(rows.length);
  });
});

describe('a limit (contract, section 7)', () => {
  it.each([
    ['TENANT_RATE_LIMITED', 429],
    ['GLOBAL_RATE_LIMITED', 429],
    ['QUEUE_FULL', 429],
    ['PACKING_BUSY', 503],
    ['STORAGE_BUSY', 503],
  ] as const)('%s is answered %d, so the sender comes back', (code, status) => {
    const error = new CodedError(code, 'message', { retryAfterSeconds: 1 });
    expect({ status: error.status, retryable: error.retryable }).toEqual({ status, retryable: true });
  });
});

describe('a coded error', () => {
  it('keeps message, details and cause', () => {
    const cause = new Error('upstream');
    const error = new CodedError('SOURCE_UNAVAILABLE', 'Not now', {
      field: 'data.s3_key',
      limit: 'storage',
      retryAfterSeconds: 3,
      cause,
    });
    expect(error).toBeInstanceOf(Error);
    expect({ name: error.name, message: error.message, cause: error.cause }).toEqual({
      name: 'CodedError',
      message: 'Not now',
      cause,
    });
    expect(error.details).toMatchObject({ field: 'data.s3_key', limit: 'storage', retryAfterSeconds: 3 });
  });

  it('has no details when none were given', () => {
    expect(new CodedError('INTERNAL', 'x').details).toEqual({});
  });
});

describe('whatever was thrown', () => {
  it('stays what it is when it is one of ours', () => {
    const error = new CodedError('QUEUE_FULL', 'full');
    expect(toCodedError(error)).toBe(error);
  });

  it.each([[new Error('password=hunter2')], ['password=hunter2'], [undefined], [null], [{ code: 'QUEUE_FULL' }]])(
    'becomes INTERNAL, retryable, without a word of the original for the sender, when it is %p',
    (thrown) => {
      const error = toCodedError(thrown);
      expect({ code: error.code, status: error.status, retryable: error.retryable }).toEqual({
        code: 'INTERNAL',
        status: 500,
        retryable: true,
      });
      expect(error.message).not.toContain('hunter2');
      expect(error.cause).toBe(thrown);
    },
  );
});
