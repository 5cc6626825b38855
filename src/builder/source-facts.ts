// What a source is made of, remembered by its version in the store: an equal event is answered without reading the source again.
import { chooseRuntime, type Language, type Runtime } from '../core/source.ts';
import { CodedError } from '../core/errors.ts';
import type { ObjectStore } from '../ports.ts';
import type { TakePlace } from './limits.ts';
import { readSource, sourceVersion, type Source } from './read-source.ts';

export type SourceFacts = Pick<Source, 'contentHash' | 'kind' | 'entry'> & { runtime: Runtime };

/** Sources that are remembered; the rest is read again, which is only slower. */
const remembered = 1000;

export type SourceReader = {
  /** The facts, and the source itself if it had to be read for them. The caller removes its spool. */
  facts(key: string, runtime: Runtime | Language | undefined): Promise<{ facts: SourceFacts; source?: Source }>;
  /** As `facts` reads it for the same runtime asked for: the same bytes are of the same kind and have the same entry. */
  read(key: string, runtime: Runtime | Language | undefined): Promise<Source>;
};

export const createSourceReader = (store: ObjectStore, spoolFolder: string, takePlace: TakePlace): SourceReader => {
  /** Its place is taken until its spool is removed. */
  const read: SourceReader['read'] = async (key, asked) => {
    const runtime = asked === undefined ? undefined : chooseRuntime(asked, []);
    const giveBack = await takePlace();
    try {
      const { spool, ...source } = await readSource(store, key, runtime, spoolFolder);
      return { ...source, spool: { ...spool, remove: () => spool.remove().finally(giveBack) } };
    } catch (thrown) {
      giveBack();
      throw thrown;
    }
  };
  const known = new Map<string, SourceFacts>();
  const remember = (name: string, facts: SourceFacts): void => {
    known.set(name, facts);
    const [oldest] = known.keys();
    if (known.size > remembered && oldest !== undefined) known.delete(oldest);
  };
  return {
    facts: async (key, asked) => {
      const version = await sourceVersion(store, key);
      if (version === undefined)
        throw new CodedError('SOURCE_NOT_FOUND', `There is no source "${key.slice(0, 200)}"`, { field: 's3_key' });
      const name = `${key}\0${version}\0${asked ?? ''}`;
      const before = known.get(name);
      if (before !== undefined) return { facts: before };
      const source = await read(key, asked);
      try {
        const runtime = chooseRuntime(
          asked,
          source.spool.entries().map(({ path }) => path),
        );
        const { contentHash, kind, entry } = source;
        const facts = { contentHash, kind, entry, runtime };
        remember(name, facts);
        return { facts, source };
      } catch (thrown) {
        await source.spool.remove();
        throw thrown;
      }
    },
    read,
  };
};
