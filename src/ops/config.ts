// Settings from the environment, by a schema, once: every mistake is reported at the same time, by its name.
import type { Static, TObject } from 'typebox';
import type { XStatic } from 'typebox/schema';
import { problemWith } from './judge-setting.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** All that is wrong with the environment, one line for each setting. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration is not valid:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const typeOf = (schema: object): unknown => ('type' in schema ? schema.type : undefined);

/** Environment variables are text; a number or a boolean is read as one, and stays text (and is refused) if it is none. */
const fromText = (schema: object, text: string): unknown => {
  const type = typeOf(schema);
  if (type === 'integer' || type === 'number') return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
  if (type === 'boolean') return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;
  return text;
};

/** A schema of settings, made by a library or written down: then the library stays out of the process. */
type Settings = { readonly properties: Readonly<Record<string, object>>; readonly required?: readonly string[] };
/** The values of one that is written down, with all its settings required. */
export type SettingsOf<T extends Settings> = Required<XStatic<{ type: 'object'; properties: T['properties'] }>>;

/** One line for each setting that is wrong. */
const problemsOf = ({ properties, required = [] }: Settings, values: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(properties).flatMap(([name, property]) => {
    if (!Object.hasOwn(values, name)) return required.includes(name) ? [`${name} is required`] : [];
    const problem = problemWith(property, values[name]);
    return problem === undefined ? [] : [`${name} ${problem}`];
  });

/**
 * @param schema an object of settings, each with a `default` or optional; names are those of the environment variables
 * @throws ConfigError naming every setting that breaks its rule
 */
export function readConfig<T extends TObject>(schema: T, environment: Environment): Static<T>;
export function readConfig<T extends Settings>(schema: T, environment: Environment): SettingsOf<T>;
export function readConfig(schema: Settings, environment: Environment): unknown {
  const values: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(schema.properties)) {
    const text = environment[name];
    // An empty variable is an unset one: a chart can't leave a key out as easily as it leaves it empty.
    if (text !== undefined && text !== '') values[name] = fromText(property, text);
    else if ('default' in property) values[name] = property.default;
  }
  const problems = problemsOf(schema, values);
  if (problems.length > 0) throw new ConfigError(problems);
  return values;
}
