// What every function has in common: settings of the installation.
export type FunctionSettings = {
  readonly namespace: string;
  /** Name of the functions' broker, in the same namespace. */
  readonly broker: string;
  /** Where events go that a function could not handle: `/dead-letters` of the dead-letter consumer. */
  readonly deadLetterUrl: string;
  /** A call's time in the function. Waiting for a replica has the same time again. */
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Name of a Secret in the namespace with more of it: the key that the scheduler's callback is signed with. */
  readonly environmentSecret?: string;
  /** Names of Secrets in the namespace that the image is pulled with. */
  readonly imagePullSecrets?: readonly string[];
};

/** The wrapper answers 504 at the deadline and cuts a blocked function off a second later; whoever takes longer is stuck. */
const answerMarginSeconds = 2;
/** Before it answers it tells the scheduler, if there is one: five tries of 5 s, with pauses. */
const callbackMarginSeconds = 30;

/** From the arrival of a request at a replica until its answer. */
export const callSeconds = ({ timeoutSeconds, environment }: FunctionSettings): number =>
  timeoutSeconds + answerMarginSeconds + ((environment.SCHEDULER_URL ?? '') === '' ? 0 : callbackMarginSeconds);

/** With the wait for a replica. */
export const deliverySeconds = (settings: FunctionSettings): number => callSeconds(settings) + settings.timeoutSeconds;
