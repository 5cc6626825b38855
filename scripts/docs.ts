// The tables of docs/ that come from the code: `npm run docs` writes them, tests/docs holds the files to them.
import { readFile, writeFile } from 'node:fs/promises';
import { Registry } from 'prom-client';
import { monitorSettings } from '../src/build-monitor/config.ts';
import { createBuilderMetrics } from '../src/builder/metrics.ts';
import { clusterSettings } from '../src/cluster/config.ts';
import { categories, categoryOfStatus, isPermanent, type Category } from '../src/core/dead-letter.ts';
import { errors } from '../src/core/errors.ts';
import { typePrefix } from '../src/core/event-type.ts';
import { schemas } from '../src/core/events.ts';
import { dlqSettings } from '../src/dlq-consumer/config.ts';
import { createDlqMetrics } from '../src/dlq-consumer/metrics.ts';
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

type Setting = {
  default?: unknown;
  description?: string;
  type?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  enum?: unknown[];
};

const ruleOf = ({ type, minimum, maximum, minLength, enum: values, ...rest }: Setting): string => {
  if (values !== undefined) return values.map(code).join(', ');
  const range = [minimum === undefined ? '' : `≥ ${minimum}`, maximum === undefined || maximum >= 1_000_000 ? '' : `≤ ${maximum}`]
    .filter(Boolean)
    .join(', ');
  const pattern = 'pattern' in rest ? `matches ${code(rest.pattern)}` : '';
  const length = minLength === undefined ? '' : `of ${minLength} characters or more`;
  return [type ?? 'text', length, range, pattern].filter(Boolean).join(' ');
};

/** Without a default: it has to be said, or nothing is meant. */
const defaultOf = ({ default: value }: Setting, isRequired: boolean): string => {
  if (value === undefined) return isRequired ? 'required' : '–';
  return value === '' ? 'empty' : code(value);
};

const settingTable = ({ properties, required = [] }: { properties: object; required?: string[] }): string =>
  table(
    ['variable', 'default', 'rule', 'what it is for'],
    Object.entries(properties).map(([name, property]) => {
      const setting = property as Setting;
      return [code(name), defaultOf(setting, required.includes(name)), ruleOf(setting), setting.description ?? ''];
    }),
  );

const tableOfMetrics = async (registry: Registry): Promise<string> =>
  table(
    ['name', 'kind', 'means'],
    (await registry.getMetricsAsJSON()).map(({ name, type, help }) => [code(name), String(type), help]),
  );

const metricTable = async (): Promise<string> => {
  const registry = new Registry();
  const nothing = (): Promise<number> => Promise.resolve(0);
  createBuilderMetrics(registry).observe({
    queued: nothing,
    running: nothing,
    limitsShared: nothing,
    deadLetters: () => Promise.resolve({ depth: 0, oldestAgeMs: 0 }),
  });
  return tableOfMetrics(registry);
};

const dlqMetricTable = (): Promise<string> => {
  const registry = new Registry();
  createDlqMetrics(registry).observe({
    depths: () => undefined,
    oldestAgeMs: () => Promise.resolve(0),
    circuits: () => ({ closed: 0, open: 0, half_open: 0 }),
    connected: () => true,
  });
  return tableOfMetrics(registry);
};

type Shape = { properties?: Record<string, Setting>; required?: string[] };

const eventTable = (): string =>
  table(
    ['type', 'data'],
    Object.entries(schemas).map(([name, schema]) => {
      const type = name === 'object.changed' ? 'dev.knative.apiserver.resource.{add,update,delete}' : `${typePrefix}${name}`;
      const { properties = {}, required = [] } = schema as Shape;
      const fields = Object.keys(properties).map((field) => (required.includes(field) ? `**${code(field)}**` : code(field)));
      return [code(type), fields.join(', ')];
    }),
  );

const statuses = [undefined, ...Array.from({ length: 200 }, (_, n) => n + 400)];

/** `503`, `505–599`, no answer: those that a delivery ends with. */
const answersOf = (category: Category): string => {
  const runs: [first: number, last: number][] = [];
  for (const status of statuses) {
    if (status === undefined || categoryOfStatus(status) !== category) continue;
    const run = runs.at(-1);
    if (run?.[1] === status - 1) run[1] = status;
    else runs.push([status, status]);
  }
  const silent = categoryOfStatus(undefined) === category ? ['no answer'] : [];
  return [...runs.map(([first, last]) => (first === last ? String(first) : `${first}–${last}`)), ...silent].join(', ');
};

const categoryTable = (): string =>
  table(
    ['category', 'what becomes of the letter', 'said by the code', 'or by the answer'],
    categories.map((category) => [
      code(category),
      isPermanent(category) ? 'parked at once' : 'tried again, then parked',
      Object.entries(errors)
        .filter(([, error]) => error.category === category)
        .map(([name]) => code(name))
        .join(' '),
      answersOf(category),
    ]),
  );

/** What a table above says already, word for word, stands there once. */
const withoutCommon = ({ properties, required }: { properties: object; required?: string[] }) => {
  const common = new Map(Object.entries(localSettings.properties).map(([name, property]) => [name, JSON.stringify(property)]));
  const own = Object.entries(properties).filter(([name, property]) => common.get(name) !== JSON.stringify(property));
  return { properties: Object.fromEntries(own) as object, ...(required === undefined ? {} : { required }) };
};

/** File → name of the place in it → what stands there. */
export const generated = async (): Promise<Record<string, Record<string, string>>> => ({
  'docs/errors.md': { errors: errorTable() },
  'docs/dead-letters.md': { categories: categoryTable() },
  'docs/configuration.md': {
    settings: settingTable(localSettings),
    cluster: settingTable(withoutCommon(clusterSettings)),
    monitor: settingTable(monitorSettings),
    dlq: settingTable(dlqSettings),
  },
  'docs/metrics.md': { metrics: await metricTable(), dlq: await dlqMetricTable() },
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
