// Packing a source of 200 MB against `tar | gzip -1` of the same files, and the memory it takes against a source of 20 MB.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cores } from './support/cores.ts';
import { median } from './support/median.ts';
import type { Bench, Row } from './support/report.ts';

const run = promisify(execFile);
const fileBytes = 1_000_000;

/** Half of it text that repeats, half of it noise, the same at every run: neither all zeros nor incompressible. */
const contentOf = (index: number): Buffer => {
  const content = Buffer.alloc(fileBytes);
  let seed = createHash('sha256').update(String(index)).digest();
  for (let at = 0; at < fileBytes; at += 64) {
    seed = createHash('sha256').update(seed).digest();
    const line =
      at % 128 === 0 ? seed : Buffer.from(`const value${seed.readUInt8(0)} = handle(${seed.readUInt8(1)}); // a line\n`);
    line.copy(content, at);
    line.copy(content, at + 32);
  }
  return content;
};

const writeSource = async (folder: string, files: number): Promise<void> => {
  await mkdir(folder, { recursive: true });
  for (let index = 0; index < files; index++) await writeFile(join(folder, `file-${index}.js`), contentOf(index));
};

type Packed = { readMs: number; packMs: number; peakMebibytes: number };

const pack = async (cores: Cores, root: string, prefix: string): Promise<Packed> => {
  const script = [process.execPath, join(import.meta.dirname, 'packing/pack.ts'), root, prefix, join(root, 'context.tar.gz')];
  const [program = '', ...parameters] = cores.onMeasured(script);
  return JSON.parse((await run(program, parameters)).stdout) as Packed;
};

const tarGzip = async (cores: Cores, root: string, prefix: string): Promise<number> => {
  const [program = '', ...parameters] = cores.onMeasured([
    'sh',
    '-c',
    `tar -C ${root} -cf - ${prefix} | gzip -1 > ${root}/peer.tar.gz`,
  ]);
  const begun = performance.now();
  await run(program, parameters);
  return performance.now() - begun;
};

const perSecond = (megabytes: number, ms: number): string => `${Math.round((megabytes * 1000) / ms)} MB/s`;

const rowsOf = (large: readonly Packed[], small: readonly Packed[], peer: readonly number[]): Row[] => {
  const tar = median([...peer]);
  const against = `tar | gzip -1: ${perSecond(200, tar)}`;
  const packMs = median(large.map((one) => one.packMs));
  const wholeMs = median(large.map((one) => one.packMs + one.readMs));
  const [peak, smallPeak] = [large, small].map((runs) => median(runs.map((one) => one.peakMebibytes))) as [number, number];
  return [
    {
      bench: 'packing',
      what: 'packing 200 MB',
      medians: perSecond(200, packMs),
      comparisons: [{ against, ratio: tar / packMs, atLeast: 0.7 }],
    },
    {
      bench: 'packing',
      what: 'with reading, hashing, spooling',
      medians: perSecond(200, wholeMs),
      comparisons: [{ against, ratio: tar / wholeMs }],
    },
    {
      bench: 'packing',
      what: 'peak memory of 200 MB',
      medians: `${Math.round(peak)} MiB`,
      comparisons: [{ against: `20 MB: ${Math.round(smallPeak)} MiB`, ratio: peak / smallPeak }],
    },
  ];
};

/** @param rounds of each, in turns */
export const createPackingBench = (cores: Cores, rounds: number): Bench => ({
  name: 'packing',
  about: `${rounds} rounds, in turns`,
  run: async () => {
    const root = await mkdtemp(join(tmpdir(), 'bench-packing-'));
    try {
      await writeSource(join(root, 'large'), 200);
      await writeSource(join(root, 'small'), 20);
      const [large, small, peer]: [Packed[], Packed[], number[]] = [[], [], []];
      for (let round = 0; round < rounds; round++) {
        large.push(await pack(cores, root, 'large/'));
        peer.push(await tarGzip(cores, root, 'large'));
        small.push(await pack(cores, root, 'small/'));
      }
      return rowsOf(large, small, peer);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  },
});
