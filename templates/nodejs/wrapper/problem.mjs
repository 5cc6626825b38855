// Every answer that is no reply: RFC 9457, with the builder's codes. A broker retries 5xx and drops 4xx, so what can heal is 5xx.

const catalogue = {
  MISSING_ATTRIBUTE: [400, 'A required CloudEvents attribute is missing'],
  INVALID_ATTRIBUTE: [400, 'A CloudEvents attribute breaks a rule of the specification'],
  DUPLICATE_ATTRIBUTE: [400, 'A CloudEvents attribute is given twice'],
  UNSUPPORTED_SPECVERSION: [400, 'Only CloudEvents specversion 1.0 is spoken here'],
  INVALID_JSON: [400, 'The body is not valid JSON'],
  INVALID_ENVELOPE: [400, 'The body is not a CloudEvent in JSON format'],
  METHOD_NOT_ALLOWED: [405, 'The route does not answer this method'],
  BODY_TOO_LARGE: [413, 'The body is larger than the limit'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The content type or its charset is not supported'],
  FUNCTION_ERROR: [500, 'The function failed'],
  RESULT_NOT_SERIALIZABLE: [500, 'The function returned what JSON cannot say'],
  INTERNAL: [500, 'Something here is broken'],
  STOPPING: [503, 'The process is stopping'],
  CALLBACK_UNDELIVERED: [503, 'The scheduler could not be told of the result'],
  FUNCTION_TIMEOUT: [504, 'The function did not answer in time'],
};

const headersOf = {
  METHOD_NOT_ALLOWED: ['allow', 'POST'],
  STOPPING: ['retry-after', '1', 'connection', 'close'],
  CALLBACK_UNDELIVERED: ['retry-after', '1'],
};

/** A message that is no valid event, with the rule it breaks. */
export class Refusal extends Error {
  /**
   * @param {keyof typeof catalogue} code
   * @param {string} message
   * @param {string} [field] the attribute or the part of the body
   */
  constructor(code, message, field) {
    super(message);
    this.code = code;
    this.field = field;
    /** @type {number | undefined} its place in a batch */
    this.index = undefined;
  }
}

/**
 * @param {keyof typeof catalogue} code
 * @param {string} detail
 * @param {Record<string, unknown>} [members] more members; those that are undefined are left out
 */
export function problem(code, detail, members) {
  const [status, title] = catalogue[code];
  const document = {
    type: `urn:knative-lambda:error:${code}`,
    title,
    status,
    detail,
    code,
    retryable: status >= 500,
    ...members,
  };
  return {
    status,
    headers: ['content-type', 'application/problem+json', ...(headersOf[code] ?? [])],
    body: JSON.stringify(document),
  };
}
