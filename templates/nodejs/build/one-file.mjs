// Joins the wrapper's modules into one. Finding, reading and linking twenty files takes a cold start as long as running them; one file
// with its compile cache takes next to nothing. Only the forms that the wrapper is written in are known; anything else fails the build.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const importOfModule = /^import \{([^}]*)\} from '\.\/([\w-]+\.mjs)';$/gm;
const exportOfName = /^export (?:async )?(?:function\*?|const|class) (\w+)/gm;

/** Each module before those that import it. */
function inOrder(folder, entry) {
  const texts = new Map();
  const visit = (file, importers) => {
    if (importers.includes(file)) throw new Error(`${file} imports itself: ${importers.join(' > ')}`);
    if (texts.has(file)) return;
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, , imported] of text.matchAll(importOfModule)) visit(imported, [...importers, file]);
    texts.set(file, text);
  };
  visit(entry, []);
  return texts;
}

const exportsOf = (text) => [...text.matchAll(exportOfName)].map(([, name]) => name);

/** A module as a call that returns what it exports, so that its other names stay its own. */
function asCall(file, text, nameOf) {
  const body = text
    .replace(importOfModule, (_, names, imported) => `const {${names}} = ${nameOf(imported)};`)
    .replace(/^export /gm, '');
  if (/^(import|export)\b(?!\()/m.test(body)) throw new Error(`${file} imports or exports in a form that is not known here`);
  return `// ${file}\nconst ${nameOf(file)} = (() => {\n${body}\nreturn { ${exportsOf(text).join(', ')} };\n})();\n`;
}

/** @param {string[]} entries the modules whose exports the file has */
export function writeOneFile(folder, entries, target) {
  const texts = new Map(entries.flatMap((entry) => [...inOrder(folder, entry)]));
  const names = new Map([...texts.keys()].map((file, at) => [file, `module${at}`]));
  const nameOf = (file) => names.get(file);
  const calls = [...texts].map(([file, text]) => asCall(file, text, nameOf));
  const exported = entries.map((entry) => `export const { ${exportsOf(texts.get(entry)).join(', ')} } = ${nameOf(entry)};\n`);
  writeFileSync(join(folder, target), [...calls, ...exported].join('\n'));
}
