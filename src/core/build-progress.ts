// What the build monitor writes on a build's job as annotations, and how the end of the kaniko container is read: by the monitor,
// and by whoever reads the job when its monitor died.
import { withoutTerminalCodes } from './plain-text.ts';

/** The container that builds; the monitor beside it watches only this one. */
export const builderContainer = 'kaniko';

export const phases = ['waiting', 'building', 'pushing', 'complete', 'failed', 'timeout'] as const;
/** The last three are ends: the container is gone, though the job's own status follows only once the whole pod has ended. */
export type Phase = (typeof phases)[number];

/** Times are in RFC 3339; absent is what is not known. */
export const progressAnnotations = {
  phase: 'build.notifi.network/phase',
  logTail: 'build.notifi.network/log-tail',
  imageDigest: 'build.notifi.network/image-digest',
  exitCode: 'build.notifi.network/exit-code',
  errorMessage: 'build.notifi.network/error-message',
  startedAt: 'build.notifi.network/started-at',
  endedAt: 'build.notifi.network/ended-at',
} as const;
export type ProgressField = keyof typeof progressAnnotations;

/** On a job that was cancelled and is about to be deleted: whoever cancelled it tells of it. */
export const cancelledAnnotation = 'build.notifi.network/cancelled-at';

/** `state.terminated` of a container's status. */
export type TerminatedState = { exitCode: number; reason?: string; message?: string; startedAt?: string; finishedAt?: string };

export type ContainerEnd = { exitCode: number; imageDigest?: string; errorMessage?: string };

const maxMessage = 2048;

/** Lines without what only a terminal understands. Whatever a build prints may be hostile. */
export const readableLines = (text: string): string =>
  withoutTerminalCodes(text)
    .replace(/\r\n?/g, '\n')
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
    .toWellFormed();

/** Kaniko writes the image's digest where Kubernetes takes the message of the container's end from. */
const digestIn = (message: string): string | undefined => /^\s*(sha256:[0-9a-f]{64})\s*$/.exec(message)?.[1];

/** `Error` only says that the exit code is not 0. */
const reasonOf = ({ reason = '' }: TerminatedState): string => (reason === 'Error' ? '' : reason);

export const endOfContainer = (terminated: TerminatedState): ContainerEnd => {
  const { exitCode, message = '' } = terminated;
  if (exitCode === 0) {
    const imageDigest = digestIn(message);
    return imageDigest === undefined ? { exitCode } : { exitCode, imageDigest };
  }
  // The reason that a person looks for stands at the end.
  const text = readableLines(message.slice(-maxMessage)).trim();
  const errorMessage = [reasonOf(terminated), text].filter((part) => part !== '').join(': ');
  return { exitCode, errorMessage: errorMessage === '' ? `The builder exited with ${exitCode}` : errorMessage };
};
