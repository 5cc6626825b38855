// pack.ts <sources folder> <prefix> <context file>: reads a source and packs its context, once; prints what it took, as JSON.
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createLocalObjectStore } from '../../src/adapters/local/object-store.ts';
import { packContext } from '../../src/builder/build-context.ts';
import { readSource } from '../../src/builder/read-source.ts';
import { createTemplates } from '../../src/builder/template.ts';
import { peakBytes } from '../support/process-facts.ts';

const [sources = '', prefix = '', target = ''] = process.argv.slice(2);
const spool = await mkdtemp(join(tmpdir(), 'bench-spool-'));
const template = await createTemplates(join(import.meta.dirname, '../../templates'))('nodejs');
const begun = performance.now();
const source = await readSource(createLocalObjectStore(sources), prefix, 'nodejs24', spool);
const read = performance.now();
await pipeline(packContext(source, template, 'nodejs24', undefined), createWriteStream(target));
const packed = performance.now();
await source.spool.remove();
await rm(spool, { recursive: true });
console.log(JSON.stringify({ readMs: read - begun, packMs: packed - read, peakMebibytes: peakBytes('self') / 2 ** 20 }));
