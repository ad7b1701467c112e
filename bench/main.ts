import { commandLine } from './command-line.ts';

/** `npm run bench`: measures, compares two results files, or writes the report of one again. */
process.exitCode = await commandLine(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  log: (line) => process.stderr.write(`${line}\n`),
});
