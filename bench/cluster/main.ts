// npm run bench:cluster [-- --events 200 --builds 10000 --seconds 5] [-- acceptance calls memory list]: the bundled builder over a real API
// server, S3 and registry, in this one run. No number here fails anything.
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table, type Row } from '../support/report.ts';
import { measureAcceptance } from './acceptance.ts';
import { measureBuildList } from './build-list.ts';
import { measureCalls } from './calls.ts';
import { measureDuplicates } from './duplicates.ts';
import { measureMemory } from './memory.ts';
import { startBenchSite, type BenchSite } from './site.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    events: { type: 'string', default: '200' },
    builds: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '5' },
    // The logs of the processes.
    keep: { type: 'boolean', default: false },
  },
});
const [events, builds, seconds] = [values.events, values.builds, values.seconds].map(Number) as [number, number, number];
const deployed = 20;

const parts: Record<string, (site: BenchSite) => Promise<Row[]>> = {
  calls: async (site) => [...(await measureCalls(site, deployed)), ...(await measureDuplicates(site, 0, seconds))],
  acceptance: (site) => measureAcceptance(site, events),
  memory: (site) => measureMemory(site, events),
  list: (site) => measureBuildList(site, builds, 5),
};

const folder = await mkdtemp(join(tmpdir(), 'bench-cluster-'));
const rows: Row[] = [];
for (const [name, measure] of Object.entries(parts)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  console.error(name);
  // Each on a cluster of its own, so that none pays for what another has left behind.
  const site = await startBenchSite(folder);
  try {
    rows.push(...(await measure(site)));
  } finally {
    await site.close();
  }
}
if (values.keep) console.error(folder);
else await rm(folder, { recursive: true });
console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores for all of it\n`);
console.log(table(rows));
process.exit(0);
