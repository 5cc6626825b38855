// Finds the source's way in, strips TypeScript and joins the wrapper, so that a start has nothing to look for.
import { readFileSync, writeFileSync } from 'node:fs';
import { findEntry } from './entry.mjs';
import { writeOneFile } from './one-file.mjs';
import { stripTypes } from './strip-types.mjs';

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

try {
  const { entry, handler } = JSON.parse(readFileSync('function.json', 'utf8'));
  const found = findEntry('function', entry, handler);
  const typescript = stripTypes('function');
  const file = found.file.replace(/\.([mc]?)ts$/, '.$1js');
  writeOneFile('wrapper', ['configuration.mjs', 'log.mjs', 'load-function.mjs', 'start.mjs'], 'whole.mjs');
  writeFileSync('compiled.json', JSON.stringify({ entry: file, name: found.name, typescript }));
} catch (error) {
  fail(error.message);
}
