// What a function does wrong costs its own event only.
import { asked, type Case } from './case.ts';

export const failures: readonly Case[] = [
  {
    title: 'answers 500, which a broker retries, when the function throws',
    request: asked({ do: 'throw', message: 'the price is not there yet' }, { 'ce-correlationid': 'c-1' }),
    expect: {
      status: 500,
      headers: { 'content-type': 'application/problem+json', 'ce-id': null },
      problem: {
        status: 500,
        code: 'FUNCTION_ERROR',
        retryable: true,
        detail: 'the price is not there yet',
        correlation_id: 'c-1',
        event_id: 'event-1',
      },
    },
  },
  {
    title: 'cuts a long error message to 512 characters',
    request: asked({ do: 'throw', message: 'ü'.repeat(2000) }),
    expect: { status: 500, problem: { detail: 'ü'.repeat(512) } },
  },
  {
    title: 'answers 500 when the function throws what is no error',
    request: asked({ do: 'throw a non-error', value: 'just words' }),
    expect: { status: 500, problem: { status: 500, code: 'FUNCTION_ERROR', retryable: true, detail: 'just words' } },
  },
  {
    title: 'answers 500 when the result cannot be said in JSON',
    request: asked({ do: 'return unserializable' }),
    expect: { status: 500, problem: { status: 500, code: 'RESULT_NOT_SERIALIZABLE', retryable: true } },
  },
];
