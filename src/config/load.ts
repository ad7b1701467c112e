import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { bankShape } from './bank.ts';
import { findMisspelt, type MisspeltSetting } from './faults/misspelt.ts';
import { productionFaults } from './faults/production.ts';
import { topologyFaults } from './faults/topology.ts';
import { gatewayShape } from './gateway.ts';
import { clientCertificateFaults } from './gateway-proxies.ts';
import { redisTlsFaults } from './redis.ts';

/** `REDIS_DEADLINE_MS` → `redisDeadlineMs`. */
type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Lowercase<Name>;

type SettingsOf<Shape extends z.ZodRawShape> = {
  [Name in keyof Shape & string as CamelCase<Name>]: z.output<Shape[Name]>;
};

export type GatewaySettings = SettingsOf<typeof gatewayShape>;
export type BankSettings = SettingsOf<typeof bankShape>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** One or more settings are invalid. The message names each of them, but holds no value. */
export class SettingsRefused extends Error {
  readonly code = 'settings_refused';
  override readonly name = 'SettingsRefused';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`invalid settings:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/** The gateway's settings from the environment. @throws {SettingsRefused} naming all invalid settings. */
export const gatewaySettings = (env: Environment): GatewaySettings => settingsFrom(gatewayShape, env);

/** The bank's settings from the environment. @throws {SettingsRefused} naming all invalid settings. */
export const bankSettings = (env: Environment): BankSettings => settingsFrom(bankShape, env);

/**
 * Reads `shape` from the environment. An empty variable counts as unset. Each setting `X` can instead be read from the
 * file named by `X_FILE`, for container secrets; its content is trimmed.
 */
function settingsFrom<Shape extends z.ZodRawShape>(shape: Shape, env: Environment): SettingsOf<Shape> {
  const faults: string[] = [];
  const given: Record<string, string> = {};
  for (const name of Object.keys(shape)) {
    const value = givenValue(name, env, faults);
    if (value !== undefined) given[name] = value;
  }
  const parsed = z.object(shape).safeParse(given);
  if (!parsed.success)
    faults.push(...parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  faults.push(...topologyFaults(given), ...redisTlsFaults(given), ...clientCertificateFaults(given));
  if (given.NODE_ENV === 'production') faults.push(...productionFaults(shape, given), ...misspeltFaults(env));
  if (!parsed.success || faults.length > 0) throw new SettingsRefused(faults);
  const settings: Record<string, unknown> = parsed.data;
  const named = Object.keys(shape).map((name) => [camelCase(name), settings[name]]);
  return Object.fromEntries(named) as SettingsOf<Shape>;
}

/** The variables of the environment that are probably meant to be settings of the gateway or the bank. */
export const misspeltSettings = (env: Environment): MisspeltSetting[] =>
  findMisspelt(
    Object.keys(env).filter((name) => env[name]),
    Object.keys({ ...gatewayShape, ...bankShape }),
  );

const misspeltFaults = (env: Environment): string[] =>
  misspeltSettings(env).map(({ name, meant }) => `${name}: must be spelled ${meant}, or be unset`);

function givenValue(name: string, env: Environment, faults: string[]): string | undefined {
  const direct = env[name] || undefined;
  const path = env[`${name}_FILE`] || undefined;
  if (direct !== undefined && path !== undefined)
    faults.push(`${name}: must not be set together with ${name}_FILE`);
  if (path === undefined) return direct;
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    faults.push(`${name}_FILE: must be the path of a readable file`);
    return undefined;
  }
}

const camelCase = (name: string): string =>
  name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
