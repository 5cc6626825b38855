// The keys of builds, by what the builds are made of.
import { buildKey } from '../core/build.ts';
import { remembered } from '../core/remembered.ts';
import type { Runtime, SourceKind } from '../core/source.ts';
import type { SourceFacts } from './source-facts.ts';
import type { Template } from './template.ts';

/** What a build of this source is called, by its ingredients. The templates and the builder's options are those of this process. */
export type BuildKeyOf = (facts: SourceFacts, handler: string | undefined, template: Template) => string;

export const createBuildKeys = (options: Readonly<Record<string, string>>): BuildKeyOf => {
  const templates = new Map<string, Template>();
  const keyOf = remembered(10_000, (contentHash = '', kind = '', entry = '', runtime = '', handler = '', templateVersion = '') =>
    buildKey({
      contentHash,
      kind: kind as SourceKind,
      entry: entry === '' ? null : entry,
      runtime: runtime as Runtime,
      ...(handler === '' ? {} : { handler }),
      templateVersion,
      baseImages: templates.get(templateVersion)?.images[runtime as Runtime] ?? {},
      builderOptions: options,
    }),
  );
  return ({ contentHash, kind, entry, runtime }, handler = '', template) => {
    templates.set(template.version, template);
    return keyOf(contentHash, kind, entry ?? '', runtime, handler, template.version);
  };
};
