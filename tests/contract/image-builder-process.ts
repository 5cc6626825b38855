// A platform that only builds, to be killed: it opens the builder, submits what it is told line by line, and says what it has promised.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { createLocalImageBuilder } from '../../src/adapters/local/builds/image-builder.ts';
import { createLocalObjectStore } from '../../src/adapters/local/object-store.ts';
import type { BuildRequest } from '../../src/core/build.ts';

const [root = ''] = process.argv.slice(2);
const builder = await createLocalImageBuilder(
  {
    contexts: createLocalObjectStore(join(root, 'contexts')),
    // A file that outlives us stands for the broker.
    completed: (event) => {
      appendFileSync(join(root, 'broker'), `${JSON.stringify(event)}\n`);
      return Promise.resolve();
    },
    logger: pino({ level: 'silent' }),
  },
  { dataDir: join(root, 'data'), maxRunning: 2, maxQueued: 100, deadlineMs: 60_000, environment: process.env, now: Date.now },
);
console.log('open');
for await (const line of createInterface({ input: process.stdin })) {
  const { outcome, build } = await builder.submit(JSON.parse(line) as BuildRequest);
  console.log(`${outcome} ${build.buildId}`);
}
