// What the events build: archives, since a source under its default key says nothing of its language by its name.
import { defaultSourceKey } from '../../../src/core/function.ts';
import { archiveOf } from '../../support/cluster/source-archive.ts';
import type { Planned } from './planned.ts';

export type Source = { key: string; content: Buffer };

/** Some are so long that their contexts are written in parts. */
const longEvery = 20;
const longBytes = 8 * 2 ** 20;

export const sourcesOf = async (planned: readonly Planned[]): Promise<Source[]> => {
  const named = new Map(
    planned.filter(({ group }) => group !== 'garbage').map(({ group, ref }) => [ref.function, { group, ref }]),
  );
  const sources: Source[] = [];
  for (const { group, ref } of named.values()) {
    const key = defaultSourceKey(ref);
    const extraBytes = sources.length % longEvery === 0 ? longBytes : 0;
    sources.push({ key, content: await archiveOf(ref.function, extraBytes) });
    if (group === 'updated') sources.push({ key: `${key}-2`, content: await archiveOf(`${ref.function} again`, 0) });
  }
  return sources;
};
