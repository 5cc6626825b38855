import { expect, test } from '@jest/globals';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalDeadLetterQueue } from '../../src/adapters/local/dead-letter-queue.ts';
import { createLogger, type Logger } from '../../src/ops/logger.ts';
import { deadLetterQueueContract, letterOf, type OpenedQueue } from './dead-letter-queue.ts';

const openFolder = async (folder: string, logger: Logger): Promise<OpenedQueue> => {
  const redriven: string[] = [];
  const redeliver = ({ id }: { id: string }): Promise<void> => {
    redriven.push(id);
    return Promise.resolve();
  };
  return {
    queue: await createLocalDeadLetterQueue(folder, { redeliver, logger }),
    redriven: () => Promise.resolve(redriven),
    reopen: async () => ({ ...(await openFolder(folder, logger)), close: () => Promise.resolve() }),
    close: () => rm(folder, { recursive: true, force: true }),
  };
};

const openNew = async (logged: string[] = []): Promise<OpenedQueue & { folder: string }> => {
  const folder = await mkdtemp(join(tmpdir(), 'letters-'));
  const logger = await createLogger(
    { level: 'warn', pretty: false, name: 'test' },
    { write: (line: string) => void logged.push(line) },
  );
  return { ...(await openFolder(folder, logger)), folder };
};

deadLetterQueueContract('a directory', openNew);

test('a file that is no letter is moved aside and does not hide the others', async () => {
  const opened = await openNew();
  await opened.queue.put(letterOf(1));
  await writeFile(join(opened.folder, '000000000000007.json'), '{"id": "torn');
  const again = await opened.reopen();
  expect(await again.queue.matching({})).toEqual([letterOf(1).id]);
  expect(await readdir(opened.folder)).toContain('000000000000007.json.unreadable');
  await opened.close();
});

test('a crash between the newer file of a letter and the removal of its older one leaves one letter, the newer', async () => {
  const opened = await openNew();
  await opened.queue.put(letterOf(1));
  const [older = ''] = await readdir(opened.folder);
  await opened.queue.put(letterOf(1, { attempts: 9 }));
  await writeFile(
    join(opened.folder, older),
    JSON.stringify({ ...letterOf(1), event: { specversion: '1.0', id: 'event-1', source: 'a', type: 'b' } }),
  );
  const again = await opened.reopen();
  expect(await again.queue.get(letterOf(1).id)).toMatchObject({ attempts: 9 });
  expect(await readdir(opened.folder)).toHaveLength(1);
  await opened.close();
});

test('what a killed process left half written is gone after the next start', async () => {
  const opened = await openNew();
  await opened.queue.put(letterOf(1));
  await writeFile(join(opened.folder, '.writing-0b7b1c9e'), '{"id": "torn');
  await opened.reopen();
  expect(await readdir(opened.folder)).toHaveLength(1);
  await opened.close();
});

test('a letter stays when it cannot be handed over', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'letters-'));
  const logger = await createLogger({ level: 'silent', pretty: false, name: 'test' });
  const queue = await createLocalDeadLetterQueue(folder, { redeliver: () => Promise.reject(new Error('broker down')), logger });
  await queue.put(letterOf(1));
  await expect(queue.redrive(letterOf(1).id)).rejects.toThrow('broker down');
  expect(await queue.matching({})).toEqual([letterOf(1).id]);
  await rm(folder, { recursive: true, force: true });
});
