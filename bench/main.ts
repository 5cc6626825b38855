// npm run bench [-- door start packing] [-- --rounds 7 --seconds 3]: what was measured in this one run, as one table. Ratios are what
// counts: both sides of each ran on the same machine, in turns. No number here fails anything.
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createDoorBench } from './door.ts';
import { createPackingBench } from './packing.ts';
import { createStartupBench } from './startup.ts';
import { chooseCores } from './support/cores.ts';
import { table, type Row } from './support/report.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
  },
});

const bundle = join(import.meta.dirname, '..', 'dist', 'local', 'main.js');
const cores = chooseCores();
const rounds = Number(values.rounds);
const all = [
  createDoorBench(cores, bundle, { rounds, seconds: Number(values.seconds) }),
  createStartupBench(cores, bundle, 2 * rounds + 1),
  createPackingBench(cores, rounds),
];
const chosen = all.filter(({ name }) => positionals.length === 0 || positionals.includes(name));

const rows: Row[] = [];
for (const bench of chosen) {
  console.error(`${bench.name}: ${bench.about}`);
  rows.push(...(await bench.run()));
}
const where = cores.pinned ? 'measured and measuring on one core each' : 'NOT pinned to cores';
console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${where}\n`);
console.log(table(rows));
