import type { RedisClient, RedisLink } from '../../src/redis/connection.ts';
import { definedScripts, runScript } from '../../src/redis/scripts.ts';
import { changeOf, differenceOf, type Keyspace, restoreKeyspace, snapshotOf } from './keyspace.ts';

/** A way through a script. `run` prepares what it needs, then calls the script once more through the product's code. */
export interface ScriptCase {
  script: string;
  when: string;
  run(link: RedisLink): Promise<unknown>;
}

/** The last call of a script by a case, with all keys before and after it. */
export interface RecordedCall {
  script: (typeof definedScripts extends () => readonly (infer Script)[] ? Script : never) & object;
  keys: string[];
  args: string[];
  before: Keyspace;
  after: Keyspace;
}

/** Runs a case on an empty Redis. @throws if it did not call the script */
export async function recordCall(
  admin: RedisLink,
  { script: name, when, run }: ScriptCase,
): Promise<RecordedCall> {
  await admin.run((client) => client.flushAll());
  const script = definedScripts().find((one) => one.name === name);
  if (script === undefined) throw new Error(`there is no script ${name}`);
  const calls: Promise<RecordedCall>[] = [];
  const evalSha = async (...[sha1, options]: Parameters<RedisClient['evalSha']>) => {
    const send = () => admin.run((client) => client.evalSha(sha1, options));
    if (String(sha1) !== script.sha1) return send();
    const { promise, resolve, reject } = Promise.withResolvers<RecordedCall>();
    calls.push(promise);
    promise.catch(() => {});
    try {
      const before = await snapshotOf(admin);
      const reply = await send();
      const { keys = [], arguments: args = [] } = options ?? {};
      const after = await snapshotOf(admin);
      resolve({ script, keys: keys.map(String), args: args.map(String), before, after });
      return reply;
    } catch (fault) {
      reject(fault);
      throw fault;
    }
  };
  const recording = (client: RedisClient) =>
    replacing(replacing(client, 'evalSha', evalSha), 'evalShaRo', evalSha);
  await run(replacing(admin, 'runFor', (_key, command) => admin.run((client) => command(recording(client)))));
  const last = calls.at(-1);
  if (last === undefined) throw new Error(`the case "${when}" does not call ${name}`);
  return last;
}

/** The same object with another method. */
function replacing<Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
  method: Target[Name],
): Target {
  return new Proxy(target, {
    get(_target, property) {
      if (property === name) return method;
      const value = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

interface TrialOptions {
  /** The connection that runs the script. */
  link: RedisLink;
  /** Changes the circumstances, before the script runs and after. */
  prepare?: () => Promise<unknown>;
  cleanUp?: () => Promise<unknown>;
  /** A key to which `prepare` gives another value. */
  altered?: string;
}

/**
 * Runs the script again in the state that it was called in. Returns `done` if everything is as it was after the
 * recorded call, `failed` or `nothing to do` if nothing changed, and otherwise what is wrong.
 */
export async function trial(
  admin: RedisLink,
  call: RecordedCall,
  { link, prepare, cleanUp, altered }: TrialOptions,
): Promise<string> {
  await restoreKeyspace(admin, call.before);
  await prepare?.();
  const before = await snapshotOf(admin);
  const outcome = await runScript(link, call.script, call.keys, call.args).then(
    () => 'done',
    () => 'failed',
  );
  await cleanUp?.();
  const after = await snapshotOf(admin);
  const fromRecorded = differenceOf(after, call.after, altered);
  if (outcome === 'done' && fromRecorded === undefined) return outcome;
  const fromBefore = changeOf(after, before);
  if (fromBefore === undefined) return outcome === 'done' ? 'nothing to do' : outcome;
  return `${outcome}, but ${outcome === 'done' ? fromRecorded : fromBefore} differs`;
}
