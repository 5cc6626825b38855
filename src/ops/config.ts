// Settings from the environment, by a schema, once: every mistake is reported at the same time, by its name.
import type { Static, TObject, TSchema } from 'typebox';
// Judged once, so nothing is compiled: the compiler alone takes 4 MiB, of the 64 that a sidecar may have.
import { Check, Errors } from 'typebox/schema';

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

const typeOf = (schema: TSchema): unknown => ('type' in schema ? schema.type : undefined);

/** Environment variables are text; a number or a boolean is read as one, and stays text (and is refused) if it is none. */
const fromText = (schema: TSchema, text: string): unknown => {
  const type = typeOf(schema);
  if (type === 'integer' || type === 'number') return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
  if (type === 'boolean') return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;
  return text;
};

/**
 * @param schema an object of settings, each with a `default` or optional; names are those of the environment variables
 * @throws ConfigError naming every setting that breaks its rule
 */
export const readConfig = <T extends TObject>(schema: T, environment: Environment): Static<T> => {
  const values: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(schema.properties)) {
    const text = environment[name];
    // An empty variable is an unset one: a chart can't leave a key out as easily as it leaves it empty.
    if (text !== undefined && text !== '') values[name] = fromText(property, text);
    else if ('default' in property) values[name] = property.default;
  }
  if (!Check(schema, values)) throw new ConfigError(problemsOf(schema, values));
  return values;
};

/** One line for each setting that is wrong. They are judged one by one, so that each has its own first rule. */
const problemsOf = (schema: TObject, values: Readonly<Record<string, unknown>>): string[] => {
  const problems: string[] = [];
  for (const [name, property] of Object.entries(schema.properties)) {
    if (!(name in values)) {
      if (schema.required.includes(name)) problems.push(`${name} is required`);
      continue;
    }
    const [, [error]] = Errors(property, values[name]);
    // Values are not shown: one of them may be a secret in the wrong place.
    if (error !== undefined) problems.push(`${name} ${error.message}`);
  }
  return problems;
};
