import { type Contestant, type RunningServer, Unavailable } from '../contestant.ts';
import { type Measured, measureClosedLoop } from '../load/closed-loop.ts';
import {
  type PlannedRequest,
  type RequestShape,
  type RequestSource,
  RequestStore,
} from '../load/requests.ts';
import type { UpstreamPath } from '../load/response.ts';
import { forAllParts } from '../plan.ts';
import type { Results } from '../report/results.ts';
import { type RunContext, SMALL_GET, withServer } from './run-context.ts';
import { startTlsFront } from './tls-front.ts';

/** Access tokens after those of the sessions, without a session in Redis: they were logged out. */
export const LOGGED_OUT_TOKENS = 128;
const WARM_UP_FACTOR = 4;
const ROUNDS_MAX = 2;
const REFUSED_EVERY = 10;
const MIX_SESSIONS = 4000;
const POST_BODY_BYTES = 1024;

/** The kinds of requests beside the small GET, by their names in tables. */
const SHAPES: Readonly<Record<string, RequestShape & { upstream: UpstreamPath }>> = {
  'small GET': SMALL_GET,
  '16 KiB JSON response': { method: 'GET', path: '/bank/accounts/large', upstream: '/accounts/large' },
  '1 KiB POST': { method: 'POST', path: '/bank/messages', upstream: '/messages', body: postBody() },
};
const WITH_REFUSED = '10 % refused tokens';
const WITH_TLS = 'TLS in front';
const MIX_KINDS: readonly string[] = [...Object.keys(SHAPES), WITH_REFUSED, WITH_TLS];

function postBody(): string {
  const empty = JSON.stringify({ message: '' });
  return JSON.stringify({ message: '.'.repeat(POST_BODY_BYTES - empty.length) });
}

/** Measures kinds of requests other than the small GET in a closed loop, in interleaved rounds. */
export async function measureMix(
  context: RunContext,
  contestants: readonly Contestant[],
): Promise<Results['mix']> {
  const measured = forAllParts(context.plan, contestants);
  const series = measured.flatMap(({ id }) =>
    MIX_KINDS.map((kind) => ({ contestant: id, kind, rounds: [] as Measured[] })),
  );
  for (let round = 1; round <= Math.min(ROUNDS_MAX, context.plan.rounds); round += 1) {
    for (const contestant of measured) {
      await withServer(context, contestant, async (server) => {
        for (const { kind, rounds } of series.filter((each) => each.contestant === contestant.id))
          rounds.push(...(await measureKind(context, server, kind)));
      });
      context.log(`mix, round ${round}: ${contestant.name}`);
    }
  }
  return series.filter(({ rounds }) => rounds.length > 0);
}

/** @returns one round, or none if this kind cannot be measured here */
async function measureKind(context: RunContext, server: RunningServer, kind: string): Promise<Measured[]> {
  const plan = loadOf(context, kind);
  if (kind !== WITH_TLS) return [await measureClosedLoop(server, plan)];
  const front = await startTlsFront(server, context.shared.directory);
  if (front instanceof Unavailable) {
    context.log(`no TLS: ${front.reason}`);
    return [];
  }
  try {
    return [await measureClosedLoop(front, plan)];
  } finally {
    await front.stop();
  }
}

function loadOf(context: RunContext, kind: string) {
  const { plan, requests, tokens } = context;
  const sessions = Math.min(MIX_SESSIONS, tokens.count - LOGGED_OUT_TOKENS);
  const good = requests.rotation('token', SHAPES[kind] ?? SMALL_GET, sessions);
  const { connections, warmUpMs, windowMs } = plan;
  return {
    requests: kind === WITH_REFUSED ? withRefused(good, loggedOut(context)) : good,
    connections,
    warmUpMs,
    warmUpRequests: sessions,
    warmUpMaxMs: warmUpMs * WARM_UP_FACTOR,
    windowMs,
  };
}

/** Requests with tokens of sessions that have ended: correctly signed, not expired, and refused with 401. */
function loggedOut({ tokens }: RunContext): RequestSource {
  const from = tokens.count - LOGGED_OUT_TOKENS;
  const store = RequestStore.ofTokens(tokens, SMALL_GET, LOGGED_OUT_TOKENS, from);
  return store.rotation(LOGGED_OUT_TOKENS, { status: 401, body: undefined });
}

function withRefused(good: RequestSource, refused: RequestSource): RequestSource {
  let sent = 0;
  return (): PlannedRequest => {
    sent += 1;
    return sent % REFUSED_EVERY === 0 ? refused() : good();
  };
}
