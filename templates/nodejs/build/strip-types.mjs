// TypeScript becomes JavaScript at build time: at run time Node would load its stripper at every cold start. The stripper is Node's
// own, the same in 22 and 24, so a build needs no compiler from the network.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join, relative } from 'node:path';

const source = /(?<!\.d)\.([mc]?)ts$/;

function* sourcesBelow(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') yield* sourcesBelow(path);
    else if (entry.isFile() && source.test(entry.name)) yield path;
  }
}

/** Types are blanked out where that is enough, so lines and columns stay; enums and the like are written anew. */
function strip(code) {
  try {
    return stripTypeScriptTypes(code);
  } catch (error) {
    if (error.code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') throw error;
    return stripTypeScriptTypes(code, { mode: 'transform', sourceMap: true });
  }
}

/** @returns whether there was any TypeScript. */
export function stripTypes(folder) {
  // Only the warning that the stripper is new would be said here.
  process.removeAllListeners('warning');
  let any = false;
  for (const path of sourcesBelow(folder)) {
    try {
      writeFileSync(path.replace(source, '.$1js'), strip(readFileSync(path, 'utf8')));
    } catch (error) {
      throw new Error(`${relative(folder, path)}: ${error.message}`);
    }
    any = true;
  }
  return any;
}
