// How a function's process is started: in which folder, with which command, and with which environment (templates/README.md).
import { CodedError } from '../../../core/errors.ts';
import type { Runtime } from '../../../core/source.ts';
import type { FunctionSpec } from '../../../ports.ts';
import { host } from './function-call.ts';
import type { EffectiveOptions } from './function-options.ts';
import type { InstancePlan } from './instance.ts';

export type LaunchDeps = {
  /** The folder that an image is here, `undefined` if there is no such image. */
  imageFolder(imageDigest: string, image: string): Promise<string | undefined>;
  /** From the runtime's template. */
  startCommand(runtime: Runtime): Promise<readonly string[]>;
};

const bodyLimitBytes = 10 * 2 ** 20;

const environmentOf = ({ ref }: FunctionSpec, options: EffectiveOptions): Record<string, string> => ({
  BODY_LIMIT_BYTES: String(bodyLimitBytes),
  LOG_LEVEL: 'info',
  ...options.environment,
  // Zero: the system chooses a free port, and the process says which.
  PORT: '0',
  HOST: host,
  FUNCTION_TENANT: ref.tenant,
  FUNCTION_NAME: ref.function,
  TIMEOUT_SECONDS: String(options.timeoutSeconds),
  DRAIN_SECONDS: String(Math.max(1, Math.round(options.drainMs / 1000))),
});

/** @throws CodedError whose message says what is missing */
export const planInstance = async (deps: LaunchDeps, spec: FunctionSpec, options: EffectiveOptions): Promise<InstancePlan> => {
  const folder = await deps.imageFolder(spec.imageDigest, spec.image);
  if (folder === undefined)
    throw new CodedError('FUNCTION_UNAVAILABLE', `The image ${spec.image} (${spec.imageDigest}) is not here`);
  const [program, ...parameters] = await deps.startCommand(spec.runtime);
  if (program === undefined) throw new CodedError('FUNCTION_UNAVAILABLE', `The runtime ${spec.runtime} has no start command`);
  const { readyTimeoutMs, callTimeoutMs } = options;
  return { folder, command: [program, ...parameters], environment: environmentOf(spec, options), readyTimeoutMs, callTimeoutMs };
};
