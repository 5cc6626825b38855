// The process around a tenant's function. compile.sh has joined the modules beside this one into whole.mjs, and has left their code in
// the compile cache.
//
// Here and in all of them, Node's own modules come from getBuiltinModule: an import of node:http looks at each of its exports, one of
// which loads a whole WebSocket client, and takes longer than everything else in a cold start together.
const { enableCompileCache } = process.getBuiltinModule('node:module');

// A cache that cannot be written (a read-only root file system) is still read.
enableCompileCache(`${import.meta.dirname}/../compile-cache`);
const { start } = await import('./whole.mjs');
await start();
