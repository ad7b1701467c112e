import type { AttackContext, BoundSession } from './attack.ts';
import { boundLines } from './dpop/bound-session.ts';
import { proofFor } from './dpop/proof.ts';
import { exchange, isResponse, type Outcome, type Target } from './exchange.ts';
import { asBearer, asCookie, post, rawRequest } from './requests.ts';

/** A request with a known result. If its result differs, the verdicts on the attacks prove nothing. */
export interface Control {
  title: string;
  outcomes: Outcome[];
  passed: boolean;
}

/** The controls before the attacks. */
export async function controlsBefore(target: Target, context: AttackContext): Promise<Control[]> {
  const { live, loggedOut, bound } = context;
  const when = 'before the attacks';
  return [
    await control(target, `the unmodified token is accepted, ${when}`, both(context, live.text), 200),
    await control(target, 'the logged-out token is rejected', both(context, loggedOut.text), 401),
    ...(bound === undefined ? [] : [await boundControl(target, context, bound, when)]),
  ];
}

/** The controls after the attacks. The bound session can still refresh: no attack counted as a reuse of its token. */
export async function controlsAfter(target: Target, context: AttackContext): Promise<Control[]> {
  const { live, bound } = context;
  const when = 'after the attacks';
  return [
    await control(target, `the unmodified token is accepted, ${when}`, both(context, live.text), 200),
    ...(bound === undefined
      ? []
      : [
          await boundControl(target, context, bound, when),
          await control(target, `the bound session refreshes, ${when}`, [boundRefresh(context, bound)], 200),
        ]),
  ];
}

/** Expects the same status for each request. */
async function control(
  target: Target,
  title: string,
  requests: readonly Buffer[],
  status: number,
): Promise<Control> {
  const outcomes: Outcome[] = [];
  for (const request of requests) outcomes.push(await exchange(target, request));
  const passed = outcomes.every((outcome) => isResponse(outcome) && outcome.status === status);
  return { title, outcomes, passed };
}

/** A token in the header and in the cookie. */
const both = (context: AttackContext, token: string): Buffer[] => [
  asBearer(context, token),
  asCookie(context, token),
];

function boundControl(
  target: Target,
  context: AttackContext,
  bound: BoundSession,
  when: string,
): Promise<Control> {
  const proof = proofFor(bound, { method: 'GET', path: context.path, token: bound.access });
  const request = rawRequest(context, { lines: boundLines(bound, proof) });
  return control(target, `the bound token is accepted with a proof, ${when}`, [request], 200);
}

function boundRefresh(context: AttackContext, bound: BoundSession): Buffer {
  const path = '/auth/refresh';
  const body = JSON.stringify({ refresh_token: bound.refresh });
  const proof = proofFor(bound, { method: 'POST', path });
  return rawRequest(context, post(path, 'application/json', body, [`DPoP: ${proof}`]));
}
