// What a subscriber's answer means for the letter.
import type { CloudEvent } from '../core/cloudevent.ts';
import { categoryOfStatus, type Category } from '../core/dead-letter.ts';
import { errors, type CodedError, type ErrorCode } from '../core/errors.ts';
import { typePrefix } from '../core/event-type.ts';
import { readRequest } from '../core/http-binding.ts';
import { refusalIn } from '../core/letter-intake.ts';
import { plainText } from '../core/plain-text.ts';
import { retryAfterMs } from '../core/retry-after.ts';

export type HttpAnswer = { status: number; headers: Record<string, string>; rawHeaders: string[]; body: Buffer };

export type Outcome =
  /** It was taken; `reply` is an event that belongs to the broker for replies. */
  | { delivered: true; status: number; reply?: CloudEvent }
  | { delivered: false; category: Category; reason: string; status?: number; retryAfterMs?: number };

const isCode = (value: unknown): value is ErrorCode => typeof value === 'string' && Object.hasOwn(errors, value);

/** Our own processes say which error it was; that is more than a status can. */
const problemIn = ({ headers, body }: HttpAnswer): { code?: ErrorCode; detail?: string } => {
  if (headers['content-type']?.startsWith('application/problem+json') !== true || body.length > 65_536) return {};
  try {
    const { code, detail } = (JSON.parse(body.toString('utf8')) ?? {}) as { code?: unknown; detail?: unknown };
    return { ...(isCode(code) ? { code } : {}), ...(typeof detail === 'string' ? { detail } : {}) };
  } catch {
    return {};
  }
};

const isRedirect = (status: number): boolean => status >= 300 && status <= 399;

const refusal = (answer: HttpAnswer, now: number): Outcome => {
  const { status } = answer;
  if (isRedirect(status)) {
    return {
      delivered: false,
      status,
      category: 'validation',
      reason: `It answered ${status}, a redirect; those are not followed`,
    };
  }
  const { code, detail } = problemIn(answer);
  const text = detail ?? plainText(answer.body.subarray(0, 256).toString('utf8'), 200);
  const after = retryAfterMs(answer.headers['retry-after'], now);
  return {
    delivered: false,
    status,
    category: code === undefined ? categoryOfStatus(status) : errors[code].category,
    reason: plainText(`It answered ${status}${code === undefined ? '' : ` ${code}`}${text === '' ? '' : `: ${text}`}`, 400),
    ...(after === undefined ? {} : { retryAfterMs: after }),
  };
};

/** Knative's data plane contract: an answer that is an event is a reply. */
const replyIn = ({ headers, rawHeaders, body }: HttpAnswer): CloudEvent | undefined => {
  const carriesEvent =
    headers['ce-specversion'] !== undefined || /^application\/cloudevents\+json/i.test(headers['content-type'] ?? '');
  if (!carriesEvent) return undefined;
  try {
    const received = readRequest(rawHeaders, headers['content-type'], body);
    return received.mode === 'batch' ? undefined : received.event;
  } catch {
    // The event was handled; that its reply is none changes nothing about it, as in Knative's own dispatcher.
    return undefined;
  }
};

/** A rejection is about the event it answers: published, it would be a letter of its own, without this one's count and history. */
const rejectionBy = (reply: CloudEvent, status: number): Outcome | undefined => {
  const refusal = refusalIn(reply);
  if (refusal === undefined) return undefined;
  const { category, reason } = refusal;
  return {
    delivered: false,
    status,
    category,
    reason: plainText(`It answered ${reply.type.slice(typePrefix.length)}: ${reason}`, 400),
  };
};

export const outcomeOf = (answer: HttpAnswer, now: number): Outcome => {
  if (answer.status < 200 || answer.status > 299) return refusal(answer, now);
  const { status } = answer;
  const reply = replyIn(answer);
  if (reply === undefined) return { delivered: true, status };
  return rejectionBy(reply, status) ?? { delivered: true, status, reply };
};

/** There was no answer. */
export const outcomeOfFailure = (error: CodedError): Outcome => ({
  delivered: false,
  category: error.category,
  reason: plainText(error.message, 400),
});
