// An image becomes the function: declared on the platform by digest, told to the broker, and handed the events that waited for it.
import type { Build } from '../core/build.ts';
import { emitted, type Origin } from '../core/emitted.ts';
import { isSameRef } from '../core/function-spec.ts';
import { fn10, serviceName, type FunctionRef } from '../core/function.ts';
import type { EventSink, FunctionPlatform, FunctionSpec, FunctionState, ObjectStore } from '../ports.ts';
import type { PendingEvents } from './pending-events.ts';

export type Deployed =
  | { outcome: 'created' | 'updated' | 'unchanged'; state: FunctionState }
  /** Something asked for later is there, or the function was deleted after this was asked for: at that moment, in ms since the epoch. */
  | { outcome: 'superseded'; deletedAt?: number };
export type Deploy = (build: Build, imageDigest: string, requestedAt: number, origin: Origin) => Promise<Deployed>;

const tombstoneKey = (ref: FunctionRef): string => `deleted/${fn10(ref)}.json`;

/** Written before a function is removed: a build that was asked for earlier no longer deploys it, however late it completes. */
export const markDeleted = async (temp: ObjectStore, ref: FunctionRef, at: number): Promise<void> => {
  await temp.write(tombstoneKey(ref), Buffer.from(JSON.stringify({ ref, at })));
};

const deletedAt = async (temp: ObjectStore, ref: FunctionRef): Promise<number> => {
  const found = await temp.head(tombstoneKey(ref));
  if (found === undefined) return -1;
  const chunks: Buffer[] = [];
  for await (const chunk of (await temp.read(tombstoneKey(ref))) as AsyncIterable<Buffer>) chunks.push(chunk);
  const mark = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { ref: FunctionRef; at: number };
  // Another function's, of the same digits.
  return isSameRef(mark.ref, ref) ? mark.at : -1;
};

/** Whoever deletes marks first and removes then, and may have died in between. What was asked for after the mark stays. */
const takeBack = async (functions: FunctionPlatform, { ref, requestedAt }: FunctionSpec, at: number): Promise<Deployed> => {
  const current = await functions.get(ref);
  if (current?.requestedAt === requestedAt) await functions.remove(ref);
  return { outcome: 'superseded', deletedAt: at };
};

/** Makes the function what the spec says, unless it was deleted after that was asked for. */
export const declare = async (
  { functions, temp }: { functions: FunctionPlatform; temp: ObjectStore },
  spec: FunctionSpec,
): Promise<Deployed> => {
  const before = await deletedAt(temp, spec.ref);
  if (spec.requestedAt <= before) return takeBack(functions, spec, before);
  const { outcome, state } = await functions.apply(spec);
  if (outcome === 'superseded') return { outcome };
  // It may have been deleted meanwhile: a mark that is not there yet comes with a removal that is still to come.
  const meanwhile = await deletedAt(temp, spec.ref);
  return spec.requestedAt <= meanwhile ? takeBack(functions, spec, meanwhile) : { outcome, state };
};

export const createDeploy =
  (deps: { functions: FunctionPlatform; events: EventSink; temp: ObjectStore; pending: PendingEvents }): Deploy =>
  async (build, imageDigest, requestedAt, origin) => {
    const { ref, image, runtime, buildId } = build;
    const name = serviceName(ref);
    const declared = await declare(deps, { ref, name, image, imageDigest, runtime, buildId, requestedAt });
    if (declared.outcome === 'superseded') return declared;
    const { state } = declared;
    // Also when nothing changed: the process may have died between declaring and telling. The id is the same then.
    const eventName = state.createdAt === state.updatedAt ? 'service.created' : 'service.updated';
    const data = { service_name: name, image_digest: imageDigest, build_id: buildId, url: state.url };
    await deps.events.publish(emitted(eventName, ref, origin, data, state.updatedAt, imageDigest));
    if (state.state !== 'deploying') await deps.pending.deliver(ref);
    return declared;
  };
