// What `npm run dlq --` is told: a verb, a letter or filters, options.
import { parseArgs } from 'node:util';

export const dlqUsage = `npm run dlq -- <verb>

  list     [filters] [--limit 20] [--cursor c]  parked letters, the last parked first
  show     <id>                                 one letter, with its event and every attempt
  redrive  <id>                                 one more attempt for one letter
  redrive  [filters] [--per-second n]           says how many match; with --yes they are handed to delivery, and what becomes of
                                                them is waited for (--no-wait: it is not)
  purge    <id> --yes                           takes one letter out for good
  purge    [filters] [--confirm n]              says how many match; with that number as --confirm they are taken out for good
  stats                                         how many letters are where
  cleanup                                       moves what is beyond the retention to the archive

filters: --tenant t, --function f, --type t, --category c, --destination url, --older-than 6h, --newer-than 7d
--json prints the answers of the API as they are.
Environment: DLQ_URL (http://127.0.0.1:8080), DLQ_TOKEN, DLQ_OPERATOR (the name in the consumer's log)`;

/** The command line is wrong. */
export class UsageError extends Error {}

const options = {
  tenant: { type: 'string' },
  function: { type: 'string' },
  type: { type: 'string' },
  category: { type: 'string' },
  destination: { type: 'string' },
  'older-than': { type: 'string' },
  'newer-than': { type: 'string' },
  limit: { type: 'string' },
  cursor: { type: 'string' },
  'per-second': { type: 'string' },
  confirm: { type: 'string' },
  yes: { type: 'boolean', default: false },
  wait: { type: 'boolean', default: true },
  json: { type: 'boolean', default: false },
} as const;

const filterNames = {
  tenant: 'third_party_id',
  function: 'parser_id',
  type: 'type',
  category: 'category',
  destination: 'destination',
  'older-than': 'older_than',
  'newer-than': 'newer_than',
} as const;

export const parseParameters = (parameters: readonly string[]) => {
  try {
    const { values, positionals } = parseArgs({ args: [...parameters], options, allowPositionals: true, allowNegative: true });
    return { values, positionals };
  } catch (thrown) {
    throw new UsageError(thrown instanceof Error ? thrown.message : String(thrown));
  }
};
export type Values = ReturnType<typeof parseParameters>['values'];

/** As the API names them. */
export const filterOf = (values: Values): Record<string, string> =>
  Object.fromEntries(
    Object.entries(filterNames).flatMap(([option, name]) => {
      const value = values[option as keyof typeof filterNames];
      return value === undefined ? [] : [[name, value]];
    }),
  );

export const numberIn = (text: string | undefined, name: string): number | undefined => {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text === '' || !Number.isFinite(number) || number < 0) throw new UsageError(`--${name} must be a number`);
  return number;
};
