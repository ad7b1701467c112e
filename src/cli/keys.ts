import { setTimeout as delay } from 'node:timers/promises';
import type { Environment } from '../config/load.ts';
import { longestTokenSeconds } from '../keys/open.ts';
import { HANDOVER_MS, handOver, makeRing, retireKey, rotateRing } from '../keys/rotation.ts';
import { keyStatusesAt, type RingRecord } from '../keys/schedule.ts';
import { readRing } from '../keys/store.ts';
import type { RingRollout } from '../keys/sync.ts';
import { Refusal } from '../refusal.ts';
import { complain, type RingCommand, withRing } from './ring-command.ts';

/** After a hand-over, for gateways whose clocks are a little behind. */
const HANDOVER_MARGIN_MS = 250;

/** `portcullis keys rotate`: adds a key that takes over later, or with `now` at once. @returns the exit code */
export function runKeysRotate(env: Environment, { now }: { now: boolean }): Promise<number> {
  return withRing(env, async (ring) => {
    if ((await readRing(ring.directory)) === undefined) return makeFirst(ring);
    if (now) return report(await takeOver(ring));
    const { settings, directory } = ring;
    const leadMs = settings.keyPublishLeadSeconds * 1000;
    const tokensLiveSeconds = longestTokenSeconds(settings);
    const changed = await rotateRing(directory, { leadMs, tokensLiveSeconds }, Date.now());
    if (changed instanceof Refusal)
      return complain('a key is published and waits to sign already; --now lets it sign at once');
    return report(await spread(ring, changed.record, 'key_add', changed.kid));
  });
}

/** `portcullis keys retire`: takes a key out at once, whatever it has signed. @returns the exit code */
export function runKeysRetire(env: Environment, kid: string): Promise<number> {
  return withRing(env, async (ring) => {
    const record = await readRing(ring.directory);
    const before = record && signs(record, kid) ? await takeOver(ring) : undefined;
    const changed = await retireKey(ring.directory, kid, Date.now());
    if (changed instanceof Refusal) return complain(WHY_NOT[changed.reason]);
    const after = await spread(ring, changed.record, 'key_retire', kid);
    return report({ ...after, isRecorded: after.isRecorded && before?.isRecorded !== false });
  });
}

const WHY_NOT = {
  key_unknown: 'there is no such key in the ring; `portcullis keys list` shows which there are',
  key_retired: 'that key is retired already',
  key_signs: 'that key has just begun to sign: try again',
};

const signs = (record: RingRecord, kid: string): boolean =>
  keyStatusesAt(record, Date.now()).some((key) => key.kid === kid && key.state === 'signing');

interface Outcome {
  spread: RingRollout | undefined;
  isRecorded: boolean;
}

async function makeFirst(ring: RingCommand): Promise<number> {
  const record = await makeRing(ring.directory, longestTokenSeconds(ring.settings), Date.now());
  return report(await spread(ring, record, 'key_add', record.keys[0]?.kid ?? ''));
}

/** Another key signs when this resolves, and each gateway that could be told has published it before. */
async function takeOver(ring: RingCommand): Promise<Outcome> {
  const { record, kid, isNew } = await handOver(
    ring.directory,
    longestTokenSeconds(ring.settings),
    Date.now(),
  );
  const [outcome] = await Promise.all([
    spread(ring, record, isNew ? 'key_add' : 'key_sign', kid, HANDOVER_MS),
    delay(HANDOVER_MS + HANDOVER_MARGIN_MS),
  ]);
  return outcome;
}

async function spread(
  ring: RingCommand,
  record: RingRecord,
  action: 'key_add' | 'key_sign' | 'key_retire',
  kid: string,
  waitMs?: number,
): Promise<Outcome> {
  const key = record.keys.find((candidate) => candidate.kid === kid);
  const detail = action === 'key_retire' ? undefined : `signs from ${iso(key?.signsFromMs ?? 0)}`;
  process.stdout.write(`${kid} ${detail ?? 'is retired'}\n`);
  const told = await ring.tell(record, waitMs);
  const isRecorded = await ring.audit({ action, subject: kid, detail });
  return { spread: told, isRecorded };
}

function report({ spread: told, isRecorded }: Outcome): number {
  if (told === undefined) return 1;
  const { listening, acknowledged: knowing } = told;
  process.stdout.write(
    listening === 0 ? 'no gateway listens\n' : `${knowing} of ${listening} gateways know\n`,
  );
  if (knowing < listening)
    return complain('a gateway did not answer: does it use the same KEYS_DIR? It looks there every second');
  return isRecorded ? 0 : 1;
}

const iso = (ms: number): string => new Date(ms).toISOString();
