import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { attributes, binary, structured } from '../cases/case.ts';
import type { FunctionProcess } from '../harness/function-process.ts';
import { send, type HttpRequest } from '../harness/raw-http.ts';
import type { Subject } from '../describe-template.ts';
import { withFunction } from './running.ts';

const MiB = 1024 * 1024;
/** What one event may cost; a container of 256 MiB holds a body of 10 MiB then, too. */
const most = 96 * MiB;

/** So many brackets that a reader counts how deep they are, in front of a text. */
function withBrackets(text: string): HttpRequest {
  return binary({ 'content-type': 'application/json' }, `[${'[],'.repeat(600)}"${text}"]`);
}

const rows: readonly (readonly [title: string, request: HttpRequest])[] = [
  ['1 MiB in chunks of one byte', { ...binary({ 'content-type': 'text/plain' }, 'x'.repeat(MiB)), chunked: true, chunkBytes: 1 }],
  ['4 MiB of base64', structured({ ...attributes, data_base64: 'AP8B'.repeat(MiB) })],
  ['a JSON text of 4 MiB', withBrackets('x'.repeat(4 * MiB))],
  ['a JSON text of 2 Mi escapes', withBrackets('\\"'.repeat(2 * MiB))],
];

/** @returns bytes of memory as the kernel counts them: `VmRSS` now, `VmHWM` at its highest */
async function memoryOf({ pid }: FunctionProcess, counter: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${counter}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
}

export function describeMemory(subject: Subject): void {
  (process.platform === 'linux' ? describe : describe.skip)('holds a body in a few times its size', () => {
    test.each(rows)('%s', async (_title, request) => {
      await withFunction(subject, {}, async (running) => {
        const before = await memoryOf(running, 'VmRSS');
        expect((await send(running.port, request)).status).toBe(200);
        expect((await memoryOf(running, 'VmHWM')) - before).toBeLessThan(most);
      });
    });
  });
}
