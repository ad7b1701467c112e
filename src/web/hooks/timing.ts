interface Delayed {
  call(): void;
  /** Drops a pending call. */
  cancel(): void;
}

/** Calls at most once per interval. Calls in between are made once, at its end. */
export function throttle(intervalMs: number, action: () => void): Delayed {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isPending = false;

  function run(): void {
    timer = undefined;
    if (!isPending) return;
    isPending = false;
    timer = setTimeout(run, intervalMs);
    action();
  }

  return {
    call() {
      isPending = true;
      if (timer === undefined) run();
    },
    cancel() {
      clearTimeout(timer);
      timer = undefined;
      isPending = false;
    },
  };
}

const TYPING_PAUSE_MS = 250;

/** Calls once the user has paused typing. */
export function debounceTyping(action: () => void): Delayed {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const cancel = (): void => clearTimeout(timer);
  return {
    call() {
      cancel();
      timer = setTimeout(action, TYPING_PAUSE_MS);
    },
    cancel,
  };
}

/** Calls regularly while the page is visible, and at once when it becomes visible. Returns how to stop. */
export function whileVisible(action: () => void, intervalMs: number): () => void {
  const callIfVisible = (): void => {
    if (document.visibilityState === 'visible') action();
  };
  const timer = setInterval(callIfVisible, intervalMs);
  document.addEventListener('visibilitychange', callIfVisible);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', callIfVisible);
  };
}
