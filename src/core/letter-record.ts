// A dead letter as JSON: how it is kept on disk and in the archive, and how an operator is shown it.
import type { CloudEvent } from './cloudevent.ts';
import { categoryNamed } from './dead-letter.ts';
import { fromJsonFormat, toJsonFormat } from './json-format.ts';
import type { DeadLetter } from './letter.ts';

/** Members of `DeadLetter`, its event in the CloudEvents JSON format, or its bytes in base64. */
export type LetterRecord = Omit<DeadLetter, 'category' | 'event' | 'raw'> & {
  readonly category: string;
  readonly event?: Record<string, unknown>;
  readonly raw?: { bytes_base64: string; contentType?: string; headers: Readonly<Record<string, string>> };
};

export const toRecord = (letter: DeadLetter): LetterRecord => {
  const { event, raw, ...facts } = letter;
  if (event !== undefined) return { ...facts, event: toJsonFormat(event) };
  const { bytes, ...rest } = raw;
  return { ...facts, raw: { bytes_base64: bytes.toString('base64'), ...rest } };
};

/** @throws CodedError when the record's event is none */
export const fromRecord = (record: LetterRecord): DeadLetter => {
  const { event, raw, category, ...rest } = record;
  const facts = { ...rest, category: categoryNamed(category) };
  if (raw === undefined) return { ...facts, event: fromJsonFormat(event) satisfies CloudEvent };
  const { bytes_base64: bytes, ...described } = raw;
  return { ...facts, raw: { bytes: Buffer.from(bytes, 'base64'), ...described } };
};
