// npm run build: one bundle per process, src/<process>/main.ts → dist/<process>/main.js. A process starts from three files instead
// of a thousand, and needs no node_modules. The depth is that of the source: what stands beside src (templates/) is found from both.
import { build } from 'esbuild';
import { glob, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** What V8 has compiled is kept beside the bundle, so that only the first start compiles it. Where nothing can be written, all do. */
const startOf = (entry) => `
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
enableCompileCache(join(import.meta.dirname, '.compile-cache'));
await import('./${entry}');
// Once it runs, not when it ends: a process that is killed leaves the cache as well.
flushCompileCache();
`;

// Packages that are CommonJS ask for Node's own modules by require, which an ES module does not have.
const requireInModules = "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);";

/** Node 24 loads the whole of fetch for a module that imports names of node:http, and not for one that requires it. */
const requireHttp = {
  name: 'require-http',
  setup: (esbuild) => {
    esbuild.onResolve({ filter: /^node:http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'node:http', namespace: 'require' } : undefined,
    );
    esbuild.onLoad({ filter: /.*/, namespace: 'require' }, ({ path }) => ({ contents: `module.exports = require('${path}')` }));
  },
};

const bundle = (entry) =>
  build({
    absWorkingDir: root,
    stdin: { contents: startOf(entry), resolveDir: root, sourcefile: 'start.mjs' },
    outdir: join('dist', basename(dirname(entry))),
    entryNames: 'main',
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // What is imported only when it is needed (colours for a terminal) is a file of its own, and is not read before.
    splitting: true,
    chunkNames: '[name]-[hash]',
    plugins: [requireHttp],
    banner: { js: requireInModules },
    // Names stay: they are what a stack trace in a log says.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'linked',
    legalComments: 'linked',
    metafile: true,
    logLevel: 'warning',
  });

await rm(join(root, 'dist'), { recursive: true, force: true });
for (const entry of (await Array.fromAsync(glob('src/*/main.ts', { cwd: root }))).sort()) {
  const { metafile } = await bundle(entry);
  for (const [path, { bytes }] of Object.entries(metafile.outputs)) {
    if (path.endsWith('.js')) console.log(`${path}  ${Math.ceil(bytes / 1024)} KiB`);
  }
}
