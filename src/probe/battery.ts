import type { Attack } from './attack.ts';
import { ALGORITHM_ATTACKS } from './cases/algorithm.ts';
import { CARRIER_ATTACKS } from './cases/carrier.ts';
import { CLAIM_ATTACKS } from './cases/claims.ts';
import { EMBEDDED_KEY_ATTACKS } from './cases/embedded-keys.ts';
import { ENCRYPTION_ATTACKS } from './cases/encryption.ts';
import { HEADER_ATTACKS } from './cases/header.ts';
import { JSON_TEXT_ATTACKS } from './cases/json-text.ts';
import { KEY_CONFUSION_ATTACKS } from './cases/key-confusion.ts';
import { LIFECYCLE_ATTACKS } from './cases/lifecycle.ts';
import { PATH_ATTACKS } from './cases/path.ts';
import { REFRESH_ATTACKS } from './cases/refresh.ts';
import { SERIALISATION_ATTACKS } from './cases/serialisation.ts';
import { SPELLING_ATTACKS } from './cases/spelling.ts';
import { TAMPERING_ATTACKS } from './cases/tampering.ts';
import { TIME_ATTACKS } from './cases/time.ts';
import { TWO_CREDENTIALS_ATTACKS } from './cases/two-credentials.ts';
import { WIRE_ATTACKS } from './cases/wire.ts';
import type { Material } from './material.ts';
import { exchange, type Target } from './raw-request.ts';
import { asBearer, asCookie } from './requests.ts';
import { describe, judge, type Outcome, type Verdict, worst } from './verdict.ts';

/** Every attack there is, by theme. */
export const ATTACKS: readonly Attack[] = [
  ...ALGORITHM_ATTACKS,
  ...KEY_CONFUSION_ATTACKS,
  ...EMBEDDED_KEY_ATTACKS,
  ...HEADER_ATTACKS,
  ...SERIALISATION_ATTACKS,
  ...ENCRYPTION_ATTACKS,
  ...JSON_TEXT_ATTACKS,
  ...CLAIM_ATTACKS,
  ...TIME_ATTACKS,
  ...SPELLING_ATTACKS,
  ...TAMPERING_ATTACKS,
  ...LIFECYCLE_ATTACKS,
  ...REFRESH_ATTACKS,
  ...TWO_CREDENTIALS_ATTACKS,
  ...CARRIER_ATTACKS,
  ...WIRE_ATTACKS,
  ...PATH_ATTACKS,
];

export interface AttackResult {
  attack: Attack;
  outcomes: Outcome[];
  verdict: Verdict;
  /** Whether the verdict is as good as the attack asks for. */
  passed: boolean;
}

/** Something that has to be so for the attacks to prove anything. */
export interface Control {
  title: string;
  answers: string[];
  held: boolean;
}

export interface BatteryResult {
  attacks: AttackResult[];
  controls: Control[];
}

/**
 * Runs all attacks one after the other, between two proofs that the untampered token does get in: a gateway that
 * is dead, or refuses everybody, is not reported as safe.
 */
export async function runBattery(target: Target, material: Material): Promise<BatteryResult> {
  const before = await runControls(target, material);
  const attacks: AttackResult[] = [];
  for (const attack of ATTACKS) attacks.push(await runAttack(target, material, attack));
  return { attacks, controls: [...before, await liveControl(target, material, 'after')] };
}

export async function runAttack(target: Target, material: Material, attack: Attack): Promise<AttackResult> {
  const outcomes = await sendAll(target, await attack.build(material));
  const verdict = worst(outcomes.map((outcome) => judge(outcome, attack.expect)));
  const tolerated = verdict === 'no answer' && attack.expect.mayGoUnanswered === true;
  return { attack, outcomes, verdict, passed: verdict === 'refused' || tolerated };
}

async function runControls(target: Target, material: Material): Promise<Control[]> {
  const { loggedOut } = material;
  const dead = await sendAll(target, [
    asBearer(material, loggedOut.text),
    asCookie(material, loggedOut.text),
  ]);
  return [
    await liveControl(target, material, 'before'),
    control('the token that was logged out is refused', dead, 401),
  ];
}

async function liveControl(target: Target, material: Material, when: string): Promise<Control> {
  const { live } = material;
  const outcomes = await sendAll(target, [asBearer(material, live.text), asCookie(material, live.text)]);
  return control(`the untampered token gets in, ${when} the attacks`, outcomes, 200);
}

function control(title: string, outcomes: readonly Outcome[], status: number): Control {
  const held = outcomes.every((outcome) => 'status' in outcome && outcome.status === status);
  return { title, answers: outcomes.map(describe), held };
}

async function sendAll(target: Target, requests: readonly Buffer[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const request of requests) outcomes.push(await exchange(target, request));
  return outcomes;
}
