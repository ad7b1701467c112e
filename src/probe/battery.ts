import type { Attack, AttackContext, AttackRequest, ExpectedRefusal } from './attack.ts';
import { ALGORITHM_ATTACKS } from './cases/algorithm.ts';
import { CLAIM_ATTACKS } from './cases/claims.ts';
import { CREDENTIAL_ATTACKS } from './cases/credentials.ts';
import { CROSS_SITE_ATTACKS } from './cases/cross-site.ts';
import { EMBEDDED_KEY_ATTACKS } from './cases/embedded-keys.ts';
import { ENCODING_ATTACKS } from './cases/encoding.ts';
import { HEADER_ATTACKS } from './cases/header.ts';
import { JSON_TEXT_ATTACKS } from './cases/json-text.ts';
import { KEY_CONFUSION_ATTACKS } from './cases/key-confusion.ts';
import { LIFECYCLE_ATTACKS } from './cases/lifecycle.ts';
import { PATH_ATTACKS } from './cases/path.ts';
import { REFRESH_ATTACKS } from './cases/refresh.ts';
import { SERIALIZATION_ATTACKS } from './cases/serialization.ts';
import { TAMPERING_ATTACKS } from './cases/tampering.ts';
import { WIRE_ATTACKS } from './cases/wire.ts';
import { type Control, controlsAfter, controlsBefore } from './controls.ts';
import { DPOP_CLAIM_ATTACKS } from './dpop/claim-attacks.ts';
import { DPOP_HEADER_ATTACKS } from './dpop/header-attacks.ts';
import { DPOP_SESSION_ATTACKS } from './dpop/session-attacks.ts';
import { DPOP_TOKEN_ATTACKS } from './dpop/token-attacks.ts';
import { exchange, isResponse, type Outcome, type Target } from './exchange.ts';
import type { RawResponse } from './raw-response.ts';

/** All attacks, by topic. */
export const ATTACKS: readonly Attack[] = [
  ...ALGORITHM_ATTACKS,
  ...KEY_CONFUSION_ATTACKS,
  ...EMBEDDED_KEY_ATTACKS,
  ...HEADER_ATTACKS,
  ...SERIALIZATION_ATTACKS,
  ...JSON_TEXT_ATTACKS,
  ...CLAIM_ATTACKS,
  ...ENCODING_ATTACKS,
  ...TAMPERING_ATTACKS,
  ...LIFECYCLE_ATTACKS,
  ...REFRESH_ATTACKS,
  ...CREDENTIAL_ATTACKS,
  ...CROSS_SITE_ATTACKS,
  ...WIRE_ATTACKS,
  ...PATH_ATTACKS,
  ...DPOP_TOKEN_ATTACKS,
  ...DPOP_HEADER_ATTACKS,
  ...DPOP_CLAIM_ATTACKS,
  ...DPOP_SESSION_ATTACKS,
];

/**
 * The verdict on an attack, from best to worst:
 * - `rejected`: an expected status and a problem (RFC 9457) with a code;
 * - `no response`: the connection was closed or timed out, so nothing was accepted, but no reason was given;
 * - `unclear`: neither accepted nor properly rejected, such as an internal error or the error page of a proxy;
 * - `accepted`: a response that only an accepted credential can get.
 */
const VERDICTS = ['rejected', 'no response', 'unclear', 'accepted'] as const;
type Verdict = (typeof VERDICTS)[number];

export interface AttackResult {
  attack: Attack;
  outcomes: Outcome[];
  verdict: Verdict;
  /** Whether the verdict is the expected one. */
  passed: boolean;
}

export interface BatteryResult {
  attacks: AttackResult[];
  controls: Control[];
  /** Attacks on what the gateway does not offer. */
  skipped: Attack[];
}

/** Runs all attacks in sequence. The controls before and after them detect a gateway that rejects every request. */
export async function runBattery(target: Target, context: AttackContext): Promise<BatteryResult> {
  const skipped = ATTACKS.filter((attack) => isImpossible(attack, context));
  const before = await controlsBefore(target, context);
  const attacks: AttackResult[] = [];
  for (const attack of ATTACKS)
    if (!skipped.includes(attack)) attacks.push(await runAttack(target, context, attack));
  const after = await controlsAfter(target, context);
  return { attacks, controls: [...before, ...after], skipped };
}

const isImpossible = ({ needsBoundSession }: Attack, { bound }: AttackContext): boolean =>
  needsBoundSession === true && bound === undefined;

export async function runAttack(
  target: Target,
  context: AttackContext,
  attack: Attack,
): Promise<AttackResult> {
  const outcomes = await sendAll(target, await attack.build(context));
  const verdict = worst(outcomes.map((outcome) => judge(outcome, attack.expect)));
  const tolerated = verdict === 'no response' && attack.expect.mayCloseConnection === true;
  return { attack, outcomes, verdict, passed: verdict === 'rejected' || tolerated };
}

async function sendAll(target: Target, requests: readonly AttackRequest[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const request of requests) outcomes.push(await exchange(target, request));
  return outcomes;
}

/** Statuses that reject the credential or the request, for every attack. */
const REJECTIONS = [400, 401];

/** Error statuses that do not show that the credential was accepted. */
const INCONCLUSIVE = new Set([...REJECTIONS, 408, 413, 414, 417, 421, 429, 431, 500, 501, 503, 505]);

function judge(outcome: Outcome, expected: ExpectedRefusal): Verdict {
  if (!isResponse(outcome)) return 'no response';
  const allowed = [...REJECTIONS, ...(expected.alsoStatuses ?? [])].includes(outcome.status);
  if (!allowed) return INCONCLUSIVE.has(outcome.status) ? 'unclear' : 'accepted';
  return problemCode(outcome) === undefined ? 'unclear' : 'rejected';
}

/** The worst verdict on an attack's requests counts. Without any request, nothing is proved. */
function worst(verdicts: readonly Verdict[]): Verdict {
  const ranks = verdicts.map((verdict) => VERDICTS.indexOf(verdict));
  return VERDICTS[Math.max(...ranks)] ?? 'unclear';
}

const PROBLEM_TYPE = /^application\/(?:problem\+)?json\b/;

/**
 * The code of a problem (RFC 9457), or of an OAuth error with the members of one (RFC 6749, section 5.2). It is printed, so
 * only a well-formed code is returned.
 */
function problemCode({ status, headers, body }: RawResponse): string | undefined {
  if (!PROBLEM_TYPE.test(headers['content-type']?.[0] ?? '')) return undefined;
  try {
    const problem = Object(JSON.parse(body.toString())) as { code?: unknown; status?: unknown };
    if (problem.status !== status || typeof problem.code !== 'string') return undefined;
    return /^[a-z][a-z_]{0,39}$/.exec(problem.code)?.[0];
  } catch {
    return undefined;
  }
}

/** An outcome in a few words, such as `401 token_invalid`. */
export const describe = (outcome: Outcome): string =>
  isResponse(outcome) ? `${outcome.status} ${problemCode(outcome) ?? ''}`.trim() : outcome.failure;
