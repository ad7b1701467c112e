import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** One test that passed only when it was tried again. */
interface Retried {
  /** Such as `test/mail/mailer.test.ts › a title`. */
  name: string;
  attempts: number;
  /** The first line of each failed attempt's error. */
  reasons: string[];
}

/** Lists at the end of a run the tests that were tried again, so that an unstable test is seen although it passed. */
export class RetriedTests implements Reporter {
  readonly #print: (text: string) => void;

  constructor(print: (text: string) => void = (text) => void process.stdout.write(text)) {
    this.#print = print;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const retried = modules.flatMap((module) =>
      [...module.children.allTests()].flatMap((test) => retriedOf(module, test) ?? []),
    );
    if (retried.length > 0) this.#print(reportOf(retried));
  }
}

function retriedOf(module: TestModule, test: TestCase): Retried | undefined {
  const retries = test.diagnostic()?.retryCount ?? 0;
  if (retries === 0) return undefined;
  const reasons = (test.result().errors ?? []).map(({ message }) => message.split('\n')[0] ?? '');
  return { name: `${module.relativeModuleId} › ${test.fullName}`, attempts: retries + 1, reasons };
}

function reportOf(retried: readonly Retried[]): string {
  const lines = retried.flatMap(({ name, attempts, reasons }) => [
    `  ${attempts} attempts: ${name}`,
    ...reasons.map((reason) => `    ${reason}`),
  ]);
  return `\nTests that were tried again (${retried.length}):\n${lines.join('\n')}\n`;
}
