// npm run drill:cluster: three builders over one API server, one S3 and one registry; 500 events with duplicates, sent to the builders and to
// a broker; an API server that restarts, an S3 that is slow and fails, builders that are killed, monitors that are lost. Every event that
// was accepted has its outcome once, and nothing is left over. SEED chooses another course.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createChance } from './chance.ts';
import { lookForOrphans, isClean, type Left } from './orphans.ts';
import { accountFor, see } from './outcomes.ts';
import { planEvents } from './plan.ts';
import { waveMs } from './planned.ts';
import { printEvents, printFindings } from './report.ts';
import { sendAll } from './send.ts';
import { limits, startSite } from './site.ts';
import { sourcesOf } from './sources.ts';
import { makeTrouble } from './trouble.ts';
import { judgeBuilds, judgeEvents, judgeFunctions } from './verdict.ts';

const begun = performance.now();
const say = (text: string): void => console.log(`${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${text}`);
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6));
const chance = createChance(seed);
const folder = await mkdtemp(join(tmpdir(), 'drill-cluster-'));

const planned = planEvents(chance);
const site = await startSite(folder, await sourcesOf(planned), chance);
const { broker, functions, node, contacts, storage } = site;
say(`${planned.length} events, seed ${seed}, logs in ${folder}`);

/** Nothing is owed or half done, twice in a row; or as it is when that does not come. */
const settle = async (patienceMs: number): Promise<Left> => {
  const until = performance.now() + patienceMs;
  for (let quiet = 0; ;) {
    await sleep(2_000);
    const left = await lookForOrphans(site.client, site.s3);
    quiet = broker.owed() === 0 && isClean(left) ? quiet + 1 : 0;
    if (quiet === 3 || performance.now() > until) return left;
    const open = Object.entries(left.orphans).map(([what, names]) => (names.length === 0 ? '' : `, ${names.length} ${what}`));
    say(`owed by the broker ${broker.owed()}${open.join('')}`);
  }
};

const deps = { broker: broker.url, choose: site.choose, contacts, chance };
const trouble = makeTrouble({ ...site, chance, say }, waveMs);
const first = await sendAll(
  planned.filter(({ isLast }) => !isLast),
  deps,
);
const { kills, restarts } = await trouble;
say('all but the last are sent');
await settle(120_000);
const last = planned.filter(({ isLast }) => isLast).map((one) => ({ ...one, at: one.at.map(() => chance.between(0, 2_000)) }));
const second = await sendAll(last, deps);
const left = await settle(60_000);
const exitCodes = await site.stop();

const accounted = accountFor([...first, ...second], see(broker, functions, node.runs), contacts);
printEvents(accounted);
const lostMonitors = node.runs.filter(({ isMonitorLost }) => isMonitorLost).length;
const { most } = site.limitsWatch;
const { good, ...ills } = storage.counts;
console.log(`
builders killed ${kills} times, API server restarted ${restarts} times, monitors lost ${lostMonitors} of ${node.runs.length}
requests to the object store: ${good} good, ${Object.entries(ills)
  .map(([ill, count]) => `${count} ${ill}`)
  .join(', ')}
the broker took ${broker.events.length} events and tried ${broker.retries()} deliveries again; dead letters: ${broker.dead.length}
at once: ${most.running} jobs ran (limit ${limits.running}), ${most.admitted} had their place, ${node.mostAtOnce()} containers built; ${most.queued} were queued (limit ${limits.queued})
uploads that died with their builder: ${left.unfinishedUploads} (the bucket's lifecycle rule removes them)
largest monitor: ${(node.largestMonitor() / 2 ** 20).toFixed(0)} MiB`);
const over = (what: string, found: number, limit: number): string[] => (found > limit ? [`${found} ${what}`] : []);
const isGood = printFindings({
  ...judgeEvents(accounted),
  ...judgeBuilds(node.runs, broker),
  ...judgeFunctions(planned, node.runs, left),
  'limits exceeded': [
    ...over('jobs ran at once', most.running, limits.running),
    ...over('places were given', most.admitted, limits.running),
    ...over('containers built at once', node.mostAtOnce(), limits.running),
    ...over('were queued', most.queued, limits.queued),
  ],
  ...left.orphans,
  'deliveries that a broker would drop': broker.dropped.map(({ event, status }) => `${event.type} ${event.id}: ${status}`),
  'builders that did not stop in order': exitCodes.filter((code) => code !== 0).map(String),
});
for (const { event, because } of broker.dead) console.log(`dead letter ${event.type} ${event.id}: ${because}`);
console.log(isGood ? '\nconserved' : `\nNOT conserved; logs in ${folder}`);
await site.close();
if (isGood) await rm(folder, { recursive: true });
process.exit(isGood ? 0 : 1);
