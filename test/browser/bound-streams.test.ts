import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { decodeJwt, type JWTPayload } from 'jose';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { post } from '../../src/bank/ledger/post.ts';
import type { WatchedPage } from '../support/browser.ts';
import { browserTests } from '../support/browser-tests.ts';
import type { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { startWebStack } from '../support/web-stack.ts';
import { logInAs, STREAMS_END } from './pages.ts';

const tests = browserTests();

/** Starts a gateway for the current test. */
async function startStack(accessTokenTtlSeconds = 300): Promise<TestStack> {
  const stack = await startWebStack({}, {}, { settings: { accessTokenTtlSeconds } });
  onTestFinished(() => stack.close());
  return stack;
}

/** The requests for the stream of Bob's transactions that the gateway receives during a test. */
function receivedStreams(stack: TestStack): IncomingMessage[] {
  const streams: IncomingMessage[] = [];
  const port = Number(new URL(stack.url).port);
  const record = (message: unknown): void => {
    const { request } = message as { request: IncomingMessage };
    if (request.socket.localPort === port && request.url?.endsWith('/stream')) streams.push(request);
  };
  subscribe('http.server.request.start', record);
  onTestFinished(() => void unsubscribe('http.server.request.start', record));
  return streams;
}

const proofOf = ({ headers }: IncomingMessage): JWTPayload => decodeJwt(String(headers.dpop));

async function dashboard(stack: TestStack): Promise<WatchedPage> {
  const watched = await tests.open(stack.url);
  watched.watch.expect(STREAMS_END, { path: /^\/(?:auth|bank)\//, outcome: 401 });
  await watched.page.goto('/');
  await logInAs(watched.page, 'bob', 'foobared');
  await watched.page.getByText('Live', { exact: true }).waitFor();
  return watched;
}

/** Posts a transaction to Bob's account. */
const postTransaction = (stack: TestStack, description: string): Promise<unknown> =>
  post(
    stack.link,
    {
      legs: [
        {
          accountId: stack.accounts.bob,
          direction: 'debit',
          amountMinor: 100,
          type: 'other',
          counterparty: 'Somebody',
          description,
        },
      ],
    },
    { transactionsKept: 10_000, transfersPerDayMax: 10_000 },
    Date.now(),
  );

const isShown = (page: Page, description: string): Promise<void> =>
  page
    .getByRole('table', { name: /transactions/i })
    .getByText(description)
    .waitFor();

test('an event stream whose connection was lost continues after its last event, with a new proof', async () => {
  const stack = await startStack();
  const streams = receivedStreams(stack);
  const { page, watch } = await dashboard(stack);
  watch.expect({ path: /\/stream$/, outcome: 'net::ERR_INCOMPLETE_CHUNKED_ENCODING' });
  await postTransaction(stack, 'before the loss');
  await isShown(page, 'before the loss');
  const [last] = streams.slice(-1);
  const count = streams.length;
  last?.socket.destroy();
  await postTransaction(stack, 'during the loss');
  await isShown(page, 'during the loss');
  const next = streams[count];
  expect(next?.headers['last-event-id']).toMatch(/^\d+-\d+$/);
  expect(proofOf(next as IncomingMessage).jti).not.toBe(proofOf(last as IncomingMessage).jti);
});

test('an event stream continues with the tokens that have replaced those of its beginning', async () => {
  const stack = await startStack(4);
  const streams = receivedStreams(stack);
  const { page } = await dashboard(stack);
  await until(() => new Set(streams.map((stream) => proofOf(stream).ath)).size >= 3);
  await postTransaction(stack, 'with later tokens');
  await isShown(page, 'with later tokens');
  const { length } = streams;
  expect(new Set(streams.map((stream) => proofOf(stream).jti)).size).toBe(length);
});
