/** Does something when asked to, but not more often than this; what is asked for in between is done once, later. */
export interface Rationed {
  ask(): void;
  stop(): void;
}

export function atMostEvery(intervalMs: number, act: () => void): Rationed {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsked = false;

  function run(): void {
    timer = undefined;
    if (!isAsked) return;
    isAsked = false;
    timer = setTimeout(run, intervalMs);
    act();
  }

  return {
    ask() {
      isAsked = true;
      if (timer === undefined) run();
    },
    stop() {
      clearTimeout(timer);
      isAsked = false;
    },
  };
}

/**
 * Does something again and again while the page can be seen, and at once when it comes into view again.
 * Answers how to stop it.
 */
export function whileVisible(act: () => void, everyMs: number): () => void {
  const actIfSeen = (): void => {
    if (document.visibilityState === 'visible') act();
  };
  const timer = setInterval(actIfSeen, everyMs);
  document.addEventListener('visibilitychange', actIfSeen);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', actIfSeen);
  };
}
