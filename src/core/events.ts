// Every event that is accepted: its type, the shape of its data, and whose function it is about.
import Type, { type Static, type TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { buildIdPattern } from './build.ts';
import type { CloudEvent } from './cloudevent.ts';
import { CodedError } from './errors.ts';
import { jsonOf } from './event-data.ts';
import { typePrefix } from './event-type.ts';
import { idPattern, isId, tenantOfSource, type FunctionRef } from './function.ts';
import { runtimeNames, type Language, type Runtime } from './source.ts';

const id = Type.String({ pattern: idPattern });
const identity = { third_party_id: Type.Optional(id), parser_id: Type.Optional(id) };
const optional = {
  sourceKey: Type.Optional(
    // Relative, whole characters, and no segment that climbs: it is joined below a bucket or a folder. A dot would not match U+2028.
    Type.String({
      minLength: 1,
      maxLength: 1024,
      pattern: '^(?!/)(?!(?:[\\s\\S]*/)?\\.\\.?(?:/|$))[^\\u0000-\\u001f\\u007f\\\\\\ud800-\\udfff]+$',
    }),
  ),
  buildId: Type.Optional(Type.String({ pattern: buildIdPattern })),
  contentHash: Type.Optional(Type.String({ pattern: '^(?:sha256:)?[0-9a-f]{64}$' })),
  priority: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
  text: Type.Optional(Type.String({ maxLength: 4096 })),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
  digest: Type.Optional(Type.String({ pattern: '^sha256:[0-9a-f]{64}$' })),
  count: Type.Optional(Type.Number({ minimum: 0 })),
};

/** Checked as one: naming each of a million wrong elements would hold up every other request. */
const numbers = Type.Refine(
  Type.Unsafe<number[]>({ type: 'array', description: 'Numbers' }),
  (values) => values.every((value) => typeof value === 'number'),
  () => 'must be an array of numbers',
);
const anyObject = Type.Unsafe<Record<string, unknown>>({ type: 'object' });

const completion = Type.Object({
  ...identity,
  build_id: Type.String({ pattern: buildIdPattern }),
  job_name: optional.name,
  image_uri: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
  image_digest: optional.digest,
  content_hash: optional.contentHash,
  status: optional.name,
  exit_code: Type.Optional(Type.Integer()),
  duration_ms: optional.count,
  error_message: optional.text,
  correlation_id: optional.text,
});

const annotations = 'build.notifi.network/';
const apiServerObject = Type.Object({
  kind: Type.Unsafe<'Job' | 'Service' | 'Trigger'>(Type.Enum(['Job', 'Service', 'Trigger'])),
  metadata: Type.Object({
    // The name of a job, or of a service and its trigger, see core/build.ts and core/function.ts.
    name: Type.String({ pattern: '^(?:build-[0-9a-f]{16}|fn-[0-9a-v]{10}(?:-[a-z0-9-]{1,40})?)$' }),
    annotations: Type.Object({ [`${annotations}third-party-id`]: id, [`${annotations}parser-id`]: id }),
  }),
  // Whatever they hold: core/changed-object.ts takes from them what it knows.
  spec: Type.Optional(Type.Unknown()),
  status: Type.Optional(Type.Unknown()),
});

/** A file and export, such as `handle` or `lib/parse.run`: it reaches a runtime through function.json. */
export const handlerPattern = '^(?!.*\\.\\.)[A-Za-z_$][A-Za-z0-9_$./-]{0,199}$';

export const schemas = {
  'build.start': Type.Object({
    ...identity,
    s3_key: optional.sourceKey,
    runtime: Type.Optional(Type.Unsafe<Runtime | Language>(Type.Enum(runtimeNames))),
    handler: Type.Optional(Type.String({ pattern: handlerPattern })),
    priority: optional.priority,
    force: Type.Optional(Type.Boolean()),
    context_id: optional.text,
    content_hash: optional.contentHash,
    parameters: Type.Optional(anyObject),
  }),
  'parser.start': Type.Object({
    ...identity,
    s3_key: optional.sourceKey,
    contextId: optional.text,
    parameters: Type.Optional(
      Type.Object({
        blockId: Type.Optional(Type.Union([Type.String({ maxLength: 256 }), Type.Number()])),
        blockchainType: Type.Optional(Type.Union([Type.String({ maxLength: 256 }), Type.Number()])),
        urlForBlob: Type.Optional(Type.String({ maxLength: 8192 })),
        logIndices: Type.Optional(numbers),
      }),
    ),
  }),
  'job.start': Type.Object({
    ...identity,
    build_id: optional.buildId,
    content_hash: optional.contentHash,
    priority: optional.priority,
  }),
  'build.cancel': Type.Object({ ...identity, build_id: optional.buildId, reason: optional.text }),
  'build.complete': completion,
  'build.failed': completion,
  'build.timeout': completion,
  'service.delete': Type.Object({ ...identity, service_name: optional.name, reason: optional.text }),
  'object.changed': apiServerObject,
} as const satisfies Record<string, TSchema>;

export type EventName = keyof typeof schemas;
export type EventData<N extends EventName> = Static<(typeof schemas)[N]>;
export type LambdaEvent<N extends EventName = EventName> = {
  [M in N]: { readonly name: M; readonly ref: FunctionRef; readonly data: EventData<M>; readonly cloudEvent: CloudEvent };
}[N];

/** Wire type → event. Kubernetes reports changes of an object under three types; they mean the same to us. */
export const wireTypes: ReadonlyMap<string, EventName> = new Map<string, EventName>([
  ...Object.keys(schemas)
    .filter((name) => name !== 'object.changed')
    .map((name): [string, EventName] => [`${typePrefix}${name}`, name as EventName]),
  ...['add', 'update', 'delete'].map((change): [string, EventName] => [
    `dev.knative.apiserver.resource.${change}`,
    'object.changed',
  ]),
]);

const validators = Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, Compile(schema)])) as Record<
  EventName,
  Validator
>;

type Broken = { instancePath: string; message: string; params: object };
const unexplained: Broken = { instancePath: '', message: 'breaks a rule', params: {} };

/** Each field's own rules, made when the first event breaks one: explaining a whole schema costs ten times as much as one field. */
const fieldRules = new Map<EventName, (readonly [field: string, rules: Validator])[]>();

const fieldRulesOf = (name: EventName): (readonly [field: string, rules: Validator])[] => {
  const known = fieldRules.get(name);
  if (known !== undefined) return known;
  const made = Object.entries(schemas[name].properties).map(([field, schema]) => [field, Compile(schema)] as const);
  fieldRules.set(name, made);
  return made;
};

const firstBroken = (name: EventName, value: unknown): Broken => {
  const fields = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  for (const [field, rules] of fieldRulesOf(name)) {
    if (!Object.hasOwn(fields, field) || rules.Check(fields[field])) continue;
    const [broken = unexplained] = rules.Errors(fields[field]);
    return { ...broken, instancePath: `/${field}${broken.instancePath}` };
  }
  return validators[name].Errors(value)[0] ?? unexplained;
};

/** Refuses the data with the first rule that it breaks. */
const checkData = (name: EventName, value: unknown): void => {
  if (validators[name].Check(value)) return;
  const { instancePath, message, params } = firstBroken(name, value);
  const { requiredProperties: [absent] = [] } = params as { requiredProperties?: string[] };
  const field = `data${instancePath}${absent === undefined ? '' : `/${absent}`}`.replaceAll('/', '.');
  throw new CodedError('INVALID_DATA', `Field "${field}" ${absent === undefined ? message : 'is required'}`, { field });
};

const missing = (name: string, because: string): never => {
  const field = `data.${name}`;
  throw new CodedError('IDENTITY_MISSING', `Field "${field}" is required, because ${because}`, { field });
};

const agreed = (name: string, said: string, repeated: string | undefined): string => {
  if (repeated === undefined || repeated === said) return said;
  const field = `data.${name}`;
  throw new CodedError('IDENTITY_MISMATCH', `Field "${field}" and the event's source and subject disagree`, { field });
};

type Repeated = { third_party_id?: string; parser_id?: string };

const identityInData = (data: Repeated): FunctionRef => {
  const because = 'the event source is not network.notifi.<third_party_id>';
  return {
    tenant: data.third_party_id ?? missing('third_party_id', because),
    function: data.parser_id ?? missing('parser_id', because),
  };
};

/** Source and subject name the function; the data may repeat it, and must where the source is of another form. */
const identityOf = (event: CloudEvent, data: Repeated): FunctionRef => {
  const tenant = tenantOfSource(event.source);
  if (tenant === undefined) return identityInData(data);
  const { subject } = event;
  if (subject !== undefined && !isId(subject)) {
    throw new CodedError('INVALID_ATTRIBUTE', `Attribute "subject" must match ${idPattern}`, { field: 'subject' });
  }
  return {
    tenant: agreed('third_party_id', tenant, data.third_party_id),
    function:
      subject === undefined
        ? (data.parser_id ?? missing('parser_id', 'the event has no subject'))
        : agreed('parser_id', subject, data.parser_id),
  };
};

const identityOfObject = (data: EventData<'object.changed'>): FunctionRef => ({
  tenant: data.metadata.annotations[`${annotations}third-party-id`],
  function: data.metadata.annotations[`${annotations}parser-id`],
});

/**
 * The event as one that is handled here.
 * @throws CodedError UNKNOWN_EVENT_TYPE, INVALID_DATA (naming the field and the rule), IDENTITY_MISSING, IDENTITY_MISMATCH
 */
export const parseEvent = (cloudEvent: CloudEvent): LambdaEvent => {
  const name = wireTypes.get(cloudEvent.type);
  if (name === undefined) {
    throw new CodedError('UNKNOWN_EVENT_TYPE', `No handler takes events of type "${cloudEvent.type.slice(0, 128)}"`, {
      field: 'type',
    });
  }
  const data = jsonOf(cloudEvent) ?? {};
  checkData(name, data);
  const ref = name === 'object.changed' ? identityOfObject(data as EventData<'object.changed'>) : identityOf(cloudEvent, data);
  return { name, ref, data, cloudEvent } as LambdaEvent;
};
