// The tables of docs/ that come from the code: `npm run docs` writes them, tests/docs holds the files to them.
import { readFile, writeFile } from 'node:fs/promises';
import { Registry } from 'prom-client';
import { createBuilderMetrics } from '../src/builder/metrics.ts';
import { categories, isPermanent } from '../src/core/dead-letter.ts';
import { errors } from '../src/core/errors.ts';
import { schemas, typePrefix } from '../src/core/events.ts';
import { localSettings } from '../src/local/config.ts';

const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');

const code = (text: unknown): string => `\`${String(text)}\``;

const errorTable = (): string =>
  table(
    ['code', 'status', 'retried', 'category of the dead letter', 'means'],
    Object.entries(errors).map(([name, { status, retryable, category, title }]) => [
      code(name),
      String(status),
      retryable ? 'yes' : 'no',
      code(category),
      title,
    ]),
  );

type Setting = { default?: unknown; description?: string; type?: string; minimum?: number; maximum?: number; enum?: unknown[] };

const ruleOf = ({ type, minimum, maximum, enum: values, ...rest }: Setting): string => {
  if (values !== undefined) return values.map(code).join(', ');
  const range = [minimum === undefined ? '' : `≥ ${minimum}`, maximum === undefined || maximum >= 1_000_000 ? '' : `≤ ${maximum}`]
    .filter(Boolean)
    .join(', ');
  const pattern = 'pattern' in rest ? `matches ${code(rest.pattern)}` : '';
  return [type ?? 'text', range, pattern].filter(Boolean).join(' ');
};

const settingTable = (): string =>
  table(
    ['variable', 'default', 'rule', 'what it is for'],
    Object.entries(localSettings.properties).map(([name, property]) => {
      const setting = property as Setting;
      return [
        code(name),
        setting.default === undefined ? '–' : code(setting.default),
        ruleOf(setting),
        setting.description ?? '',
      ];
    }),
  );

const metricTable = async (): Promise<string> => {
  const registry = new Registry();
  const nothing = (): Promise<number> => Promise.resolve(0);
  createBuilderMetrics(registry).observe({
    queued: nothing,
    running: nothing,
    deadLetters: () => Promise.resolve({ depth: 0, oldestAgeMs: 0 }),
  });
  const metrics = await registry.getMetricsAsJSON();
  return table(
    ['name', 'kind', 'means'],
    metrics.map(({ name, type, help }) => [code(name), String(type), help]),
  );
};

type Shape = { properties?: Record<string, Setting>; required?: string[] };

const eventTable = (): string =>
  table(
    ['type', 'data'],
    Object.entries(schemas).map(([name, schema]) => {
      const type = name === 'job.changed' ? 'dev.knative.apiserver.resource.{add,update,delete}' : `${typePrefix}${name}`;
      const { properties = {}, required = [] } = schema as Shape;
      const fields = Object.keys(properties).map((field) => (required.includes(field) ? `**${code(field)}**` : code(field)));
      return [code(type), fields.join(', ')];
    }),
  );

const categoryTable = (): string =>
  table(
    ['category', 'what becomes of the letter'],
    categories.map((category) => [code(category), isPermanent(category) ? 'parked at once' : 'tried again, then parked']),
  );

/** File → name of the place in it → what stands there. */
export const generated = async (): Promise<Record<string, Record<string, string>>> => ({
  'docs/errors.md': { errors: errorTable(), categories: categoryTable() },
  'docs/configuration.md': { settings: settingTable() },
  'docs/metrics.md': { metrics: await metricTable() },
  'docs/events.md': { events: eventTable() },
});

/** Puts the text between `<!-- name -->` and `<!-- /name -->`. @throws Error when the place is missing */
export const fill = (document: string, name: string, text: string): string => {
  const place = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- /${name} -->)`);
  if (!place.test(document)) throw new Error(`There is no place "${name}"`);
  return document.replace(place, (_, before: string, after: string) => `${before}${text}\n${after}`);
};

export const withTables = async (file: string, tables: Record<string, string>): Promise<string> =>
  Object.entries(tables).reduce((document, [name, text]) => fill(document, name, text), await readFile(file, 'utf8'));

if (process.argv[1]?.endsWith('scripts/docs.ts') === true) {
  for (const [file, tables] of Object.entries(await generated())) await writeFile(file, await withTables(file, tables));
}
