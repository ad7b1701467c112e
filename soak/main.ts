import { readOptions, type SoakOptions } from './options.ts';
import { resultText, runSoak } from './soak.ts';

/** `npm run soak`: exits with 1 if the soak has found a fault, and with 2 if an option is wrong. */
async function main(): Promise<number> {
  let options: SoakOptions;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (fault) {
    process.stderr.write(`${(fault as Error).message}\n`);
    return 2;
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  const result = await runSoak(options, stop.signal);
  process.stdout.write(resultText(result, options));
  return result.faults.length === 0 ? 0 : 1;
}

process.exit(await main());
