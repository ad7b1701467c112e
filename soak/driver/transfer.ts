import type { Transfer } from '../model/money.ts';
import type { Recorded } from '../model/operation.ts';
import type { CustomerStepName, Step } from '../plan/steps.ts';
import type { Customer } from './customer.ts';
import { type Reply, send, sendInParts } from './http.ts';
import type { Session } from './pool.ts';
import { noteUse, type SoakContext, urlOf } from './soak-context.ts';

const ATTEMPTS = 4;
const RETRY_MS = 300;
/** More than anybody has: the transfer must be refused, and never be posted. */
const TOO_MUCH_MINOR = 1_000_000_000;
const TOO_MUCH_SHARE = 0.05;
/** More than a gateway holds before it sends a request on (`HELD_BODY_MAX_BYTES`). */
const STREAMED_BYTES = 100_000;
const PARTS = 3;

/**
 * Transfers money to another customer. An attempt with an unknown outcome is repeated with the same idempotency key,
 * at the other gateway.
 */
export async function transferMoney(
  context: SoakContext,
  { pool, others }: Customer,
  session: Session,
  step: Step<CustomerStepName>,
): Promise<void> {
  const to = others[Math.floor(step.otherChoice * others.length)];
  if (to === undefined) return;
  const mark = `soak-${context.transfers.size + 1}`;
  const amountMinor = step.choice < TOO_MUCH_SHARE ? TOO_MUCH_MINOR : step.amountMinor;
  const transfer: Transfer = {
    mark,
    from: pool.person.account,
    to: to.account,
    amountMinor,
    outcome: 'refused',
  };
  context.transfers.set(mark, transfer);
  const path = `/bank/accounts/${transfer.from}/transfers`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const gateway = (step.gateway + attempt) % 2;
    const authority = pool.authorityOf(session);
    const by = `${pool.person.username} at gateway ${gateway}`;
    const reply = await context.recorder.run({ name: step.name, by, authority }, (op) =>
      attemptOnce(context, { op, step, session, transfer, url: urlOf(context, gateway, path) }),
    );
    noteUse(pool, session, reply);
    if (reply.outcome === 'ok') transfer.outcome = 'posted';
    if (reply.outcome !== 'unknown') return;
    transfer.outcome = 'unknown';
    await context.pause(RETRY_MS);
  }
}

interface Attempt {
  op: Recorded;
  step: Step<CustomerStepName>;
  session: Session;
  transfer: Transfer;
  url: string;
}

function attemptOnce(
  { recorder }: SoakContext,
  { op, step, session, transfer: { to, amountMinor, mark }, url }: Attempt,
): Promise<Reply> {
  const body = { to, amountMinor, description: mark };
  const call = { method: 'POST', url, token: session.token, headers: { 'idempotency-key': mark } };
  if (step.name === 'transfer') return send({ ...call, body });
  const json = JSON.stringify(body);
  const text = step.name === 'held-upload' ? json : json.padEnd(STREAMED_BYTES);
  return sendInParts(call, { text, parts: PARTS, pauseMs: 20 + step.otherChoice * 300 }, () =>
    recorder.sent(op),
  );
}
