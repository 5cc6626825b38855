// Builds as they are listed: newest first. A cursor is a position in that order and not a place in a list, so it outlives every change.
import type { Build, BuildStatus } from './build.ts';
import { CodedError } from './errors.ts';

export type Position = { createdAt: number; buildId: string };

/** Negative when `one` stands before `other`. */
export const compareBuilds = (one: Position, other: Position): number => {
  if (one.createdAt !== other.createdAt) return other.createdAt - one.createdAt;
  return one.buildId === other.buildId ? 0 : one.buildId < other.buildId ? -1 : 1;
};

export const cursorOf = ({ createdAt, buildId }: Position): string =>
  Buffer.from(`${createdAt}.${buildId}`).toString('base64url');

/** @throws CodedError INVALID_QUERY */
export const positionOf = (cursor: string): Position => {
  const match = /^(\d{1,16})\.([0-9a-f]{16})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (match === null)
    throw new CodedError('INVALID_QUERY', 'The cursor is not one that a list of builds gave', { field: 'cursor' });
  return { createdAt: Number(match[1]), buildId: match[2] ?? '' };
};

type Filter = { tenant?: string; function?: string; status?: BuildStatus; contentHash?: string };

export const matchesFilter = (build: Build, filter: Filter): boolean =>
  (filter.tenant === undefined || build.ref.tenant === filter.tenant) &&
  (filter.function === undefined || build.ref.function === filter.function) &&
  (filter.status === undefined || build.status === filter.status) &&
  (filter.contentHash === undefined || build.contentHash === filter.contentHash);
