// JSON schemas for kubeconform, from what an API server says of its own kinds: `node scripts/manifest-schemas.ts <openapi.json> <folder>`
// writes one file for each kind, `<kind>-<group>-<version>.json`. Strict: a field that the kind does not have is an error.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

type Schema = {
  [key: string]: unknown;
  properties?: Record<string, Schema>;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
};
type Definitions = Record<string, Schema>;

const reference = '#/definitions/';

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** What may stand for a quantity or a port is a number as well as a text; OpenAPI 2 has no way to say so. */
const loosened = (schema: Schema): Schema =>
  schema.format === 'int-or-string' || schema['x-kubernetes-int-or-string'] === true ? { type: ['integer', 'string'] } : schema;

const isOpen = (schema: Schema): boolean =>
  'additionalProperties' in schema || schema['x-kubernetes-preserve-unknown-fields'] === true || schema.properties === undefined;

const strict = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(strict);
  if (!isObject(value)) return value;
  const schema = loosened(value);
  const inner = Object.fromEntries(Object.entries(schema).map(([key, part]) => [key, key === 'enum' ? part : strict(part)]));
  return isOpen(schema) ? inner : { ...inner, additionalProperties: false };
};

/** The names of the definitions that the schema is made of, its own included. */
const partsOf = (definitions: Definitions, name: string, found = new Set<string>()): Set<string> => {
  if (found.has(name)) return found;
  found.add(name);
  for (const [, used = ''] of JSON.stringify(definitions[name] ?? {}).matchAll(/"#\/definitions\/([^"]+)"/g))
    partsOf(definitions, used, found);
  return found;
};

/** As kubeconform names a kind: the group up to its first dot. */
const fileOf = ({ group, version, kind }: { group: string; version: string; kind: string }): string =>
  [kind, group.split('.')[0], version]
    .filter((part) => part !== '')
    .join('-')
    .toLowerCase();

/** File name (without `.json`) → schema, for each kind among the definitions of an OpenAPI 2 document. */
export const schemasOf = (definitions: Definitions): Map<string, object> => {
  const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
  const all: Definitions = { ...definitions, [quantity]: { type: ['string', 'number'] } };
  const schemas = new Map<string, object>();
  for (const [name, definition] of Object.entries(all)) {
    const kinds = definition['x-kubernetes-group-version-kind'] ?? [];
    // Of many kinds is what all of them share, such as DeleteOptions.
    const [kind] = kinds;
    if (kinds.length !== 1 || kind === undefined) continue;
    const parts = Object.fromEntries([...partsOf(all, name)].map((part) => [part, strict(all[part])]));
    schemas.set(fileOf(kind), { $ref: `${reference}${name}`, definitions: parts });
  }
  return schemas;
};

if (process.argv[1]?.endsWith('scripts/manifest-schemas.ts') === true) {
  const [, , openapi = '', folder = ''] = process.argv;
  const { definitions } = JSON.parse(await readFile(openapi, 'utf8')) as { definitions: Definitions };
  await mkdir(folder, { recursive: true });
  for (const [name, schema] of schemasOf(definitions)) await writeFile(join(folder, `${name}.json`), JSON.stringify(schema));
}
