// The tenant's function out of what compile.sh left: which file, which export.
const { readFileSync } = process.getBuiltinModule('node:fs');
const { pathToFileURL } = process.getBuiltinModule('node:url');

const root = `${import.meta.dirname}/..`;
const usual = ['handle', 'handler', 'parse'];

/** A module's exports as they are seen from here: CommonJS, and modules that were compiled to it, sit below `default`. */
function* views(module) {
  for (let view = module, depth = 0; view !== undefined && view !== null && depth < 3; view = view.default, depth += 1)
    yield view;
}

function find(module, names) {
  for (const name of names) {
    for (const view of views(module)) if (typeof view[name] === 'function') return view[name];
  }
  return undefined;
}

/** @param {string | null} name the export that was asked for */
export function chooseExport(module, name) {
  const found = name === null ? find(module, [...usual, 'default']) : find(module, [name]);
  if (found !== undefined) return found;
  const wanted = name === null ? `none of ${usual.join(', ')} or a default function` : `no function named ${name}`;
  throw new Error(`the source exports ${wanted}; it exports: ${Object.keys(module).join(', ') || 'nothing'}`);
}

/** @returns {Promise<(data: unknown, context: import('./context.mjs').FunctionContext) => unknown>} */
export async function loadFunction() {
  const { entry, name, typescript } = JSON.parse(readFileSync(`${root}/compiled.json`, 'utf8'));
  if (typescript) await import('./typescript-imports.mjs');
  return chooseExport(await import(pathToFileURL(`${root}/function/${entry}`).href), name);
}
