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
  ...[false, true].map((thrown) => ({
    title: `answers 500 when the function throws ${thrown ? 'what is no error' : 'an error'} and cannot be asked for anything`,
    request: asked({ do: 'throw the unreadable', thrown }),
    expect: {
      status: 500,
      problem: {
        status: 500,
        code: 'FUNCTION_ERROR',
        retryable: true,
        detail: 'the function threw something that cannot be read',
      },
    },
  })),
  {
    title: 'takes no error for permanent by its name',
    request: asked({ do: 'throw permanently named' }),
    expect: { status: 500, problem: { status: 500, code: 'FUNCTION_ERROR', retryable: true, detail: 'only a name' } },
  },
  ...['itself', 'list', 'object'].map((place) => ({
    title: `answers 500 when the function returns what is not a number (${place})`,
    request: asked({ do: 'return not a number', in: place }),
    expect: { status: 500, problem: { status: 500, code: 'RESULT_NOT_SERIALIZABLE', retryable: true } },
  })),
  {
    title: 'answers 500 when the result cannot be said in JSON',
    request: asked({ do: 'return unserializable' }),
    expect: { status: 500, problem: { status: 500, code: 'RESULT_NOT_SERIALIZABLE', retryable: true } },
  },
];
