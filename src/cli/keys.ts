import { setTimeout as delay } from 'node:timers/promises';
import type { Environment } from '../config/load.ts';
import { longestTokenSeconds } from '../keys/open.ts';
import { HANDOVER_MS, handOver, makeRing, retireKey, rotateRing } from '../keys/rotation.ts';
import { type KeyStatus, keyStatusesAt, type RingRecord } from '../keys/schedule.ts';
import { readRing } from '../keys/store.ts';
import type { RingRollout } from '../keys/sync.ts';
import { Refusal } from '../refusal.ts';
import { fail } from './run.ts';
import { type KeyRingCommand, withKeyRing } from './with-key-ring.ts';

/** Waited after a handover, for gateways whose clocks are slightly behind. */
const HANDOVER_MARGIN_MS = 250;

/** `portcullis keys list`: the state and times of each key. @returns the exit code */
export function runKeysList(env: Environment): Promise<number> {
  return withKeyRing(env, async ({ directory }) => {
    const record = await readRing(directory);
    if (record === undefined) return fail('there is no key ring; `portcullis keys rotate` creates one');
    const rows = keyStatusesAt(record, Date.now()).map(rowOf);
    process.stdout.write(table([['kid', 'state', 'published', 'signs from', 'until'], ...rows]));
    return 0;
  });
}

const rowOf = ({ kid, state, createdMs, signsFromMs, verifiesUntilMs, retiredMs }: KeyStatus): string[] => [
  kid,
  state === 'expired' ? 'retired' : state,
  iso(createdMs),
  iso(signsFromMs),
  iso(retiredMs ?? verifiesUntilMs),
];

const iso = (ms: number | undefined): string => (ms === undefined ? '-' : new Date(ms).toISOString());

function table(rows: readonly string[][]): string {
  const widths = [43, 9, 24, 24, 24];
  const lines = rows.map((row) => row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join('  '));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

/** `portcullis keys rotate`: adds a key that signs later, or with `now` at once. @returns the exit code */
export function runKeysRotate(env: Environment, { now }: { now: boolean }): Promise<number> {
  return withKeyRing(env, async (ring) => {
    if ((await readRing(ring.directory)) === undefined) return createRing(ring);
    if (now) return report(await replaceSigningKey(ring));
    const leadMs = ring.settings.keyPublishLeadSeconds * 1000;
    const tokensLiveSeconds = longestTokenSeconds(ring.settings);
    const changed = await rotateRing(ring.directory, { leadMs, tokensLiveSeconds }, Date.now());
    if (changed instanceof Refusal)
      return fail('a key is already waiting to sign; use --now to activate it at once');
    return report(await rollOut(ring, changed.record, 'key_add', changed.kid));
  });
}

/** `portcullis keys retire`: removes a key at once. Tokens that it has signed become invalid. @returns the exit code */
export function runKeysRetire(env: Environment, kid: string): Promise<number> {
  return withKeyRing(env, async (ring) => {
    const record = await readRing(ring.directory);
    const replaced = record && signs(record, kid) ? await replaceSigningKey(ring) : undefined;
    const changed = await retireKey(ring.directory, kid, Date.now());
    if (changed instanceof Refusal) return fail(RETIRE_FAULTS[changed.reason]);
    const retired = await rollOut(ring, changed.record, 'key_retire', kid);
    return report({ ...retired, isAudited: retired.isAudited && replaced?.isAudited !== false });
  });
}

const RETIRE_FAULTS = {
  key_unknown: 'there is no such key in the ring; `portcullis keys list` shows all keys',
  key_retired: 'this key is already retired',
  key_signs: 'this key has just begun to sign; try again',
};

const signs = (record: RingRecord, kid: string): boolean =>
  keyStatusesAt(record, Date.now()).some((key) => key.kid === kid && key.state === 'signing');

async function createRing(ring: KeyRingCommand): Promise<number> {
  const record = await makeRing(ring.directory, longestTokenSeconds(ring.settings), Date.now());
  return report(await rollOut(ring, record, 'key_add', record.keys[0]?.kid ?? ''));
}

/** Resolves when another key signs. Each gateway that can be notified has published that key before. */
async function replaceSigningKey(ring: KeyRingCommand): Promise<Change> {
  const tokensLiveSeconds = longestTokenSeconds(ring.settings);
  const { record, kid, isNew } = await handOver(ring.directory, tokensLiveSeconds, Date.now());
  const [change] = await Promise.all([
    rollOut(ring, record, isNew ? 'key_add' : 'key_sign', kid, HANDOVER_MS),
    delay(HANDOVER_MS + HANDOVER_MARGIN_MS),
  ]);
  return change;
}

interface Change {
  /** Undefined if Redis was unavailable. */
  rollout: RingRollout | undefined;
  isAudited: boolean;
}

async function rollOut(
  ring: KeyRingCommand,
  record: RingRecord,
  action: 'key_add' | 'key_sign' | 'key_retire',
  kid: string,
  waitMs?: number,
): Promise<Change> {
  const key = record.keys.find((candidate) => candidate.kid === kid);
  const detail = action === 'key_retire' ? undefined : `signs from ${iso(key?.signsFromMs ?? 0)}`;
  process.stdout.write(`${kid} ${detail ?? 'is retired'}\n`);
  const rollout = await ring.announce(record, waitMs);
  const isAudited = await ring.audit({ action, subject: kid, detail });
  return { rollout, isAudited };
}

function report({ rollout, isAudited }: Change): number {
  if (rollout === undefined) return 1;
  const { listening, acknowledged } = rollout;
  const confirmed = `confirmed by ${acknowledged} of ${listening} gateways\n`;
  process.stdout.write(listening === 0 ? 'no gateways are running\n' : confirmed);
  if (acknowledged < listening)
    return fail(
      'a gateway did not confirm the change; check that it uses the same KEYS_DIR, which it reads every second',
    );
  return isAudited ? 0 : 1;
}
