// compile.sh turned every .ts into a .js beside it. Here an import that still says .ts, or that leaves the ending out as bundlers
// allow, finds it. Only sources in TypeScript pay for this.
import { registerHooks } from 'node:module';

const written = /^(\.{1,2}\/.*|file:.*)\.([mc]?)ts$/;
const guesses = ['.js', '.mjs', '.cjs', '/index.js', '/index.mjs', '/index.cjs'];

function resolveGuess(specifier, context, nextResolve, failure) {
  for (const guess of guesses) {
    try {
      return nextResolve(`${specifier}${guess}`, context);
    } catch {
      // the next one, or the first failure, which names what was written
    }
  }
  throw failure;
}

registerHooks({
  resolve(specifier, context, nextResolve) {
    const parts = written.exec(specifier);
    if (parts !== null) return nextResolve(`${parts[1]}.${parts[2]}js`, context);
    try {
      return nextResolve(specifier, context);
    } catch (failure) {
      if (!/^\.{1,2}(\/|$)/.test(specifier)) throw failure;
      return resolveGuess(specifier, context, nextResolve, failure);
    }
  },
});
