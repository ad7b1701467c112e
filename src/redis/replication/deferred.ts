import { AsyncLocalStorage } from 'node:async_hooks';

/** The confirmations that a request waits for before its response. */
const deferred = new AsyncLocalStorage<Promise<void>[]>();

/**
 * Runs the work of one request. Confirmations that it starts do not interrupt it, so that what was revoked is also
 * recorded. They have to be awaited with `settleConfirmations` before the response.
 */
export const deferConfirmations = <T>(work: () => T): T => deferred.run([], work);

/**
 * Resolves when everything that the current request has revoked is confirmed. Outside of requests there is nothing to
 * settle. @throws {NotDurable}
 */
export async function settleConfirmations(): Promise<void> {
  await Promise.all(deferred.getStore()?.splice(0) ?? []);
}

/** Leaves a confirmation to the current request, or waits for it outside of requests. @throws {NotDurable} */
export async function deferOrAwait(confirmation: Promise<void>): Promise<void> {
  const pending = deferred.getStore();
  if (pending === undefined) return confirmation;
  // Whoever settles gets the fault. Without this, a request that fails before would leave it unhandled.
  confirmation.catch(() => {});
  pending.push(confirmation);
}
