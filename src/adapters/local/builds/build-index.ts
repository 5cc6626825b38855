// Builds in memory, newest first (core/build-order.ts).
import type { Build } from '../../../core/build.ts';
import { compareBuilds, cursorOf, matchesFilter, positionOf, type Position } from '../../../core/build-order.ts';
import type { BuildFilter, Listed, Page } from '../../../ports.ts';

export type BuildIndex = {
  get: (buildId: string) => Build | undefined;
  set: (build: Build) => void;
  list: (filter: BuildFilter, page: Page) => Listed<Build>;
};

export const createBuildIndex = (known: readonly Build[]): BuildIndex => {
  const byId = new Map(known.map((build) => [build.buildId, build]));
  const ordered = [...byId.values()].sort(compareBuilds);

  /** The first place that does not stand before the position. */
  const placeOf = (position: Position): number => {
    let low = 0;
    let high = ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const build = ordered[middle];
      if (build !== undefined && compareBuilds(build, position) < 0) low = middle + 1;
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
        if (build === undefined || !matchesFilter(build, filter) || (from !== undefined && compareBuilds(build, from) === 0))
          continue;
        // One more than asked for is there, so the last one shown is where the next page goes on.
        const last = items.at(-1);
        if (items.length >= page.limit && last !== undefined) return { items, cursor: cursorOf(last) };
        items.push(build);
      }
      return { items };
    },
  };
};
