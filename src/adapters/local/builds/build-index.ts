// Builds in memory, newest first. A cursor is a position in that order and not a place in a list, so it outlives every change.
import type { Build } from '../../../core/build.ts';
import { CodedError } from '../../../core/errors.ts';
import type { BuildFilter, Listed, Page } from '../../../ports.ts';

type Position = { createdAt: number; buildId: string };

/** Negative when `one` stands before `other`. */
const compare = (one: Position, other: Position): number => {
  if (one.createdAt !== other.createdAt) return other.createdAt - one.createdAt;
  return one.buildId === other.buildId ? 0 : one.buildId < other.buildId ? -1 : 1;
};

const cursorOf = ({ createdAt, buildId }: Position): string => Buffer.from(`${createdAt}.${buildId}`).toString('base64url');

const positionOf = (cursor: string): Position => {
  const match = /^(\d{1,16})\.([0-9a-f]{16})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (match === null)
    throw new CodedError('INVALID_QUERY', 'The cursor is not one that a list of builds gave', { field: 'cursor' });
  return { createdAt: Number(match[1]), buildId: match[2] ?? '' };
};

const matches = (build: Build, filter: BuildFilter): boolean =>
  (filter.tenant === undefined || build.ref.tenant === filter.tenant) &&
  (filter.function === undefined || build.ref.function === filter.function) &&
  (filter.status === undefined || build.status === filter.status) &&
  (filter.contentHash === undefined || build.contentHash === filter.contentHash);

export type BuildIndex = {
  get: (buildId: string) => Build | undefined;
  set: (build: Build) => void;
  list: (filter: BuildFilter, page: Page) => Listed<Build>;
};

export const createBuildIndex = (known: readonly Build[]): BuildIndex => {
  const byId = new Map(known.map((build) => [build.buildId, build]));
  const ordered = [...byId.values()].sort(compare);

  /** The first place that does not stand before the position. */
  const placeOf = (position: Position): number => {
    let low = 0;
    let high = ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const build = ordered[middle];
      if (build !== undefined && compare(build, position) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    get: (buildId) => byId.get(buildId),
    set: (build) => {
      const before = byId.get(build.buildId);
      if (before !== undefined) ordered.splice(placeOf(before), 1);
      ordered.splice(placeOf(build), 0, build);
      byId.set(build.buildId, build);
    },
    list: (filter, page) => {
      const items: Build[] = [];
      const from = page.cursor === undefined ? undefined : positionOf(page.cursor);
      let place = from === undefined ? 0 : placeOf(from);
      for (; place < ordered.length; place++) {
        const build = ordered[place];
        if (build === undefined || !matches(build, filter) || (from !== undefined && compare(build, from) === 0)) continue;
        // One more than asked for is there, so the last one shown is where the next page goes on.
        const last = items.at(-1);
        if (items.length >= page.limit && last !== undefined) return { items, cursor: cursorOf(last) };
        items.push(build);
      }
      return { items };
    },
  };
};
