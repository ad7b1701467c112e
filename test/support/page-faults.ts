import type { BrowserContext, ConsoleMessage } from 'playwright-core';

/**
 * A fault in a page.
 * - `console`: an error or a warning, from the page or the browser
 * - `page-error`: an uncaught exception
 * - `csp`: a violation of the Content-Security-Policy, from its event; the browser also writes it to the console
 * - `response`: a status of 400 or more
 * - `failed-request`: a request without a complete response
 * - `foreign`: a request or a WebSocket to another origin than the site's
 */
export interface Fault {
  kind: 'console' | 'page-error' | 'csp' | 'response' | 'failed-request' | 'foreign';
  /** Of the resource, or of the page or script that wrote to the console. */
  url: string;
  /** The text of the message, `POST 401`, `GET net::ERR_ABORTED`, the directive, or the method. */
  text: string;
}

/** A refused or failed request that is part of a test. Other faults cannot be expected. */
export interface Expected {
  /** The path of the URL without the query: the whole path or a pattern. */
  path: string | RegExp;
  method?: string;
  /** 400 or more, or `net::ERR_…` for a request without a response; `net::ERR_ABORTED` if the page aborted it. */
  outcome: number | `net::ERR_${string}`;
}

/** Records the faults in the pages of a context. */
export interface Watch {
  /** Allows faults before they happen: `expect({ path: '/auth/login', outcome: 401 })`. */
  expect(...expected: Expected[]): void;
  /** The unexpected faults so far. The latest ones may not have been received yet. */
  faults(): Fault[];
  /** The same, after all faults so far have been received from the open pages. */
  settledFaults(): Promise<Fault[]>;
  /** @throws {Error} with a line for each unexpected fault. */
  expectNoFaults(): Promise<void>;
}

/** The browser writes this to the console about each refused or failed request, which is recorded anyway. */
const ABOUT_A_REQUEST =
  /^Failed to load resource: (?:the server responded with a status of (\d+) \(.*\)|(net::ERR_\w+))$/;

const BINDING = 'reportPolicyViolation';

/** Runs in every page before its scripts, and is not subject to the policy. */
const REPORT_VIOLATIONS = `{
  const report = globalThis.${BINDING};
  addEventListener('securitypolicyviolation', (event) => {
    const { documentURI, effectiveDirective, blockedURI, sourceFile, lineNumber } = event;
    report(documentURI, effectiveDirective + ' blocked ' + blockedURI + ' (' + sourceFile + ':' + lineNumber + ')');
  });
}`;

/** Records faults in the context's pages, including future ones. `origin` is the site's. */
export async function watchContext(context: BrowserContext, origin: string): Promise<Watch> {
  const recorded: Fault[] = [];
  const expected: Expected[] = [];
  const record = (kind: Fault['kind'], url: string, text: string): void => {
    recorded.push({ kind, url, text });
  };
  recordRequests(context, origin, record);
  recordMessages(context, record);
  await recordViolations(context, record);
  const faults = (): Fault[] =>
    recorded.filter(
      (fault) => !isDuplicate(fault, recorded) && !expected.some((one) => isExpected(fault, one)),
    );
  const settledFaults = async (): Promise<Fault[]> => {
    await Promise.all(context.pages().map((page) => page.evaluate(taskAfterNext).catch(() => {})));
    return faults();
  };
  return {
    expect: (...more) => void expected.push(...more),
    faults,
    settledFaults,
    expectNoFaults: async () => {
      const unexpected = await settledFaults();
      if (unexpected.length > 0)
        throw new Error(`The page has faults:\n${unexpected.map(lineOf).join('\n')}`);
    },
  };
}

type Recorder = (kind: Fault['kind'], url: string, text: string) => void;

function recordRequests(context: BrowserContext, origin: string, record: Recorder): void {
  context.on('request', (request) => {
    const { protocol, origin: itsOrigin } = new URL(request.url());
    if (protocol !== 'data:' && itsOrigin !== origin) record('foreign', request.url(), request.method());
  });
  context.on('response', (response) => {
    if (response.status() >= 400)
      record('response', response.url(), `${response.request().method()} ${response.status()}`);
  });
  context.on('requestfailed', (request) => {
    record('failed-request', request.url(), `${request.method()} ${request.failure()?.errorText}`);
  });
  const socketOrigin = origin.replace(/^http/, 'ws');
  context.on('page', (page) =>
    page.on('websocket', (socket) => {
      if (new URL(socket.url()).origin !== socketOrigin) record('foreign', socket.url(), 'WebSocket');
    }),
  );
}

function recordMessages(context: BrowserContext, record: Recorder): void {
  context.on('console', (message: ConsoleMessage) => {
    if (['error', 'warning', 'assert'].includes(message.type()))
      record('console', message.location().url, message.text());
  });
  context.on('weberror', (event) => {
    const fault = event.error();
    record('page-error', event.page()?.url() ?? '', fault.stack ?? fault.message);
  });
}

async function recordViolations(context: BrowserContext, record: Recorder): Promise<void> {
  await context.exposeBinding(BINDING, (_, url: string, text: string) => record('csp', url, text));
  await context.addInitScript({ content: REPORT_VIOLATIONS });
}

/** Runs in the page, after all queued tasks. It uses a message because a test may have stopped the page's clock. */
const taskAfterNext = (): Promise<void> =>
  new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done();
    port2.postMessage('');
  });

function isDuplicate(fault: Fault, recorded: readonly Fault[]): boolean {
  const [about, status, failure] = (fault.kind === 'console' && ABOUT_A_REQUEST.exec(fault.text)) || [];
  if (about === undefined) return false;
  return recorded.some(
    ({ kind, url, text }) =>
      (kind === 'response' || kind === 'failed-request') &&
      url === fault.url &&
      text.endsWith(` ${status ?? failure}`),
  );
}

function isExpected(fault: Fault, { path, method, outcome }: Expected): boolean {
  if (fault.kind !== 'response' && fault.kind !== 'failed-request') return false;
  const { pathname } = new URL(fault.url);
  const isThePath = typeof path === 'string' ? pathname === path : path.test(pathname);
  const [itsMethod, itsOutcome] = fault.text.split(' ');
  return isThePath && itsOutcome === String(outcome) && (method === undefined || itsMethod === method);
}

const lineOf = ({ kind, url, text }: Fault): string => `  ${kind}: ${text} (${url})`;
