import { z } from 'zod';
import { bankShape, gatewayShape } from '../src/config/settings.ts';

/** Defaults that depend on the machine or are no text. */
const DEFAULT_IN_WORDS: Record<string, string> = { PASSWORD_WORKERS: 'cores − 1', TRUSTED_PROXIES: 'none' };

/** The README's table of settings, in Markdown: `node scripts/settings-table.ts` prints it. */
export function settingsTable(): string {
  const names = [...new Set([...Object.keys(gatewayShape), ...Object.keys(bankShape)])];
  return ['| setting | used by | default | what it is |', '|---|---|---|---|', ...names.map(row)].join('\n');
}

function row(name: string): string {
  const inGateway = name in gatewayShape;
  const inBank = name in bankShape;
  const schema: z.ZodType =
    ({ ...gatewayShape, ...bankShape } as Record<string, z.ZodType>)[name] ?? z.never();
  const usedBy = inGateway && inBank ? 'both' : inGateway ? 'gateway' : 'bank';
  return `| \`${name}\` | ${usedBy} | ${defaultOf(name, schema)} | ${schema.description ?? ''} |`;
}

function defaultOf(name: string, schema: z.ZodType): string {
  const inWords = DEFAULT_IN_WORDS[name];
  if (inWords !== undefined) return inWords;
  return schema instanceof z.ZodDefault ? `\`${String(schema.def.defaultValue)}\`` : 'none';
}

if (import.meta.main) process.stdout.write(`${settingsTable()}\n`);
