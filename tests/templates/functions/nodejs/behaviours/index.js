// Does what the event's data asks for; see ../../README.md.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import lodash from 'lodash';

class PermanentError extends Error {
  name = 'PermanentError';
}

const unreadable = {
  get message() {
    throw new Error('no message');
  },
  get retryable() {
    throw new Error('who knows');
  },
};

const tasks = {
  return: ({ value }) => value,
  'return nothing': () => undefined,
  'return bytes': ({ base64 }) => Buffer.from(base64, 'base64'),
  'return big': ({ size }) => 'x'.repeat(size),
  'return unserializable': () => ({ big: 10n }),
  throw: ({ message }) => {
    throw new Error(message);
  },
  'throw permanent': ({ message }) => {
    throw Object.assign(new Error(message), { retryable: false });
  },
  'throw a non-error': ({ value }) => {
    throw value;
  },
  'throw the unreadable': ({ thrown }) => {
    throw thrown ? unreadable : Object.defineProperties(new Error(), Object.getOwnPropertyDescriptors(unreadable));
  },
  'throw permanently named': () => {
    throw new PermanentError('only a name');
  },
  'return not a number': (task) => ({ list: [null, NaN], object: { a: null, b: { c: -Infinity } } })[task.in] ?? NaN,
  'wait for the signal': (_task, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    }),
  sleep: async ({ ms }) => {
    await sleep(ms);
    return { slept: ms };
  },
  hang: (_task, context) =>
    new Promise(() => {
      context.signal.addEventListener('abort', () => context.log.info('signal fired'));
    }),
  block: () => {
    for (;;);
  },
  'fail later': ({ message }) => {
    setTimeout(() => Promise.reject(new Error(message)), 20);
    return { ok: true };
  },
  exit: ({ code }) => process.exit(code),
  print: async ({ parts, stream }) => {
    for (const part of parts) {
      process[stream].write(part);
      await sleep(1);
    }
    return { ok: true };
  },
  log: ({ message, fields }, context) => {
    context.log.warn(message, fields);
    return { ok: true };
  },
  'use the dependency': () => lodash.kebabCase('theDependencyWasUsed'),
  environment: ({ name }) => process.env[name],
  'write a file': ({ path }) => writeFileSync(path, 'x'),
};

function report(data, context) {
  const { data: _data, ...event } = context.event;
  const bytes = data instanceof Uint8Array;
  return {
    kind: data === undefined ? 'none' : bytes ? 'bytes' : 'value',
    data: bytes ? Buffer.from(data).toString('base64') : data,
    event,
    contextId: context.contextId,
    correlationId: context.correlationId,
    traceparent: context.traceparent,
    remainingMs: context.deadline - Date.now(),
    services: context.services,
  };
}

export function handle(data, context) {
  if (context.event.datacontenttype === 'application/x-behaviour') {
    throw Object.assign(new Error('bytes refused'), { retryable: false });
  }
  const task = data !== null && typeof data === 'object' ? tasks[data.do] : undefined;
  return task === undefined ? report(data, context) : task(data, context);
}
