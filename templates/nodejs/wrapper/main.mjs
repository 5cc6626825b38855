// The process around a tenant's function. Nothing is imported here but the compile cache, because whatever is loaded after
// it starts from the code that compile.sh left there.
import { enableCompileCache } from 'node:module';

// A cache that cannot be written (a read-only root file system) is still read.
enableCompileCache(`${import.meta.dirname}/../compile-cache`);
const { start } = await import('./start.mjs');
await start();
