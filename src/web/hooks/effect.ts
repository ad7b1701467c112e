import { useEffect as useLater, useLayoutEffect } from 'hono/jsx/dom';

/** One run of an effect. */
interface Run {
  state: 'waiting' | 'begun' | 'over';
  cleanUp: (() => void) | undefined;
}

/**
 * Does something when the component has been drawn and whenever `deps` change, and undoes it before the next time and
 * when the component goes. Hono's own hook does it one frame later in any case: also for a component that has gone in the
 * meantime or for `deps` that have changed again, and twice where the component is drawn again within the frame; then
 * nobody undoes it.
 */
export function useEffect(effect: () => undefined | (() => void), deps: readonly unknown[]): void {
  const run: Run = { state: 'waiting', cleanUp: undefined };
  useLayoutEffect(
    () => () => {
      run.state = 'over';
      run.cleanUp?.();
    },
    deps,
  );
  useLater(() => {
    if (run.state !== 'waiting') return;
    run.state = 'begun';
    run.cleanUp = effect();
  }, deps);
}
