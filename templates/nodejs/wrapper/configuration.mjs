// The environment, read once. Every problem is found before anything is said, so that one start shows all of them.

/**
 * @typedef {object} Configuration
 * @property {number} port
 * @property {string} host
 * @property {string} tenant
 * @property {string} name
 * @property {string} replySource the source of every reply
 * @property {number} timeoutMs
 * @property {string} timeoutText the timeout in seconds, as it was written
 * @property {number} bodyLimit
 * @property {number} drainSeconds
 * @property {string} logLevel
 * @property {URL | undefined} scheduler
 * @property {string | undefined} signingKey
 * @property {Record<string, string | boolean>} services
 * @property {string[]} problems
 */

const id = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const levels = new Set(['debug', 'info', 'warn', 'error']);

const addresses = {
  subscriptionManager: 'SUBSCRIPTION_MANAGER_ADDRESS',
  ephemeralStorage: 'EPHEMERAL_STORAGE_ADDRESS',
  persistentStorage: 'PERSISTENT_STORAGE_ADDRESS',
  fusionFetchProxy: 'FUSION_FETCH_PROXY_ADDRESS',
  evmRpc: 'EVM_RPC_ADDRESS',
  solanaRpc: 'SOLANA_RPC_ADDRESS',
  suiRpc: 'SUI_RPC_ADDRESS',
};

/** The builder hands the addresses on; one that it did not give has no default here, where it could only be wrong. */
function readServices(environment) {
  const services = { grpcInsecure: environment.GRPC_INSECURE === 'true' || environment.GRPC_INSECURE === '1' };
  for (const [service, variable] of Object.entries(addresses)) {
    if (environment[variable] !== undefined && environment[variable] !== '') services[service] = environment[variable];
  }
  return services;
}

/** A browser's rules forgive a missing slash and spaces; no other language's do. @returns {URL | null} */
function readUrl(text) {
  if (!/^https?:\/\/[^\s\\]+$/i.test(text)) return null;
  try {
    const url = new URL(text);
    // What node:http does with them at each request, and throws at.
    decodeURIComponent(url.username + url.password);
    return url;
  } catch {
    return null;
  }
}

function readScheduler(environment, problems) {
  const text = environment.SCHEDULER_URL;
  if (text === undefined || text === '') return undefined;
  const url = readUrl(text);
  if (url === null) problems.push('SCHEDULER_URL must be an http or https URL');
  return url ?? undefined;
}

/** @returns {Configuration} */
export function readConfiguration(environment) {
  /** @type {string[]} */
  const problems = [];
  const read = (variable, fallback, holds, rule) => {
    const text = environment[variable] ?? fallback;
    if (!holds(text)) problems.push(`${variable} ${rule}`);
    return text;
  };
  const isCount = (smallest, largest) => (text) => /^\d{1,10}$/.test(text) && Number(text) >= smallest && Number(text) <= largest;
  const isSeconds = (smallest) => (text) => /^\d{1,6}(\.\d+)?$/.test(text) && Number(text) >= smallest;
  const isId = (text) => id.test(text);
  const idRule = 'must be letters, digits, _ and -, at most 100, and begin with a letter or a digit';
  const tenant = read('FUNCTION_TENANT', '', isId, idRule);
  const timeoutText = read('TIMEOUT_SECONDS', '60', isSeconds(0.001), 'must be a number of seconds above 0');
  const configuration = {
    tenant,
    name: read('FUNCTION_NAME', '', isId, idRule),
    replySource: `network.notifi.${tenant}`,
    port: Number(read('PORT', '8080', isCount(0, 65535), 'must be a port: 0 to 65535')),
    host: read('HOST', '0.0.0.0', (text) => text !== '', 'must not be empty'),
    timeoutText: String(Number(timeoutText)),
    timeoutMs: Number(timeoutText) * 1000,
    bodyLimit: Number(read('BODY_LIMIT_BYTES', '10485760', isCount(1, 2 ** 31 - 1), 'must be a number of bytes above 0')),
    drainSeconds: Number(read('DRAIN_SECONDS', '30', isSeconds(0), 'must be a number of seconds')),
    logLevel: read('LOG_LEVEL', 'info', (text) => levels.has(text), `must be one of ${[...levels].join(', ')}`),
    scheduler: readScheduler(environment, problems),
    signingKey: environment.SCHEDULER_SIGNING_KEY || undefined,
    services: Object.freeze(readServices(environment)),
    problems,
  };
  // The function can read its environment; whoever holds this key can forge results.
  delete environment.SCHEDULER_SIGNING_KEY;
  return configuration;
}
