import axe, { type AxeResults, type NodeResult } from 'axe-core';
import type { Page } from 'playwright-core';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** A violated rule and the elements that violate it. */
export interface AxeViolation {
  /** Of the rule, such as `color-contrast`. */
  id: string;
  impact: string;
  /** What the rule requires. */
  help: string;
  /** Selectors of the elements, grouped by the failure. */
  elements: Record<string, string[]>;
}

/**
 * The violations of WCAG 2.2 A and AA and of axe's best practices that axe-core finds in the current state of the page.
 * A large page takes a second. axe runs in an isolated world, which the page cannot see and to which its
 * Content-Security-Policy does not apply.
 */
export async function axeViolations(page: Page): Promise<AxeViolation[]> {
  const devTools = await page.context().newCDPSession(page);
  try {
    const { frameTree } = await devTools.send('Page.getFrameTree');
    const { executionContextId: contextId } = await devTools.send('Page.createIsolatedWorld', {
      frameId: frameTree.frame.id,
      worldName: 'axe',
    });
    const options = { preload: false, resultTypes: ['violations'], runOnly: TAGS };
    const { result, exceptionDetails } = await devTools.send('Runtime.evaluate', {
      contextId,
      expression: `${axe.source}; axe.run(document, ${JSON.stringify(options)})`,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined)
      throw new Error(`axe did not run: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return (result.value as AxeResults).violations.map(({ id, impact, help, nodes }) => ({
      id,
      impact: impact ?? 'unknown',
      help,
      elements: bySummary(nodes),
    }));
  } finally {
    await devTools.detach();
  }
}

function bySummary(nodes: readonly NodeResult[]): Record<string, string[]> {
  const groups = Map.groupBy(nodes, ({ failureSummary = '' }) =>
    failureSummary
      .replace(/^Fix .*$/gm, '')
      .replace(/\s+/g, ' ')
      .trim(),
  );
  return Object.fromEntries(
    [...groups].map(([summary, nodes]) => [summary, nodes.map(({ target }) => target.join(' '))]),
  );
}
