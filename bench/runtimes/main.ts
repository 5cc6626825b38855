// npm run bench:runtimes [-- --only nodejs --starts 15 --rounds 1 --seconds 10 --connections 50]
import { mkdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { contestants } from './contestants/all.ts';
import { chooseCores } from './cores.ts';
import { measure, type Prepared } from './measure.ts';
import { aims, table } from './report.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    starts: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '50' },
  },
});

const cache = join(import.meta.dirname, '..', '..', '.cache', 'bench-runtimes');
const chosen = contestants.filter(({ language }) => values.only === undefined || values.only.split(',').includes(language));
const prepared: Prepared[] = [];
for (const contestant of chosen) {
  const folder = join(cache, `${contestant.language}-${contestant.name.replaceAll(/[^a-z0-9]+/gi, '-')}`);
  await mkdir(folder, { recursive: true });
  process.stderr.write(`preparing ${contestant.language} ${contestant.name}\n`);
  prepared.push([contestant, await contestant.prepare(folder)]);
}

const cores = chooseCores();
const effort = {
  starts: Number(values.starts),
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  connections: Number(values.connections),
};
process.stderr.write('measuring\n');
const measured = await measure(prepared, cores, effort);

const [processor] = cpus();
console.log(
  `Node ${process.version}, ${processor?.model ?? 'unknown processor'}, ${cores.pinned ? 'server and load on one core each' : 'NOT pinned to cores'};`,
  `medians of ${effort.starts} cold starts to the first reply, ${effort.rounds} × ${effort.seconds} s with ${effort.connections} connections\n`,
);
console.log(table(measured));
console.log(`\n${aims(measured)}`);
