// Whether a value keeps the rule of its setting: as much of JSON Schema as settings use. A library for all of it is 3 MiB of memory in a
// process, of the 64 that the build monitor may have.
type Rule = {
  type?: 'string' | 'integer' | 'number' | 'boolean';
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
};

const isOfType: Record<NonNullable<Rule['type']>, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  number: Number.isFinite,
  boolean: (value) => typeof value === 'boolean',
};

type Judge = (value: unknown, rule: Rule) => string | undefined;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** By keyword; each says nothing where the rule is kept. What a value of another type breaks is its type alone. */
const judges: Record<keyof Rule, Judge> = {
  type: (value, { type }) => (type === undefined || isOfType[type](value) ? undefined : `must be ${type}`),
  enum: (value, { enum: values = [] }) => (values.includes(value) ? undefined : `must be one of ${values.join(', ')}`),
  minimum: (value, { minimum = -Infinity }) => (Number(value) < minimum ? `must be >= ${minimum}` : undefined),
  maximum: (value, { maximum = Infinity }) => (Number(value) > maximum ? `must be <= ${maximum}` : undefined),
  minLength: (value, { minLength = 0 }) =>
    text(value).length < minLength ? `must not have fewer than ${minLength} characters` : undefined,
  maxLength: (value, { maxLength = Infinity }) =>
    text(value).length > maxLength ? `must not have more than ${maxLength} characters` : undefined,
  pattern: (value, { pattern = '' }) =>
    new RegExp(pattern, 'u').test(text(value)) ? undefined : `must match pattern "${pattern}"`,
};

const annotations: readonly string[] = ['default', 'description'];
const isJudged = (keyword: string): keyword is keyof Rule => Object.hasOwn(judges, keyword);

/**
 * @returns the first that is wrong, without the value: it may be a secret in the wrong place
 * @throws Error for a keyword that is not known here, instead of a rule that nobody keeps
 */
export const problemWith = (rule: Rule, value: unknown): string | undefined => {
  const keywords = Object.keys(rule).filter((keyword) => !annotations.includes(keyword));
  const unknown = keywords.find((keyword) => !isJudged(keyword));
  if (unknown !== undefined) throw new Error(`No setting is judged by "${unknown}"`);
  const judged = ['type', ...keywords].filter(isJudged);
  return judged.map((keyword) => judges[keyword](value, rule)).find((problem) => problem !== undefined);
};
